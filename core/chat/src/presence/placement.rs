//! Which presence server keeps which user.
//!
//! Rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit rates",
//! 1998): every (user, server) pair has a weight, and the server with the highest keeps the user.
//! When a server goes, only its own users move, evenly to all the others.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::{
    ids::{ServerId, UserId},
    ports::registry::{LeaseKey, Member},
    random::Random,
    time::Monotonic,
};

/// Views that a presence server remembers at most. There are that many only when servers come and go
/// twice a second; the users of the oldest then count as taken over later than they were.
const VIEWS_MAX: usize = 64;

/// The server that keeps the user's leases; `None` when there is none.
#[must_use]
pub fn owner_of(user: UserId, servers: &[ServerId]) -> Option<ServerId> {
    servers.iter().copied().max_by_key(|server| (weight(user, *server), *server))
}

fn weight(user: UserId, server: ServerId) -> u64 {
    Random::stream(user.0, u64::from(server.0)).next()
}

/// The presence servers that hold a lease in the registry, as of one of its snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceView {
    version: u64,
    servers: Vec<ServerId>,
    leases: BTreeMap<ServerId, u64>,
}

impl PresenceView {
    /// A view of the snapshot with this version, from 1: each presence server with the epoch of its lease,
    /// by which a server that died and came back between two snapshots is known.
    #[must_use]
    pub fn new(version: u64, servers: impl IntoIterator<Item = (ServerId, u64)>) -> Self {
        let leases: BTreeMap<_, _> = servers.into_iter().collect();
        Self { version, servers: leases.keys().copied().collect(), leases }
    }

    /// The presence servers among the members of a registry's snapshot.
    #[must_use]
    pub fn of_snapshot(version: u64, members: &[Member]) -> Self {
        let presence = members.iter().filter_map(|member| match member.key {
            LeaseKey::Presence(server) => Some((server, member.epoch)),
            _ => None,
        });
        Self::new(version, presence)
    }

    /// The version of the snapshot; the later of two views has the higher one.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The servers, in the order of their ids.
    #[must_use]
    pub fn servers(&self) -> &[ServerId] {
        &self.servers
    }

    /// Whether there is any server.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// The server that keeps this user.
    #[must_use]
    pub fn owner(&self, user: UserId) -> Option<ServerId> {
        owner_of(user, &self.servers)
    }

    /// Whether whoever keeps the user under this view knows nothing of what was said to the keeper
    /// under the other.
    #[must_use]
    pub fn moves(&self, user: UserId, other: &Self) -> bool {
        self.tenure(user) != other.tenure(user)
    }

    /// Whether the same servers hold the same leases.
    #[must_use]
    pub fn has_the_same_servers(&self, other: &Self) -> bool {
        self.leases == other.leases
    }

    fn tenure(&self, user: UserId) -> Option<(ServerId, u64)> {
        let server = self.owner(user)?;
        Some((server, self.leases.get(&server).copied()?))
    }
}

/// The views that one presence server was given: what it keeps, and since when.
#[derive(Debug)]
pub(super) struct Tenure {
    server: ServerId,
    lease: Duration,
    views: VecDeque<(Monotonic, PresenceView)>,
    /// Under which epoch it holds its own lease in the registry, and until when.
    held: Option<(u64, Monotonic)>,
}

impl Tenure {
    pub(super) fn new(server: ServerId, lease: Duration) -> Self {
        Self { server, lease, views: VecDeque::new(), held: None }
    }

    /// Its own lease in the registry: the epoch, and until when it is held.
    pub(super) fn hold(&mut self, held: Option<(u64, Monotonic)>) {
        self.held = held;
    }

    /// Whether it still holds the lease under which it keeps its users, so that their heartbeats come
    /// to it. Under a new one they may have gone elsewhere, or nowhere, in between: it then begins
    /// anew with the view that has the new one.
    pub(super) fn is_held(&self, now: Monotonic) -> bool {
        let latest = self.latest().and_then(|view| view.leases.get(&self.server));
        self.held.is_some_and(|(epoch, until)| now < until && latest == Some(&epoch))
    }

    /// The version of the latest view; 0 before the first.
    pub(super) fn version(&self) -> u64 {
        self.views.back().map_or(0, |(_, view)| view.version)
    }

    pub(super) fn latest(&self) -> Option<&PresenceView> {
        self.views.back().map(|(_, view)| view)
    }

    pub(super) fn owns(&self, user: UserId) -> bool {
        self.latest().is_some_and(|view| view.owner(user) == Some(self.server))
    }

    /// Takes a view on; false when it is no newer than the last one.
    pub(super) fn take(&mut self, now: Monotonic, view: PresenceView) -> bool {
        match self.views.back_mut() {
            Some((_, last)) if view.version <= last.version => return false,
            // Only the version is new, and with it the epoch of every status.
            Some((_, last)) if view.has_the_same_servers(last) => *last = view,
            _ => self.views.push_back((now, view)),
        }
        if self.views.len() > VIEWS_MAX {
            self.views.pop_front();
        }
        true
    }

    /// From when on it can be sure, while it holds its lease, that a user of whom it heard nothing is
    /// offline: a whole lease after it took the user over. `None` for a user that it does not keep.
    pub(super) fn certain_from(&self, user: UserId) -> Option<Monotonic> {
        let (_, latest) = self.views.back()?;
        let tenure = latest.tenure(user).filter(|(server, _)| *server == self.server)?;
        let same = |(_, view): &&(_, PresenceView)| view.tenure(user) == Some(tenure);
        let (taken_at, _) = self.views.iter().rev().take_while(same).last()?;
        Some(taken_at.after(self.lease))
    }

    /// Whether another server kept the user under a view that is still remembered.
    pub(super) fn took_over(&self, user: UserId) -> bool {
        let other = |view: &PresenceView| view.owner(user).is_some_and(|it| it != self.server);
        self.views.len() > 1 && self.views.iter().any(|(_, view)| other(view))
    }

    /// When the users that came with the next view of which they are not yet certain become so.
    pub(super) fn next_certain(&self, now: Monotonic) -> Option<Monotonic> {
        let ends = self.views.iter().map(|(at, _)| at.after(self.lease));
        ends.filter(|end| *end > now).min()
    }

    /// Forgets views from before the last lease; the newest of those stands for them all.
    pub(super) fn trim(&mut self, now: Monotonic) {
        while self.views.get(1).is_some_and(|(at, _)| at.after(self.lease) <= now) {
            self.views.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(ids: impl IntoIterator<Item = u32>) -> Vec<ServerId> {
        ids.into_iter().map(ServerId).collect()
    }

    #[test]
    fn users_spread_evenly_and_only_those_of_a_lost_server_move() {
        let (all, fewer) = (servers(1..=4), servers(1..=3));
        let mut kept = BTreeMap::<ServerId, u32>::new();
        for user in (0..4000).map(UserId) {
            let owner = owner_of(user, &all).unwrap();
            *kept.entry(owner).or_default() += 1;
            if owner != ServerId(4) {
                assert_eq!(owner_of(user, &fewer), Some(owner));
            }
        }
        // Four standard deviations of a binomial distribution (n = 4000, p = 1/4) are 110.
        assert!(kept.values().all(|count| count.abs_diff(1000) < 110), "{kept:?}");
        assert_eq!(owner_of(UserId(1), &[]), None);
    }

    #[test]
    fn the_order_of_the_servers_does_not_matter() {
        let (up, down) = (servers(1..=5), servers((1..=5).rev()));
        assert!((0..100).all(|user| owner_of(UserId(user), &up) == owner_of(UserId(user), &down)));
    }

    #[test]
    fn a_server_that_came_back_under_another_lease_moves_its_users() {
        let before = PresenceView::new(1, [(ServerId(1), 5)]);
        let after = PresenceView::new(3, [(ServerId(1), 6)]);
        assert!(after.moves(UserId(1), &before));
        assert!(!before.moves(UserId(1), &PresenceView::new(2, [(ServerId(1), 5)])));
    }

    #[test]
    fn users_are_kept_under_the_lease_of_the_latest_view_and_until_its_end() {
        let mut tenure = Tenure::new(ServerId(1), Duration::from_nanos(100));
        tenure.hold(Some((4, Monotonic(50))));
        assert!(!tenure.is_held(Monotonic(10)), "nobody is kept before the first view");
        assert!(tenure.take(Monotonic(10), PresenceView::new(1, [(ServerId(1), 4)])));
        assert_eq!([49, 50].map(|at| tenure.is_held(Monotonic(at))), [true, false]);
        tenure.hold(Some((5, Monotonic(90))));
        assert!(!tenure.is_held(Monotonic(60)), "the view has the lease of before");
        assert!(tenure.take(Monotonic(70), PresenceView::new(2, [(ServerId(1), 5)])));
        assert!(tenure.is_held(Monotonic(70)));
        tenure.hold(None);
        assert!(!tenure.is_held(Monotonic(70)));
    }

    #[test]
    fn certainty_comes_a_lease_after_the_user_was_taken_over() {
        let mut tenure = Tenure::new(ServerId(1), Duration::from_nanos(100));
        let moved =
            (0..).map(UserId).find(|user| owner_of(*user, &servers([1, 2])) == Some(ServerId(2)));
        let stayed =
            (0..).map(UserId).find(|user| owner_of(*user, &servers([1, 2])) == Some(ServerId(1)));
        let (moved, stayed) = (moved.unwrap(), stayed.unwrap());
        let both = [(ServerId(1), 1), (ServerId(2), 2)];
        assert!(tenure.take(Monotonic(10), PresenceView::new(3, both)));
        assert_eq!(tenure.certain_from(moved), None);
        assert!(tenure.take(Monotonic(50), PresenceView::new(4, [(ServerId(1), 1)])));
        assert!(!tenure.take(Monotonic(60), PresenceView::new(3, both)), "an older view");
        assert_eq!(tenure.certain_from(moved), Some(Monotonic(150)));
        assert_eq!(tenure.certain_from(stayed), Some(Monotonic(110)));
        assert_eq!(tenure.next_certain(Monotonic(110)), Some(Monotonic(150)));
        tenure.trim(Monotonic(150));
        assert_eq!(tenure.next_certain(Monotonic(150)), None);
        assert!(tenure.certain_from(stayed).unwrap() <= Monotonic(150));
    }
}
