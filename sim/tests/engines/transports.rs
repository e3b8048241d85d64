//! The four transports in the fast engine: nothing is lost over any of them, and they cost what they
//! are said to.

use std::time::Duration;

use hubbub_chat::{Design, design::Transport};
use hubbub_scenario::{Figure, Scenario};
use hubbub_sim::{Judged, TransportTotals, fast, first_difference, judge};

use crate::support::{
    BUSY_FAULTS, FAULTS, LIVELY, assert_clean, assert_effects, assert_no_violation, busy_with,
    lively_with, scenario, setup,
};

const TRANSPORTS: [Transport; 4] =
    [Transport::Websocket, Transport::LongPolling, Transport::Polling, Transport::HttpSend];

/// Few messages between two, and many users who only wait.
const SPARSE: &str = r#"
version = 1
name = "sparse"
summary = "Direct chat with few messages; most users are quiet."
[workload]
users = 40
contacts = 1
quiet_users = 0.6
sends_per_user = "3/min"
duration = "5min"
"#;

fn design(transport: Transport) -> Design {
    Design { transport, ..Design::default() }
}

fn run(scenario: &Scenario, design: &Design, seed: u64) -> (Judged, TransportTotals) {
    let setup = setup(scenario, design, seed);
    let outcome = fast::run(&setup, false);
    (judge(&setup, &outcome), outcome.transport)
}

#[test]
fn nothing_is_lost_over_any_transport_whatever_goes_wrong() {
    for transport in TRANSPORTS {
        for (name, faults) in FAULTS {
            let name = format!("{name} over {transport}");
            let (judged, totals) = run(&lively_with(faults), &design(transport), 3);
            assert_clean(&name, &judged);
            assert_effects(&name, &judged);
            assert!(judged.counts.delivered > 500, "{name}: {:?}", judged.counts);
            assert_eq!(totals.all.frames_dropped, 0, "{name}");
        }
    }
}

/// Heartbeats travel with polls: a user is shown as offline between two of them unless those are as
/// close as heartbeats are.
#[test]
fn every_role_holds_over_each_transport_whatever_goes_wrong() {
    for transport in TRANSPORTS {
        for (name, faults) in BUSY_FAULTS {
            let name = format!("{name} over {transport}");
            let scenario = busy_with(faults);
            let often = Duration::from_secs(2);
            let design = Design {
                transport,
                poll_wait: often,
                poll_interval: often,
                heartbeat: often,
                ..scenario.design.clone()
            };
            let (judged, _) = run(&scenario, &design, 2);
            assert_no_violation(&name, &judged);
            assert_effects(&name, &judged);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_over_each_transport() {
    for transport in TRANSPORTS {
        let faults: String = [0, 2, 3, 4, 6].map(|index| FAULTS[index].1).concat();
        let setup = setup(&lively_with(&faults), &design(transport), 7);
        let [one, other] = [0, 1].map(|_| fast::run(&setup, true).trace.unwrap());
        assert!(one.messages().count() >= 1000, "{transport}");
        assert_eq!(first_difference(&one, &other), None, "{transport}");
    }
}

#[test]
fn polling_delivers_within_an_interval_and_round_trips() {
    let design = design(Transport::Polling);
    let (judged, _) = run(&scenario(SPARSE), &design, 1);
    assert_no_violation("polling", &judged);
    // At most 20 ms each: the handshake of the send's connection and the send (3), the store (2),
    // the hint to the other server, the poll and its answer.
    let round_trips = Duration::from_millis(8 * 20);
    let most_ms = (design.poll_interval + round_trips).as_secs_f64() * 1e3;
    let times = &judged.times.deliver;
    assert!(times.count > 100 && times.max_ms <= most_ms, "{times:?}");
    assert!(times.p50_ms > 1000.0, "on average half an interval: {times:?}");
}

#[test]
fn held_polls_are_as_quick_as_a_stream_and_fewer_than_regular_ones() {
    let [stream, held, regular] =
        [Transport::Websocket, Transport::LongPolling, Transport::Polling]
            .map(|transport| run(&scenario(SPARSE), &design(transport), 2));
    let delay = |(judged, _): &(Judged, TransportTotals)| judged.times.deliver.p50_ms;
    assert!(delay(&held) < 2.0 * delay(&stream), "{} {}", delay(&held), delay(&stream));
    assert!(delay(&held) * 20.0 < delay(&regular), "{} {}", delay(&held), delay(&regular));
    let requests = |(_, totals): &(Judged, TransportTotals)| totals.all.requests;
    assert!(2 * requests(&held) < requests(&regular), "{} {}", requests(&held), requests(&regular));
    assert!(20 * requests(&stream) < requests(&held), "{}", requests(&stream));
    assert!(regular.1.all.polls_empty * 10 > regular.1.all.polls * 8, "{:?}", regular.1.all);
}

#[test]
fn an_idle_user_costs_a_poll_for_each_interval_or_wait() {
    for (transport, least, most) in [
        (Transport::Websocket, 0.0, 0.0),
        (Transport::HttpSend, 0.0, 0.0),
        // 3600 s / 25 s, give or take one of the twelve polls in five minutes.
        (Transport::LongPolling, 132.0, 156.0),
        (Transport::Polling, 700.0, 740.0),
    ] {
        let (judged, totals) = run(&scenario(SPARSE), &design(transport), 1);
        assert!(totals.idle_users >= 3 && totals.quiet_devices == 24, "{totals:?}");
        let per_hour = judged.figures[&Figure::RequestsPerIdleUserHour];
        assert!((least..=most).contains(&per_hour), "{transport}: {per_hour}");
    }
}

#[test]
fn without_keep_alive_each_request_opens_a_connection_and_takes_longer() {
    for transport in [Transport::LongPolling, Transport::Polling] {
        let [kept, closed] = [true, false].map(|keep_alive| {
            run(&scenario(SPARSE), &Design { keep_alive, ..design(transport) }, 4)
        });
        assert_no_violation("kept", &kept.0);
        assert_no_violation("closed", &closed.0);
        // One for each of the two lanes, and for a device that never sends too: the greeting.
        assert_eq!(kept.1.all.connections_opened, 2 * kept.0.counts.devices, "{transport}");
        assert_eq!(closed.1.all.connections_opened, closed.1.all.requests, "{transport}");
        let delay = |run: &(Judged, TransportTotals)| run.0.times.deliver.p50_ms;
        if transport == Transport::LongPolling {
            assert!(delay(&closed) > delay(&kept), "{} {}", delay(&kept), delay(&closed));
        }
    }
}

#[test]
fn sends_by_request_open_one_more_connection_than_a_stream() {
    let of = |transport| run(&scenario(SPARSE), &design(transport), 5);
    let (stream, beside) = (of(Transport::Websocket), of(Transport::HttpSend));
    let senders = 16;
    let devices = stream.0.counts.devices;
    assert_eq!(stream.1.all.connections_opened, devices);
    assert_eq!(stream.1.all.requests, devices, "the upgrades");
    assert!(beside.1.all.connections_opened <= devices + senders);
    assert!(beside.1.all.connections_opened > devices + senders / 2);
    assert!(beside.1.all.requests >= devices + beside.0.counts.sends / 2);
    assert_eq!(beside.1.all.polls, 0);
}

#[test]
fn a_vanished_client_is_believed_in_for_longer_than_one_that_closed() {
    let struck = |transport, kind: &str| {
        let fault = format!(
            "[[fault]]\nat = \"60s\"\nfor = \"90s\"\nkind = \"{kind}\"\nhost = \"devices-1\"\n"
        );
        let scenario = scenario(&format!("{SPARSE}{fault}"));
        let (judged, _) = run(&scenario, &design(transport), 6);
        assert_no_violation(kind, &judged);
        assert_effects(kind, &judged);
        judged.figures[&Figure::BelievedConnectedS]
    };
    let of_default = Design::default();
    let [silence, wait] =
        [of_default.silence_after, of_default.poll_wait].map(|time| time.as_secs_f64());
    for vanishing in ["power-loss", "partition"] {
        let held = struck(Transport::LongPolling, vanishing);
        assert!((silence + 5.0..=wait + silence + 1.0).contains(&held), "{vanishing}: {held}");
        let stream = struck(Transport::Websocket, vanishing);
        assert!((1.0..=silence + 1.0).contains(&stream), "{vanishing}: {stream}");
    }
    let closed = struck(Transport::LongPolling, "crash");
    assert!((silence - 1.0..=silence + 1.0).contains(&closed), "{closed}");
    let stream = struck(Transport::Websocket, "crash");
    assert!(stream < 0.1, "a closed stream ends at once: {stream}");
}

#[test]
fn a_restarted_chat_server_closes_kept_connections_and_all_come_back() {
    let fault = FAULTS.iter().find(|(name, _)| *name == "crash").unwrap().1;
    for transport in [Transport::LongPolling, Transport::Polling] {
        let (judged, totals) = run(&lively_with(fault), &design(transport), 8);
        assert_clean("crash", &judged);
        assert!(judged.counts.detached > 0, "{transport}");
        assert!(totals.all.repeats > 0, "{transport}: {totals:?}");
    }
}

/// Discovery goes on naming a server that answers nobody new. The attempt of a polling device is over
/// before that of a connection would be.
#[test]
fn a_server_that_does_not_answer_leaves_time_for_its_fallback_over_every_transport() {
    let faults = "[cluster]\nchat = 2\nregions = [\"eu\", \"us\"]\n\
        [[fault]]\nat = \"9s\"\nfor = \"16s\"\nkind = \"black-hole\"\nhost = \"chat-2\"\n\
        [[fault]]\nat = \"10s\"\nfor = \"100ms\"\nkind = \"restart\"\nhost = \"chat-2\"\n";
    for transport in [Transport::Websocket, Transport::LongPolling, Transport::Polling] {
        let design = Design { request_timeout: Duration::from_secs(2), ..design(transport) };
        let (judged, _) = run(&scenario(&format!("{LIVELY}{faults}")), &design, 8);
        assert_clean("black hole", &judged);
        assert_effects("black hole", &judged);
        let reattach_s = judged.figures[&Figure::ReattachS];
        assert!((1.0..14.0).contains(&reattach_s), "before it answers again: {reattach_s} s");
    }
}
