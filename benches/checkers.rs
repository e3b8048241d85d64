//! How many events of a history the checkers judge in a second of processor time. An element is
//! one event.

mod support;

use criterion::{Criterion, Throughput};
use hubbub_history::{
    Index,
    checkers::{self, check_all, check_index},
};
use hubbub_sim::fast;
use support::ProcessorTime;

/// Some million events: a message is one event for its sender and two for each device that it reaches.
/// Every checker has something to judge.
const BUSY: &str = r#"
version = 1
name = "busy"
summary = "Two hundred users with friends and pushes in direct channels and groups, members who come and go, phones in a tunnel, and a chat server that loses its power."
[workload]
users = 200
devices_per_user = 1.5
friends = 10
push = 0.5
groups = { count = 50, size = [3, 20] }
group_share = 0.4
sends_per_user = "30/min"
member_changes = "60/min"
joins = "6/min"
duration = "380s"
[[fault]]
at = "60s"
for = "60s"
kind = "partition"
users = "10%"
[[fault]]
at = "180s"
for = "20s"
kind = "power-loss"
host = "chat-1"
"#;

fn main() {
    let mut criterion = support::criterion();
    run(&mut criterion);
    criterion.final_summary();
}

fn run(criterion: &mut Criterion<ProcessorTime>) {
    let history = fast::run(&support::setup(BUSY), false).history;
    let events = history.events().len();
    let index = Index::new(&history);
    print_cases(&index);
    let mut group = criterion.benchmark_group(format!("checkers_{events}_events"));
    group.sample_size(10);
    group.throughput(Throughput::Elements(events as u64));
    group.bench_function("index_alone", |bencher| bencher.iter(|| Index::new(&history)));
    group.bench_function("check_all", |bencher| bencher.iter(|| check_all(&history)));
    for checker in checkers::all() {
        group.bench_function(checker.name(), |bencher| bencher.iter(|| checker.check(&index)));
    }
    group.finish();
}

/// A checker with nothing to judge costs nothing, which would say nothing.
#[expect(clippy::print_stderr, reason = "a benchmark prints what it measures")]
fn print_cases(index: &Index<'_>) {
    for finding in check_index(index) {
        eprintln!("{}: {} cases judged", finding.checker, finding.judged);
        assert!(finding.holds(), "{finding:?}");
    }
}
