//! How many machine events the fast engine handles in a second of processor time. An element is
//! one input or one time-out that a chat server or a device handles.

mod support;

use criterion::{Criterion, Throughput};
use hubbub_sim::fast;
use support::{LIVELY, ProcessorTime};

/// Three chat servers and 50 users at an everyday pace: much of it is heartbeats.
const EVERYDAY: &str = r#"
version = 1
name = "everyday"
summary = "Fifty users on three chat servers."
[cluster]
chat = 3
[workload]
users = 50
groups = { count = 10, size = [3, 8] }
sends_per_user = "6/min"
duration = "60s"
"#;

fn main() {
    let mut criterion = support::criterion();
    run(&mut criterion);
    criterion.final_summary();
}

fn run(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("fast_engine_machine_events");
    group.sample_size(20);
    for (name, text) in [("lively_20_users", LIVELY), ("everyday_50_users", EVERYDAY)] {
        let setup = support::setup(text);
        group.throughput(Throughput::Elements(fast::run(&setup, false).machine_events));
        group.bench_function(name, |bencher| bencher.iter(|| fast::run(&setup, false)));
    }
    group.finish();
    times_real_time(criterion);
}

/// Simulated seconds in a second of processor time. An element is a simulated second.
fn times_real_time(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("fast_engine_simulated_s");
    group.sample_size(20);
    let setup = support::setup(EVERYDAY);
    let simulated_s = fast::run(&setup, false).simulated_s;
    group.throughput(Throughput::Elements(simulated_s.round() as u64));
    group.bench_function("everyday_50_users", |bencher| bencher.iter(|| fast::run(&setup, false)));
    group.finish();
}
