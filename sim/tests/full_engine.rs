//! The full engine runs the whole service through every fault without a violation.
#![cfg(feature = "full")]

mod support;

use support::{assert_clean, lively_with, run_full};

#[test]
fn a_quiet_network_leaves_nothing_to_complain_about() {
    let (_, outcome, judged) = run_full(&lively_with(""), 1);
    assert_clean(&judged);
    assert!(judged.counts.sends > 200, "{:?}", judged.counts);
    assert_eq!(judged.counts.accepted, judged.counts.sends, "{:?}", judged.counts);
    assert!(judged.times.deliver.p99_ms < 500.0, "{:?}", judged.times);
    assert!(outcome.envelopes > 1000);
}
