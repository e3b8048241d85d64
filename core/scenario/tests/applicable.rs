//! A scenario itself says which checkers have nothing to judge.

use std::collections::BTreeSet;

use hubbub_chat::Design;
use hubbub_chat::design::PresenceMode;
use hubbub_scenario::{Scenario, ViolationName};

const HEAD: &str = "version = 1\nname = \"x\"\nsummary = \"X.\"\n";
const WORKLOAD: &str = "[workload]\nusers = 20\nsends_per_user = \"6/min\"\nduration = \"30s\"\n";

fn scenario(lines: &str) -> Scenario {
    let text = format!("{HEAD}{WORKLOAD}{lines}");
    Scenario::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}")).scenario().clone()
}

/// The checkers with nothing to judge under the scenario's own design.
fn inapplicable(lines: &str) -> Vec<&'static str> {
    let scenario = scenario(lines);
    let applicable = scenario.applicable(&scenario.design);
    let names = ViolationName::ALL.into_iter().filter(|name| !applicable.contains(name));
    names.map(ViolationName::as_str).collect()
}

#[test]
fn a_plain_scenario_leaves_five_checkers_nothing() {
    assert_eq!(inapplicable(""), ["converged", "group-limit", "status", "push", "reassigned"]);
}

#[test]
fn each_is_given_something_by_its_part_of_the_scenario() {
    let groups = "groups = { count = 1, size = [2, 3] }\n";
    let several = "devices_per_user = 1.5\n";
    assert_eq!(inapplicable(several), ["group-limit", "status", "push", "reassigned"]);
    assert_eq!(inapplicable(groups), ["converged", "status", "push", "reassigned"]);
    assert_eq!(inapplicable("friends = 2\n"), ["converged", "group-limit", "push", "reassigned"]);
    assert_eq!(inapplicable("push = 0.5\n"), ["converged", "group-limit", "status", "reassigned"]);
    let fault = |kind: &str, host: &str| {
        format!("[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"{kind}\"\nhost = \"{host}\"\n")
    };
    let lost = fault("power-loss", "chat-2");
    assert_eq!(inapplicable(&lost), ["converged", "group-limit", "status", "push"]);
    assert!(inapplicable(&fault("power-loss", "store")).contains(&"reassigned"));
    assert!(inapplicable(&fault("crash", "chat-2")).contains(&"reassigned"));
    let everything = format!("{several}{groups}friends = 2\npush = 0.5\n{lost}");
    assert_eq!(inapplicable(&everything), [""; 0]);
}

#[test]
fn who_sees_a_status_depends_on_the_design() {
    let applies = |lines: &str, presence: PresenceMode| {
        let design = Design { presence, presence_fanout_limit: 3, ..Design::default() };
        let applicable: BTreeSet<ViolationName> = scenario(lines).applicable(&design);
        applicable.contains(&ViolationName::Status)
    };
    use PresenceMode::{Friends, Hybrid, OnDemand};
    let verdicts = |lines: &str| [Friends, OnDemand, Hybrid].map(|mode| applies(lines, mode));
    assert_eq!(verdicts("friends = 3\n"), [true, false, true]);
    assert_eq!(verdicts("friends = 4\n"), [true, false, false]);
    assert_eq!(verdicts("friends = 4\nlooks_per_user = \"1/min\"\n"), [true, true, true]);
    assert_eq!(verdicts(""), [false, false, false]);
}
