//! The same device and the same chat server over each transport.

use std::time::Duration;

use hubbub_chat::{
    Design,
    design::Transport,
    device::DeviceEvent,
    frame::ClientFrame,
    transport::{CallBody, TransportCounts},
};

use crate::{
    support::{ANN, BEN, BENS, PHONE, seconds},
    transport_world::{LATENCY, World},
};

const TRANSPORTS: [Transport; 4] =
    [Transport::Websocket, Transport::LongPolling, Transport::Polling, Transport::HttpSend];

fn design(transport: Transport) -> Design {
    Design { transport, ..Design::default() }
}

/// Ann and Ben, both attached and synced.
fn pair(design: Design) -> World {
    let mut world = World::new(design);
    world.login(ANN, PHONE);
    world.login(BEN, BENS);
    world.run_for(seconds(20));
    assert!(world.node(PHONE).machine.is_synced() && world.node(BENS).machine.is_synced());
    world
}

/// Messages both ways, numbered from `first`, and what both should have then.
fn talk(world: &mut World, first: usize) {
    for number in first..first + 10 {
        world.send(PHONE, &format!("ann {number}"));
        world.run_for(Duration::from_millis(300));
        world.send(BENS, &format!("ben {number}"));
        world.run_for(Duration::from_millis(300));
    }
}

fn assert_all_applied(world: &World, count: usize) {
    let texts = world.texts(PHONE);
    assert_eq!(texts, world.texts(BENS), "one order");
    for name in ["ann", "ben"] {
        let theirs: Vec<_> = texts.iter().filter(|text| text.starts_with(name)).collect();
        let all: Vec<_> = (1..=count).map(|number| format!("{name} {number}")).collect();
        assert_eq!(theirs, all.iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_device_has_everything_a_few_round_trips_after_its_start() {
    for transport in TRANSPORTS {
        let mut world = World::new(design(transport));
        world.login(ANN, PHONE);
        // With polls: there and back to open, to greet and to ask for the answer; and the first two
        // go over connections that have to be opened.
        world.run_for(10 * LATENCY);
        assert!(world.node(PHONE).machine.is_synced(), "{transport}");
    }
}

#[test]
fn messages_go_both_ways_over_each_transport() {
    for transport in TRANSPORTS {
        let mut world = pair(design(transport));
        talk(&mut world, 1);
        world.run_for(seconds(15));
        assert_all_applied(&world, 10);
        assert_eq!((world.detached(PHONE), world.detached(BENS)), (0, 0), "{transport}");
        assert_eq!(world.server.session_count(), 2, "{transport}");
    }
}

#[test]
fn devices_come_back_after_the_server_has_restarted() {
    for transport in TRANSPORTS {
        let mut world = pair(design(transport));
        talk(&mut world, 1);
        world.restart_server();
        talk(&mut world, 11);
        world.run_for(seconds(60));
        assert_all_applied(&world, 20);
        assert!(world.detached(PHONE) >= 1 && world.detached(BENS) >= 1, "{transport}");
        assert_eq!(world.server.session_count(), 2, "{transport}");
    }
}

#[test]
fn a_device_that_was_cut_off_for_long_comes_back_and_its_former_session_ends() {
    for transport in TRANSPORTS {
        let mut world = pair(design(transport));
        talk(&mut world, 1);
        world.cut_off(BENS, true);
        for number in 11..=20 {
            world.send(PHONE, &format!("ann {number}"));
            world.send(BENS, &format!("ben {number}"));
        }
        world.run_for(seconds(100));
        assert_eq!(world.server.session_count(), 1, "{transport}: nobody believes in it any more");
        world.cut_off(BENS, false);
        world.run_for(seconds(90));
        assert_all_applied(&world, 20);
        assert_eq!(world.server.session_count(), 2, "{transport}");
    }
}

#[test]
fn a_short_gap_costs_a_device_with_held_polls_no_session() {
    let mut world = pair(design(Transport::LongPolling));
    world.cut_off(BENS, true);
    world.send(PHONE, "ann 1");
    world.run_for(seconds(2));
    world.cut_off(BENS, false);
    world.send(BENS, "ben 1");
    world.run_for(seconds(30));
    assert_all_applied(&world, 1);
    assert_eq!(world.detached(BENS), 0, "the poll was repeated and brought what was missing");
}

#[test]
fn an_idle_or_a_busy_hour_cuts_nobody() {
    for transport in TRANSPORTS {
        let mut world = pair(design(transport));
        world.run_for(seconds(3600));
        for number in 1..=600 {
            world.send(PHONE, &format!("ann {number}"));
            world.run_for(seconds(6));
        }
        assert_eq!((world.detached(PHONE), world.detached(BENS)), (0, 0), "{transport}");
    }
}

#[test]
fn over_http_send_only_sends_go_by_request_and_nothing_else_does() {
    let mut world = pair(design(Transport::HttpSend));
    talk(&mut world, 1);
    world.run_for(seconds(30));
    let calls = &world.node(PHONE).calls;
    assert!(!calls.is_empty());
    for call in calls {
        let CallBody::Frames(body) = &call.body else { panic!("{call:?}") };
        assert!(body.frames.iter().all(|frame| matches!(frame, ClientFrame::Send(_))));
    }
    let counts = world.counts(PHONE);
    assert_eq!(counts.requests, 1 + 10, "the upgrade and the sends");
    assert_eq!(counts.connections_opened, 2, "the stream and the one kept for sends");
}

#[test]
fn a_send_that_waits_for_the_greeting_over_http_send_is_not_cut() {
    let mut world = World::new(design(Transport::HttpSend));
    world.login(ANN, PHONE);
    world.login(BEN, BENS);
    world.send(PHONE, "ann 1");
    world.send(BENS, "ben 1");
    world.run_for(seconds(10));
    assert_all_applied(&world, 1);
    assert_eq!((world.detached(PHONE), world.detached(BENS)), (0, 0));
}

/// What an idle hour costs, and how long a message takes that follows it.
fn idle_hour(transport: Transport) -> (TransportCounts, Duration) {
    let mut world = pair(design(transport));
    let before = world.counts(BENS);
    world.run_for(seconds(3600));
    let cost = world.counts(BENS).since(&before);
    world.send(PHONE, "after the hour");
    world.run_for(seconds(20));
    let at = |device, is_it: fn(&DeviceEvent) -> bool| {
        world.node(device).events.iter().find(|(_, event)| is_it(event)).map(|(at, _)| *at)
    };
    let sent = at(PHONE, |event| matches!(event, DeviceEvent::Invoked(_)));
    let applied = at(BENS, |event| matches!(event, DeviceEvent::Applied { .. }));
    let (Some(sent), Some(applied)) = (sent, applied) else { panic!("it did not arrive") };
    (cost, Duration::from_nanos(applied - sent))
}

#[test]
fn the_transports_cost_what_they_are_said_to() {
    let (websocket, stream_delay) = idle_hour(Transport::Websocket);
    let (long_polling, held_delay) = idle_hour(Transport::LongPolling);
    let (polling, polled_delay) = idle_hour(Transport::Polling);
    assert_eq!((websocket.requests, websocket.polls), (0, 0));
    assert!((143..=144).contains(&long_polling.requests), "{long_polling:?}");
    assert_eq!(polling.requests, 720, "{polling:?}");
    for cost in [long_polling, polling] {
        assert_eq!((cost.polls, cost.polls_empty), (cost.requests, cost.requests));
        assert_eq!(cost.connections_opened, 0, "the kept one is used again");
    }
    assert!(polling.bytes_up > 3 * websocket.bytes_up, "{polling:?} {websocket:?}");
    assert!(polling.wake_ups >= 720 && (143..=145).contains(&long_polling.wake_ups));
    assert_eq!(stream_delay, Duration::from_millis(20));
    assert_eq!(held_delay, Duration::from_millis(20), "a held poll is as quick as a stream");
    assert!(polled_delay > stream_delay && polled_delay < Duration::from_millis(5100));
}

#[test]
fn without_keep_alive_each_request_costs_a_connection_and_a_round_trip() {
    let delay = |keep_alive| {
        let mut world = pair(Design { keep_alive, ..design(Transport::LongPolling) });
        let calls = world.counts(PHONE);
        world.send(PHONE, "ann 1");
        world.run_for(seconds(1));
        let cost = world.counts(PHONE);
        let applied = world.node(BENS).events.last().map(|(at, _)| *at).unwrap();
        (
            cost.connections_opened - calls.connections_opened,
            cost.requests - calls.requests,
            applied,
        )
    };
    let (kept, requests, soon) = delay(true);
    assert_eq!((kept, requests), (0, 2), "the send, and the poll after its acceptance");
    let (opened, requests, late) = delay(false);
    assert_eq!((opened, requests), (2, 2));
    assert!(late > soon);
}

#[test]
fn more_than_a_session_may_have_unconfirmed_comes_between_two_polls_and_cuts_nobody() {
    for unconfirmed in [8, 16] {
        let mut world = pair(Design {
            session_unconfirmed_max: unconfirmed,
            page_entries_max: 8,
            ..design(Transport::Polling)
        });
        for number in 1..=40 {
            world.send(PHONE, &format!("ann {number}"));
            world.run_for(Duration::from_millis(100));
        }
        let texts: Vec<_> = (1..=40).map(|number| format!("ann {number}")).collect();
        world.run_for(seconds(60));
        assert_eq!(world.texts(BENS), texts, "{unconfirmed}");
        assert_eq!((world.detached(PHONE), world.detached(BENS)), (0, 0), "{unconfirmed}");
    }
}

#[test]
fn whoever_catches_up_by_polling_does_not_wait_for_an_interval_between_pages() {
    let small = Design { session_unconfirmed_max: 8, page_entries_max: 4, ..Design::default() };
    let mut world = pair(Design { transport: Transport::Polling, ..small });
    world.cut_off(BENS, true);
    for number in 1..=80 {
        world.send(PHONE, &format!("ann {number}"));
        world.run_for(Duration::from_millis(300));
    }
    world.run_for(seconds(40));
    world.cut_off(BENS, false);
    let mut waited = 0;
    while world.texts(BENS).len() < 8 {
        waited += 1;
        assert!(waited < 100, "the device comes back");
        world.run_for(seconds(1));
    }
    // Twenty pages of four, each with the report of the one before.
    world.run_for(2 * Design::default().poll_interval);
    assert_eq!(world.texts(BENS).len(), 80);
}
