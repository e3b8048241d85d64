//! Both engines come to the same verdict on the same scenario.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    kinds::{GATEWAY_KINDS, KINDS, with_kind},
    support::{
        BUSY_FAULTS, FAULTS, assert_effects, assert_no_violation, busy_on_six_hosts, lively_with,
        setup,
    },
};
use hubbub_chat::{
    ChannelId, Design, DeviceId,
    design::{Accept, Fanout, Transport},
};
use hubbub_history::{EventBody, EventType, History};
use hubbub_scenario::{Document, Figure, Scenario};
use hubbub_sim::{Judged, fast, full, judge};

fn outcomes(history: &History) -> BTreeMap<u64, EventType> {
    let mut outcomes = BTreeMap::new();
    for event in history.events() {
        if let EventBody::Send { r#type, body_hash, .. } = &event.body
            && *r#type != EventType::Info
        {
            outcomes.insert(*body_hash, *r#type);
        }
    }
    outcomes
}

/// What each device holds of each channel: as sets, since the engines' latencies differ and with
/// them the order of what is sent at about the same time.
fn holdings(history: &History) -> BTreeMap<(DeviceId, ChannelId), BTreeSet<u64>> {
    let mut holdings: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
    for event in history.events() {
        if let EventBody::Apply { device, channel, body_hash, .. } = &event.body {
            holdings.entry((*device, *channel)).or_default().insert(*body_hash);
        }
    }
    holdings
}

fn assert_agree(name: &str, fast: &History, full: &History) {
    let (fast_outcomes, full_outcomes) = (outcomes(fast), outcomes(full));
    let differs = |(hash, outcome): &(&u64, &EventType)| full_outcomes.get(hash) != Some(outcome);
    let first = fast_outcomes.iter().find(differs);
    assert!(fast_outcomes == full_outcomes, "{name}: the outcome of {first:?}");
    assert_eq!(holdings(fast), holdings(full), "{name}");
}

/// Without members who come and go, timing decides nothing but order.
fn stilled(mut scenario: Scenario) -> Scenario {
    if let Some(workload) = &mut scenario.workload {
        workload.member_changes = hubbub_scenario::Rate::default();
        workload.joins = hubbub_scenario::Rate::default();
    }
    scenario
}

fn still(faults: &str) -> Scenario {
    stilled(lively_with(faults))
}

/// Runs it in both engines, which find nothing to complain about and agree on the outcome of each
/// send and on what each device holds.
fn assert_agree_on(name: &str, scenario: Scenario, seed: u64) {
    let scenario = stilled(scenario);
    let setup = setup(&scenario, &scenario.design, seed);
    let (fast, full) = (fast::run(&setup, false), full::run(&setup, false).unwrap());
    assert_agree(name, &fast.history, &full.history);
    for judged in [fast, full].map(|outcome| judge(&setup, &outcome)) {
        assert_no_violation(name, &judged);
        assert_effects(name, &judged);
    }
}

/// The scenarios in a folder that simulate, by name.
fn library(folder: &str) -> BTreeMap<String, Document> {
    let folder = format!("{}/../scenarios/{folder}", env!("CARGO_MANIFEST_DIR"));
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .map(|path| Scenario::read(&path).unwrap())
        .filter(|document| document.scenario().workload.is_some())
        .map(|document| (document.scenario().name.clone(), document))
        .collect()
}

#[test]
fn they_agree_under_every_kind_of_fault() {
    for (name, _) in KINDS.into_iter().chain(GATEWAY_KINDS) {
        assert_agree_on(name, with_kind(name), 5);
    }
}

#[test]
fn they_agree_on_every_scenario_of_the_library() {
    let library = library(".");
    assert!(library.len() >= 4);
    for (name, document) in library {
        for seed in &document.scenario().run.seeds {
            assert_agree_on(&name, document.scenario().clone(), *seed);
        }
    }
}

#[test]
fn they_agree_on_outcomes_and_on_what_every_device_holds() {
    for index in [0, 3, 4, 7] {
        let (name, faults) = FAULTS[index];
        let setup = setup(&still(faults), &Design::default(), 5);
        let fast = fast::run(&setup, false).history;
        let full = full::run(&setup, false).unwrap().history;
        assert_agree(name, &fast, &full);
        assert!(outcomes(&fast).values().all(|outcome| *outcome == EventType::Ok), "{name}");
    }
}

#[test]
fn they_agree_with_presence_and_pushes() {
    let mut scenario = busy_on_six_hosts("");
    if let Some(workload) = &mut scenario.workload {
        workload.member_changes = hubbub_scenario::Rate::default();
        workload.joins = hubbub_scenario::Rate::default();
    }
    for faults in [&[][..], &["presence crash"], &["notifier crash"], &["users crash", "skew"]] {
        let chosen = BUSY_FAULTS.into_iter().filter(|(name, _)| faults.contains(name));
        let text: String = chosen.map(|(_, text)| text).collect();
        scenario.faults = busy_on_six_hosts(&text).faults;
        let setup = setup(&scenario, &scenario.design, 6);
        let fast = fast::run(&setup, false);
        let full = full::run(&setup, false).unwrap();
        assert_agree(&faults.concat(), &fast.history, &full.history);
        let [fast, full] = [fast, full].map(|outcome| judge(&setup, &outcome));
        assert_no_violation("fast", &fast);
        assert_no_violation("full", &full);
        assert_eq!(fast.undecided(), full.undecided(), "{faults:?}");
        for name in ["status", "leases"] {
            let judged =
                |run: &Judged| run.findings.iter().find(|it| it.checker == name).unwrap().judged;
            let (fast, full) = (judged(&fast), judged(&full));
            assert!(fast > 0 && full > 0, "{faults:?}: {name} judged {fast} and {full}");
        }
    }
}

#[test]
fn they_agree_over_every_transport() {
    for transport in
        [Transport::Websocket, Transport::LongPolling, Transport::Polling, Transport::HttpSend]
    {
        let design = Design { transport, ..Design::default() };
        for faults in ["", FAULTS[4].1] {
            let mut scenario = still(faults);
            if let Some(workload) = &mut scenario.workload {
                // Over polls a device learns of its groups later than its user begins to write.
                workload.group_share = 0.0;
            }
            let setup = setup(&scenario, &design, 5);
            let fast = fast::run(&setup, false);
            let full = full::run(&setup, false).unwrap();
            assert_agree(&transport.to_string(), &fast.history, &full.history);
            // After a crash the costs depend on how many devices happened to be there.
            let [fast, full] = [fast, full].map(|outcome| outcome.transport.all);
            let close = |one: u64, other: u64| one.abs_diff(other) * 20 <= one.max(other);
            let are_close = close(fast.requests, full.requests)
                && close(fast.connections_opened, full.connections_opened)
                && close(fast.bytes_up, full.bytes_up)
                && close(fast.bytes_down, full.bytes_down);
            assert!(are_close || !faults.is_empty(), "{transport}: {fast:?} {full:?}");
        }
    }
}

fn violated(judged: &[Judged]) -> BTreeSet<String> {
    let findings = judged.iter().flat_map(|run| &run.findings);
    findings.filter(|finding| finding.is_violated()).map(|it| it.checker.clone()).collect()
}

#[test]
fn they_find_the_same_violations_in_a_naive_design() {
    let faults = "[[fault]]\nat = \"9s\"\nfor = \"6s\"\nkind = \"partition\"\nbetween = [[\"chat-1\"], [\"store\"]]\n\
                  [[fault]]\nat = \"13s\"\nfor = \"4s\"\nkind = \"crash\"\nhost = \"chat-1\"\n";
    let naive = Design { accept: Accept::OnReceipt, ..Design::default() };
    let run = |design: &Design| {
        let setups: Vec<_> = (1..=3).map(|seed| setup(&still(faults), design, seed)).collect();
        let fast: Vec<_> = setups.iter().map(|it| judge(it, &fast::run(it, false))).collect();
        let full: Vec<_> =
            setups.iter().map(|it| judge(it, &full::run(it, false).unwrap())).collect();
        (violated(&fast), violated(&full))
    };
    let expected: BTreeSet<String> = ["accepted-lost".to_owned()].into();
    assert_eq!(run(&naive), (expected.clone(), expected));
    assert_eq!(run(&Design::default()), Default::default());
}

/// Users above which a claim is left to CI, which runs every variant of every claim on both engines.
const USERS_MAX: u32 = 200;

#[test]
fn they_find_the_same_violations_in_the_designs_of_claims() {
    let mut naive = 0;
    for (claim, document) in library("claims") {
        let scenario = document.scenario();
        if scenario.workload.as_ref().is_some_and(|workload| workload.users > USERS_MAX) {
            continue;
        }
        for variant in document.variants() {
            let setup = |seed: &u64| setup(&variant.scenario, &variant.design, *seed);
            let setups: Vec<_> = scenario.run.seeds.iter().map(setup).collect();
            let fast: Vec<_> = setups.iter().map(|it| judge(it, &fast::run(it, false))).collect();
            let fast = violated(&fast);
            // Variants that only cost more or less are CI's as well.
            if fast.is_empty() && variant.name != "base" {
                continue;
            }
            let full: Vec<_> =
                setups.iter().map(|it| judge(it, &full::run(it, false).unwrap())).collect();
            assert_eq!(fast, violated(&full), "{claim}, {}", variant.name);
            naive += usize::from(!fast.is_empty());
        }
    }
    assert!(naive >= 9, "{naive} designs broke");
}

#[test]
fn a_separate_generator_of_ids_is_on_the_path_of_every_send_in_both() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/claims");
    let document = Scenario::read(format!("{folder}/id-generator.toml")).unwrap();
    let run = |name: &str| {
        let variants = document.variants();
        let variant = variants.iter().find(|variant| variant.name == name).unwrap();
        let setup = setup(&variant.scenario, &variant.design, 1);
        let engines = [fast::run(&setup, false), full::run(&setup, false).unwrap()];
        engines.map(|outcome| judge(&setup, &outcome))
    };
    for (base, local) in run("base").into_iter().zip(run("local")) {
        assert_no_violation("local", &local);
        assert_no_violation("base", &base);
        assert_effects("base", &base);
        let waited = |judged: &Judged| judged.figures[&Figure::AcceptP99Ms] > 5_000.0;
        let engine = (&base.figures, &local.figures);
        assert!(waited(&base) && !waited(&local), "its host was cut off for 10 s: {engine:?}");
    }
}

#[test]
fn both_ways_of_fanning_out_deliver_the_same() {
    let holdings = [Fanout::Inbox, Fanout::ChannelLog].map(|fanout| {
        let design = Design { fanout, ..Design::default() };
        let setup = setup(&still(FAULTS[4].1), &design, 5);
        holdings(&fast::run(&setup, false).history)
    });
    assert_eq!(holdings[0], holdings[1]);
}
