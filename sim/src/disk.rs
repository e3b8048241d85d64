//! The store's disk: what it syncs together, how long that takes, and what it has when the process
//! or the power is gone.
//!
//! As in the store that is served, one group is synced at a time, and whatever comes meanwhile is the
//! next group. Requests are carried out when their group is synced, and only then answered.

use hubbub_chat::random::Random;

/// A sync of a disk takes from one to four milliseconds.
const SYNC_LEAST_NS: u64 = 1_000_000;
const SYNC_MOST_NS: u64 = 4_000_000;

/// Requests of type `R` on their way to the disk.
#[derive(Debug)]
pub(crate) struct Disk<R> {
    syncing: Vec<R>,
    next: Vec<R>,
    /// Whether anything in the next group is more than a read.
    next_writes: bool,
    random: Random,
}

/// What becomes of a request that comes in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Joined<R> {
    /// Its group is synced from now on, and that takes so many nanoseconds.
    Begins(u64),
    /// It waits for the sync that is under way.
    Waits,
    /// It is a read, and nothing was under way: it is handed back.
    NeedNotWait(R),
}

/// What a sync that is over leaves.
#[derive(Debug)]
pub(crate) struct Synced<R> {
    /// What can be carried out and answered, in this order.
    pub(crate) done: Vec<R>,
    /// How long the sync takes that begins now, in nanoseconds, if one does.
    pub(crate) next_ns: Option<u64>,
}

/// What is left when the store's process is gone.
#[derive(Debug)]
pub(crate) struct Lost<R> {
    /// How many requests will not be answered.
    pub(crate) requests: usize,
    /// Those of them that are on the disk all the same, in their order.
    pub(crate) survivors: Vec<R>,
}

impl<R> Disk<R> {
    pub(crate) fn new(random: Random) -> Self {
        Self { syncing: Vec::new(), next: Vec::new(), next_writes: false, random }
    }

    /// Takes a request in.
    pub(crate) fn join(&mut self, request: R, is_read: bool) -> Joined<R> {
        if !self.syncing.is_empty() {
            self.next.push(request);
            self.next_writes |= !is_read;
            return Joined::Waits;
        }
        if is_read {
            return Joined::NeedNotWait(request);
        }
        self.syncing.push(request);
        Joined::Begins(self.sync_ns())
    }

    /// The sync that was under way is over. Reads alone need none of their own.
    pub(crate) fn synced(&mut self) -> Synced<R> {
        let mut done = std::mem::take(&mut self.syncing);
        let mut next = std::mem::take(&mut self.next);
        if std::mem::take(&mut self.next_writes) {
            self.syncing = next;
            return Synced { done, next_ns: Some(self.sync_ns()) };
        }
        done.append(&mut next);
        Synced { done, next_ns: None }
    }

    /// The process is gone. Its last write may have got to the disk or not: all of it or nothing where
    /// the operating system goes on, a drawn beginning where the power went (`silent`), which is
    /// harsher than what a store with atomic groups has to bear. The group after it was in memory.
    pub(crate) fn lose(&mut self, silent: bool) -> Lost<R> {
        let mut survivors = std::mem::take(&mut self.syncing);
        let requests = survivors.len() + std::mem::take(&mut self.next).len();
        self.next_writes = false;
        let most = survivors.len() as u64;
        let kept = if silent { self.random.below(most + 1) } else { most * self.random.below(2) };
        survivors.truncate(kept as usize);
        Lost { requests, survivors }
    }

    fn sync_ns(&mut self) -> u64 {
        SYNC_LEAST_NS + self.random.below(SYNC_MOST_NS - SYNC_LEAST_NS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk<u32> {
        Disk::new(Random::new(1))
    }

    /// A disk that syncs the first of these, while the others wait.
    fn busy(requests: u32) -> Disk<u32> {
        let mut disk = disk();
        assert!(matches!(disk.join(1, false), Joined::Begins(1_000_000..4_000_000)));
        (2..=requests).for_each(|request| assert_eq!(disk.join(request, false), Joined::Waits));
        disk
    }

    #[test]
    fn what_comes_during_a_sync_is_the_next_group() {
        let mut disk = busy(3);
        let first = disk.synced();
        assert_eq!(first.done, [1]);
        assert!(first.next_ns.is_some());
        assert_eq!(disk.join(4, true), Joined::Waits);
        let second = disk.synced();
        assert_eq!((second.done.as_slice(), second.next_ns), ([2, 3, 4].as_slice(), None));
        assert!(matches!(disk.join(5, false), Joined::Begins(_)));
    }

    #[test]
    fn a_read_waits_for_what_came_before_and_needs_no_sync() {
        let mut disk = disk();
        assert_eq!(disk.join(1, true), Joined::NeedNotWait(1));
        assert!(matches!(disk.join(2, false), Joined::Begins(_)));
        assert_eq!(disk.join(3, true), Joined::Waits);
        let synced = disk.synced();
        assert_eq!((synced.done.as_slice(), synced.next_ns), ([2, 3].as_slice(), None));
    }

    #[test]
    fn a_crash_keeps_all_of_the_last_write_or_nothing_and_a_power_loss_a_beginning() {
        let mut disk = disk();
        let mut lose = |silent| {
            disk.join(1, false);
            (2..=5).for_each(|request| assert_eq!(disk.join(request, false), Joined::Waits));
            disk.synced();
            disk.join(6, false);
            let Lost { requests, survivors } = disk.lose(silent);
            assert_eq!(requests, 5);
            assert_eq!(survivors, [2, 3, 4, 5][..survivors.len()]);
            survivors.len()
        };
        let mut lengths = |silent| {
            let mut lengths: Vec<usize> = (0..100).map(|_| lose(silent)).collect();
            lengths.sort_unstable();
            lengths.dedup();
            lengths
        };
        assert_eq!(lengths(false), [0, 4]);
        assert_eq!(lengths(true), [0, 1, 2, 3, 4]);
    }
}
