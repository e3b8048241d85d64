//! Whether time gets on: a machine that wants its next turn at once, again and again, would have a run
//! go on for ever, and with it a hunt.

use std::fmt::Debug;

/// Things that may happen at one moment: those that need no device, and as many more for each device.
const AT_ONCE_MAX: u64 = 100_000;
const AT_ONCE_OF_A_DEVICE: u64 = 10_000;

/// Counts what happens at one moment.
#[derive(Debug)]
pub(super) struct Pace {
    at: u64,
    happened: u64,
    most: u64,
}

impl Pace {
    pub(super) fn new(devices: usize) -> Self {
        Self { at: 0, happened: 0, most: AT_ONCE_MAX + AT_ONCE_OF_A_DEVICE * devices as u64 }
    }

    /// Something happens at `at`, in nanoseconds since the run began.
    ///
    /// # Panics
    /// When too much has happened at that moment, with the kind of what is about to. Panics of a run
    /// are findings, and two that say the same are taken for one.
    pub(super) fn note(&mut self, at: u64, what: &dyn Debug) {
        self.happened = if at == self.at { self.happened + 1 } else { 1 };
        self.at = at;
        assert!(self.happened <= self.most, "time stands still: too much at once, {}", kind(what));
    }
}

/// The name of a variant, without what it holds.
fn kind(what: &dyn Debug) -> String {
    format!("{what:?}").chars().take_while(|it| it.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_happens_as_devices_may_need() {
        let mut pace = Pace::new(3);
        for at in [1, 2] {
            (0..130_000).for_each(|_| pace.note(at, &"a turn"));
        }
    }

    #[test]
    #[should_panic(expected = "time stands still: too much at once, Some")]
    fn more_is_a_machine_that_spins() {
        let mut pace = Pace::new(3);
        (0..=130_000).for_each(|turn| pace.note(7, &Some(turn)));
    }
}
