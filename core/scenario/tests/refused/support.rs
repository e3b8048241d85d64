//! Scenarios that are right but for what a test adds.

use hubbub_scenario::Scenario;

pub(crate) const HEAD: &str = "version = 1\nname = \"x\"\nsummary = \"X.\"\n";
pub(crate) const WORKLOAD: &str =
    "[workload]\nusers = 20\nsends_per_user = \"6/min\"\nduration = \"30s\"\n";

pub(crate) fn refusal(text: &str) -> String {
    Scenario::parse("x.toml", text).expect_err("it is refused").to_string()
}

/// The refusal of a scenario that is right but for these lines, in or behind its workload.
pub(crate) fn with(lines: &str) -> String {
    refusal(&format!("{HEAD}{WORKLOAD}{lines}"))
}

pub(crate) fn with_load(keys: &str) -> String {
    refusal(&format!(
        "{HEAD}[load]\nconnections = 10\nrate = \"10/s\"\ndeliver_p99 = \"50ms\"\n{keys}"
    ))
}

pub(crate) fn is_right(lines: &str) {
    let text = format!("{HEAD}{WORKLOAD}{lines}");
    Scenario::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}"));
}
