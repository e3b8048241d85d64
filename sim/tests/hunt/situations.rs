//! The schedules that hunts draw lead into the situations that are easily missed.

use std::collections::BTreeMap;

use hubbub_chat::situation::{Situation, Situations};
use hubbub_scenario::Scenario;
use hubbub_sim::hunt::Case;

use crate::support::{HUNTED, hunted};

/// Seeds for each of the hunted scenarios.
const SEEDS: u64 = 100;

/// Situations that no batch is sure to reach, and why. Each has a test of its own in the core.
const RARE: [Situation; 0] = [];

fn reached(scenario: &Scenario, seed: u64) -> Situations {
    Case::drawn(scenario, seed).unwrap().run().unwrap().situations()
}

#[test]
fn a_batch_of_drawn_schedules_reaches_all_but_a_few_situations() {
    let mut runs = BTreeMap::<Situation, u64>::new();
    for name in HUNTED {
        let scenario = hunted(name);
        let mut here = BTreeMap::<Situation, u64>::new();
        for situation in (1..=SEEDS).flat_map(|seed| reached(&scenario, seed).iter()) {
            *here.entry(situation).or_default() += 1;
        }
        eprintln!("{name}");
        for situation in Situation::ALL {
            let count = here.get(situation).copied().unwrap_or_default();
            eprintln!("  {situation} {count}");
            *runs.entry(*situation).or_default() += count;
        }
    }
    let missed = runs.iter().filter(|(_, runs)| **runs == 0).map(|(situation, _)| *situation);
    let missed: Vec<_> = missed.filter(|situation| !RARE.contains(situation)).collect();
    assert!(missed.is_empty(), "no run of the batch reached {missed:?}");
}
