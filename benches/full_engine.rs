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

/// Six hosts (the store, two chat servers, the presence server, two hosts of devices) and 100 devices,
/// of each of which a heartbeat and a message come twice a minute.
const QUIET: &str = r#"
version = 1
name = "quiet"
summary = "A hundred quiet devices on six hosts."
[cluster]
chat = 2
presence = 1
devices = 2
[design]
heartbeat = "30s"
offline_after = "90s"
silence_after = "75s"
[workload]
users = 100
devices_per_user = 1.0
friends = 4
sends_per_user = "2/min"
duration = "120s"
"#;

fn main() {
    let mut criterion = support::criterion();
    let busy = FIVE_HOSTS.replace("6/min", "60/min");
    compare(&mut criterion, "simulated_seconds_5_hosts_100_devices", FIVE_HOSTS);
    compare(&mut criterion, "simulated_seconds_5_hosts_100_devices_a_message_per_s", &busy);
    compare(&mut criterion, "simulated_seconds_6_hosts_100_devices_a_message_per_30_s", QUIET);
    criterion.final_summary();
}

fn compare(criterion: &mut Criterion<ProcessorTime>, name: &str, text: &str) {
    let setup = support::setup(text);
    let mut group = criterion.benchmark_group(name);
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
