//! The timers of one machine: when each is due, and which is due next.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Monotonic;

/// A table of timers; every operation is O(log n).
#[derive(Debug, Clone)]
pub(crate) struct Timers<T> {
    due: BTreeSet<(Monotonic, T)>,
    at: BTreeMap<T, Monotonic>,
}

impl<T: Ord + Copy> Timers<T> {
    pub(crate) fn new() -> Self {
        Self { due: BTreeSet::new(), at: BTreeMap::new() }
    }

    /// Sets a timer, replacing its earlier time.
    pub(crate) fn set(&mut self, timer: T, at: Monotonic) {
        self.clear(timer);
        self.at.insert(timer, at);
        self.due.insert((at, timer));
    }

    /// Sets a timer unless it is set already.
    pub(crate) fn set_once(&mut self, timer: T, at: Monotonic) {
        if !self.at.contains_key(&timer) {
            self.set(timer, at);
        }
    }

    pub(crate) fn clear(&mut self, timer: T) {
        if let Some(at) = self.at.remove(&timer) {
            self.due.remove(&(at, timer));
        }
    }

    pub(crate) fn next(&self) -> Option<(Monotonic, T)> {
        self.due.first().copied()
    }

    /// Takes out one timer that is due at `now`, the earliest first.
    pub(crate) fn expire(&mut self, now: Monotonic) -> Option<T> {
        let (at, timer) = self.next()?;
        (at <= now).then(|| {
            self.clear(timer);
            timer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_expire_in_the_order_of_their_times() {
        let mut timers = Timers::new();
        timers.set('a', Monotonic(30));
        timers.set('b', Monotonic(10));
        timers.set('a', Monotonic(5));
        timers.set_once('b', Monotonic(1));
        assert_eq!(timers.next(), Some((Monotonic(5), 'a')));
        assert_eq!(timers.expire(Monotonic(4)), None);
        assert_eq!(timers.expire(Monotonic(20)), Some('a'));
        assert_eq!(timers.expire(Monotonic(20)), Some('b'));
        assert_eq!(timers.expire(Monotonic(20)), None);
    }

    #[test]
    fn a_cleared_timer_is_gone() {
        let mut timers = Timers::new();
        timers.set('a', Monotonic(30));
        timers.clear('a');
        assert_eq!(timers.next(), None);
    }
}
