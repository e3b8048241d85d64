//! How many seconds the full engine simulates in a second of processor time, and the fast engine
//! beside it with the same scenario. An element is one simulated second.

mod support;

use std::time::Duration;

use criterion::{Criterion, Throughput};
use hubbub_sim::{Outcome, Setup, fast, full};
use support::ProcessorTime;

/// Five hosts (the store, two chat servers, two hosts of devices) and 100 devices.
const FIVE_HOSTS: &str = r#"
version = 1
name = "five-hosts"
summary = "A hundred devices on five hosts."
[cluster]
chat = 2
devices = 2
[workload]
users = 100
devices_per_user = 1.0
groups = { count = 10, size = [3, 8] }
sends_per_user = "6/min"
duration = "20s"
"#;

fn main() {
    let mut criterion = support::criterion();
    run(&mut criterion);
    criterion.final_summary();
}

fn run(criterion: &mut Criterion<ProcessorTime>) {
    let setup = support::setup(FIVE_HOSTS);
    let mut group = criterion.benchmark_group("simulated_seconds_5_hosts_100_devices");
    // A run is long, and the same seed does the same work.
    group.sample_size(10);
    group.throughput(simulated_seconds(&simulate(&setup)));
    group.bench_function("full_engine", |bencher| {
        // The engine runs on a thread of its own, so it has to say itself what that has used.
        bencher.iter_custom(|runs| {
            let used = |_| Duration::from_secs_f64(simulate(&setup).cpu_s);
            (0..runs).map(used).sum()
        });
    });
    group.throughput(simulated_seconds(&fast::run(&setup, false)));
    group.bench_function("fast_engine", |bencher| bencher.iter(|| fast::run(&setup, false)));
    group.finish();
}

fn simulated_seconds(outcome: &Outcome) -> Throughput {
    Throughput::Elements(outcome.simulated_s.round() as u64)
}

fn simulate(setup: &Setup) -> Outcome {
    match full::run(setup, false) {
        Ok(outcome) => outcome,
        Err(error) => panic!("{error}"),
    }
}
