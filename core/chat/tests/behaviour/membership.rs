//! Create, invite, join, leave and remove are entries of the same log, made once each.

use hubbub_chat::{
    ChannelId, Design, DeviceId, MessageId, OperationId, UserId,
    device::LocalRefusal,
    frame::{Change, ChangeRefusal},
};

use crate::support::*;

#[test]
fn a_created_group_reaches_every_member_and_all_of_them_can_send() {
    let mut world = trio();
    assert_eq!(world.texts(CATS, group()), ["(created)"]);
    for device in [PHONE, BENS, CATS] {
        world.send(device, group(), &format!("from {device}"));
        world.run_for(seconds(1));
    }
    let all = ["(created)", "from 11", "from 21", "from 31"];
    for device in [PHONE, BENS, CATS] {
        assert_eq!(world.texts(device, group()), all);
    }
}

#[test]
fn an_invited_user_begins_with_the_entry_that_brought_them_in() {
    let mut world = pair();
    world.login(CAT, CATS, 0);
    world.change(PHONE, group(), Change::Create(vec![BEN]));
    world.run_for(seconds(1));
    world.send(PHONE, group(), "before");
    world.run_for(seconds(1));
    world.change(BENS, group(), Change::Invite(vec![CAT]));
    world.run_for(seconds(1));
    world.send(PHONE, group(), "after");
    world.run_for(seconds(1));
    assert_eq!(world.texts(CATS, group()), ["(invited)", "after"]);
    assert_eq!(world.received(CATS, group()), ["(invited)", "after"]);
}

#[test]
fn a_user_joins_by_themselves_and_joining_twice_finds_nothing_to_do() {
    let mut world = pair();
    world.login(CAT, CATS, 0);
    world.change(PHONE, group(), Change::Create(vec![BEN]));
    world.run_for(seconds(1));
    for _ in 0..2 {
        world.change(CATS, group(), Change::Join);
        world.run_for(seconds(1));
    }
    let places: Vec<_> = world.changes_accepted(CATS).iter().map(|(_, place)| *place).collect();
    assert_eq!(places, [MessageId(2), MessageId(2)]);
    assert_eq!(world.log_texts(group()), ["(created)", "(joined)"]);
}

#[test]
fn a_change_whose_answer_is_lost_is_made_once() {
    let mut world = trio();
    world.rule(|message| match message {
        Message::Answer { .. } => Fate::Drop,
        _ => Fate::Pass,
    });
    world.change(CATS, group(), Change::Leave);
    world.run_for(seconds(4));
    world.heal();
    world.run_for(seconds(20));
    assert_eq!(world.log_texts(group()), ["(created)", "(left)"]);
    assert_eq!(world.changes_accepted(CATS).len(), 1);
    assert_eq!(world.pending(CATS), 0);
}

#[test]
fn only_the_owner_removes_and_never_themselves() {
    let mut world = trio();
    world.change(BENS, group(), Change::Remove(CAT));
    world.change(PHONE, group(), Change::Remove(ANN));
    world.run_for(seconds(1));
    assert_eq!(world.changes_failed(BENS), [ChangeRefusal::NotOwner]);
    assert_eq!(world.changes_failed(PHONE), [ChangeRefusal::Invalid]);
    world.change(PHONE, group(), Change::Remove(CAT));
    world.run_for(seconds(1));
    assert_eq!(world.log_texts(group()), ["(created)", "(removed)"]);
}

#[test]
fn who_is_no_member_changes_nothing() {
    let mut world = pair();
    world.login(CAT, CATS, 0);
    world.change(PHONE, group(), Change::Create(vec![BEN]));
    world.run_for(seconds(1));
    for change in [Change::Leave, Change::Invite(vec![CAT]), Change::Remove(BEN)] {
        world.change(CATS, group(), change);
        world.run_for(seconds(1));
    }
    assert_eq!(world.changes_failed(CATS), [ChangeRefusal::NotMember; 3]);
    assert_eq!(world.log_texts(group()), ["(created)"]);
}

#[test]
fn a_group_that_nobody_opened_cannot_be_joined_and_looks_like_a_foreign_one() {
    let mut world = pair();
    world.change(BENS, ChannelId::group(ANN, 9), Change::Join);
    world.run_for(seconds(1));
    assert_eq!(world.changes_failed(BENS), [ChangeRefusal::NotMember]);
}

#[test]
fn a_group_is_opened_by_the_user_in_its_id_and_once() {
    let mut world = trio();
    world.change(BENS, ChannelId::group(ANN, 2), Change::Create(vec![]));
    world.change(PHONE, group(), Change::Create(vec![CAT]));
    world.run_for(seconds(1));
    assert_eq!(world.changes_failed(BENS), [ChangeRefusal::Invalid]);
    assert_eq!(world.changes_failed(PHONE), [ChangeRefusal::Exists]);
}

#[test]
fn a_change_that_names_an_unknown_user_or_a_direct_channel_is_invalid() {
    let mut world = trio();
    world.change(PHONE, group(), Change::Invite(vec![UserId(99)]));
    world.change(BENS, direct(), Change::Leave);
    world.run_for(seconds(1));
    assert_eq!(world.changes_failed(PHONE), [ChangeRefusal::Invalid]);
    assert_eq!(world.changes_failed(BENS), [ChangeRefusal::Invalid]);
}

#[test]
fn an_operation_number_below_the_last_one_is_too_old() {
    use hubbub_chat::ports::store::{ChangeRequest, StoreAnswer, StoreRequest};
    let mut world = trio();
    let request = |operation, change| {
        let (user, device, channel) = (CAT, CATS, group());
        let operation = OperationId(operation);
        StoreRequest::Change(ChangeRequest {
            given_id: MessageId::ZERO,
            user,
            device,
            channel,
            operation,
            change,
        })
    };
    world.store(request(5, Change::Leave));
    let refused = StoreAnswer::ChangeRefused(ChangeRefusal::TooOld);
    assert_eq!(world.store(request(4, Change::Join)), refused);
}

#[test]
fn a_user_who_is_in_no_group_cannot_send_to_it() {
    let mut world = pair();
    world.send(BENS, group(), "hello?");
    world.send(BENS, ChannelId::direct(ANN, CAT), "hello?");
    assert_eq!(world.refused(BENS), [LocalRefusal::NotMember; 2]);
}

#[test]
fn a_change_over_the_api_is_published_and_answered() {
    use hubbub_chat::{
        frame::{ChangeFrame, ChangeOutcome, Cursors},
        server::{Input, Output},
    };
    let mut bench = Bench::new(hubbub_chat::Design::default(), false);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    let outputs = bench.greet(2, BEN, BENS, Cursors::new());
    bench.serve(outputs);
    let change = Change::Create(vec![BEN]);
    let frame = ChangeFrame { channel: group(), operation: OperationId(1), change };
    let outputs = bench.input(Input::Api { call: 7, user: ANN, device: PHONE, frame });
    let outputs = bench.serve(outputs);
    assert!(outputs.contains(&Output::ApiAnswer(7, ChangeOutcome::Accepted(MessageId(1)))));
    let delivered = outputs.iter().find_map(|output| match output {
        Output::Deliver { sessions, .. } => Some(sessions.len()),
        _ => None,
    });
    assert_eq!(delivered, Some(2));
}

#[test]
fn a_refused_change_stays_refused_under_its_number() {
    use hubbub_chat::ports::store::{ChangeRequest, StoreAnswer, StoreRequest};
    let mut world = trio_with(1, Design { group_limit: 3, ..Default::default() });
    world.login(UserId(4), DeviceId(41), 0);
    world.run_for(seconds(1));
    let join = |operation| {
        let (user, device) = (UserId(4), DeviceId(41));
        let (channel, operation, change) = (group(), OperationId(operation), Change::Join);
        StoreRequest::Change(ChangeRequest {
            given_id: MessageId::ZERO,
            user,
            device,
            channel,
            operation,
            change,
        })
    };
    let refused = StoreAnswer::ChangeRefused(ChangeRefusal::GroupLimit { limit: 3 });
    assert_eq!(world.store(join(1)), refused);
    world.change(CATS, group(), Change::Leave);
    world.run_for(seconds(1));
    assert_eq!(world.store(join(1)), refused, "there is room now, but the answer was given");
    assert!(matches!(world.store(join(2)), StoreAnswer::Changed(_)));
}
