//! Devices and servers restart, and nothing is lost or done twice.

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ClientId, Design,
    device::DetachCause,
    frame::{Change, ClientFrame},
};

use crate::support::*;

#[test]
fn a_restarted_device_applies_nothing_twice() {
    let mut world = pair();
    for round in 0..3 {
        for number in 0..5 {
            world.send(PHONE, direct(), &format!("{round}: {number}"));
        }
        world.run_for(seconds(1));
        world.stop_device(BENS);
        world.start_device(BENS);
        world.run_for(seconds(20));
    }
    assert_eq!(world.texts(BENS, direct()), world.log_texts(direct()));
    let digest = world.node(BENS).disk.digests();
    assert_eq!(digest, world.node(PHONE).disk.digests());
}

#[test]
fn pending_sends_survive_a_restart_with_their_numbers() {
    let mut world = pair();
    world.rule(|message| if message.is_append() { Fate::Drop } else { Fate::Pass });
    for number in 1..=20 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(seconds(1));
    world.stop_device(PHONE);
    world.heal();
    world.sent.clear();
    world.start_device(PHONE);
    assert_eq!(world.pending(PHONE), 20);
    world.run_for(seconds(20));
    let bodies: Vec<String> = (1..=20).map(|number: u64| number.to_string()).collect();
    assert_eq!(world.log_texts(direct()), bodies);
    for frame in world.send_frames(PHONE) {
        assert_eq!(frame.client_id, ClientId(frame.body.parse().unwrap()));
    }
    assert_eq!(world.pending(PHONE), 0);
    assert_reached(world.situations(), Situation::RestoredWithPending);
}

#[test]
fn a_send_that_was_appended_before_the_restart_is_not_appended_again() {
    let mut world = pair();
    world.rule(|message| if message.is_append_answer() { Fate::Drop } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(1));
    world.stop_device(PHONE);
    world.heal();
    world.start_device(PHONE);
    world.run_for(seconds(20));
    assert_eq!(world.log_texts(direct()), ["hello"]);
    assert_eq!(world.accepted(PHONE).len(), 1);
    world.send(PHONE, direct(), "next");
    world.run_for(seconds(1));
    assert_eq!(world.invoked(PHONE)[1].client_id, ClientId(2), "numbers are not used again");
}

#[test]
fn a_pending_change_survives_a_restart_and_is_made_once() {
    let mut world = trio();
    world.rule(|message| match message {
        Message::Answer { .. } => Fate::Drop,
        _ => Fate::Pass,
    });
    world.change(CATS, group(), Change::Leave);
    world.run_for(seconds(1));
    world.stop_device(CATS);
    world.heal();
    world.start_device(CATS);
    world.run_for(seconds(20));
    assert_eq!(world.log_texts(group()), ["(created)", "(left)"]);
    assert_eq!(world.changes_accepted(CATS).len(), 1);
}

#[test]
fn a_restarted_device_names_its_cursors_and_reads_only_what_is_above_them() {
    let mut world = pair();
    for number in 0..10 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(seconds(5));
    world.stop_device(BENS);
    world.send(PHONE, direct(), "missed");
    world.run_for(seconds(1));
    world.sent.clear();
    world.start_device(BENS);
    world.run_for(seconds(1));
    let named = world.frames_from(BENS).find_map(|frame| match frame {
        ClientFrame::Hello { cursors, .. } => cursors.get(&direct()).copied(),
        _ => None,
    });
    assert_eq!(named.map(|cursor| cursor.0), Some(10));
    assert_eq!(world.received(BENS, direct()).len(), 11);
}

#[test]
fn a_server_that_restarts_gets_its_devices_back_and_they_lose_nothing() {
    let mut world = pair();
    for number in 0..30 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(std::time::Duration::from_millis(25));
    world.crash_server(0);
    world.run_for(seconds(5));
    assert!(world.detached(PHONE).contains(&DetachCause::Closed));
    assert!(world.detached(PHONE).contains(&DetachCause::Unreachable));
    world.start_server(0);
    world.run_for(seconds(60));
    let bodies: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(world.log_texts(direct()), bodies);
    assert_eq!(world.texts(BENS, direct()), bodies);
    assert_eq!(world.texts(PHONE, direct()), bodies);
    assert_eq!(world.accepted(PHONE).len(), 30);
}

#[test]
fn cursors_that_a_crashed_server_had_gathered_are_repeated() {
    let mut world = pair();
    world.send(PHONE, direct(), "hello");
    // The device reports after one interval, and the server would write after another.
    world.run_for(std::time::Duration::from_millis(1500));
    world.crash_server(0);
    world.start_server(0);
    world.run_for(seconds(30));
    assert_eq!(world.store.inbox_rows(), 0);
    assert_eq!(world.confirmed(BENS).len(), 1);
}

#[test]
fn a_device_that_lost_its_disk_logs_in_anew_and_cannot_be_mistaken_for_its_former_self() {
    let mut world = pair();
    for number in 1..=3 {
        world.send(PHONE, direct(), &format!("old {number}"));
    }
    world.run_for(seconds(1));
    world.stop_device(PHONE);
    world.login_with(ANN, LAPTOP, 0, Design::default());
    world.run_for(seconds(1));
    world.send(LAPTOP, direct(), "new 1");
    world.run_for(seconds(1));
    assert_eq!(world.invoked(LAPTOP)[0].client_id, ClientId(1));
    assert_eq!(world.log_texts(direct()), ["old 1", "old 2", "old 3", "new 1"]);
}
