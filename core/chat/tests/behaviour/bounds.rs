//! Every queue has a bound, and running into it has a named outcome.

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ChannelId, ClientId, Design, MessageId, OperationId, UserId,
    device::LocalRefusal,
    frame::{
        Change, ChangeFrame, ChangeOutcome, ChangeRefusal, ClientFrame, Cursors, SendRefusal,
        ServerFrame,
    },
    ports::store::StoreRequest,
};

use crate::support::{
    bench::{cuts, frames, send_frame, store_requests},
    *,
};

fn greeted(design: Design) -> Bench {
    let mut bench = Bench::new(design, false);
    bench.ask(StoreRequest::Register { user: BEN, device: Some(BENS) });
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    bench
}

#[test]
fn a_body_that_is_too_long_is_not_taken_on_by_the_device() {
    let mut world = pair_with(Design { message_bytes_max: 4, ..Design::default() });
    world.send(PHONE, direct(), "éé");
    world.send(PHONE, direct(), "ééa");
    world.run_for(seconds(1));
    assert_eq!(world.refused(PHONE), [LocalRefusal::TooLarge]);
    assert_eq!(world.log_texts(direct()), ["éé"], "bytes count, and exactly the limit is allowed");
}

#[test]
fn a_body_that_is_too_long_is_refused_by_the_server_before_it_asks_the_store() {
    let mut bench = greeted(Design { message_bytes_max: 4, ..Design::default() });
    let outputs = bench.frame(1, send_frame(1, "12345"));
    assert_eq!(store_requests(&outputs), []);
    let reason = SendRefusal::TooLarge { limit: 4 };
    let refused = ServerFrame::Refused {
        channel: direct(),
        membership: MessageId::ZERO,
        client_id: ClientId(1),
        reason,
    };
    assert_eq!(frames(&outputs, 1), [&refused]);
}

#[test]
fn the_outbox_refuses_more_than_outbox_max_per_channel() {
    let mut world = trio_with(1, Design { outbox_max: 3, ..Design::default() });
    world.rule(|message| if message.is_append() { Fate::Hold } else { Fate::Pass });
    for number in 0..5 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.send(PHONE, group(), "another channel has its own outbox");
    assert_eq!(world.refused(PHONE), [LocalRefusal::OutboxFull; 2]);
    assert_eq!(world.pending(PHONE), 4);
    world.heal();
    world.run_for(seconds(10));
    assert_eq!(world.log_texts(direct()), ["0", "1", "2"]);
    world.send(PHONE, direct(), "room again");
    world.run_for(seconds(10));
    assert_eq!(world.log_texts(direct()).len(), 4);
}

#[test]
fn a_device_asks_for_one_change_of_a_channel_at_a_time() {
    let mut world = trio();
    world.change(PHONE, group(), Change::Leave);
    world.change(PHONE, group(), Change::Join);
    assert_eq!(world.refused(PHONE), [LocalRefusal::ChangePending]);
}

#[test]
fn a_session_with_too_many_open_requests_is_told_busy_and_nothing_is_consumed() {
    let mut bench = greeted(Design { session_requests_max: 2, ..Design::default() });
    let first = bench.frame(1, send_frame(1, "one"));
    let second = bench.frame(1, send_frame(2, "two"));
    let third = bench.frame(1, send_frame(3, "three"));
    assert_eq!(store_requests(&third), []);
    let is_busy = |frame: &&ServerFrame| {
        matches!(frame, ServerFrame::Refused { reason: SendRefusal::Busy, .. })
    };
    assert_eq!(frames(&third, 1).iter().filter(|frame| is_busy(frame)).count(), 1);
    bench.serve(first);
    bench.serve(second);
    let again = bench.frame(1, send_frame(3, "three"));
    bench.serve(again);
    assert_eq!(bench.store.entries().count(), 3);
}

#[test]
fn changes_of_membership_count_among_the_open_requests() {
    let mut bench = greeted(Design { session_requests_max: 1, ..Design::default() });
    bench.frame(1, send_frame(1, "one"));
    let change = ChangeFrame {
        channel: group(),
        operation: OperationId(1),
        change: Change::Create(vec![BEN]),
    };
    let outputs = bench.frame(1, ClientFrame::Change(change));
    let busy = ServerFrame::Changed {
        channel: group(),
        operation: OperationId(1),
        outcome: ChangeOutcome::Refused(ChangeRefusal::Busy),
    };
    assert_eq!(frames(&outputs, 1), [&busy]);
}

#[test]
fn a_device_that_is_told_busy_gets_everything_through_in_order() {
    let mut world = pair_with(Design { session_requests_max: 3, ..Design::default() });
    let bodies: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    for body in &bodies {
        world.send(PHONE, direct(), body);
    }
    world.run_for(seconds(120));
    assert!(world.refusals_to(PHONE).contains(&SendRefusal::Busy));
    assert_eq!(world.log_texts(direct()), bodies);
}

#[test]
fn a_store_that_does_not_answer_means_unavailable_and_one_that_refuses_means_busy() {
    let mut bench = greeted(Design::default());
    let outputs = bench.frame(1, send_frame(1, "one"));
    let reason = |frames: Vec<&ServerFrame>| match frames[..] {
        [ServerFrame::Refused { reason, .. }] => *reason,
        ref other => panic!("{other:?}"),
    };
    let late = bench.pass(seconds(4));
    assert_eq!(reason(frames(&late, 1)), SendRefusal::Unavailable);
    let (id, request) = store_requests(&outputs).remove(0);
    let answer = bench.ask(request);
    let outputs = bench.answer(id, answer);
    assert_eq!(frames(&outputs, 1), [] as [&ServerFrame; 0], "for the sender it stays unknown");
    let outputs = bench.frame(1, send_frame(1, "one"));
    let outputs = bench.refuse(store_requests(&outputs)[0].0);
    assert_eq!(reason(frames(&outputs, 1)), SendRefusal::Busy);
}

#[test]
fn a_group_takes_no_more_members_than_group_limit() {
    let mut world = trio_with(1, Design { group_limit: 3, ..Design::default() });
    for user in 4..=5 {
        world.login(UserId(user), hubbub_chat::DeviceId(user * 10 + 1), 0);
    }
    world.run_for(seconds(1));
    let limit = ChangeRefusal::GroupLimit { limit: 3 };
    let other = ChannelId::group(ANN, 2);
    world.change(PHONE, other, Change::Create(vec![BEN, CAT, UserId(4)]));
    world.change(BENS, group(), Change::Invite(vec![UserId(4)]));
    world.change(hubbub_chat::DeviceId(51), group(), Change::Join);
    world.run_for(seconds(1));
    assert_eq!(world.changes_failed(PHONE), [limit]);
    assert_eq!(world.changes_failed(BENS), [limit]);
    assert_eq!(world.changes_failed(hubbub_chat::DeviceId(51)), [limit]);
    assert_eq!(world.log_texts(group()), ["(created)"]);
    // Somebody goes, and there is room.
    world.change(CATS, group(), Change::Leave);
    world.run_for(seconds(1));
    world.change(hubbub_chat::DeviceId(51), group(), Change::Join);
    world.run_for(seconds(1));
    assert_eq!(world.log_texts(group()), ["(created)", "(left)", "(joined)"]);
    assert_reached(world.situations(), Situation::RefusedAtGroupLimit);
}

#[test]
fn a_full_outgoing_queue_ends_the_session_as_a_slow_consumer() {
    let mut bench = greeted(Design::default());
    let session = hubbub_chat::SessionId(1);
    let outputs = bench.input(hubbub_chat::server::Input::Overflowed(session));
    assert_eq!(cuts(&outputs), [(1, hubbub_chat::frame::CutReason::SlowConsumer)]);
    assert_eq!(bench.server.counts().slow_consumers, 1);
}

#[test]
fn a_device_that_sends_for_ever_without_a_cursor_report_is_cut() {
    let design = Design { session_unconfirmed_max: 8, page_entries_max: 8, ..Design::default() };
    let mut bench = greeted(design);
    let mut cut = Vec::new();
    for number in 1..=20 {
        let outputs = bench.frame(1, send_frame(number, "text"));
        let outputs = bench.serve(outputs);
        cut.extend(cuts(&outputs));
    }
    assert_eq!(cut, [(1, hubbub_chat::frame::CutReason::SlowConsumer)]);
}
