//! Cursors reach the store, only rise, and let inbox rows go.

use std::time::Duration;

use hubbub_chat::{
    Design, MessageId,
    design::Fanout,
    frame::{ClientFrame, Cursors, ServerFrame},
    ports::store::{CursorReport, StoreRequest},
};

use crate::support::*;

fn cursor_writes(world: &World) -> usize {
    world.count_sent(|message| matches!(message.store_request(), Some(StoreRequest::Cursors(_))))
}

#[test]
fn a_cursor_reaches_the_store_and_is_confirmed_with_a_heartbeat() {
    let mut world = pair();
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(20));
    assert!(world.confirmed(BENS).contains(&(direct(), MessageId(1))));
    assert!(world.confirmed(PHONE).contains(&(direct(), MessageId(1))));
}

#[test]
fn many_reports_go_to_the_store_together() {
    let mut world = pair();
    for number in 0..64 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(seconds(4));
    assert!(cursor_writes(&world) <= 4, "{}", cursor_writes(&world));
}

#[test]
fn inbox_rows_go_when_every_live_device_of_the_user_has_passed_them() {
    let mut world = pair();
    world.login(BEN, LAPTOP, 0);
    world.run_for(seconds(1));
    world.stop_device(LAPTOP);
    for number in 0..10 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(seconds(20));
    assert_eq!(world.store.inbox_rows(), 10, "Ann's are gone, Ben's wait for his second device");
    world.start_device(LAPTOP);
    world.run_for(seconds(20));
    assert_eq!(world.store.inbox_rows(), 0);
}

#[test]
fn a_device_that_logs_out_no_longer_holds_inbox_rows() {
    let mut world = pair();
    world.login(BEN, LAPTOP, 0);
    world.run_for(seconds(1));
    world.stop_device(LAPTOP);
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(20));
    assert_eq!(world.store.inbox_rows(), 1);
    world.store(StoreRequest::Forget { device: LAPTOP });
    assert_eq!(world.store.inbox_rows(), 0);
}

#[test]
fn without_inboxes_no_rows_are_written() {
    let mut world = pair_with(Design { fanout: Fanout::ChannelLog, ..Design::default() });
    world.send(PHONE, direct(), "hello");
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.store.inbox_rows(), 0);
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
}

#[test]
fn a_report_below_the_written_cursor_or_above_the_log_changes_nothing() {
    let mut world = pair();
    for number in 0..5 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.stop_device(BENS);
    world.run_for(seconds(20));
    let report = |message_id| {
        let (user, device, channel) = (BEN, BENS, direct());
        let message_id = MessageId(message_id);
        StoreRequest::Cursors(vec![CursorReport { user, device, channel, message_id }])
    };
    assert_eq!(world.store.inbox_rows(), 5);
    world.store(report(6));
    assert_eq!(world.store.inbox_rows(), 5, "nobody has what is not there");
    world.store(report(3));
    assert_eq!(world.store.inbox_rows(), 2);
    world.store(report(1));
    world.store(report(3));
    assert_eq!(world.store.inbox_rows(), 2);
}

#[test]
fn a_heartbeat_repeats_what_the_store_did_not_confirm() {
    let mut world = pair();
    world.rule(|message| match message.store_request() {
        Some(StoreRequest::Cursors(_)) => Fate::Drop,
        _ => Fate::Pass,
    });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(20));
    assert_eq!(world.confirmed(BENS), []);
    assert_eq!(world.store.inbox_rows(), 2);
    let at_one = Cursors::from([(direct(), MessageId(1))]);
    let repeats = world
        .frames_from(BENS)
        .filter(|frame| matches!(frame, ClientFrame::Heartbeat { cursors } if *cursors == at_one));
    assert!(repeats.count() >= 2);
    world.heal();
    world.run_for(seconds(20));
    assert_eq!(world.confirmed(BENS), [(direct(), MessageId(1))]);
    assert_eq!(world.store.inbox_rows(), 0);
}

#[test]
fn a_lost_confirmation_is_given_again_after_the_next_repeat() {
    let mut world = pair();
    let mut lost = false;
    world.rule(move |message| match message.server_frame() {
        Some((BENS, ServerFrame::Alive { cursors })) if !cursors.is_empty() && !lost => {
            lost = true;
            Fate::Drop
        }
        _ => Fate::Pass,
    });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(30));
    assert_eq!(world.confirmed(BENS), [(direct(), MessageId(1))]);
    // Confirmed once, it is repeated no more.
    let last = world.frames_from(BENS).filter_map(|frame| match frame {
        ClientFrame::Heartbeat { cursors } => Some(cursors.len()),
        _ => None,
    });
    assert_eq!(last.last(), Some(0));
}
