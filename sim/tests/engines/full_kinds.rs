//! Each kind of fault has its consequence in the full engine, and the hardened design holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    kinds::{GATEWAY_KINDS, KINDS, with_kind},
    support::{assert_effects, assert_no_violation, run_full},
};
use hubbub_chat::{DeviceId, UserId};
use hubbub_history::{Event, EventBody, EventType, PushStage};
use hubbub_scenario::{Engine, FaultKind};
use hubbub_sim::{Judged, Outcome, Setup, Strike};

/// A run under a schedule, which no checker has anything against.
struct Run {
    setup: Setup,
    outcome: Outcome,
    judged: Judged,
}

fn run(name: &str) -> Run {
    let (setup, outcome, judged) = run_full(&with_kind(name), 4);
    assert_no_violation(name, &judged);
    assert_effects(name, &judged);
    Run { setup, outcome, judged }
}

impl Run {
    /// What was written down between these seconds.
    fn within(&self, from_s: f64, until_s: f64) -> impl Iterator<Item = &Event> {
        let events = self.outcome.history.events().iter();
        events.filter(move |event| {
            let t_s = event.t_ns as f64 / 1e9;
            from_s <= t_s && t_s < until_s
        })
    }

    /// The hosts of the sessions that began between these seconds, by device.
    fn attached(&self, from_s: f64, until_s: f64) -> Vec<(DeviceId, &str)> {
        self.within(from_s, until_s)
            .filter_map(|event| match &event.body {
                EventBody::Session { device, server, attached: true, .. } => {
                    Some((*device, server.as_str()))
                }
                _ => None,
            })
            .collect()
    }

    /// The devices whose sessions ended between these seconds.
    fn detached(&self, from_s: f64, until_s: f64) -> BTreeSet<DeviceId> {
        let device = |event: &Event| match &event.body {
            EventBody::Session { device, attached: false, .. } => Some(*device),
            _ => None,
        };
        self.within(from_s, until_s).filter_map(device).collect()
    }

    /// Sends that were accepted between these seconds.
    fn accepted(&self, from_s: f64, until_s: f64) -> usize {
        let is_accepted =
            |event: &&Event| matches!(event.body, EventBody::Send { r#type: EventType::Ok, .. });
        self.within(from_s, until_s).filter(is_accepted).count()
    }

    /// How often hosts went down and came up, in order.
    fn turns(&self) -> Vec<(&str, bool)> {
        let events = self.outcome.history.events().iter().filter(|event| event.t_ns > 0);
        events
            .filter_map(|event| match &event.body {
                EventBody::Truth { name, up, .. } if name.starts_with("chat-") => {
                    Some((name.as_str(), *up))
                }
                _ => None,
            })
            .collect()
    }

    /// The keys of leases that their holders gave up believing in between these seconds.
    fn leases_lost(&self, from_s: f64, until_s: f64) -> BTreeSet<&str> {
        self.within(from_s, until_s)
            .filter_map(|event| match &event.body {
                EventBody::Lease { key, held: false, .. } => Some(key.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The devices that a fault struck.
    fn struck(&self, fault: usize) -> BTreeSet<DeviceId> {
        match &self.setup.faults[fault].strike {
            Strike::Devices(devices) => devices.iter().copied().collect(),
            other => panic!("{other:?}"),
        }
    }

    /// What was said of the way from each device, and to it, between these seconds.
    fn links(&self, from_s: f64, until_s: f64) -> BTreeMap<String, BTreeSet<(bool, bool)>> {
        let mut links: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for event in self.within(from_s, until_s) {
            if let EventBody::Truth { name, link: Some(link), hears: Some(hears), .. } = &event.body
            {
                links.entry(name.clone()).or_default().insert((*link, *hears));
            }
        }
        links
    }
}

#[test]
fn every_kind_that_the_engine_claims_is_run_here_or_elsewhere() {
    let elsewhere = crate::support::FAULTS.into_iter().chain(crate::support::BUSY_FAULTS);
    let here = KINDS.into_iter().chain(GATEWAY_KINDS).chain(elsewhere);
    let texts: String = here.map(|(_, text)| text).collect();
    for kind in FaultKind::ALL.iter().filter(|kind| kind.engines().contains(&Engine::Full)) {
        assert!(texts.contains(&format!("kind = \"{kind}\"\n")), "{kind}");
    }
}

#[test]
fn jitter_delays_and_keeps_connections() {
    let run = run("jitter");
    let accept = &run.judged.times.accept;
    assert!(accept.max_ms > 500.0 && accept.p50_ms < 500.0, "{accept:?}");
    assert_eq!(run.judged.counts.detached, 0);
}

#[test]
fn a_region_is_cut_off_or_slow_as_a_whole() {
    let cut = run("region");
    let (of_us, of_eu): (Vec<_>, Vec<_>) = cut
        .setup
        .devices()
        .partition(|(_, _, host)| cut.setup.hosts.region(cut.setup.hosts.devices(*host)) == "us");
    let accepted = |devices: &[(UserId, DeviceId, usize)], from_s, until_s| {
        let is_of = |event: &&Event| match &event.body {
            EventBody::Send { r#type: EventType::Ok, device, .. } => {
                devices.iter().any(|(_, it, _)| it == device)
            }
            _ => false,
        };
        cut.within(from_s, until_s).filter(is_of).count()
    };
    assert_eq!(accepted(&of_us, 5.1, 14.0), 0, "the store is elsewhere");
    assert!(accepted(&of_eu, 5.1, 14.0) > 10 && accepted(&of_us, 14.0, 60.0) > 10);
    let slow = run("slow region");
    assert!(slow.judged.times.accept.p50_ms > 20.0, "{:?}", slow.judged.times);
    assert!(slow.judged.times.accept.p99_ms > 800.0, "{:?}", slow.judged.times);
}

#[test]
fn a_black_hole_takes_no_new_sessions_and_keeps_the_old_ones() {
    let run = run("black-hole");
    let closed = run.detached(6.0, 7.0);
    assert!(closed.len() > 3, "{closed:?}");
    let attached = run.attached(6.1, 20.0);
    assert!(attached.iter().all(|(_, server)| *server != "chat-1"), "{attached:?}");
    let elsewhere: BTreeSet<DeviceId> = attached.iter().map(|(device, _)| *device).collect();
    assert!(elsewhere.len() * 2 > closed.len(), "most find another server: {attached:?}");
    assert!(run.turns().is_empty());
}

#[test]
fn a_restart_kills_twice() {
    let run = run("restart");
    let once = [("chat-2", false), ("chat-2", true)];
    assert_eq!(run.turns(), [once, once].concat());
    assert!(!run.detached(5.0, 6.0).is_empty());
}

#[test]
fn a_rolling_restart_stops_one_server_after_the_other() {
    let run = run("rolling-restart");
    let each = |name| [(name, false), (name, true)];
    assert_eq!(run.turns(), ["chat-1", "chat-2", "chat-3"].map(each).concat());
    let all: BTreeSet<DeviceId> = run.setup.devices().map(|(_, device, _)| device).collect();
    assert_eq!(run.detached(5.0, 24.0), all);
}

#[test]
fn without_the_store_nothing_is_accepted() {
    let run = run("store-unavailable");
    assert!(run.accepted(3.0, 5.0) > 5);
    assert_eq!(run.accepted(5.1, 11.0), 0);
    assert!(run.accepted(11.0, 17.0) > 50);
    assert_eq!(run.judged.counts.detached, 0);
}

#[test]
fn a_slow_store_slows_every_send() {
    let run = run("store-slow");
    assert!(run.judged.times.accept.p90_ms >= 800.0, "{:?}", run.judged.times.accept);
    assert_eq!(run.accepted(5.1, 5.8), 0);
    assert!(run.accepted(6.0, 13.0) > 20);
}

#[test]
fn a_send_whose_answer_is_lost_is_neither_lost_nor_doubled() {
    let run = run("store-answer-lost");
    let timeout_ms = run.setup.design.request_timeout.as_secs_f64() * 1e3;
    assert!(run.judged.times.accept.max_ms >= timeout_ms, "{:?}", run.judged.times.accept);
    assert_eq!(run.judged.counts.accepted, run.judged.counts.sends);
}

#[test]
fn without_the_registry_leases_run_out() {
    let all = run("registry-unavailable");
    let lost = all.leases_lost(6.0, 17.0);
    assert!(["chat-1", "chat-2", "chat-3"].iter().all(|key| lost.contains(key)), "{lost:?}");
    let one = run("lease-lost");
    assert_eq!(one.leases_lost(6.0, 17.0), BTreeSet::from(["chat-1"]));
    assert!(one.accepted(12.0, 17.0) > 20, "it goes on serving");
    for run in [all, one] {
        assert_eq!(run.judged.counts.detached, 0);
        assert_eq!(run.leases_lost(17.0, 100.0), BTreeSet::new());
    }
}

#[test]
fn in_airplane_mode_sessions_end_at_once_and_none_begins() {
    let run = run("airplane-mode");
    let struck = run.struck(0);
    assert_eq!(run.detached(5.0, 5.2), struck);
    let back: BTreeSet<DeviceId> =
        run.attached(15.0, 60.0).iter().map(|(device, _)| *device).collect();
    assert_eq!(back, struck);
    assert!(run.attached(5.0, 15.0).is_empty());
    assert!(run.links(5.0, 5.01).values().all(|said| *said == BTreeSet::from([(false, false)])));
}

#[test]
fn after_a_switch_a_connection_is_dead_until_its_device_notices() {
    let run = run("switched-network");
    let struck = run.struck(0);
    assert_eq!(run.detached(5.0, 8.0), BTreeSet::new(), "nobody is told");
    let silence_s = run.setup.design.silence_limit().as_secs_f64();
    assert_eq!(run.detached(5.0, 5.0 + silence_s + 1.0), struck);
    let again: BTreeSet<DeviceId> =
        run.attached(6.0, 27.0).iter().map(|(device, _)| *device).collect();
    assert_eq!(again, struck, "the other network works");
    assert_eq!(run.links(5.0, 5.01).len(), struck.len());
}

#[test]
fn churn_befalls_each_device_in_its_own_way() {
    let run = run("churn");
    let struck = run.struck(0);
    let detached = run.detached(3.0, 60.0);
    assert!(detached.is_subset(&struck) && detached.len() * 2 > struck.len(), "{detached:?}");
    let stopped = run.within(3.0, 27.0).any(|event| {
        matches!(&event.body, EventBody::Truth { name, up: false, .. } if name.starts_with("device-"))
    });
    assert!(stopped, "some app is killed");
}

#[test]
fn after_a_storm_everybody_is_back() {
    let run = run("reconnect-storm");
    let all: BTreeSet<DeviceId> = run.setup.devices().map(|(_, device, _)| device).collect();
    assert_eq!(run.detached(8.0, 8.2), all);
    let back: BTreeSet<DeviceId> =
        run.attached(8.0, 20.0).iter().map(|(device, _)| *device).collect();
    assert_eq!(back, all);
}

#[test]
fn a_push_that_failed_is_tried_again() {
    let attempts = |run: &Run, wanted: PushStage| {
        let attempt = |event: &Event| match &event.body {
            EventBody::Push { stage, attempt, .. } if *stage == wanted => Some(*attempt),
            _ => None,
        };
        run.within(0.0, 24.0).filter_map(attempt).collect::<Vec<u32>>()
    };
    let failing = run("gateway-failing");
    assert_eq!(attempts(&failing, PushStage::Received), Vec::<u32>::new());
    assert!(attempts(&failing, PushStage::Requested).iter().any(|attempt| *attempt > 1));
    let slow = run("gateway-slow");
    assert!(!attempts(&slow, PushStage::Received).is_empty());
    assert!(
        slow.judged.effects[1].affected as usize >= attempts(&slow, PushStage::Requested).len()
    );
}
