//! What a hunt costs: seeds in a second of processor time, of each scenario that is hunted, and how
//! long it takes to make a failure small. An element is a seed (drawn, run and judged), or one of the
//! runs by which a failure is made small.

mod support;

use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput};
use hubbub_chat::design::Accept;
use hubbub_scenario::Scenario;
use hubbub_sim::hunt::{Case, SHRINK_RUNS_MAX, Shrunk, Size, shrink};
use support::ProcessorTime;

const HUNTED: [&str; 3] = ["messages", "presence-and-push", "leases-and-ids"];
/// Seeds of one measurement: their schedules differ a lot, and so does the time that they take.
const SEEDS: u64 = 40;
/// What the naive design is caught by.
const LOST: &str = "accepted-lost";

fn main() {
    let mut criterion = support::criterion();
    seeds(&mut criterion);
    failure_made_small(&mut criterion);
    criterion.final_summary();
}

fn seeds(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("hunt_seeds");
    group.sample_size(10);
    group.throughput(Throughput::Elements(SEEDS));
    for name in HUNTED {
        let scenario = hunted(name);
        group.bench_function(name, |bencher| {
            bencher.iter(|| (1..=SEEDS).map(|seed| drawn(&scenario, seed)).filter(fails).count());
        });
    }
    group.finish();
}

/// The store's answer is not waited for: the first schedule that loses a message by it, and has as many
/// faults as a hunt draws at most.
fn failure_made_small(criterion: &mut Criterion<ProcessorTime>) {
    let mut naive = hunted("messages");
    naive.design.accept = Accept::OnReceipt;
    let mut cases = (1..).map(|seed| drawn(&naive, seed));
    let faults_max = naive.hunt.as_ref().map_or(0, |hunt| hunt.faults_max);
    let is_large = |case: &Case| case.scenario.faults.len() >= faults_max as usize;
    let Some(case) = cases.find(|case| is_large(case) && fails(case)) else { return };
    let shrunk = small(&case);
    tell(&shrunk);
    let mut group = criterion.benchmark_group("failure_made_small");
    group.sample_size(10);
    group.throughput(Throughput::Elements(shrunk.runs.into()));
    group.bench_function("accepted-lost", |bencher| {
        bencher.iter_batched(|| case.clone(), |case| small(&case), BatchSize::PerIteration);
    });
    group.finish();
}

fn small(case: &Case) -> Shrunk {
    shrink(case, SHRINK_RUNS_MAX, &|| true, &mut fails)
}

fn fails(case: &Case) -> bool {
    match case.run() {
        Ok(ran) => ran.violated.contains(LOST),
        Err(error) => panic!("{error}"),
    }
}

fn drawn(scenario: &Scenario, seed: u64) -> Case {
    match Case::drawn(scenario, seed) {
        Ok(case) => case,
        Err(problem) => panic!("{}", problem.message),
    }
}

fn hunted(name: &str) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/hunt");
    match Scenario::read(folder.join(format!("{name}.toml"))) {
        Ok(document) => document.scenario().clone(),
        Err(error) => panic!("{error}"),
    }
}

#[expect(clippy::print_stderr, reason = "a benchmark prints what it measures")]
fn tell(Shrunk { before, after, runs, .. }: &Shrunk) {
    let words = |size: &Size| {
        format!("{} faults, {} users, {} servers", size.faults, size.users, size.servers)
    };
    eprintln!("made small in {runs} runs: from {} to {}", words(before), words(after));
}
