//! A session begins with a greeting and ends with a reason.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, MessageId,
    device::DetachCause,
    frame::{ClientFrame, Cursors, CutReason, PROTOCOL_VERSION},
    server::{Input, Output},
};

use crate::support::{
    bench::{cuts, store_requests},
    *,
};

#[test]
fn an_unknown_protocol_version_is_cut() {
    let mut bench = Bench::new(Design::default(), false);
    bench.attach(1, ANN, PHONE);
    let version = PROTOCOL_VERSION + 1;
    let outputs = bench
        .frame(1, ClientFrame::Hello { newest: MessageId::ZERO, version, cursors: Cursors::new() });
    assert_eq!(outputs, [Output::Cut(hubbub_chat::SessionId(1), CutReason::Protocol)]);
    assert_eq!(bench.server.session_count(), 0);
}

#[test]
fn any_frame_before_the_greeting_is_cut_and_has_no_effect() {
    let cursors = Cursors::from([(direct(), hubbub_chat::MessageId(1))]);
    for frame in [
        ClientFrame::Heartbeat { cursors: cursors.clone() },
        ClientFrame::Sync { newest: MessageId::ZERO, cursors: cursors.clone() },
        ClientFrame::Cursor { cursors },
    ] {
        let mut bench = Bench::new(Design::default(), false);
        bench.attach(1, ANN, PHONE);
        let outputs = bench.frame(1, frame);
        assert_eq!(outputs, [Output::Cut(hubbub_chat::SessionId(1), CutReason::Protocol)]);
    }
}

#[test]
fn a_second_greeting_is_cut() {
    let mut bench = Bench::new(Design::default(), false);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    let again = ClientFrame::Hello {
        newest: MessageId::ZERO,
        version: PROTOCOL_VERSION,
        cursors: Cursors::new(),
    };
    let outputs = bench.frame(1, again);
    assert_eq!(cuts(&outputs), [(1, CutReason::Protocol)]);
}

#[test]
fn frames_of_a_session_that_has_ended_mean_nothing() {
    let mut bench = Bench::new(Design::default(), false);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    bench.input(Input::Closed(hubbub_chat::SessionId(1)));
    let outputs = bench.frame(1, ClientFrame::Heartbeat { cursors: Cursors::new() });
    assert_eq!(outputs, []);
}

#[test]
fn a_newer_session_of_the_same_device_replaces_the_older_one() {
    let mut bench = Bench::new(Design::default(), false);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    let outputs = bench.greet(2, ANN, LAPTOP, Cursors::new());
    assert_eq!(cuts(&outputs), [], "another device of the user stays");
    let outputs = bench.greet(3, ANN, PHONE, Cursors::new());
    assert_eq!(cuts(&outputs), [(1, CutReason::Replaced)]);
    assert_eq!(store_requests(&outputs).len(), 1, "the new session syncs");
    assert_eq!(bench.server.session_count(), 2);
    assert_reached(bench.server.situations(), Situation::SessionReplaced);
}

#[test]
fn a_dead_connection_is_noticed_at_both_ends_and_replaced() {
    let mut world = pair();
    world.send(PHONE, direct(), "one");
    world.run_for(seconds(1));
    let started = world.now();
    world.wedge_connection(BENS);
    world.send(PHONE, direct(), "two");
    world.run_until(seconds(20), |world| !world.detached(BENS).is_empty());
    assert_eq!(world.detached(BENS), [DetachCause::Silent]);
    let noticed = Duration::from_nanos(world.now() - started);
    assert!(noticed <= Design::default().silence_after, "{noticed:?}");
    world.run_for(seconds(10));
    // The new session may replace the old one before its silence is noticed.
    assert!(matches!(world.cuts(BENS)[..], [CutReason::Silent | CutReason::Replaced]));
    assert_eq!(world.texts(BENS, direct()), ["one", "two"]);
    assert_reached(world.situations(), Situation::ServerSilent);
}

#[test]
fn a_server_cuts_a_session_that_says_nothing_and_spares_one_that_does() {
    let mut bench = Bench::new(Design::default(), false);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    bench.attach(2, BEN, BENS);
    let mut all = Vec::new();
    for _ in 0..4 {
        all.extend(bench.pass(seconds(5)));
        all.extend(bench.frame(1, ClientFrame::Heartbeat { cursors: Cursors::new() }));
    }
    assert_eq!(cuts(&all), [(2, CutReason::Silent)], "not even greeting is silence too");
    assert_eq!(cuts(&bench.pass(Duration::from_millis(14_900))), []);
    assert_eq!(cuts(&bench.pass(Duration::from_millis(200))), [(1, CutReason::Silent)]);
    assert_reached(bench.server.situations(), Situation::DeviceSilent);
}

#[test]
fn an_idle_connection_lives_by_its_heartbeats() {
    let mut world = pair();
    world.run_for(seconds(600));
    assert_eq!(world.detached(PHONE), []);
    assert_eq!(world.cuts(PHONE), []);
}

#[test]
fn a_shutdown_ends_every_session_with_its_reason() {
    let mut world = pair();
    world.server_input(0, Input::Shutdown);
    world.run_for(Duration::from_millis(100));
    for device in [PHONE, BENS] {
        assert_eq!(world.cuts(device), [CutReason::Shutdown]);
        assert_eq!(world.detached(device)[0], DetachCause::Cut(CutReason::Shutdown));
    }
}

#[test]
fn what_arrives_on_an_older_connection_is_ignored() {
    let mut world = pair();
    world.rule(|message| match message.server_frame() {
        Some((BENS, _)) => Fate::Hold,
        _ => Fate::Pass,
    });
    world.send(PHONE, direct(), "held on the old connection");
    world.run_for(seconds(1));
    world.break_connection(BENS);
    world.run_for(Duration::from_millis(50));
    world.heal();
    world.run_for(seconds(20));
    assert_eq!(world.received(BENS, direct()), ["held on the old connection"]);
}

#[test]
fn a_device_that_was_logged_out_elsewhere_is_cut_at_the_next_comparison() {
    use hubbub_chat::ports::store::StoreRequest;
    let design = Design { resync_interval: Duration::from_secs(2), ..Design::default() };
    let mut bench = Bench::new(design, true);
    bench.greet(1, ANN, PHONE, Cursors::new());
    bench.greet(2, ANN, LAPTOP, Cursors::new());
    bench.ask(StoreRequest::Forget { device: PHONE });
    let outputs = bench.pass(Duration::from_millis(2500));
    let comparisons: Vec<_> = store_requests(&outputs)
        .into_iter()
        .filter(|(_, request)| matches!(request, StoreRequest::Heads { .. }))
        .collect();
    let [(id, request)] = &comparisons[..] else { panic!("{comparisons:?}") };
    let answer = bench.ask(request.clone());
    let outputs = bench.answer(*id, answer);
    assert_eq!(cuts(&outputs), [(1, CutReason::UnknownDevice)]);
    assert_eq!(bench.server.session_count(), 1, "the other device stays");
}
