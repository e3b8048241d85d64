//! How many events of a history the checkers judge in a second of processor time. An element is
//! one event.

mod support;

use criterion::{Criterion, Throughput};
use hubbub_history::{Index, checkers::check_all};
use hubbub_sim::fast;
use support::ProcessorTime;

/// Some 200,000 events: a message is one event for its sender and one for each device that it reaches.
const BUSY: &str = r#"
version = 1
name = "busy"
summary = "Two hundred users in direct channels and groups, with members who come and go."
[workload]
users = 200
devices_per_user = 1.5
groups = { count = 50, size = [3, 20] }
group_share = 0.4
sends_per_user = "30/min"
member_changes = "60/min"
duration = "80s"
"#;

fn main() {
    let mut criterion = support::criterion();
    run(&mut criterion);
    criterion.final_summary();
}

fn run(criterion: &mut Criterion<ProcessorTime>) {
    let history = fast::run(&support::setup(BUSY), false).history;
    let events = history.events().len();
    let mut group = criterion.benchmark_group(format!("checkers_{events}_events"));
    group.sample_size(10);
    group.throughput(Throughput::Elements(events as u64));
    group.bench_function("index_alone", |bencher| bencher.iter(|| Index::new(&history)));
    group.bench_function("check_all", |bencher| bencher.iter(|| check_all(&history)));
    group.finish();
}
