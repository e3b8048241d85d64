//! A machine in its process: it comes and goes, and is woken when it wants to be.

use hubbub_chat::Monotonic;

/// A machine, when its process is up.
#[derive(Debug)]
pub(super) struct Process<M> {
    pub(super) machine: Option<M>,
    /// How often it has started.
    pub(super) incarnation: u32,
    wake_at: Option<u64>,
}

impl<M> Process<M> {
    pub(super) fn down() -> Self {
        Self { machine: None, incarnation: 0, wake_at: None }
    }

    pub(super) fn start(&mut self, incarnation: u32, machine: M) {
        (self.machine, self.incarnation, self.wake_at) = (Some(machine), incarnation, None);
    }

    pub(super) fn stop(&mut self) -> Option<M> {
        self.wake_at = None;
        self.machine.take()
    }

    /// The machine of this start of the process; a later one knows nothing of it.
    pub(super) fn of(&mut self, incarnation: u32) -> Option<&mut M> {
        self.machine.as_mut().filter(|_| self.incarnation == incarnation)
    }

    /// The machine, if it is to be woken by the call that was planned for `at`; an earlier or a
    /// later plan has taken the place of any other.
    pub(super) fn wake(&mut self, at: u64) -> Option<&mut M> {
        if self.wake_at != Some(at) {
            return None;
        }
        self.wake_at = None;
        self.machine.as_mut()
    }

    /// The machine that [`Self::wake`] would give, without waking it.
    pub(super) fn due(&self, at: u64) -> Option<&M> {
        self.machine.as_ref().filter(|_| self.wake_at == Some(at))
    }

    /// When to be woken, if no call is planned that comes as early.
    pub(super) fn plan(&mut self, now: u64, due: Option<Monotonic>) -> Option<u64> {
        let due = due?.0.max(now);
        if self.wake_at.is_some_and(|planned| planned <= due) {
            return None;
        }
        self.wake_at = Some(due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_earliest_planned_call_wakes() {
        let mut process = Process::down();
        process.start(1, ());
        assert_eq!(process.plan(5, Some(Monotonic(20))), Some(20));
        assert_eq!(process.plan(5, Some(Monotonic(30))), None);
        assert_eq!(process.plan(5, Some(Monotonic(3))), Some(5), "overdue means now");
        assert!(process.wake(20).is_none());
        assert!(process.wake(5).is_some());
        assert!(process.wake(5).is_none());
    }

    #[test]
    fn what_was_meant_for_an_earlier_start_finds_nobody() {
        let mut process = Process::down();
        process.start(1, ());
        assert!(process.of(1).is_some());
        process.stop();
        process.start(2, ());
        assert!(process.of(1).is_none() && process.of(2).is_some());
    }
}
