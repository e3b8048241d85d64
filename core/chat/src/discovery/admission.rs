//! At which rate devices are let in, and when those who are not are to come again.

use std::time::Duration;

use super::turns::Turns;
use crate::{
    ids::DeviceId,
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
    turns: Turns,
}

impl Admission {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate,
            credit: nanoseconds(BURST),
            reckoned: Monotonic(0),
            next_turn: Monotonic(0),
            next_background_turn: Monotonic(0),
            turns: Turns::default(),
        }
    }

    /// Lets a device in, or says after which time it is to ask again: about when its turn in the
    /// queue comes, since the queue moves at the admitted rate. Asking earlier neither loses the turn
    /// nor takes another one.
    pub(super) fn admit(
        &mut self,
        now: Monotonic,
        device: DeviceId,
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
            self.turns.end(device);
            return Ok(());
        }
        Err(self.put_off(now, device, background, random))
    }

    fn put_off(
        &mut self,
        now: Monotonic,
        device: DeviceId,
        background: bool,
        random: &mut Random,
    ) -> Duration {
        if let Some(turn) = self.turns.kept(now, device, background) {
            return turn.since(now) + random.up_to(JITTER);
        }
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
        self.turns.give(device, turn, background);
        wait + random.up_to(JITTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(admission: &mut Admission, at_ms: u64, device: u64, background: bool) -> Option<u128> {
        let now = Monotonic(at_ms * 1_000_000);
        let answer = admission.admit(now, DeviceId(device), background, &mut Random::new(1));
        answer.err().map(|wait| wait.as_millis())
    }

    fn admitted(admission: &mut Admission, at_ms: u64, background: bool, asks: u64) -> usize {
        (0..asks).filter(|device| ask(admission, at_ms, *device, background).is_none()).count()
    }

    #[test]
    fn whoever_asks_again_before_its_turn_takes_no_second_one() {
        let mut admission = Admission::new(2);
        assert_eq!(admitted(&mut admission, 0, true, 2), 2);
        let jitter = JITTER.as_millis();
        for at_ms in [0, 10, 20] {
            for device in 0..20 {
                let turn_ms = u128::from(500 * (device + 1) - at_ms);
                let wait_ms = ask(&mut admission, at_ms, device, true).unwrap();
                assert!((turn_ms..=turn_ms + jitter).contains(&wait_ms), "{device}: {wait_ms}");
            }
        }
    }

    #[test]
    fn whoever_has_something_to_send_meanwhile_is_given_an_earlier_turn() {
        let mut admission = Admission::new(2);
        assert_eq!(admitted(&mut admission, 0, true, 20), 2);
        let wait_ms = ask(&mut admission, 10, 19, false).unwrap();
        assert!(wait_ms <= 500 + JITTER.as_millis(), "{wait_ms}");
    }

    #[test]
    fn turns_that_have_passed_are_forgotten() {
        let mut admission = Admission::new(2);
        assert_eq!(admitted(&mut admission, 0, true, 20), 2);
        assert_eq!(admitted(&mut admission, 30_000, true, 2), 2);
        assert!(ask(&mut admission, 30_000, 19, true).is_some_and(|wait_ms| wait_ms >= 500));
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
