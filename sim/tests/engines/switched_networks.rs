//! Whoever changes to another network is there again as soon as his session is, in both engines,
//! though the connection for his sends lies dead until he writes something.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{Design, design::Transport};
use hubbub_history::EventBody;
use hubbub_sim::{Judged, Outcome, fast, full, judge};

use crate::support::{assert_effects, assert_no_violation, scenario, setup};

/// All change their network at 6 s, after their first greeting, and nobody writes much.
const QUIET: &str = r#"
version = 1
name = "quiet"
summary = "Friends who hardly write change to another network."
[cluster]
chat = 1
devices = 1
[design]
heartbeat = "3s"
offline_after = "10s"
poll_wait = "3s"
poll_interval = "3s"
[workload]
users = 6
friends = 3
sends_per_user = "0.2/min"
duration = "60s"
[[fault]]
at = "6s"
for = "100ms"
kind = "switched-network"
users = "100%"
"#;

/// The devices whose network was last said to work, in both directions, within the first 40 s.
fn linked(outcome: &Outcome) -> BTreeSet<String> {
    let mut last = BTreeMap::new();
    for event in outcome.history.events().iter().filter(|event| event.t_ns < 40_000_000_000) {
        if let EventBody::Truth { name, link: Some(link), hears: Some(hears), .. } = &event.body {
            last.insert(name.clone(), *link && *hears);
        }
    }
    last.into_iter().filter(|(_, works)| *works).map(|(name, _)| name).collect()
}

fn assert_back(name: &str, outcome: &Outcome, judged: &Judged) {
    assert_no_violation(name, judged);
    assert_effects(name, judged);
    assert_eq!(linked(outcome).len() as u64, judged.counts.devices, "{name}");
    let status = judged.findings.iter().find(|finding| finding.checker == "status").unwrap();
    assert!(status.judged > 10, "{name}: {status:?}");
}

#[test]
fn all_are_there_again_over_each_transport() {
    let scenario = scenario(QUIET);
    for transport in
        [Transport::Websocket, Transport::LongPolling, Transport::Polling, Transport::HttpSend]
    {
        let design = Design { transport, ..scenario.design.clone() };
        for seed in 1..6 {
            let setup = setup(&scenario, &design, seed);
            let outcomes = [fast::run(&setup, false), full::run(&setup, false).unwrap()];
            for (engine, outcome) in ["fast", "full"].into_iter().zip(&outcomes) {
                let name = format!("{transport} on the {engine} engine");
                assert_back(&name, outcome, &judge(&setup, outcome));
            }
        }
    }
}
