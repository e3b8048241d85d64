//! The full engine runs the whole service through every fault without a violation.

use crate::support::{FAULTS, assert_clean, assert_effects, lively_with, run_full};

#[test]
fn a_quiet_network_leaves_nothing_to_complain_about() {
    let (_, outcome, judged) = run_full(&lively_with(""), 1);
    assert_clean("quiet", &judged);
    assert!(judged.counts.sends > 200, "{:?}", judged.counts);
    assert_eq!(judged.counts.accepted, judged.counts.sends, "{:?}", judged.counts);
    assert!(judged.times.deliver.p99_ms < 500.0, "{:?}", judged.times);
    assert!(outcome.envelopes > 1000);
}

#[test]
fn the_hardened_design_holds_under_every_kind_of_fault() {
    for (name, faults) in FAULTS {
        let scenario = lively_with(faults);
        for seed in 1..=3 {
            let (_, _, judged) = run_full(&scenario, seed);
            assert_clean(name, &judged);
            assert_effects(name, &judged);
        }
    }
}
