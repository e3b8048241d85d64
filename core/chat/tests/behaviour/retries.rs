//! What becomes of a send that nobody answered, by the design's `retry`.

use hubbub_chat::{
    ClientId, Design, DeviceId,
    design::Retry,
    device::SendKey,
    frame::{ClientFrame, SendRefusal, ServerFrame},
};

use crate::support::*;

fn design(retry: Retry) -> Design {
    Design { retry, ..Design::default() }
}

/// The acceptance of Ann's first send is lost, and only that.
fn lose_the_first_acceptance(world: &mut World) {
    let mut lost = false;
    world.rule(move |message| match message.server_frame() {
        Some((PHONE, ServerFrame::Accepted { .. })) if !std::mem::replace(&mut lost, true) => {
            Fate::Drop
        }
        // A device that does not hear of its own entry any more has only its retry.
        Some((PHONE, ServerFrame::Page { .. } | ServerFrame::Entry { .. })) => Fate::Drop,
        _ => Fate::Pass,
    });
}

fn numbers(world: &World, device: DeviceId) -> Vec<u64> {
    world.send_frames(device).iter().map(|frame| frame.client_id.0).collect()
}

fn names(sends: &[SendKey]) -> Vec<u64> {
    sends.iter().map(|send| send.client_id.0).collect()
}

#[test]
fn a_blind_retry_stores_a_message_twice_when_its_acceptance_was_lost() {
    for (retry, log) in [(Retry::Blind, vec!["hello", "hello"]), (Retry::Numbered, vec!["hello"])] {
        let mut world = pair_with(design(retry));
        lose_the_first_acceptance(&mut world);
        world.send(PHONE, direct(), "hello");
        world.run_for(seconds(20));
        assert_eq!(world.log_texts(direct()), log, "{retry}");
        assert_eq!(world.texts(BENS, direct()), log, "{retry}");
        assert_eq!(world.accepted(PHONE).len(), 1, "{retry}");
        assert_eq!(world.pending(PHONE), 0, "{retry}");
    }
}

#[test]
fn a_blind_retry_takes_fresh_numbers_and_keeps_the_order() {
    let mut world = pair_with(design(Retry::Blind));
    let mut lost = 0;
    world.rule(move |message| {
        let lose = message.is_append() && lost < 3;
        lost += usize::from(lose);
        if lose { Fate::Drop } else { Fate::Pass }
    });
    for body in ["one", "two", "three"] {
        world.send(PHONE, direct(), body);
    }
    world.run_for(seconds(30));
    let log = ["one", "two", "three"];
    assert_eq!(world.log_texts(direct()), log, "nothing of the first attempt was stored");
    let numbers = numbers(&world, PHONE);
    assert_eq!(numbers[..3], [1, 2, 3]);
    assert!(numbers[3..].iter().all(|number| *number > 3), "{numbers:?}");
    let accepted: Vec<_> = world.accepted(PHONE).into_iter().map(|(send, _)| send).collect();
    assert_eq!(accepted, world.invoked(PHONE), "events name a send by its first number");
    assert_eq!(names(&accepted), [1, 2, 3]);
    world.send(PHONE, direct(), "four");
    world.run_for(seconds(1));
    assert_eq!(world.log_texts(direct()), ["one", "two", "three", "four"]);
}

#[test]
fn a_blind_device_sends_what_was_unanswered_again_on_its_next_connection() {
    let mut world = pair_with(design(Retry::Blind));
    world.rule(|message| match message.server_frame() {
        Some((PHONE, _)) => Fate::Drop,
        _ => Fate::Pass,
    });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(1));
    world.heal();
    world.break_connection(PHONE);
    world.run_for(seconds(4));
    assert_eq!(world.log_texts(direct()), ["hello", "hello"]);
    assert_eq!(world.accepted(PHONE).len(), 1);
}

#[test]
fn a_blind_device_survives_its_restart_with_its_numbers() {
    let mut world = pair_with(design(Retry::Blind));
    world.rule(|message| if message.is_append() { Fate::Drop } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(12));
    let last = *numbers(&world, PHONE).last().unwrap();
    assert!(last > 1);
    world.stop_device(PHONE);
    world.heal();
    world.start_device(PHONE);
    world.run_for(seconds(10));
    assert_eq!(world.log_texts(direct()), ["hello"]);
    assert_eq!(names(&world.invoked(PHONE)), [1]);
    assert_eq!(world.accepted(PHONE)[0].0.client_id, ClientId(1));
    assert!(numbers(&world, PHONE).last().unwrap() > &last, "a number is used once");
}

#[test]
fn without_retry_a_send_is_given_up_after_some_time_and_not_repeated() {
    let design = design(Retry::None);
    let mut world = pair_with(design.clone());
    lose_the_first_acceptance(&mut world);
    world.send(PHONE, direct(), "hello");
    world.run_for(design.retry_after - seconds(1));
    assert_eq!(world.given_up(PHONE), []);
    world.run_for(seconds(2));
    assert_eq!(names(&world.given_up(PHONE)), [1]);
    world.run_for(seconds(60));
    assert_eq!(numbers(&world, PHONE), [1]);
    assert_eq!(world.log_texts(direct()), ["hello"], "its outcome was unknown, and it is stored");
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
    assert_eq!((world.accepted(PHONE), world.failed(PHONE)), (vec![], vec![]));
}

#[test]
fn without_retry_each_send_has_its_own_time() {
    let mut world = pair_with(design(Retry::None));
    world.rule(|message| match message.client_frame() {
        Some((PHONE, ClientFrame::Send(_))) => Fate::Drop,
        _ => Fate::Pass,
    });
    world.send(PHONE, direct(), "one");
    world.run_for(seconds(3));
    world.send(PHONE, direct(), "two");
    world.run_for(seconds(3));
    assert_eq!(names(&world.given_up(PHONE)), [1]);
    world.run_for(seconds(3));
    assert_eq!(names(&world.given_up(PHONE)), [1, 2]);
    assert_eq!(numbers(&world, PHONE), [1, 2]);
}

#[test]
fn without_retry_a_lost_connection_gives_up_what_was_sent_on_it() {
    let mut world = pair_with(design(Retry::None));
    world.rule(|message| if message.is_append_answer() { Fate::Hold } else { Fate::Pass });
    world.send(PHONE, direct(), "sent");
    world.run_for(seconds(1));
    world.break_connection(PHONE);
    world.run_for(std::time::Duration::from_millis(100));
    assert_eq!(names(&world.given_up(PHONE)), [1]);
    world.send(PHONE, direct(), "written without a connection");
    world.heal();
    world.run_for(seconds(30));
    assert_eq!(world.log_texts(direct()), ["sent", "written without a connection"]);
    assert_eq!((world.accepted(PHONE).len(), world.failed(PHONE).len()), (1, 0));
    assert_eq!(numbers(&world, PHONE), [1, 2]);
}

#[test]
fn without_retry_a_refusal_for_now_is_final() {
    let mut world = pair_with(Design { session_requests_max: 1, ..design(Retry::None) });
    world.send(PHONE, direct(), "one");
    world.send(PHONE, direct(), "one too many");
    world.run_for(seconds(30));
    assert_eq!(world.refusals_to(PHONE), [SendRefusal::Busy]);
    let failed = world.failed(PHONE);
    assert_eq!((failed[0].0.client_id, failed[0].1), (ClientId(2), SendRefusal::Busy));
    assert_eq!((world.log_texts(direct()), world.given_up(PHONE)), (vec!["one".into()], vec![]));
}

#[test]
fn without_retry_a_send_of_which_the_server_knows_nothing_is_given_up() {
    let mut world = pair_with(design(Retry::None));
    world.rule(|message| if message.is_append() { Fate::Drop } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(4));
    assert_eq!(world.refusals_to(PHONE), [SendRefusal::Unavailable]);
    assert_eq!((names(&world.given_up(PHONE)), world.failed(PHONE)), (vec![1], vec![]));
    world.heal();
    world.run_for(seconds(30));
    assert_eq!(world.log_texts(direct()), [""; 0]);
}

#[test]
fn without_retry_a_device_that_starts_again_gives_up_what_it_had() {
    let mut world = pair_with(design(Retry::None));
    world.rule(|message| if message.is_append() { Fate::Drop } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(1));
    world.stop_device(PHONE);
    world.heal();
    world.start_device(PHONE);
    world.run_for(seconds(30));
    assert_eq!(names(&world.given_up(PHONE)), [1]);
    assert_eq!(world.pending(PHONE), 0);
    assert_eq!(numbers(&world, PHONE), [1]);
}

#[test]
fn without_retry_nothing_that_was_accepted_is_lost() {
    let mut world = pair_with(design(Retry::None));
    let mut count = 0;
    world.rule(move |message| {
        count += usize::from(message.is_append());
        if message.is_append() && count % 3 == 0 { Fate::Drop } else { Fate::Pass }
    });
    for number in 0..30 {
        world.send(PHONE, direct(), &format!("{number}"));
        world.run_for(seconds(1));
    }
    world.heal();
    world.run_for(seconds(60));
    let (accepted, given_up) = (world.accepted(PHONE).len(), world.given_up(PHONE).len());
    let failed = world.failed(PHONE);
    assert!(failed.iter().all(|(_, reason)| matches!(reason, SendRefusal::Gap { .. })));
    assert_eq!(accepted + given_up + failed.len(), 30);
    assert!(given_up > 0 && !failed.is_empty());
    assert_eq!(world.texts(BENS, direct()).len(), accepted);
}
