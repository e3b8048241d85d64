//! What a seed draws can run, is the same each time, and differs from seed to seed.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{HUNTED, hunted};
use hubbub_scenario::{Engine, Fault, FaultKind, Scenario, Target};
use hubbub_sim::{LEAD, hunt::draw};

const SEEDS: u64 = 300;

fn drawn(name: &str) -> Vec<Scenario> {
    let scenario = hunted(name);
    (1..=SEEDS).map(|seed| draw(&scenario, seed).unwrap()).collect()
}

#[test]
fn a_seed_draws_the_same_each_time() {
    for name in HUNTED {
        assert_eq!(drawn(name)[..20], drawn(name)[..20], "{name}");
    }
}

#[test]
fn what_is_drawn_can_run_and_be_written() {
    for name in HUNTED {
        let hunt = hunted(name).hunt.unwrap();
        for (seed, scenario) in (1..).zip(drawn(name)) {
            assert_eq!(scenario.problems(), [], "{name} {seed}");
            assert_eq!((&scenario.hunt, &scenario.run.seeds[..]), (&None, &[seed][..]));
            assert_eq!(scenario.run.engine, Engine::Fast);
            assert!(scenario.expect.faults_may_miss);
            assert!(scenario.faults.len() <= hunt.faults_max as usize);
            assert!(scenario.faults.iter().all(|fault| fault.at.0 >= LEAD), "{name} {seed}");
            let written = scenario.to_toml().unwrap();
            let read = Scenario::parse("drawn.toml", &written).unwrap();
            assert_eq!(read.scenario(), &scenario, "{name} {seed}");
        }
    }
}

#[test]
fn every_kind_is_drawn_and_left_out() {
    for name in HUNTED {
        let schedules: Vec<BTreeSet<FaultKind>> = drawn(name)
            .iter()
            .map(|scenario| scenario.faults.iter().map(|fault| fault.kind).collect())
            .collect();
        for kind in FaultKind::ALL {
            let with = schedules.iter().filter(|kinds| kinds.contains(kind)).count();
            assert!(with >= 20, "{kind} is in {with} schedules of {name}");
            assert!(with <= 150, "{kind} is in {with} schedules of {name}");
        }
    }
}

/// How a fault says what it strikes; `None` where its kind says it all.
fn target(fault: &Fault) -> Option<Target> {
    let said = [
        (fault.host.is_some(), Target::Host),
        (fault.between.is_some(), Target::Between),
        (fault.users.is_some(), Target::Users),
        (fault.region.is_some(), Target::Region),
    ];
    said.into_iter().find(|(is_said, _)| *is_said).map(|(_, target)| target)
}

#[test]
fn every_kind_is_drawn_at_everything_that_it_can_strike() {
    let mut counts: BTreeMap<(FaultKind, &str), usize> = BTreeMap::new();
    for scenario in HUNTED.into_iter().flat_map(drawn) {
        for fault in &scenario.faults {
            let struck = target(fault).map_or("", Target::key);
            *counts.entry((fault.kind, struck)).or_default() += 1;
        }
    }
    let targets = |kind: &FaultKind| match kind.targets() {
        [] => vec![""],
        targets => targets.iter().map(|target| target.key()).collect(),
    };
    for (kind, target) in
        FaultKind::ALL.iter().flat_map(|kind| targets(kind).into_iter().map(|it| (*kind, it)))
    {
        let count = counts.get(&(kind, target)).copied().unwrap_or_default();
        assert!(count >= 5, "{kind} strikes `{target}` {count} times in {SEEDS} seeds of each");
    }
}

#[test]
fn every_value_that_may_vary_is_drawn() {
    for name in HUNTED {
        let scenarios: Vec<toml::Value> =
            drawn(name).iter().map(|one| toml::Value::try_from(one).unwrap()).collect();
        for (key, values) in &hunted(name).hunt.unwrap().vary {
            let got = |scenario: &toml::Value| {
                // What is empty is not written.
                let none = toml::Value::Array(Vec::new());
                key.split('.')
                    .fold(scenario.clone(), |at, key| at.get(key).unwrap_or(&none).clone())
            };
            for value in values.as_array().unwrap() {
                let count = scenarios.iter().filter(|scenario| same(&got(scenario), value)).count();
                assert!(count >= 20, "{key} = {value} in {count} of {name}");
            }
        }
    }
}

/// Numbers and texts as people write them: `2` for `2.0`, `40s` for `40s`, `6/min` for `0.1/s`.
fn same(got: &toml::Value, written: &toml::Value) -> bool {
    match (got, written) {
        (toml::Value::Float(got), toml::Value::Integer(written)) => *got == *written as f64,
        (toml::Value::String(got), toml::Value::String(written)) => {
            let period = |text: &str| hubbub_chat::units::parse_duration(text).ok();
            got == written || (period(got).is_some() && period(got) == period(written))
        }
        _ => got == written,
    }
}

#[test]
fn the_schedule_of_the_file_stays() {
    let mut scenario = hunted("messages");
    let own = draw(&scenario, 5).unwrap().faults.first().unwrap().clone();
    scenario.faults = vec![own.clone()];
    for seed in 1..=20 {
        assert!(draw(&scenario, seed).unwrap().faults.contains(&own), "{seed}");
    }
}

#[test]
fn a_scenario_without_a_hunt_has_all_kinds_of_fault_and_nothing_varies() {
    let scenario = Scenario { hunt: None, ..hunted("messages") };
    let drawn = draw(&scenario, 9).unwrap();
    assert_eq!((drawn.cluster, drawn.design), (scenario.cluster, scenario.design));
    assert!(!drawn.faults.is_empty());
}

#[test]
fn values_that_never_go_together_are_named() {
    let mut scenario = hunted("messages");
    let vary = &mut scenario.hunt.as_mut().unwrap().vary;
    *vary = toml::toml! { "design.silence_after" = ["1s", "2s"] };
    assert_eq!(draw(&scenario, 1).unwrap_err().place, "design.silence_after");
}
