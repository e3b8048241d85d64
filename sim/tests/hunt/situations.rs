//! The schedules that hunts draw lead into the situations that are easily missed.

use hubbub_chat::situation::{Situation, Situations};
use hubbub_scenario::Scenario;
use hubbub_sim::hunt::Case;

use crate::support::{HUNTED, hunted};

/// Seeds for each of the hunted scenarios.
const SEEDS: u64 = 100;

/// Situations that a batch of this size is not sure to reach: they need two things to happen at one
/// moment, a clock or a gateway that fails, or a bound that these scenarios do not come near. Each
/// has a test of its own in the core.
const RARE: [Situation; 8] = [
    Situation::WentBack,
    Situation::MessageKnownAlready,
    Situation::OlderMembership,
    Situation::RegistryWaited,
    Situation::ClockWentBack,
    Situation::OlderStatusIgnored,
    Situation::PushRaced,
    Situation::PushRepeated,
];

fn reached(scenario: &Scenario, seed: u64) -> Situations {
    Case::drawn(scenario, seed).unwrap().run().unwrap().situations()
}

#[test]
fn a_batch_of_drawn_schedules_reaches_all_but_a_few_situations() {
    let mut all = Situations::default();
    for name in HUNTED {
        let scenario = hunted(name);
        let mut here = Situations::default();
        (1..=SEEDS).for_each(|seed| here.add(reached(&scenario, seed)));
        let wanted = scenario.hunt.unwrap().reach;
        let missed: Vec<_> = wanted.into_iter().filter(|it| !here.has(*it)).collect();
        assert!(missed.is_empty(), "no run of {name} reached {missed:?}");
        all.add(here);
    }
    let wanted = Situation::ALL.iter().filter(|situation| !RARE.contains(situation));
    let missed: Vec<_> = wanted.filter(|situation| !all.has(**situation)).collect();
    assert!(missed.is_empty(), "no run of the batch reached {missed:?}");
}

#[test]
fn a_seed_reaches_the_same_situations_each_time() {
    for name in HUNTED {
        let scenario = hunted(name);
        for seed in 1..=3 {
            let first = reached(&scenario, seed);
            assert_ne!(first, Situations::default(), "{name} {seed}");
            assert_eq!(first, reached(&scenario, seed), "{name} {seed}");
        }
    }
}
