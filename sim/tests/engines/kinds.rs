//! A schedule for each kind of fault that both engines do and that `support::FAULTS` lacks.

use crate::support::{busy_on_six_hosts, lively_with};
use hubbub_scenario::Scenario;

/// On `LIVELY`, which lasts 30 s.
pub(crate) const KINDS: [(&str, &str); 15] = [
    (
        "jitter",
        "[[fault]]\nat = \"5s\"\nfor = \"10s\"\nkind = \"jitter\"\nhost = \"store\"\nlatency = \"1500ms\"\n",
    ),
    (
        "region",
        "[cluster]\nregions = [\"eu\", \"us\"]\n[[fault]]\nat = \"5s\"\nfor = \"9s\"\nkind = \"partition\"\nregion = \"us\"\n",
    ),
    (
        "slow region",
        "[cluster]\nregions = [\"eu\", \"us\"]\n[[fault]]\nat = \"5s\"\nfor = \"9s\"\nkind = \"latency\"\nregion = \"us\"\nlatency = \"400ms\"\n",
    ),
    (
        "black-hole",
        "[[fault]]\nat = \"5s\"\nfor = \"15s\"\nkind = \"black-hole\"\nhost = \"chat-1\"\n\
         [[fault]]\nat = \"6s\"\nfor = \"1s\"\nkind = \"reconnect-storm\"\nhost = \"chat-1\"\n",
    ),
    ("restart", "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"restart\"\nhost = \"chat-2\"\n"),
    ("rolling-restart", "[[fault]]\nat = \"5s\"\nfor = \"18s\"\nkind = \"rolling-restart\"\n"),
    ("store-unavailable", "[[fault]]\nat = \"5s\"\nfor = \"6s\"\nkind = \"store-unavailable\"\n"),
    (
        "store-slow",
        "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"store-slow\"\nlatency = \"800ms\"\n",
    ),
    (
        "store-answer-lost",
        "[[fault]]\nat = \"5s\"\nfor = \"8s\"\nkind = \"store-answer-lost\"\nshare = \"10%\"\n",
    ),
    (
        "registry-unavailable",
        "[[fault]]\nat = \"5s\"\nfor = \"12s\"\nkind = \"registry-unavailable\"\n",
    ),
    (
        "lease-lost",
        "[[fault]]\nat = \"5s\"\nfor = \"12s\"\nkind = \"lease-lost\"\nhost = \"chat-1\"\n",
    ),
    (
        "airplane-mode",
        "[[fault]]\nat = \"5s\"\nfor = \"10s\"\nkind = \"airplane-mode\"\nusers = \"30%\"\n",
    ),
    (
        "switched-network",
        "[[fault]]\nat = \"5s\"\nfor = \"22s\"\nkind = \"switched-network\"\nusers = \"30%\"\n",
    ),
    ("churn", "[[fault]]\nat = \"3s\"\nfor = \"24s\"\nkind = \"churn\"\nusers = \"60%\"\n"),
    (
        "reconnect-storm",
        "[[fault]]\nat = \"8s\"\nfor = \"1s\"\nkind = \"reconnect-storm\"\nusers = \"100%\"\n",
    ),
];

/// On `BUSY`, which lasts 60 s: users are away, and owed pushes.
pub(crate) const GATEWAY_KINDS: [(&str, &str); 2] = [
    (
        "gateway-failing",
        "[[fault]]\nat = \"12s\"\nfor = \"25s\"\nkind = \"airplane-mode\"\nusers = \"40%\"\n\
         [[fault]]\nat = \"12s\"\nfor = \"12s\"\nkind = \"gateway-failing\"\n",
    ),
    (
        "gateway-slow",
        "[[fault]]\nat = \"12s\"\nfor = \"25s\"\nkind = \"airplane-mode\"\nusers = \"40%\"\n\
         [[fault]]\nat = \"12s\"\nfor = \"12s\"\nkind = \"gateway-slow\"\nlatency = \"1500ms\"\n",
    ),
];

/// The scenario with the schedule of that name.
pub(crate) fn with_kind(name: &str) -> Scenario {
    let text = |table: &[(&str, &'static str)]| {
        table.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    };
    match (text(&KINDS), text(&GATEWAY_KINDS)) {
        (Some(text), _) => lively_with(text),
        (None, Some(text)) => busy_on_six_hosts(text),
        (None, None) => panic!("there is no schedule `{name}`"),
    }
}
