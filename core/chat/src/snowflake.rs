//! Ids that sort by time: 41 bits of milliseconds, 10 bits of worker, 12 bits of sequence.
//!
//! The layout is that of Twitter's Snowflake (2010): the top bit stays 0, so an id fits a signed
//! 64-bit column. Ids of one worker rise; between workers their clocks decide.

mod leased;

pub use leased::LeasedWorker;

use crate::{
    ids::MessageId,
    situation::{Situation, Situations},
    time::{Monotonic, Now},
};

/// Where the milliseconds of an id count from: 2025-01-01 00:00 UTC, in milliseconds since the Unix
/// epoch. 41 bits reach 2^41 ms further, into September 2094.
pub const EPOCH_MS: u64 = 1_735_689_600_000;

/// Worker ids there are.
pub const WORKERS: u16 = 1 << WORKER_BITS;

/// Ids that one worker can give out in a millisecond.
pub const IDS_PER_MS: u16 = 1 << SEQUENCE_BITS;

/// The worker that everybody is with `worker_ids = "fixed"`.
pub const FIXED_WORKER: u16 = 1;

const TIME_BITS: u32 = 41;
const WORKER_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;

/// What an id is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parts {
    /// When it was issued, in milliseconds since the Unix epoch, by its worker's wall clock.
    pub at_ms: u64,
    /// Who issued it.
    pub worker: u16,
    /// Which of that worker's ids of that millisecond it is, from 0.
    pub sequence: u16,
}

/// Why a source has no id to give. Nothing was consumed: ask again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NoId {
    /// The source has no worker id, its lease has ended, or it must not begin yet.
    #[error("no worker id is leased: wait until the registry grants one")]
    NoLease,
    /// The wall clock has not passed the last issued millisecond, all of whose ids are used up, or
    /// the time up to which the worker's former holder may have issued.
    #[error("the clock is behind what was issued: wait until it catches up")]
    ClockBehind,
    /// The wall clock shows a time before [`EPOCH_MS`] or more than 2^41 ms after it.
    #[error("the clock shows a time that no id can hold: set it")]
    ClockOutOfRange,
}

/// A worker that gives out ids.
///
/// A leased one never gives out the same id twice nor a lower one after a higher one: when its wall
/// clock steps back it goes on at the last issued millisecond until that one's sequence is used up,
/// then refuses until the clock catches up. It stops before its lease ends by its own monotonic clock
/// and begins strictly above the recorded time of the worker's former holder.
#[derive(Debug, Clone)]
pub struct SnowflakeSource {
    worker: Worker,
    /// The last issued id, or what all ids must lie above.
    last: Last,
    /// Whether any id came from here.
    has_issued: bool,
    situations: Situations,
}

#[derive(Debug, Clone, Copy)]
enum Worker {
    None,
    Leased { worker: u16, until: Monotonic, may_start_at: Monotonic },
    Fixed,
}

/// Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    at_ms: u64,
    /// How many ids of that millisecond are gone.
    used: u16,
}

impl SnowflakeSource {
    /// A source without a worker id: it refuses until [`Self::lease`].
    #[must_use]
    pub fn without_lease() -> Self {
        Self::new(Worker::None)
    }

    /// The textbook source: worker 1 for ever. It takes the time from the wall clock as it is, so
    /// after a step back it issues lower ids and may repeat itself, as it does after a restart or
    /// beside another source of its kind.
    #[must_use]
    pub fn fixed() -> Self {
        Self::new(Worker::Fixed)
    }

    /// Takes on or renews a lease. Nothing is issued from `until` on, nothing before `may_start_at`,
    /// and nothing of `high_water_ms` (milliseconds since the Unix epoch) or earlier.
    pub fn lease(
        &mut self,
        worker: u16,
        until: Monotonic,
        high_water_ms: u64,
        may_start_at: Monotonic,
    ) {
        let same = matches!(self.worker, Worker::Leased { worker: own, .. } if own == worker);
        if !same && self.has_issued {
            self.situations.mark(Situation::WorkerLeasedAgain);
        }
        // A lower worker id would make a lower id within the same millisecond.
        if !same && self.last.used > 0 {
            self.last.used = IDS_PER_MS;
        }
        if high_water_ms > self.last.at_ms || (high_water_ms == self.last.at_ms && !same) {
            self.last = Last { at_ms: high_water_ms, used: IDS_PER_MS };
        }
        let worker = worker % WORKERS;
        self.worker = Worker::Leased { worker, until, may_start_at };
    }

    /// Gives the worker id up. What it issues under the next one lies above all that it has issued.
    pub fn release(&mut self) {
        self.worker = Worker::None;
    }

    /// The situations that it has passed through.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
    }

    /// The worker id that it has, ended or not.
    #[must_use]
    pub fn worker(&self) -> Option<u16> {
        match self.worker {
            Worker::None => None,
            Worker::Leased { worker, .. } => Some(worker),
            Worker::Fixed => Some(FIXED_WORKER),
        }
    }

    /// Nothing that it has issued has a later time, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn high_water_ms(&self) -> u64 {
        self.last.at_ms
    }

    /// The next id.
    ///
    /// # Errors
    /// Why there is none now; see [`NoId`].
    pub fn issue(&mut self, now: Now) -> Result<MessageId, NoId> {
        let at_ms = now.wall.milliseconds();
        if at_ms < self.last.at_ms {
            self.situations.mark(Situation::ClockWentBack);
        }
        let issued = match self.worker {
            Worker::None => return Err(NoId::NoLease),
            Worker::Leased { until, may_start_at, .. }
                if now.monotonic >= until || now.monotonic < may_start_at =>
            {
                return Err(NoId::NoLease);
            }
            Worker::Leased { .. } => self.last.guarded(at_ms)?,
            Worker::Fixed => self.last.naive(at_ms)?,
        };
        let sequence = issued.used - 1;
        let worker = self.worker().unwrap_or_default();
        let id = Parts { at_ms: issued.at_ms, worker, sequence }.encode()?;
        self.last = issued;
        self.has_issued = true;
        Ok(id)
    }

    fn new(worker: Worker) -> Self {
        let last = Last { at_ms: 0, used: 0 };
        Self { worker, last, has_issued: false, situations: Situations::default() }
    }
}

impl Last {
    /// After the next id by a clock that is only believed when it goes forward.
    fn guarded(self, at_ms: u64) -> Result<Self, NoId> {
        if at_ms > self.at_ms {
            Ok(Self { at_ms, used: 1 })
        } else if self.used < IDS_PER_MS {
            Ok(Self { used: self.used + 1, ..self })
        } else {
            Err(NoId::ClockBehind)
        }
    }

    /// After the next id by a clock that is believed whatever it says.
    fn naive(self, at_ms: u64) -> Result<Self, NoId> {
        if at_ms != self.at_ms { Ok(Self { at_ms, used: 1 }) } else { self.guarded(at_ms) }
    }
}

impl Parts {
    fn encode(self) -> Result<MessageId, NoId> {
        let time = self.at_ms.checked_sub(EPOCH_MS).ok_or(NoId::ClockOutOfRange)?;
        if time >> TIME_BITS != 0 {
            return Err(NoId::ClockOutOfRange);
        }
        let (worker, sequence) = (u64::from(self.worker), u64::from(self.sequence));
        Ok(MessageId(time << (WORKER_BITS + SEQUENCE_BITS) | worker << SEQUENCE_BITS | sequence))
    }
}

/// What an id is made of. Any number is: one that is no Snowflake gives parts that mean nothing.
#[must_use]
pub fn decode(id: MessageId) -> Parts {
    let time = id.0 >> (WORKER_BITS + SEQUENCE_BITS);
    let worker = (id.0 >> SEQUENCE_BITS) & u64::from(WORKERS - 1);
    let sequence = id.0 & u64::from(IDS_PER_MS - 1);
    let small = |bits: u64| u16::try_from(bits).unwrap_or(u16::MAX);
    Parts { at_ms: EPOCH_MS + time, worker: small(worker), sequence: small(sequence) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Wall;

    const START_MS: u64 = EPOCH_MS + 1_000_000;
    const FOREVER: Monotonic = Monotonic(u64::MAX);

    /// Both clocks, `wall_ms` after the start and `monotonic_ms` after the process's.
    fn at(monotonic_ms: u64, wall_ms: i64) -> Now {
        let wall = START_MS.saturating_add_signed(wall_ms);
        Now { monotonic: Monotonic(monotonic_ms * 1_000_000), wall: Wall(wall * 1_000_000) }
    }

    fn leased(worker: u16) -> SnowflakeSource {
        let mut source = SnowflakeSource::without_lease();
        source.lease(worker, FOREVER, 0, Monotonic(0));
        source
    }

    #[test]
    fn an_id_holds_time_worker_and_sequence() {
        let mut source = leased(700);
        let [first, second] = [(); 2].map(|()| source.issue(at(0, 5)).unwrap());
        let at_ms = START_MS + 5;
        assert_eq!(decode(first), Parts { at_ms, worker: 700, sequence: 0 });
        assert_eq!(decode(second), Parts { at_ms, worker: 700, sequence: 1 });
        assert_eq!(first.0, (1_000_005 << 22) | (700 << 12));
    }

    #[test]
    fn without_a_lease_nothing_is_issued() {
        let mut source = SnowflakeSource::without_lease();
        assert_eq!(source.issue(at(0, 0)), Err(NoId::NoLease));
        assert_eq!(source.worker(), None);
    }

    #[test]
    fn nothing_is_issued_outside_the_lease_by_the_monotonic_clock() {
        let mut source = SnowflakeSource::without_lease();
        source.lease(3, Monotonic(6_000_000_000), 0, Monotonic(1_000_000_000));
        assert_eq!(source.issue(at(999, 0)), Err(NoId::NoLease));
        assert!(source.issue(at(1000, 0)).is_ok());
        assert!(source.issue(at(5999, 0)).is_ok());
        assert_eq!(source.issue(at(6000, -3000)), Err(NoId::NoLease));
        source.lease(3, Monotonic(9_000_000_000), 0, Monotonic(0));
        assert!(source.issue(at(6000, 1)).is_ok());
    }

    #[test]
    fn it_begins_strictly_above_the_recorded_time() {
        let mut source = SnowflakeSource::without_lease();
        source.lease(3, FOREVER, START_MS + 10, Monotonic(0));
        assert_eq!(source.issue(at(0, 9)), Err(NoId::ClockBehind));
        assert_eq!(source.issue(at(0, 10)), Err(NoId::ClockBehind));
        assert_eq!(decode(source.issue(at(0, 11)).unwrap()).at_ms, START_MS + 11);
    }

    #[test]
    fn a_renewal_with_its_own_high_water_time_does_not_end_the_millisecond() {
        let mut source = leased(3);
        source.issue(at(0, 0)).unwrap();
        let high_water_ms = source.high_water_ms();
        source.lease(3, FOREVER, high_water_ms, Monotonic(0));
        assert_eq!(decode(source.issue(at(0, 0)).unwrap()).sequence, 1);
    }

    #[test]
    fn a_worker_id_that_comes_back_begins_above_what_was_issued_under_it_by_others() {
        let mut source = leased(3);
        source.issue(at(0, 0)).unwrap();
        source.release();
        assert_eq!(source.issue(at(0, 0)), Err(NoId::NoLease));
        source.lease(3, FOREVER, START_MS, Monotonic(0));
        assert_eq!(source.issue(at(0, 0)), Err(NoId::ClockBehind));
        assert!(source.issue(at(0, 1)).is_ok());
    }

    #[test]
    fn a_lower_worker_id_begins_above_what_was_issued_as_the_higher_one() {
        let mut source = leased(9);
        let before = source.issue(at(0, 0)).unwrap();
        source.lease(2, FOREVER, 0, Monotonic(0));
        assert_eq!(source.issue(at(0, 0)), Err(NoId::ClockBehind));
        assert!(source.issue(at(0, 1)).unwrap() > before);
    }

    #[test]
    fn a_clock_that_steps_back_uses_the_last_millisecond_up_and_then_refuses() {
        let mut source = leased(3);
        let mut last = source.issue(at(0, 0)).unwrap();
        for _ in 1..IDS_PER_MS {
            let next = source.issue(at(1, -5000)).unwrap();
            assert!(next > last);
            last = next;
        }
        assert_eq!(decode(last), Parts { at_ms: START_MS, worker: 3, sequence: 4095 });
        assert_eq!(source.issue(at(2, -5000)), Err(NoId::ClockBehind));
        assert_eq!(source.issue(at(5002, 0)), Err(NoId::ClockBehind));
        assert!(source.issue(at(5003, 1)).unwrap() > last);
    }

    #[test]
    fn a_textbook_source_repeats_itself_after_a_step_back() {
        let mut source = SnowflakeSource::fixed();
        let first = source.issue(at(0, 0)).unwrap();
        let second = source.issue(at(1, 1)).unwrap();
        assert!(second > first);
        assert_eq!(source.issue(at(2, 0)).unwrap(), first);
        assert_eq!(SnowflakeSource::fixed().issue(at(0, 0)).unwrap(), first, "nor is it alone");
    }

    #[test]
    fn a_time_that_does_not_fit_is_refused_and_consumes_nothing() {
        for mut source in [leased(3), SnowflakeSource::fixed()] {
            let before = Now { monotonic: Monotonic(0), wall: Wall(5_000_000) };
            let far_ms = EPOCH_MS + (1 << TIME_BITS);
            let far = Now { monotonic: Monotonic(0), wall: Wall(far_ms * 1_000_000) };
            assert_eq!(source.issue(before), Err(NoId::ClockOutOfRange));
            assert_eq!(source.issue(far), Err(NoId::ClockOutOfRange));
            assert!(source.issue(at(0, 0)).is_ok());
        }
    }
}
