//! Polls over a network that loses, repeats and delays.

use std::{cell::Cell, rc::Rc, time::Duration};

use hubbub_chat::{
    Design,
    design::Transport,
    device::DeviceInput,
    frame::{ClientFrame, Cursors, CutReason, ServerFrame},
    transport::{Call, CallBody, ClientInput, FramesBody, Lane, PollBody, REQUEST_FRAMES_MAX},
};

use crate::{
    support::seconds,
    transport_link::{Fate, LATENCY, Link, Packet, Reply, heartbeat, send_frame},
};

fn design(transport: Transport) -> Design {
    Design { transport, ..Design::default() }
}

fn long_polling() -> Link {
    Link::open(design(Transport::LongPolling))
}

/// The first packet that `meets` gets this fate, the others pass.
fn once(fate: Fate, meets: impl Fn(&Packet) -> bool + 'static) -> impl FnMut(&Packet) -> Fate {
    let mut met = false;
    move |packet| {
        if !met && meets(packet) {
            met = true;
            fate
        } else {
            Fate::Pass
        }
    }
}

fn is_poll(packet: &Packet) -> bool {
    matches!(packet, Packet::Request(call) if call.lane == Lane::Receive)
}

fn is_send(packet: &Packet) -> bool {
    matches!(packet, Packet::Request(call) if call.lane == Lane::Send)
}

fn is_poll_answer(packet: &Packet) -> bool {
    matches!(packet, Packet::Answer(_, Reply::Poll(_)))
}

fn assert_all_received(link: &Link) {
    let all: Vec<u64> = (1..=link.said()).collect();
    assert_eq!(link.received(), all);
    assert!(!link.was_told(&DeviceInput::Closed));
}

#[test]
fn what_the_server_says_reaches_a_long_polling_device_within_one_way() {
    let mut link = long_polling();
    let said = link.now();
    link.say(true);
    link.run_for(seconds(1));
    assert_all_received(&link);
    let (heard, _) = link.told.last().unwrap();
    assert_eq!(Duration::from_nanos(heard - said), LATENCY);
}

#[test]
fn a_lost_poll_is_repeated_under_its_number() {
    let mut link = long_polling();
    link.say(true);
    link.rule(once(Fate::Drop, is_poll));
    link.run_for(Duration::from_millis(15));
    link.say(true);
    link.run_for(seconds(27));
    assert_eq!(link.received(), [1], "nobody knows yet");
    link.run_for(seconds(2));
    assert_all_received(&link);
    assert_eq!(link.client.counts().repeats, 1);
}

#[test]
fn a_lost_answer_is_given_again() {
    let mut link = long_polling();
    link.rule(once(Fate::Drop, is_poll_answer));
    link.say(true);
    link.say(true);
    link.run_for(seconds(30));
    assert_all_received(&link);
}

#[test]
fn an_answer_that_comes_twice_or_after_its_repeat_counts_once() {
    let mut link = long_polling();
    link.rule(once(Fate::Twice, is_poll_answer));
    link.say(true);
    link.run_for(seconds(1));
    assert_all_received(&link);
    link.rule(once(Fate::Delay(seconds(29)), is_poll_answer));
    link.say(true);
    link.run_for(seconds(60));
    assert_all_received(&link);
}

#[test]
fn a_closed_connection_costs_a_repeat_and_no_session() {
    let mut link = long_polling();
    link.break_connections();
    link.say(true);
    link.run_for(Duration::from_millis(100));
    assert_all_received(&link);
    let last = &link.calls[link.calls.len() - 2];
    assert!(last.new_connection, "{last:?}");
    assert_eq!(link.sessions.len(), 1);
}

#[test]
fn a_lost_or_repeated_request_of_the_send_lane_is_taken_in_once() {
    for fate in [Fate::Drop, Fate::Twice, Fate::Reset, Fate::Delay(seconds(4))] {
        let mut link = long_polling();
        link.rule(once(fate, is_send));
        link.send(1);
        link.send(2);
        link.run_for(seconds(10));
        assert_eq!(link.taken_sends(), [1, 2], "{fate:?}");
        link.rule(once(fate, |packet| matches!(packet, Packet::Answer(_, Reply::Taken))));
        link.send(3);
        link.run_for(seconds(10));
        assert_eq!(link.taken_sends(), [1, 2, 3], "{fate:?}");
        assert!(!link.was_told(&DeviceInput::Closed));
    }
}

#[test]
fn a_call_that_fails_three_times_ends_the_connection() {
    let mut link = long_polling();
    link.rule(|packet| if is_send(packet) { Fate::Drop } else { Fate::Pass });
    link.send(1);
    let expected = 3 * Design::default().request_timeout + Design::default().reconnect_base;
    link.run_for(expected - Duration::from_millis(1));
    assert!(!link.was_told(&DeviceInput::Closed));
    link.run_for(Duration::from_millis(1));
    assert!(link.was_told(&DeviceInput::Closed));
    let tries = link.calls.iter().filter(|call| call.lane == Lane::Send).count();
    assert_eq!(tries, 1 + 3, "the greeting, then three of the same");
}

#[test]
fn an_opening_is_tried_once() {
    for fate in [Fate::Drop, Fate::Reset] {
        let mut link = Link::new(design(Transport::LongPolling));
        link.rule(move |packet| if is_poll(packet) { fate } else { Fate::Pass });
        link.device(ClientInput::Open);
        link.run_for(seconds(4));
        let told: Vec<_> = link.told.iter().map(|(_, input)| input.clone()).collect();
        assert_eq!((told, link.polls()), (vec![DeviceInput::Unreachable], 1));
    }
}

#[test]
fn a_server_that_has_restarted_does_not_know_the_session_and_the_device_opens_another() {
    for transport in [Transport::LongPolling, Transport::Polling] {
        let mut link = Link::open(design(transport));
        link.say(true);
        link.run_for(seconds(6));
        let former = link.session;
        link.restart_server();
        link.run_for(seconds(6));
        assert!(link.was_told(&DeviceInput::Closed));
        link.device(ClientInput::Open);
        link.run_for(seconds(1));
        assert_ne!(link.session, former);
        link.say(true);
        link.run_for(seconds(6));
        assert_all_received_after_loss(&link);
    }
}

fn assert_all_received_after_loss(link: &Link) {
    assert_eq!(link.received(), (1..=link.said()).collect::<Vec<_>>());
    assert_eq!(link.told.iter().filter(|(_, input)| *input == DeviceInput::Opened).count(), 2);
}

#[test]
fn a_cut_reaches_the_device_with_its_reason_even_when_the_answer_is_lost() {
    let mut link = long_polling();
    link.rule(once(Fate::Drop, is_poll_answer));
    link.cut(CutReason::Replaced);
    link.run_for(seconds(30));
    let bye = DeviceInput::Frame(ServerFrame::Bye { reason: CutReason::Replaced });
    let [.., (_, reason), (_, closed)] = &link.told[..] else { panic!("{:?}", link.told) };
    assert_eq!((reason, closed), (&bye, &DeviceInput::Closed));
}

#[test]
fn nothing_overtakes_the_greeting() {
    let mut link = Link::new(design(Transport::LongPolling));
    link.rule(once(Fate::Drop, is_send));
    link.device(ClientInput::Open);
    link.run_for(Duration::from_millis(50));
    // The greeting is lost, and meanwhile polls are made.
    link.device(ClientInput::Frame(heartbeat(1)));
    link.send(1);
    link.say(true);
    link.run_for(seconds(1));
    assert_eq!(link.taken, []);
    link.run_for(seconds(30));
    assert!(matches!(link.taken[0], ClientFrame::Hello { .. }));
    assert_eq!(link.taken[1..], [send_frame(1), heartbeat(1)]);
}

#[test]
fn heartbeats_and_cursor_reports_wait_for_the_next_poll_and_merge() {
    let mut link = long_polling();
    let frames = link.taken.len();
    let report = |cursor| match heartbeat(cursor) {
        ClientFrame::Heartbeat { cursors } => ClientFrame::Cursor { cursors },
        other => other,
    };
    for frame in [heartbeat(1), report(1), heartbeat(2), report(3), report(4)] {
        link.device(ClientInput::Frame(frame));
    }
    let calls = link.calls.len();
    link.run_for(seconds(20));
    assert_eq!((link.taken.len(), link.calls.len()), (frames, calls), "they make no calls");
    link.say(true);
    link.run_for(seconds(1));
    assert_eq!(link.taken[frames..], [report(4), heartbeat(2)]);
}

#[test]
fn sends_are_gathered_while_a_call_is_under_way_and_bounded_per_request() {
    let mut link = long_polling();
    let count = 2 * REQUEST_FRAMES_MAX as u64;
    (1..=count).for_each(|number| link.send(number));
    link.run_for(seconds(1));
    assert_eq!(link.taken_sends(), (1..=count).collect::<Vec<_>>());
    let size = |call: &Call| match &call.body {
        CallBody::Frames(FramesBody { frames, .. }) => Some(frames.len()),
        CallBody::Poll(_) => None,
    };
    let sizes: Vec<usize> = link.calls.iter().filter_map(size).collect();
    assert_eq!(sizes, [1, 1, REQUEST_FRAMES_MAX, REQUEST_FRAMES_MAX - 1]);
}

#[test]
fn too_many_waiting_frames_are_dropped_and_counted_and_a_repeat_waits_once() {
    use hubbub_chat::transport::WAITING_FRAMES_MAX;
    let mut link = long_polling();
    link.rule(|packet| if is_send(packet) { Fate::Drop } else { Fate::Pass });
    let taken_along = 1;
    let count = (taken_along + WAITING_FRAMES_MAX) as u64;
    (1..=count).for_each(|number| link.send(number));
    (2..=count).for_each(|number| link.send(number));
    assert_eq!(link.client.counts().frames_dropped, 0);
    link.send(count + 1);
    link.send(count + 2);
    assert_eq!(link.client.counts().frames_dropped, 2);
}

#[test]
fn an_empty_answer_is_a_sign_of_life() {
    let mut link = long_polling();
    link.told.clear();
    link.run_for(seconds(26));
    let alive = ServerFrame::Alive { cursors: Cursors::new() };
    let told: Vec<_> = link.told.iter().map(|(_, input)| input.clone()).collect();
    assert_eq!(told, [DeviceInput::Frame(alive)]);
    assert_eq!(link.client.counts().polls_empty, 2, "the opening one was empty too");
}

#[test]
fn an_idle_long_polling_device_asks_once_per_wait() {
    let mut link = long_polling();
    let before = link.client.counts();
    link.run_for(seconds(3600));
    let counts = link.client.counts();
    // An answer and the next poll take a round trip more than the wait.
    assert!((143..=144).contains(&(counts.requests - before.requests)), "{counts:?}");
    assert_eq!(counts.wake_ups - before.wake_ups, counts.polls - before.polls);
    assert_eq!(counts.connections_opened, 2, "one for each lane");
}

#[test]
fn a_polling_device_asks_as_soon_as_it_is_greeted_and_an_interval_later_again() {
    let mut link = Link::new(design(Transport::Polling));
    link.rule(once(Fate::Delay(seconds(1)), is_send));
    link.device(ClientInput::Open);
    link.run_for(seconds(1));
    assert_eq!(link.polls(), 1, "the opening");
    // There and back for the opening, then for the greeting.
    link.run_for(4 * LATENCY);
    assert_eq!((link.taken.len(), link.polls()), (1, 2));
    link.run_for(seconds(5) - Duration::from_millis(1));
    assert_eq!(link.polls(), 2);
    link.run_for(Duration::from_millis(1));
    assert_eq!(link.polls(), 3);
}

#[test]
fn a_polling_device_asks_once_per_interval() {
    let mut link = Link::open(design(Transport::Polling));
    let before = link.client.counts();
    link.run_for(seconds(3600));
    let counts = link.client.counts();
    assert_eq!(counts.requests - before.requests, 3600 / 5);
    assert_eq!(counts.polls - before.polls, 3600 / 5);
    assert_eq!(counts.connections_opened, 2, "one for each lane");
}

#[test]
fn without_keep_alive_each_request_opens_a_connection() {
    let design = Design { keep_alive: false, ..design(Transport::LongPolling) };
    let mut link = Link::open(design);
    for number in 1..=20 {
        link.send(number);
        link.say(true);
        link.run_for(seconds(1));
    }
    let counts = link.client.counts();
    assert!(counts.requests > 40);
    assert_eq!(counts.connections_opened, counts.requests);
    assert!(link.calls.iter().all(|call| call.new_connection));
}

#[test]
fn a_client_that_is_gone_is_believed_in_according_to_how_it_went() {
    let design = design(Transport::LongPolling);
    for (closed, believed) in
        [(true, design.silence_after), (false, design.poll_wait + design.silence_after)]
    {
        let mut link = Link::open(design.clone());
        link.say(true);
        link.run_for(LATENCY);
        // The device has its answer, its next poll arrives, and that was the last of it.
        link.run_for(LATENCY);
        let gone = link.now();
        link.rule(|_| Fate::Drop);
        link.device(ClientInput::Close);
        if closed {
            link.close_quietly();
        }
        link.run_for(seconds(60));
        let [(_, silent)] = link.silent[..] else { panic!("{:?}", link.silent) };
        assert_eq!(Duration::from_nanos(silent - gone), believed, "closed: {closed}");
        assert_eq!(link.sessions.len(), 0);
    }
}

#[test]
fn a_device_that_closes_hears_no_more_of_that_session() {
    let mut link = long_polling();
    let answers = Rc::new(Cell::new(0));
    let seen = answers.clone();
    link.rule(move |packet| {
        seen.set(seen.get() + u32::from(is_poll_answer(packet)));
        Fate::Pass
    });
    link.say(true);
    link.device(ClientInput::Close);
    let told = link.told.len();
    link.run_for(seconds(5));
    assert_eq!((answers.get(), link.told.len()), (1, told));
    let is_opening =
        |call: &Call| matches!(call.body, CallBody::Poll(PollBody { session: None, .. }));
    link.device(ClientInput::Open);
    link.run_for(seconds(1));
    assert_eq!(link.calls.iter().filter(|call| is_opening(call)).count(), 2);
    link.say(true);
    link.run_for(seconds(1));
    assert_eq!(link.received(), [2]);
}
