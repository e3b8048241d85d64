//! Which chat server wants to know about whom, and what it has still to be told.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ids::{ServerId, UserId},
    time::Monotonic,
};

/// The watches of all chat servers.
#[derive(Debug, Default)]
pub(super) struct Watches {
    servers: BTreeMap<ServerId, Watcher>,
    watching: BTreeMap<UserId, BTreeSet<ServerId>>,
    count: usize,
}

/// One chat server.
#[derive(Debug)]
struct Watcher {
    /// Its incarnation.
    epoch: u64,
    /// When the watch of each user ends unless it is repeated.
    until: BTreeMap<UserId, Monotonic>,
    /// Whose changes it has not been told.
    untold: BTreeSet<UserId>,
}

impl Watches {
    /// Takes an incarnation of a chat server for the one that lives; false when it is an old one.
    pub(super) fn meet(&mut self, server: ServerId, epoch: u64) -> bool {
        match self.servers.get(&server) {
            Some(known) if known.epoch > epoch => return false,
            Some(known) if known.epoch < epoch => {
                self.forget(server);
            }
            _ => {}
        }
        let new = || Watcher { epoch, until: BTreeMap::new(), untold: BTreeSet::new() };
        self.servers.entry(server).or_insert_with(new);
        true
    }

    /// Adds or prolongs a watch of a server that was met; false when there are `limit` already.
    pub(super) fn add(
        &mut self,
        server: ServerId,
        user: UserId,
        until: Monotonic,
        limit: usize,
    ) -> bool {
        let Some(watcher) = self.servers.get_mut(&server) else { return false };
        if let Some(known) = watcher.until.get_mut(&user) {
            *known = until;
            return true;
        }
        if self.count >= limit {
            return false;
        }
        watcher.until.insert(user, until);
        self.watching.entry(user).or_default().insert(server);
        self.count += 1;
        true
    }

    pub(super) fn remove(&mut self, server: ServerId, user: UserId) {
        let Some(watcher) = self.servers.get_mut(&server) else { return };
        watcher.untold.remove(&user);
        if watcher.until.remove(&user).is_some() {
            self.count -= 1;
            if let Some(watching) = self.watching.get_mut(&user) {
                watching.remove(&server);
                if watching.is_empty() {
                    self.watching.remove(&user);
                }
            }
        }
    }

    /// Drops everything that a server watches; how much that was.
    pub(super) fn forget(&mut self, server: ServerId) -> usize {
        let watcher = self.servers.get(&server);
        let users: Vec<UserId> =
            watcher.into_iter().flat_map(|watcher| watcher.until.keys().copied()).collect();
        users.iter().for_each(|user| self.remove(server, *user));
        self.servers.remove(&server);
        users.len()
    }

    /// Drops the watches of a server that were not repeated in time; how many those were.
    pub(super) fn lapse(&mut self, now: Monotonic, server: ServerId) -> usize {
        let Some(watcher) = self.servers.get(&server) else { return 0 };
        let lapsed = watcher.until.iter().filter(|(_, until)| **until <= now);
        let users: Vec<UserId> = lapsed.map(|(user, _)| *user).collect();
        users.iter().for_each(|user| self.remove(server, *user));
        if self.servers.get(&server).is_some_and(|watcher| watcher.until.is_empty()) {
            self.servers.remove(&server);
        }
        users.len()
    }

    /// Notes that everybody who watches the user has to be told. A server that already has `limit`
    /// changes to be told of loses its watches, since it must begin with a snapshot: how many of
    /// them went.
    pub(super) fn changed(&mut self, user: UserId, limit: usize) -> usize {
        let mut overflowed = Vec::new();
        for server in self.watching.get(&user).into_iter().flatten() {
            if let Some(watcher) = self.servers.get_mut(server) {
                watcher.untold.insert(user);
                if watcher.untold.len() > limit {
                    overflowed.push(*server);
                }
            }
        }
        overflowed.into_iter().map(|server| self.forget(server)).sum()
    }

    /// Takes out what is to be told, server by server.
    pub(super) fn take_untold(&mut self, now: Monotonic) -> Vec<(ServerId, Vec<UserId>)> {
        let mut untold = Vec::new();
        for (server, watcher) in &mut self.servers {
            let mut users = std::mem::take(&mut watcher.untold);
            users.retain(|user| watcher.until.get(user).is_some_and(|until| *until > now));
            if !users.is_empty() {
                untold.push((*server, users.into_iter().collect()));
            }
        }
        untold
    }

    pub(super) fn is_met(&self, server: ServerId) -> bool {
        self.servers.contains_key(&server)
    }

    pub(super) fn is_watched(&self, user: UserId) -> bool {
        self.watching.contains_key(&user)
    }

    pub(super) fn users(&self) -> impl Iterator<Item = UserId> {
        self.watching.keys().copied()
    }

    /// Pairs of a server and a user.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ServerId = ServerId(1);

    fn watches(users: u64) -> Watches {
        let mut watches = Watches::default();
        assert!(watches.meet(ONE, 7));
        for user in 0..users {
            assert!(watches.add(ONE, UserId(user), Monotonic(100), 10));
        }
        watches
    }

    #[test]
    fn a_newer_incarnation_replaces_the_older_and_not_the_reverse() {
        let mut watches = watches(3);
        assert!(!watches.meet(ONE, 6));
        assert_eq!(watches.count(), 3);
        assert!(watches.meet(ONE, 8));
        assert_eq!((watches.count(), watches.is_watched(UserId(0))), (0, false));
    }

    #[test]
    fn the_number_of_watches_is_bounded_and_a_renewal_always_fits() {
        let mut watches = watches(10);
        assert!(!watches.add(ONE, UserId(10), Monotonic(100), 10));
        assert!(watches.add(ONE, UserId(9), Monotonic(200), 10));
        assert_eq!(watches.lapse(Monotonic(100), ONE), 9);
        assert_eq!(watches.count(), 1);
    }

    #[test]
    fn a_lapsed_watch_is_told_nothing() {
        let mut watches = watches(2);
        assert_eq!(watches.changed(UserId(1), 10), 0);
        assert_eq!(watches.take_untold(Monotonic(100)), []);
    }
}
