//! Who was online in truth, and what others were shown.
//!
//! A user *is online* while one of their devices is up, linked, logged in and attached to a chat
//! server that is up, by the lines of the harness and of sessions. The moments around a change are
//! in transition: a device that was cut off may be shown as online until its lease ends, and gaps
//! below `offline_after` must not be shown at all.

mod flaps;
mod notices;

pub(crate) use flaps::find as status_flaps_of;
pub use flaps::{Flap, Flaps, status_flaps};
pub(crate) use notices::find as offline_notices_of;
pub use notices::{OfflineNotice, offline_notices};

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{DeviceId, UserId, design::PresenceMode};

#[cfg(doc)]
use crate::Bounds;
use crate::{
    event::EventBody,
    index::{
        Index,
        spans::{Span, bridged, common, outside, put_off, united},
    },
};

/// A device showed a status from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Showing {
    /// When, in nanoseconds since the run began.
    pub t_ns: u64,
    /// The line that says so.
    pub seq: u64,
    /// Whether as online.
    pub online: bool,
}

/// Truth and show of a run.
#[derive(Debug)]
pub struct Presence {
    /// When each user was online, to the letter.
    attached: BTreeMap<UserId, Vec<Span>>,
    /// When each user had to be taken for online: without the gaps below `offline_after`, but with
    /// those in which servers could not talk to one another. With [`Bounds::needs_answers`] a device
    /// that hears nothing is in a gap, though it takes itself for attached.
    online: BTreeMap<UserId, Vec<Span>>,
    /// When each device was attached itself and heard what it was sent, and no fault kept servers
    /// apart.
    observing: BTreeMap<DeviceId, Vec<Span>>,
    /// When a session of a device began, and with it a fresh snapshot.
    sessions: BTreeSet<(DeviceId, u64)>,
    shown: BTreeMap<(DeviceId, UserId), Vec<Showing>>,
    told: Vec<(DeviceId, UserId)>,
    /// When hosts that may carry presence stopped or were started again, and the stretches in which
    /// none of them was up; by their beginnings.
    moves: Vec<Span>,
    longest_move_ns: u64,
    between_servers: Vec<Span>,
    /// When what was published may not have arrived: while a fault kept servers apart, and until they
    /// had noticed which of their connections are dead.
    unheard: Vec<Span>,
    status_max_ns: u64,
    takeover_ns: u64,
    offline_after_ns: u64,
    refresh_ns: u64,
    end_ns: u64,
}

impl Presence {
    /// Derives it, in O(n log n) for n lines and pairs of friends.
    #[must_use]
    pub fn of(index: &Index<'_>) -> Self {
        let (bounds, world) = (index.bounds(), index.world());
        let between_servers = world.faults.between_servers().to_vec();
        let undisturbed = outside(&between_servers, world.end_ns);
        // A piece shorter than two heartbeats may have seen none arrive.
        let least_ns = bounds.heartbeat_ns.saturating_mul(2);
        let (mut attached, mut online) = (BTreeMap::new(), BTreeMap::new());
        let (mut observing, mut sessions) = (BTreeMap::new(), BTreeSet::new());
        for (user, devices) in index.users() {
            let (mut of_user, mut taken) = (Vec::new(), Vec::new());
            for device in devices {
                let Some(life) = world.lives.get(device) else { continue };
                let spans: Vec<Span> = life.attachments.iter().map(|one| one.span).collect();
                let fresh = life.attachments.iter().filter(|one| !one.resumed);
                sessions.extend(fresh.map(|one| (*device, one.span.from_ns)));
                of_user.extend(&spans);
                let hearing = outside(&united(life.deaf.clone()), world.end_ns);
                let seen = common(&united(spans), &undisturbed);
                let heard = common(&seen, &hearing);
                let beating = if bounds.needs_answers { &heard } else { &seen };
                taken.extend(bridged(beating, bounds.offline_after_ns, least_ns));
                observing.insert(*device, heard);
            }
            attached.insert(*user, united(of_user));
            online.insert(*user, united(taken));
        }
        let moves = moves(index);
        let relinked = |span: &Span| Span::new(span.from_ns, span.to_ns + bounds.relink_ns);
        let unheard = united(between_servers.iter().map(relinked).collect());
        Self {
            attached,
            online,
            observing,
            sessions,
            shown: shown(index),
            told: told(index),
            longest_move_ns: moves.iter().map(|span| span.length_ns()).max().unwrap_or_default(),
            moves,
            between_servers,
            unheard,
            status_max_ns: bounds.status_max_ns(),
            takeover_ns: bounds.takeover_ns(),
            offline_after_ns: bounds.offline_after_ns,
            refresh_ns: bounds.presence_refresh_ns,
            end_ns: world.end_ns,
        }
    }

    /// The pairs of a device and a user whose every change of status it must be told of.
    #[must_use]
    pub fn told(&self) -> &[(DeviceId, UserId)] {
        &self.told
    }

    /// All pairs of which something is shown.
    pub fn shown_pairs(&self) -> impl Iterator<Item = (DeviceId, UserId)> + '_ {
        self.shown.keys().copied()
    }

    /// What a device was shown of a user, in order.
    #[must_use]
    pub fn shown(&self, device: DeviceId, user: UserId) -> &[Showing] {
        self.shown.get(&(device, user)).map_or(&[], Vec::as_slice)
    }

    /// When a user must be shown as online: from the time on at which the bound is over.
    #[must_use]
    pub fn settled_online(&self, user: UserId) -> Vec<Span> {
        self.settled(self.online.get(&user).map_or(&[], Vec::as_slice))
    }

    /// When a user must be shown as offline: from the time on at which the bound is over.
    #[must_use]
    pub fn settled_offline(&self, user: UserId) -> Vec<Span> {
        let attached = self.attached.get(&user).map_or(&[][..], Vec::as_slice);
        self.settled(&outside(attached, self.end_ns))
    }

    /// When a device must show what is true: from the time on at which it has been attached for as
    /// long as the bound.
    #[must_use]
    pub fn settled_observing(&self, device: DeviceId) -> Vec<Span> {
        self.settled(self.observing.get(&device).map_or(&[], Vec::as_slice))
    }

    /// By when a change at `t_ns` is shown everywhere: within lease and publication. When a server
    /// that may carry presence stopped or started around then, users move to another one, which is
    /// certain of nobody before a whole lease has passed since it took over; while none is up they
    /// have nowhere to go. What was published while servers could not talk, or over a connection
    /// that was dead since then, comes with the next refresh at the latest.
    fn settled_ns(&self, t_ns: u64) -> u64 {
        let bound_ns = self.status_max_ns;
        let mut by_ns = t_ns.saturating_add(bound_ns);
        let recent_ns = t_ns.saturating_sub(bound_ns);
        let first = recent_ns.saturating_sub(self.longest_move_ns);
        let first = self.moves.partition_point(|span| span.from_ns < first);
        for span in self.moves[first..].iter().filter(|span| span.to_ns >= recent_ns) {
            if span.from_ns > by_ns {
                break;
            }
            let taken_over_ns = span.to_ns.saturating_add(self.takeover_ns);
            by_ns = by_ns.max(taken_over_ns.saturating_add(bound_ns));
        }
        let bound_ns = by_ns - t_ns;
        put_off(t_ns, bound_ns, &self.unheard, bound_ns.saturating_add(self.refresh_ns))
    }

    fn settled(&self, spans: &[Span]) -> Vec<Span> {
        let late = spans.iter().map(|span| Span::new(self.settled_ns(span.from_ns), span.to_ns));
        late.filter(|span| span.length_ns() > 0).collect()
    }
}

fn moves(index: &Index<'_>) -> Vec<Span> {
    let world = index.world();
    let carries_presence =
        |name: &str| !["chat", "device", "api", "notify"].iter().any(|role| name.starts_with(role));
    let deaths = world.deaths.iter().map(|death| (death.name.as_str(), death.t_ns));
    let returns = world.returns.iter().map(|(name, t_ns)| (name.as_str(), *t_ns));
    let both = deaths.chain(returns).filter(|(name, _)| carries_presence(name));
    let mut moves: Vec<Span> = both.map(|(_, t_ns)| Span::new(t_ns, t_ns)).collect();
    moves.extend(unkept(index));
    moves.sort_unstable();
    moves
}

/// When no presence server was up, of those that ever held a lease.
fn unkept(index: &Index<'_>) -> Vec<Span> {
    let world = index.world();
    let events = index.history().events().iter();
    let holders = events.filter_map(|event| match &event.body {
        EventBody::Lease { key, .. } if key.starts_with("presence") => Some(&*event.process.0),
        _ => None,
    });
    let holders: BTreeSet<&str> = holders.collect();
    let down = |host: &&str| {
        let returns = world.returns.iter().filter(|(name, _)| name == host);
        let returns: Vec<u64> = returns.map(|(_, t_ns)| *t_ns).collect();
        let deaths = world.deaths.iter().filter(|death| death.name == *host);
        let until = |from_ns: u64| returns.get(returns.partition_point(|t_ns| *t_ns < from_ns));
        let spans = deaths
            .map(|death| Span::new(death.t_ns, until(death.t_ns).copied().unwrap_or(world.end_ns)));
        united(spans.collect())
    };
    let all = holders.iter().map(down).reduce(|one, other| common(&one, &other));
    all.unwrap_or_default()
}

fn shown(index: &Index<'_>) -> BTreeMap<(DeviceId, UserId), Vec<Showing>> {
    let mut shown: BTreeMap<_, Vec<Showing>> = BTreeMap::new();
    for event in index.history().events() {
        let EventBody::Shown { device, user, online, .. } = event.body else { continue };
        let showing = Showing { t_ns: event.t_ns, seq: event.seq, online };
        shown.entry((device, user)).or_default().push(showing);
    }
    shown
}

/// Friends, as far as the design tells them of every change.
fn told(index: &Index<'_>) -> Vec<(DeviceId, UserId)> {
    let mut friends: BTreeMap<UserId, BTreeSet<UserId>> = BTreeMap::new();
    for (one, other) in index.friends() {
        friends.entry(*one).or_default().insert(*other);
        friends.entry(*other).or_default().insert(*one);
    }
    let limit = index.bounds().presence_fanout_limit as usize;
    let is_told = |friends: &BTreeSet<UserId>| match index.bounds().presence {
        PresenceMode::Friends => true,
        PresenceMode::OnDemand => false,
        PresenceMode::Hybrid => friends.len() <= limit,
    };
    let mut told = Vec::new();
    for (subject, friends) in friends.iter().filter(|(_, friends)| is_told(friends)) {
        let devices = friends.iter().flat_map(|friend| index.devices_of(*friend));
        told.extend(devices.map(|device| (*device, *subject)));
    }
    told.sort_unstable();
    told
}
