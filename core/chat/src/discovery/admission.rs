//! At which rate devices are let in, and when those who are not are to come again.

use std::time::Duration;

use crate::{
    random::Random,
    time::{Monotonic, nanoseconds},
};

/// A device is put off for so long at most. Where more wait than are admitted in this time, those
/// at the end of the queue ask more than once.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// The bucket holds what is admitted in one second.
const BURST: Duration = Duration::from_secs(1);

/// One part in five of the bucket is kept for devices that have something to send.
const RESERVED_SHARE: u32 = 5;

/// A device comes back up to this much after its turn.
const JITTER: Duration = Duration::from_secs(1);

/// A token bucket, and the turns of those who found it empty.
#[derive(Debug)]
pub(super) struct Admission {
    /// Devices per second; 0 for no bound.
    rate: u32,
    /// What the bucket holds, as the nanoseconds in which it came in.
    credit: u64,
    /// Until when that is reckoned.
    reckoned: Monotonic,
    /// The next turn in the queue of those who have something to send.
    next_turn: Monotonic,
    /// The next turn in the queue of those who have nothing. It follows the other queue.
    next_background_turn: Monotonic,
}

impl Admission {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate,
            credit: nanoseconds(BURST),
            reckoned: Monotonic(0),
            next_turn: Monotonic(0),
            next_background_turn: Monotonic(0),
        }
    }

    /// Lets a device in, or says after which time it is to ask again: about when its turn in the
    /// queue comes, since the queue moves at the admitted rate.
    pub(super) fn admit(
        &mut self,
        now: Monotonic,
        background: bool,
        random: &mut Random,
    ) -> Result<(), Duration> {
        if self.rate == 0 {
            return Ok(());
        }
        let elapsed = nanoseconds(now.since(self.reckoned));
        self.credit = self.credit.saturating_add(elapsed).min(nanoseconds(BURST));
        self.reckoned = self.reckoned.max(now);
        let one = nanoseconds(BURST) / u64::from(self.rate);
        let reserved = u64::from(self.rate / RESERVED_SHARE) * one;
        let needed = if background { one + reserved } else { one };
        if self.credit >= needed {
            self.credit -= one;
            return Ok(());
        }
        Err(self.put_off(now, background, random))
    }

    fn put_off(&mut self, now: Monotonic, background: bool, random: &mut Random) -> Duration {
        let step = BURST / self.rate;
        let earliest = now.after(step);
        let turn = match background {
            true => self.next_background_turn.max(self.next_turn).max(earliest),
            false => self.next_turn.max(earliest),
        };
        let wait = turn.since(now);
        if wait + JITTER > WAIT_MAX {
            // The queue is longer than the bound: no place in it is kept for the device.
            return WAIT_MAX / 2 + random.up_to(WAIT_MAX / 2);
        }
        match background {
            true => self.next_background_turn = turn.after(step),
            false => self.next_turn = turn.after(step),
        }
        wait + random.up_to(JITTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(admission: &mut Admission, at_ms: u64, background: bool, asks: usize) -> usize {
        let mut random = Random::new(1);
        let now = Monotonic(at_ms * 1_000_000);
        (0..asks).filter(|_| admission.admit(now, background, &mut random).is_ok()).count()
    }

    #[test]
    fn a_second_is_let_in_at_once_and_then_the_rate() {
        let mut admission = Admission::new(100);
        assert_eq!(admitted(&mut admission, 0, false, 500), 100);
        assert_eq!(admitted(&mut admission, 250, false, 500), 25);
        assert_eq!(admitted(&mut admission, 60_000, false, 500), 100);
    }

    #[test]
    fn a_fifth_is_kept_for_those_who_send() {
        let mut admission = Admission::new(100);
        assert_eq!(admitted(&mut admission, 0, true, 500), 80);
        assert_eq!(admitted(&mut admission, 0, false, 500), 20);
        assert_eq!(admitted(&mut admission, 100, true, 500), 0, "the reserve fills first");
        assert_eq!(admitted(&mut admission, 300, true, 500), 10);
    }

    #[test]
    fn at_the_lowest_rates_everybody_is_let_in_some_time() {
        for rate in 1..10 {
            let mut admission = Admission::new(rate);
            assert!(admitted(&mut admission, 0, true, 50) >= 1, "{rate}");
        }
    }

    #[test]
    fn no_rate_is_no_bound() {
        assert_eq!(admitted(&mut Admission::new(0), 0, true, 10_000), 10_000);
    }
}
