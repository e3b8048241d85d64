//! A new device starts with the newest entries of each channel, a logged-out one is refused.

use hubbub_chat::{
    Design, MessageId,
    design::Fanout,
    device::{DetachCause, LocalRefusal},
    frame::{Change, ClientFrame, CutReason},
    ports::store::StoreRequest,
    server::Input,
};

use crate::support::*;

#[test]
fn a_new_device_starts_with_initial_history_entries_below_the_head() {
    for fanout in [Fanout::Inbox, Fanout::ChannelLog] {
        let mut world = pair_with(Design { initial_history: 3, fanout, ..Design::default() });
        for number in 1..=10 {
            world.send(PHONE, direct(), &format!("{number}"));
        }
        world.run_for(seconds(30));
        world.login(BEN, LAPTOP, 0);
        world.run_for(seconds(1));
        world.send(PHONE, direct(), "11");
        world.run_for(seconds(1));
        assert_eq!(world.texts(LAPTOP, direct()), ["8", "9", "10", "11"]);
        assert_eq!(world.cursor(LAPTOP, direct()), Some(MessageId(11)));
    }
}

#[test]
fn a_new_device_sees_nothing_from_before_its_users_membership() {
    let mut world = trio();
    for number in 1..=5 {
        world.send(PHONE, group(), &format!("{number}"));
    }
    world.run_for(seconds(1));
    let (dan, dans) = (hubbub_chat::UserId(4), hubbub_chat::DeviceId(41));
    world.store(StoreRequest::Register { user: dan, device: None });
    world.change(PHONE, group(), Change::Invite(vec![dan]));
    world.run_for(seconds(1));
    world.login(dan, dans, 0);
    world.run_for(seconds(1));
    assert_eq!(world.received(dans, group()), ["(invited)"]);
}

#[test]
fn a_new_device_knows_its_memberships_and_can_send_at_once() {
    let mut world = trio();
    world.login(BEN, LAPTOP, 0);
    world.run_for(seconds(1));
    world.send(LAPTOP, group(), "from the laptop");
    world.run_for(seconds(1));
    assert_eq!(world.texts(CATS, group()), ["(created)", "from the laptop"]);
}

#[test]
fn a_logged_out_device_is_refused_and_stays_away() {
    let mut world = pair();
    world.store(StoreRequest::Forget { device: PHONE });
    world.send(PHONE, direct(), "too late");
    world.run_for(seconds(1));
    assert_eq!(world.given_up(PHONE).len(), 1);
    assert_eq!(world.log_texts(direct()).len(), 0);
    world.break_connection(PHONE);
    world.run_for(seconds(5));
    assert_eq!(world.cuts(PHONE), [CutReason::UnknownDevice]);
    assert_eq!(world.detached(PHONE).last(), Some(&DetachCause::Cut(CutReason::UnknownDevice)));
    let greetings = |world: &World| {
        world.frames_from(PHONE).filter(|frame| matches!(frame, ClientFrame::Hello { .. })).count()
    };
    let before = greetings(&world);
    world.run_for(seconds(600));
    assert_eq!(greetings(&world), before, "a logged-out device does not come back");
}

#[test]
fn what_was_sent_before_the_logout_is_given_up_since_it_may_be_stored() {
    let mut world = trio();
    world.rule(|message| if message.is_append_answer() { Fate::Drop } else { Fate::Pass });
    world.send(CATS, group(), "one");
    world.run_for(seconds(1));
    world.break_connection(CATS);
    world.send(CATS, group(), "two");
    world.store(StoreRequest::Forget { device: CATS });
    world.heal();
    world.run_for(seconds(20));
    assert_eq!(world.log_texts(group()), ["(created)", "one"]);
    assert_eq!((world.given_up(CATS).len(), world.failed(CATS)), (2, vec![]));
    assert_eq!(world.pending(CATS), 0);
}

#[test]
fn a_logged_out_device_id_does_not_come_back_to_life_by_a_repeated_registration() {
    let mut world = pair();
    world.store(StoreRequest::Forget { device: PHONE });
    world.store(StoreRequest::Register { user: ANN, device: Some(PHONE) });
    world.break_connection(PHONE);
    world.run_for(seconds(5));
    assert_eq!(world.cuts(PHONE), [CutReason::UnknownDevice]);
}

#[test]
fn a_logout_ends_the_live_session_of_that_device_and_of_no_other() {
    let mut world = pair();
    world.login(ANN, LAPTOP, 0);
    world.run_for(seconds(1));
    world.store(StoreRequest::Forget { device: PHONE });
    world.server_input(0, Input::LoggedOut(PHONE));
    world.send(BENS, direct(), "not for the phone any more");
    world.run_for(seconds(30));
    assert_eq!(world.cuts(PHONE), [CutReason::UnknownDevice]);
    assert_eq!(world.received(PHONE, direct()).len(), 0);
    assert_eq!(world.texts(LAPTOP, direct()), ["not for the phone any more"]);
}

#[test]
fn a_logged_out_device_takes_nothing_on() {
    let mut world = trio();
    world.store(StoreRequest::Forget { device: CATS });
    world.server_input(0, Input::LoggedOut(CATS));
    world.run_for(seconds(1));
    world.send(CATS, group(), "hello?");
    world.change(CATS, group(), Change::Leave);
    assert_eq!(world.refused(CATS), [LocalRefusal::LoggedOut; 2]);
    assert_eq!(world.pending(CATS), 0);
}
