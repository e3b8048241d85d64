//! What each kind of fault does in the fast engine: it counts its effect, something is seen of it,
//! and the hardened design holds.

use std::collections::BTreeSet;

use hubbub_history::{Event, EventBody, History, Member, Path, PushStage, SessionCause};
use hubbub_sim::{Judged, Outcome};

use crate::support::{assert_effects, assert_no_violation, busy_in_regions, busy_with, run_fast};

const SECOND_NS: u64 = 1_000_000_000;

/// A fault of this kind from 20 s to 32 s.
fn fault(kind: &str, keys: &str) -> String {
    format!("[[fault]]\nat = \"20s\"\nfor = \"12s\"\nkind = \"{kind}\"\n{keys}\n")
}

/// Runs it once with every role and two regions: nothing is violated, and every fault did something.
fn struck(faults: &str) -> (Outcome, Judged) {
    let (_, outcome, judged) = run_fast(&busy_in_regions(faults), 3);
    assert_no_violation(faults, &judged);
    assert_effects(faults, &judged);
    (outcome, judged)
}

fn untouched() -> (Outcome, Judged) {
    struck("")
}

/// How many lines say this between two times, in seconds.
fn count(history: &History, (from, to): (u64, u64), is_it: impl Fn(&Event) -> bool) -> usize {
    let span = from * SECOND_NS..to * SECOND_NS;
    history.events().iter().filter(|event| span.contains(&event.t_ns) && is_it(event)).count()
}

fn attaches(event: &Event) -> bool {
    matches!(event.body, EventBody::Session { attached: true, .. })
}

fn attaches_to(event: &Event, name: &str) -> bool {
    matches!(&event.body, EventBody::Session { attached: true, server, .. } if server == name)
}

fn detaches(event: &Event) -> bool {
    matches!(event.body, EventBody::Session { attached: false, .. })
}

fn says(event: &Event, up: bool, link: Option<bool>) -> bool {
    matches!(&event.body, EventBody::Truth { up: is_up, link: has, .. } if *is_up == up && *has == link)
}

fn lets_go(event: &Event, of: &str) -> bool {
    matches!(&event.body, EventBody::Lease { key, held: false, .. } if key.starts_with(of))
}

fn is_entry(event: &Event) -> bool {
    matches!(event.body, EventBody::Entry { .. })
}

fn is_push(event: &Event, stage: PushStage, is_it: impl Fn(u32, Option<&str>) -> bool) -> bool {
    matches!(&event.body, EventBody::Push { stage: at, attempt, answer, .. }
        if *at == stage && is_it(*attempt, answer.as_deref()))
}

fn is_repeat(event: &Event) -> bool {
    matches!(event.body, EventBody::Send { attempt: 2.., .. })
}

#[test]
fn jitter_and_reordering_hold_messages_up_and_cost_none() {
    let (_, quiet) = untouched();
    for kind in ["jitter", "reorder"] {
        let (_, judged) = struck(&fault(kind, "host = \"store\"\nlatency = \"800ms\""));
        assert!(judged.times.accept.p99_ms > quiet.times.accept.p99_ms + 200.0, "{kind}");
    }
}

#[test]
fn lost_hints_are_found_by_comparison() {
    let by_sync = |outcome: &Outcome| {
        count(&outcome.history, (20, 50), |event| {
            matches!(event.body, EventBody::Apply { path: Path::Sync, .. })
        })
    };
    let (quiet, _) = untouched();
    let lost: String = [1, 2, 3]
        .iter()
        .map(|chat| fault("hint-loss", &format!("host = \"chat-{chat}\"")))
        .collect();
    let (outcome, judged) = struck(&lost);
    assert!(by_sync(&outcome) > 2 * by_sync(&quiet), "{}", by_sync(&outcome));
    assert!(judged.counts.accepted > 100, "{:?}", judged.counts);
}

#[test]
fn hints_that_come_twice_are_applied_once() {
    let (_, judged) = struck(&fault("hint-duplication", "host = \"chat-1\"\nshare = \"80%\""));
    let duplicated = judged.findings.iter().find(|it| it.checker == "duplicated").unwrap();
    assert!(duplicated.judged > 100);
}

#[test]
fn nobody_gets_into_a_black_hole() {
    let storm =
        "[[fault]]\nat = \"22s\"\nfor = \"1s\"\nkind = \"reconnect-storm\"\nusers = \"100%\"\n";
    let faults = fault("black-hole", "host = \"chat-1\"") + storm;
    let (outcome, _) = struck(&faults);
    let attached = |name: &str| count(&outcome.history, (22, 32), |event| attaches_to(event, name));
    assert_eq!(attached("chat-1"), 0);
    assert!(attached("chat-2") + attached("chat-3") > 15);
    // Whoever was given it goes to the fallback when half of the attempt's 5 s are over.
    let soon = 22 * SECOND_NS..26 * SECOND_NS;
    let soon = outcome.history.events().iter().filter(|event| soon.contains(&event.t_ns));
    let (mut lost, mut back) = (BTreeSet::new(), BTreeSet::new());
    for event in soon {
        if let EventBody::Session { device, attached, .. } = &event.body {
            if *attached { &mut back } else { &mut lost }.insert(*device);
        }
    }
    assert!(lost.len() > 15);
    assert_eq!(back, lost);
}

#[test]
fn a_restart_ends_sessions_twice_and_the_host_is_back_at_once() {
    let (outcome, _) = struck(&fault("restart", "host = \"chat-1\""));
    let is_chat =
        |event: &Event| matches!(&event.body, EventBody::Truth { name, .. } if name == "chat-1");
    let lines: Vec<(u64, bool)> = (outcome.history.events().iter())
        .filter(|event| is_chat(event) && event.t_ns > SECOND_NS)
        .map(|event| (event.t_ns / SECOND_NS, says(event, true, None)))
        .collect();
    assert_eq!(lines, [(20, false), (20, true), (32, false), (32, true)]);
    struck(&fault("restart", "users = \"30%\""));
}

#[test]
fn a_slow_host_holds_everything_up_in_its_order() {
    let (_, quiet) = untouched();
    let (_, judged) = struck(&fault("slow", "host = \"store\"\nlatency = \"60ms\""));
    assert!(judged.times.accept.p99_ms > quiet.times.accept.p99_ms + 30.0);
    struck(&fault("slow", "host = \"chat-1\"\nlatency = \"40ms\""));
    struck(&fault("slow", "host = \"devices-1\"\nlatency = \"20ms\""));
}

#[test]
fn a_rolling_restart_stops_one_chat_server_after_the_other() {
    let (outcome, _) = struck(&fault("rolling-restart", ""));
    let mut down = Vec::new();
    let mut stopped = Vec::new();
    for event in outcome.history.events() {
        let EventBody::Truth { name, up, link: None, .. } = &event.body else { continue };
        if *up {
            down.retain(|other| other != name);
        } else {
            down.push(name.clone());
            stopped.push(name.clone());
        }
        assert!(down.len() <= 1, "{down:?}");
    }
    assert_eq!(stopped, ["chat-1", "chat-2", "chat-3"]);
}

#[test]
fn a_store_that_refuses_commits_nothing_and_loses_nothing() {
    let (outcome, _) = struck(&fault("store-unavailable", ""));
    assert_eq!(count(&outcome.history, (21, 32), is_entry), 0);
    assert!(count(&outcome.history, (32, 40), is_entry) > 20);
}

#[test]
fn a_slow_store_accepts_late() {
    let (_, judged) = struck(&fault("store-slow", "latency = \"900ms\""));
    assert!(judged.times.accept.p90_ms > 900.0, "{:?}", judged.times.accept);
    assert!(judged.times.accept.p50_ms < 500.0, "{:?}", judged.times.accept);
}

#[test]
fn lost_answers_lead_to_repeats_and_to_one_entry_each() {
    let (outcome, judged) = struck(&fault("store-answer-lost", "share = \"50%\""));
    assert!(count(&outcome.history, (20, 40), is_repeat) > 10);
    let (quiet, _) = untouched();
    assert_eq!(count(&quiet.history, (20, 40), is_repeat), 0);
    let hashes: Vec<u64> = (outcome.history.events().iter())
        .filter_map(|event| match event.body {
            EventBody::Entry { body_hash, kind: Member::Message, .. } => Some(body_hash),
            _ => None,
        })
        .collect();
    assert!(hashes.len() as u64 >= judged.counts.accepted && judged.counts.accepted > 100);
    assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), hashes.len(), "one entry each");
}

#[test]
fn without_a_registry_leases_run_out_and_come_back() {
    let (outcome, _) = struck(&fault("registry-unavailable", ""));
    assert_eq!(count(&outcome.history, (20, 32), |event| lets_go(event, "chat")), 3);
    let holds = |event: &Event| matches!(&event.body, EventBody::Lease { key, held: true, .. } if key.starts_with("chat"));
    assert_eq!(count(&outcome.history, (32, 45), holds), 3);
}

#[test]
fn a_chat_server_that_loses_its_lease_turns_sessions_away() {
    let storm =
        "[[fault]]\nat = \"28s\"\nfor = \"1s\"\nkind = \"reconnect-storm\"\nusers = \"100%\"\n";
    let (outcome, _) = struck(&(fault("lease-lost", "host = \"chat-1\"") + storm));
    assert_eq!(count(&outcome.history, (20, 32), |event| lets_go(event, "chat")), 1);
    let attached = |name: &str| count(&outcome.history, (28, 32), |it| attaches_to(it, name));
    assert_eq!(attached("chat-1"), 0);
    assert!(attached("chat-2") + attached("chat-3") > 10);
}

#[test]
fn a_gateway_that_fails_is_asked_again() {
    let away =
        "[[fault]]\nat = \"14s\"\nfor = \"16s\"\nkind = \"airplane-mode\"\nusers = \"60%\"\n";
    let (outcome, _) = struck(&(fault("gateway-failing", "") + away));
    let got = |span, is_it: &dyn Fn(u32, Option<&str>) -> bool| {
        count(&outcome.history, span, |event| is_push(event, PushStage::Received, is_it))
    };
    assert_eq!(got((20, 32), &|_, answer| answer == Some("taken")), 0);
    assert!(got((20, 32), &|attempt, _| attempt > 1) > 0);
    struck(&(fault("gateway-slow", "latency = \"2s\"") + away));
}

#[test]
fn in_airplane_mode_a_device_has_no_session_and_no_link() {
    let (outcome, _) = struck(&fault("airplane-mode", "users = \"100%\""));
    assert!(count(&outcome.history, (20, 21), detaches) > 15);
    assert!(count(&outcome.history, (20, 21), |it| says(it, true, Some(false))) > 15);
    assert_eq!(count(&outcome.history, (20, 32), attaches), 0);
    assert!(count(&outcome.history, (32, 60), attaches) > 15);
}

#[test]
fn a_switched_network_is_noticed_by_silence_and_then_works() {
    let (outcome, _) = struck(&fault("switched-network", "users = \"100%\""));
    let lost = |event: &Event| {
        matches!(event.body, EventBody::Session { cause: SessionCause::Silent, .. })
    };
    let lines = outcome.history.events().iter().filter(|event| detaches(event) && lost(event));
    let first_ns = lines.map(|event| event.t_ns).find(|t_ns| *t_ns > 20 * SECOND_NS).unwrap();
    assert!(first_ns > 21 * SECOND_NS, "nobody says that it is dead: {first_ns}");
    assert!(count(&outcome.history, (20, 21), |it| says(it, true, Some(false))) > 15);
    assert!(count(&outcome.history, (21, 60), |it| says(it, true, Some(true))) > 15);
    assert!(count(&outcome.history, (21, 60), attaches) > 15);
}

#[test]
fn devices_that_come_and_go_are_killed_and_cut_off_one_by_one() {
    let (outcome, _) = struck(&fault("churn", "users = \"100%\""));
    let killed = |event: &Event| matches!(&event.body, EventBody::Truth { name, up: false, .. } if name.starts_with("device-"));
    assert!(count(&outcome.history, (20, 33), killed) > 2);
    assert!(count(&outcome.history, (20, 33), |it| says(it, true, Some(false))) > 5);
    assert!(count(&outcome.history, (20, 60), attaches) > 10);
}

#[test]
fn a_storm_has_all_come_back_together() {
    let (outcome, _) = struck(&fault("reconnect-storm", "users = \"100%\""));
    assert_eq!(count(&outcome.history, (15, 20), attaches), 0);
    assert!(count(&outcome.history, (20, 25), attaches) > 15);
    let (outcome, _) = struck(&fault("reconnect-storm", "host = \"chat-2\""));
    assert!(count(&outcome.history, (20, 21), detaches) > 3);
}

#[test]
fn a_region_that_is_cut_off_commits_nothing() {
    let (_, judged) = struck(&fault("partition", "region = \"eu\""));
    assert!(judged.times.recover.count > 0, "{:?}", judged.times);
    struck(&fault("latency", "region = \"us\"\nlatency = \"300ms\""));
}

/// What a link does not let through is neither lost nor doubled as a hint.
#[test]
fn what_meets_no_hint_counts_none() {
    let between = "between = [[\"chat-1\"], [\"chat-2\", \"chat-3\"]]";
    let of_hints = |kind: &str| fault(kind, &format!("share = \"100%\"\n{between}"));
    let faults =
        fault("partition", between) + &of_hints("hint-loss") + &of_hints("hint-duplication");
    let (_, _, judged) = run_fast(&busy_in_regions(&faults), 3);
    assert_no_violation("hints that are not sent", &judged);
    let affected: Vec<u64> = judged.effects.iter().map(|effect| effect.affected).collect();
    assert!(affected[0] > 0, "{affected:?}");
    assert_eq!(affected[1..], [0, 0]);
}

#[test]
fn faults_of_a_device_do_not_start_it_before_the_last_is_over() {
    let (outcome, _) = struck(
        "[[fault]]\nat = \"10s\"\nfor = \"20s\"\nkind = \"power-loss\"\nusers = \"100%\"\n\
         [[fault]]\nat = \"12s\"\nfor = \"20s\"\nkind = \"churn\"\nusers = \"100%\"\n",
    );
    let starts = |event: &Event| matches!(&event.body, EventBody::Truth { name, up: true, .. } if name.starts_with("device-"));
    assert_eq!(count(&outcome.history, (11, 30), starts), 0);
    assert!(busy_with("").faults.is_empty());
}
