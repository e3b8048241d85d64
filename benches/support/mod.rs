//! What the benchmarks share: processor time as the measure, and scenarios to run.
#![allow(dead_code, reason = "each benchmark uses a part of this")]

use std::time::Duration;

use criterion::{
    Criterion,
    measurement::{Measurement, ValueFormatter, WallTime},
};
use hubbub_scenario::Scenario;
use hubbub_sim::Setup;
use rustix::time::{ClockId, clock_gettime};

/// Twenty users in direct channels and groups of 3 to 8, with members who come and go.
pub(crate) const LIVELY: &str = r#"
version = 1
name = "lively"
summary = "Direct and group chat with members who come and go."
[workload]
users = 20
devices_per_user = 1.5
groups = { count = 5, size = [3, 8] }
group_share = 0.4
sends_per_user = "30/min"
member_changes = "12/min"
duration = "30s"
"#;

/// What the calling thread has used of a processor. Unlike the time on the wall, it does not grow
/// when other programs keep the machine busy.
pub(crate) struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        processor_time(ClockId::ThreadCPUTime)
    }

    fn end(&self, start: Duration) -> Duration {
        processor_time(ClockId::ThreadCPUTime).saturating_sub(start)
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Criterion as the command line asks for it, measuring processor time.
pub(crate) fn criterion() -> Criterion<ProcessorTime> {
    Criterion::default().with_measurement(ProcessorTime).configure_from_args()
}

/// What all threads of this process together have used of the processors.
pub(crate) fn process_time() -> Duration {
    processor_time(ClockId::ProcessCPUTime)
}

/// The run of seed 1 of the scenario in this text.
pub(crate) fn setup(text: &str) -> Setup {
    let document = match Scenario::parse("benchmark.toml", text) {
        Ok(document) => document,
        Err(error) => panic!("{error}"),
    };
    let scenario = document.scenario();
    match Setup::new(scenario, "", "", &scenario.design, 1) {
        Ok(setup) => setup,
        Err(error) => panic!("{error}"),
    }
}

fn processor_time(clock: ClockId) -> Duration {
    let used = clock_gettime(clock);
    // A processor clock begins at zero, so neither part is negative.
    Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec.unsigned_abs() as u32)
}
