//! Whatever the clocks and leases do, the ids of one worker rise and are issued under a lease.

use hubbub_chat::{
    MessageId, Monotonic, Now, Wall,
    snowflake::{EPOCH_MS, NoId, SnowflakeSource, WORKERS, decode},
};
use proptest::prelude::*;

const START_MS: u64 = EPOCH_MS + 1_000_000;

/// Both clocks, `wall_ms` after the start and `monotonic_ms` after the process's.
fn at(monotonic_ms: u64, wall_ms: i64) -> Now {
    let wall = START_MS.saturating_add_signed(wall_ms);
    Now { monotonic: Monotonic(monotonic_ms * 1_000_000), wall: Wall(wall * 1_000_000) }
}

#[derive(Debug, Clone)]
enum Step {
    Issue {
        count: u16,
    },
    /// Both clocks go on; the wall clock is stepped as well.
    Pass {
        milliseconds: u64,
        step_ms: i64,
    },
    Lease {
        worker: u16,
        for_ms: u64,
        wait_ms: u64,
        above_ms: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![2 => Just(0), 1 => 0..50_u64];
    let above = prop_oneof![3 => -400..0_i64, 1 => 0..60_i64];
    prop_oneof![
        4 => (1..6000_u16).prop_map(|count| Step::Issue { count }),
        4 => (0..40_u64, prop_oneof![3 => Just(0), 1 => -500..500_i64])
            .prop_map(|(milliseconds, step_ms)| Step::Pass { milliseconds, step_ms }),
        2 => (0..WORKERS, 0..400_u64, wait, above).prop_map(
            |(worker, for_ms, wait_ms, above_ms)| {
                Step::Lease { worker, for_ms, wait_ms, above_ms }
            },
        ),
    ]
}

proptest! {
    #[test]
    fn ids_rise_and_keep_to_the_lease(steps in prop::collection::vec(step(), 1..40)) {
        let mut source = SnowflakeSource::without_lease();
        let (mut monotonic_ms, mut wall_ms) = (0, 0_i64);
        let mut lease: Option<(u16, u64, u64)> = None;
        let mut floor_ms = 0;
        let mut last = MessageId::ZERO;
        for step in steps {
            match step {
                Step::Issue { count } => for _ in 0..count {
                    let now = at(monotonic_ms, wall_ms);
                    let lives = lease.filter(|(_, until, from)| {
                        monotonic_ms < *until && monotonic_ms >= *from
                    });
                    match (source.issue(now), lives) {
                        (Ok(id), Some((worker, ..))) => {
                            prop_assert!(id > last);
                            let parts = decode(id);
                            prop_assert_eq!(parts.worker, worker);
                            prop_assert!(parts.at_ms > floor_ms);
                            prop_assert!(parts.at_ms <= source.high_water_ms());
                            last = id;
                        }
                        (Err(NoId::NoLease), None) => {}
                        (Err(NoId::ClockBehind), Some(_)) => {
                            // It is behind: a millisecond above all is always free.
                            let above = source.high_water_ms() + 1;
                            prop_assert!(now.wall.milliseconds() < above);
                        }
                        (outcome, _) => prop_assert!(false, "{outcome:?}, {lives:?}"),
                    }
                },
                Step::Pass { milliseconds, step_ms } => {
                    monotonic_ms += milliseconds;
                    wall_ms += milliseconds as i64 + step_ms;
                }
                Step::Lease { worker, for_ms, wait_ms, above_ms } => {
                    let (until, from) = (monotonic_ms + for_ms, monotonic_ms + wait_ms);
                    let high_water_ms = START_MS.saturating_add_signed(wall_ms + above_ms);
                    let nanos = |ms: u64| Monotonic(ms * 1_000_000);
                    source.lease(worker, nanos(until), high_water_ms, nanos(from));
                    lease = Some((worker, until, from));
                    floor_ms = floor_ms.max(high_water_ms);
                }
            }
        }
    }
}
