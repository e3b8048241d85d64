//! The schedule, given out when it is due.

use std::{collections::VecDeque, time::Duration};

use hubbub_chat::time::nanoseconds;
use hubbub_traffic::Action;

/// A sorted schedule with a beginning. It knows no clock: whoever asks says what time it is, and
/// an action is given out however late that is and whatever became of the ones before.
#[derive(Debug, Clone)]
pub struct OpenLoop {
    actions: VecDeque<Action>,
    start_ns: u64,
}

/// An action whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What to do.
    pub action: Action,
    /// When it should have been done.
    pub intended_ns: u64,
    /// How late it is: the generator's own delay, not the server's.
    pub lag_ns: u64,
}

impl OpenLoop {
    /// The schedule `actions`, sorted by time, counted from `start_ns`.
    #[must_use]
    pub fn new(actions: Vec<Action>, start_ns: u64) -> Self {
        Self { actions: actions.into(), start_ns }
    }

    /// When the next action is due; `None` when all were given out.
    #[must_use]
    pub fn next_ns(&self) -> Option<u64> {
        self.actions.front().map(|action| self.intended_ns(action.at))
    }

    /// The next action, if its time has come. Read the clock anew for each, so that the lag of
    /// the last of many counts the time that the others took.
    pub fn poll_due(&mut self, now_ns: u64) -> Option<Due> {
        let intended_ns = self.next_ns().filter(|next_ns| *next_ns <= now_ns)?;
        let action = self.actions.pop_front()?;
        Some(Due { action, intended_ns, lag_ns: now_ns - intended_ns })
    }

    /// How many actions are still to come.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.actions.len()
    }

    fn intended_ns(&self, at: Duration) -> u64 {
        self.start_ns.saturating_add(nanoseconds(at))
    }
}

#[cfg(test)]
mod tests {
    use hubbub_chat::{ChannelId, DeviceId, UserId};
    use hubbub_traffic::What;

    use super::*;

    fn schedule(times_ms: &[u64]) -> Vec<Action> {
        let channel = ChannelId::direct(UserId(1), UserId(2));
        let action = |at_ms: &u64| Action {
            at: Duration::from_millis(*at_ms),
            user: UserId(1),
            device: DeviceId(1),
            what: What::Send { channel, body: "m000000 ".into() },
        };
        times_ms.iter().map(action).collect()
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut open_loop = OpenLoop::new(schedule(&[1]), 5_000_000);
        assert_eq!(open_loop.next_ns(), Some(6_000_000));
        assert_eq!(open_loop.poll_due(5_999_999), None);
        assert_eq!(open_loop.poll_due(6_000_000).map(|due| due.lag_ns), Some(0));
        assert_eq!((open_loop.poll_due(u64::MAX), open_loop.next_ns()), (None, None));
    }

    #[test]
    fn a_late_generator_gives_out_everything_and_counts_the_lag() {
        let mut open_loop = OpenLoop::new(schedule(&[1, 2, 9]), 0);
        let due: Vec<(u64, u64)> = std::iter::from_fn(|| open_loop.poll_due(3_000_000))
            .map(|due| (due.intended_ns, due.lag_ns))
            .collect();
        assert_eq!(due, [(1_000_000, 2_000_000), (2_000_000, 1_000_000)]);
        assert_eq!(open_loop.remaining(), 1);
    }
}
