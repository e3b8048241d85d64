//! The full engine runs the whole service through every fault without a violation.

use std::collections::BTreeSet;

use hubbub_chat::{Design, design::Transport};
use hubbub_history::trace::Transit;
use hubbub_sim::{full, judge};

use crate::support::{
    BUSY_FAULTS, FAULTS, assert_clean, assert_effects, assert_no_violation, busy_on_six_hosts,
    lively_with, on_hosts, run_full, setup,
};

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

/// Schedules of `BUSY_FAULTS` on hosts that six hosts have, and those that are the same elsewhere.
const SIX_HOSTS_FAULTS: [&str; 12] = [
    "presence crash",
    "presence apart",
    "notifier crash",
    "notifier apart",
    "drain",
    "short drain",
    "skew",
    "clock step",
    "tunnel",
    "long tunnel",
    "users crash",
    "users power loss",
];

#[test]
fn every_role_holds_under_every_kind_of_fault() {
    let (_, _, judged) = run_full(&busy_on_six_hosts(""), 1);
    assert_no_violation("quiet", &judged);
    let chosen = BUSY_FAULTS.into_iter().filter(|(name, _)| SIX_HOSTS_FAULTS.contains(name));
    let chosen: Vec<_> = chosen.collect();
    assert_eq!(chosen.len(), SIX_HOSTS_FAULTS.len());
    let mut undecided: Option<BTreeSet<String>> = None;
    for (name, faults) in chosen {
        for seed in 1..=2 {
            let (_, _, judged) = run_full(&busy_on_six_hosts(faults), seed);
            assert_no_violation(name, &judged);
            assert_effects(name, &judged);
            let here: BTreeSet<String> = judged.undecided().into_iter().collect();
            undecided = Some(match undecided {
                Some(before) => before.intersection(&here).cloned().collect(),
                None => here,
            });
        }
    }
    // Nobody is owed a push while everybody is there, but some schedule takes somebody away.
    assert_eq!(undecided, Some(BTreeSet::new()));
}

#[test]
fn the_death_of_an_api_server_keeps_nobody_out_who_knows_his_chat_server() {
    let fault = BUSY_FAULTS.iter().find(|(name, _)| *name == "api power loss").unwrap().1;
    let scenario = on_hosts("chat = 2\npresence = 1\nnotify = 0\napi = 1\ndevices = 1\n", fault);
    let (_, _, judged) = run_full(&scenario, 3);
    assert_no_violation("api power loss", &judged);
    assert_effects("api power loss", &judged);
}

#[test]
fn nothing_is_lost_over_any_transport_whatever_goes_wrong() {
    for transport in [Transport::LongPolling, Transport::Polling, Transport::HttpSend] {
        let design = Design { transport, ..Design::default() };
        for index in [0, 2, 4, 5, 6] {
            let (name, faults) = FAULTS[index];
            let name = format!("{name} over {transport}");
            let setup = setup(&lively_with(faults), &design, 3);
            let outcome = full::run(&setup, false).unwrap();
            let judged = judge(&setup, &outcome);
            assert_clean(&name, &judged);
            assert_effects(&name, &judged);
            assert!(judged.counts.delivered > 500, "{name}: {:?}", judged.counts);
            let all = outcome.transport.all;
            assert!(all.requests > 100 && all.frames_dropped == 0, "{name}: {all:?}");
        }
    }
}

/// What the trace says became of envelopes from chat-1 to the store in each of these spans of
/// seconds.
fn fates(faults: &str, spans: &[std::ops::Range<u64>]) -> Vec<Vec<Transit>> {
    let scenario = lively_with(faults);
    let setup = setup(&scenario, &scenario.design, 1);
    let trace = full::run(&setup, true).unwrap().trace.unwrap();
    let fates = |span: &std::ops::Range<u64>| {
        let between = trace.messages().filter(|it| (&*it.from, &*it.to) == ("chat-1", "store"));
        let within = between.filter(|it| span.contains(&(it.sent_ns / 1_000_000_000)));
        let mut fates: Vec<Transit> = within.map(|it| it.transit).collect();
        fates.sort_unstable();
        fates.dedup();
        fates
    };
    spans.iter().map(fates).collect()
}

#[test]
fn a_partition_outlasts_a_blip_on_the_same_link() {
    let faults = "[[fault]]\nat = \"5s\"\nfor = \"20s\"\nkind = \"partition\"\nbetween = [[\"chat-1\"], [\"store\"]]\n\
                  [[fault]]\nat = \"10s\"\nfor = \"5s\"\nkind = \"blip\"\nbetween = [[\"chat-1\"], [\"store\"]]\n";
    let dropped = vec![Transit::Lost];
    assert_eq!(
        fates(faults, &[6..10, 10..15, 15..24]),
        [dropped.clone(), dropped.clone(), dropped]
    );
}

#[test]
fn the_slowest_of_two_latencies_rules() {
    let latency = |at, duration, latency| {
        format!(
            "[[fault]]\nat = \"{at}s\"\nfor = \"{duration}s\"\nkind = \"latency\"\nhost = \"store\"\nlatency = \"{latency}ms\"\n"
        )
    };
    let p50 = |faults: &str| run_full(&lively_with(faults), 1).2.times.recover.p50_ms;
    let alone = p50(&latency(5, 20, 900));
    let both = p50(&format!("{}{}", latency(5, 20, 900), latency(8, 2, 50)));
    assert!((alone - both).abs() < 200.0, "{alone} ms alone, {both} ms with the smaller one");
}
