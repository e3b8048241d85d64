//! The fast engine runs the hardened design through every fault without a violation.

use hubbub_sim::expectations;

use crate::support::{
    BUSY_FAULTS, FAULTS, assert_clean, assert_effects, busy_with, lively_with, run_fast,
};

#[test]
fn a_quiet_network_leaves_nothing_to_complain_about() {
    let (_, outcome, judged) = run_fast(&lively_with(""), 1);
    assert_clean("quiet", &judged);
    assert!(judged.counts.sends > 200, "{:?}", judged.counts);
    assert_eq!(judged.counts.accepted, judged.counts.sends, "{:?}", judged.counts);
    assert!(judged.times.deliver.p99_ms < 500.0, "{:?}", judged.times);
    assert!(outcome.machine_events > 1000);
}

#[test]
fn the_hardened_design_holds_under_every_kind_of_fault() {
    for (name, faults) in FAULTS {
        let scenario = lively_with(faults);
        for seed in 1..=20 {
            let (_, _, judged) = run_fast(&scenario, seed);
            assert_clean(name, &judged);
            assert_effects(name, &judged);
        }
    }
}

#[test]
fn every_role_holds_under_every_kind_of_fault() {
    let (_, _, judged) = run_fast(&busy_with(""), 1);
    assert_clean("quiet", &judged);
    for (name, faults) in BUSY_FAULTS.into_iter().chain(FAULTS) {
        let scenario = busy_with(faults);
        for seed in 1..=10 {
            let (_, _, judged) = run_fast(&scenario, seed);
            assert_clean(name, &judged);
            assert_effects(name, &judged);
        }
    }
}

#[test]
fn a_time_that_nobody_could_measure_meets_no_expectation() {
    let faults = "[[fault]]\nat = \"0s\"\nfor = \"30s\"\nkind = \"latency\"\nhost = \"store\"\nlatency = \"100ms\"\n\
                  [expect]\ndeliver_p99 = \"1ms\"\n";
    let scenario = lively_with(faults);
    let (_, _, judged) = run_fast(&scenario, 1);
    let expectations = expectations(&scenario.expect, &[judged]);
    let deliver = expectations.iter().find(|one| one.what == "deliver_p99").unwrap();
    assert_eq!((deliver.got.as_str(), deliver.met), ("not measured", false));
}
