//! Setups that the tests share.

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

/// As `LIVELY`, with every role on a host of its own: friends who see each other's status and look at
/// it by hand, and users who are pushed what they have not received. The times of presence and pushes
/// are short, so that a minute judges them.
pub(crate) const BUSY: &str = r#"
version = 1
name = "busy"
summary = "Direct and group chat with presence, pushes and members who come and go."
[cluster]
chat = 3
presence = 2
notify = 1
api = 1
[design]
offline_after = "10s"
heartbeat = "4s"
presence_refresh = "20s"
push_grace = "4s"
[workload]
users = 20
devices_per_user = 1.5
friends = 4
looks_per_user = "2/min"
groups = { count = 5, size = [3, 8] }
group_share = 0.4
sends_per_user = "20/min"
member_changes = "12/min"
joins = "6/min"
push = 0.6
muted = 0.1
duration = "60s"
"#;

/// One schedule for each kind of fault, and combinations.
pub(crate) const FAULTS: [(&str, &str); 8] = [
    (
        "partition",
        "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"partition\"\nbetween = [[\"chat-1\"], [\"store\"]]\n",
    ),
    (
        "isolation",
        "[[fault]]\nat = \"5s\"\nfor = \"20s\"\nkind = \"partition\"\nhost = \"chat-2\"\n",
    ),
    (
        "one way",
        "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"partition-one-way\"\nbetween = [[\"store\"], [\"chat-1\", \"chat-3\"]]\n",
    ),
    ("blip", "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"blip\"\nhost = \"devices-1\"\n"),
    ("crash", "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"crash\"\nhost = \"chat-2\"\n"),
    (
        "power loss",
        "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"power-loss\"\nhost = \"chat-2\"\n[[fault]]\nat = \"15s\"\nfor = \"4s\"\nkind = \"power-loss\"\nhost = \"store\"\n",
    ),
    (
        "device crash",
        "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"crash\"\nhost = \"devices-1\"\n[[fault]]\nat = \"15s\"\nfor = \"4s\"\nkind = \"power-loss\"\nhost = \"devices-2\"\n",
    ),
    (
        "latency",
        "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"latency\"\nhost = \"store\"\nlatency = \"2500ms\"\n",
    ),
];

/// Schedules for what `BUSY` has beyond `LIVELY`: roles, clocks, users.
pub(crate) const BUSY_FAULTS: [(&str, &str); 16] = [
    (
        "presence crash",
        "[[fault]]\nat = \"10s\"\nfor = \"12s\"\nkind = \"crash\"\nhost = \"presence-1\"\n",
    ),
    (
        "presence power loss",
        "[[fault]]\nat = \"10s\"\nfor = \"2s\"\nkind = \"power-loss\"\nhost = \"presence-2\"\n",
    ),
    (
        "presence apart",
        "[[fault]]\nat = \"10s\"\nfor = \"12s\"\nkind = \"partition\"\nbetween = [[\"presence-1\"], [\"chat-1\", \"chat-2\"]]\n",
    ),
    (
        "notifier crash",
        "[[fault]]\nat = \"12s\"\nfor = \"9s\"\nkind = \"crash\"\nhost = \"notify-1\"\n",
    ),
    (
        "notifier apart",
        "[[fault]]\nat = \"12s\"\nfor = \"5s\"\nkind = \"partition-one-way\"\nbetween = [[\"store\"], [\"notify-1\"]]\n",
    ),
    (
        "api power loss",
        "[[fault]]\nat = \"10s\"\nfor = \"20s\"\nkind = \"power-loss\"\nhost = \"api-1\"\n[[fault]]\nat = \"12s\"\nfor = \"9s\"\nkind = \"power-loss\"\nhost = \"chat-1\"\n",
    ),
    ("drain", "[[fault]]\nat = \"10s\"\nfor = \"25s\"\nkind = \"drain\"\nhost = \"chat-2\"\n"),
    ("short drain", "[[fault]]\nat = \"10s\"\nfor = \"1s\"\nkind = \"drain\"\nhost = \"chat-2\"\n"),
    ("pause", "[[fault]]\nat = \"10s\"\nfor = \"9s\"\nkind = \"pause\"\nhost = \"chat-1\"\n"),
    ("paused store", "[[fault]]\nat = \"10s\"\nfor = \"9s\"\nkind = \"pause\"\nhost = \"store\"\n"),
    (
        "skew",
        "[[fault]]\nat = \"10s\"\nfor = \"20s\"\nkind = \"skew\"\nhost = \"chat-1\"\nby = \"-2s\"\n",
    ),
    (
        "clock step",
        "[[fault]]\nat = \"10s\"\nfor = \"20s\"\nkind = \"clock-step\"\nhost = \"presence-1\"\nby = \"5s\"\n",
    ),
    ("tunnel", "[[fault]]\nat = \"10s\"\nfor = \"7s\"\nkind = \"blip\"\nusers = \"30%\"\n"),
    (
        "long tunnel",
        "[[fault]]\nat = \"10s\"\nfor = \"28s\"\nkind = \"partition\"\nusers = \"30%\"\n",
    ),
    ("users crash", "[[fault]]\nat = \"10s\"\nfor = \"8s\"\nkind = \"crash\"\nusers = \"30%\"\n"),
    (
        "users power loss",
        "[[fault]]\nat = \"10s\"\nfor = \"30s\"\nkind = \"power-loss\"\nusers = \"30%\"\n",
    ),
];

/// `BUSY` with faults added.
pub(crate) fn busy_with(faults: &str) -> Scenario {
    scenario(&format!("{BUSY}{faults}"))
}

/// As `busy_with`, with chat servers and devices in two regions.
pub(crate) fn busy_in_regions(faults: &str) -> Scenario {
    let busy = BUSY.replace("[cluster]\n", "[cluster]\nregions = [\"eu\", \"us\"]\n");
    scenario(&format!("{busy}{faults}"))
}

/// As `busy_with`, with the API on the store's host and six hosts in all: the full engine takes time
/// for every pair of hosts.
#[cfg(feature = "full")]
pub(crate) fn busy_on_six_hosts(faults: &str) -> Scenario {
    on_hosts("chat = 2\npresence = 1\nnotify = 1\napi = 0\ndevices = 1\n", faults)
}

/// As `busy_with`, on other hosts.
#[cfg(feature = "full")]
pub(crate) fn on_hosts(hosts: &str, faults: &str) -> Scenario {
    let roles = "chat = 3\npresence = 2\nnotify = 1\napi = 1\n";
    assert!(BUSY.contains(roles));
    scenario(&format!("{}{faults}", BUSY.replace(roles, hosts)))
}

/// `LIVELY` with faults added.
pub(crate) fn lively_with(faults: &str) -> Scenario {
    scenario(&format!("{LIVELY}{faults}"))
}

/// As `lively_with`, with chat servers and devices in two regions.
#[cfg(feature = "full")]
pub(crate) fn lively_in_regions(faults: &str) -> Scenario {
    scenario(&format!("{LIVELY}[cluster]\nregions = [\"eu\", \"us\"]\n{faults}"))
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

/// Panics with what was found, unless every checker that applies judged something and none found
/// anything.
pub(crate) fn assert_clean(name: &str, judged: &Judged) {
    assert_no_violation(name, judged);
    assert_eq!(judged.undecided(), Vec::<String>::new(), "{name}, seed {}", judged.seed);
}

/// Panics with what was found, unless no checker found anything.
pub(crate) fn assert_no_violation(name: &str, judged: &Judged) {
    for finding in &judged.findings {
        assert!(
            !finding.is_violated(),
            "{name}, seed {}: {} judged {} and found {}: {:#?}",
            judged.seed,
            finding.checker,
            finding.judged,
            finding.violations_total,
            finding.violations.first()
        );
    }
}

/// Panics when a fault did nothing.
pub(crate) fn assert_effects(name: &str, judged: &Judged) {
    for effect in &judged.effects {
        assert!(effect.affected > 0, "{name}, seed {}: {effect:?}", judged.seed);
    }
}
