//! Setups that the tests share.
#![allow(dead_code, reason = "each test file uses a part of this")]

use hubbub_chat::Design;
use hubbub_scenario::Scenario;
#[cfg(feature = "full")]
use hubbub_sim::full;
use hubbub_sim::{Judged, Outcome, Setup, fast, judge};

/// A lively scenario: 20 users in direct channels and groups, and members who come and go.
pub(crate) const LIVELY: &str = r#"
version = 1
name = "lively"
summary = "Direct and group chat with members who come and go."
[workload]
users = 20
devices_per_user = 1.5
groups = { count = 5, size = [3, 8] }
group_share = 0.4
sends_per_user = "30/min"
member_changes = "12/min"
duration = "30s"
"#;

/// `LIVELY` with faults added.
pub(crate) fn lively_with(faults: &str) -> Scenario {
    scenario(&format!("{LIVELY}{faults}"))
}

pub(crate) fn scenario(text: &str) -> Scenario {
    match Scenario::parse("test.toml", text) {
        Ok(document) => document.scenario().clone(),
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn setup(scenario: &Scenario, design: &Design, seed: u64) -> Setup {
    Setup::new(scenario, "hash", "", design, seed).unwrap()
}

pub(crate) fn run_fast(scenario: &Scenario, seed: u64) -> (Setup, Outcome, Judged) {
    let setup = setup(scenario, &scenario.design, seed);
    let outcome = fast::run(&setup, false);
    let judged = judge(&setup, &outcome);
    (setup, outcome, judged)
}

#[cfg(feature = "full")]
pub(crate) fn run_full(scenario: &Scenario, seed: u64) -> (Setup, Outcome, Judged) {
    let setup = setup(scenario, &scenario.design, seed);
    let outcome = full::run(&setup, false).unwrap();
    let judged = judge(&setup, &outcome);
    (setup, outcome, judged)
}

/// Panics with what was found, unless every checker judged something and found nothing.
pub(crate) fn assert_clean(judged: &Judged) {
    for finding in &judged.findings {
        assert!(
            finding.holds(),
            "seed {}: {} judged {} and found {}: {:#?}",
            judged.seed,
            finding.checker,
            finding.judged,
            finding.violations_total,
            finding.violations.first()
        );
    }
}
