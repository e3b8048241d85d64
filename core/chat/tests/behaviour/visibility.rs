//! A user sees their own stretches of a log and nothing else.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ClientId, Content, Design, MessageId, OperationId,
    frame::{Change, SendRefusal, ServerFrame},
    ports::store::{Append, ChangeRequest, StoreAnswer, StoreRequest},
};

use crate::support::*;

/// A change that Cat asks for by other means than her device here.
fn cats_change(operation: u64, change: Change) -> StoreRequest {
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
}

#[test]
fn the_leaver_gets_the_entry_that_says_so_and_nothing_later() {
    let mut world = trio();
    world.change(CATS, group(), Change::Leave);
    world.run_for(seconds(1));
    world.send(PHONE, group(), "later");
    world.run_for(seconds(1));
    world.break_connection(CATS);
    world.run_for(seconds(20));
    assert_eq!(world.texts(CATS, group()), ["(created)", "(left)"]);
    assert_eq!(world.received(CATS, group()), ["(created)", "(left)"]);
    assert_eq!(world.texts(BENS, group()), ["(created)", "(left)", "later"]);
}

#[test]
fn a_removed_user_receives_nothing_later_even_when_their_server_hears_of_it_late() {
    let mut world = trio_with(2, Design::default());
    // The second server learns of the removal only after the message that follows it.
    world.rule(|message| match message {
        Message::Peer { frame: hubbub_chat::frame::PeerFrame::Hint { entry, .. }, .. }
            if matches!(entry.content, Content::Removed(_)) =>
        {
            Fate::Delay(Duration::from_millis(500))
        }
        _ => Fate::Pass,
    });
    world.change(PHONE, group(), Change::Remove(CAT));
    world.run_for(Duration::from_millis(100));
    world.send(PHONE, group(), "secret");
    world.run_for(seconds(30));
    assert_eq!(world.received(CATS, group()), ["(created)", "(removed)"]);
    assert_eq!(world.texts(BENS, group()), ["(created)", "(removed)", "secret"]);
}

#[test]
fn what_was_said_before_the_removal_still_arrives_after_it() {
    let mut world = trio_with(2, Design::default());
    world.rule(|message| match message {
        Message::Peer { .. } => Fate::Hold,
        _ => Fate::Pass,
    });
    world.send(PHONE, group(), "you may read this");
    world.run_for(Duration::from_millis(100));
    world.change(PHONE, group(), Change::Remove(CAT));
    world.run_for(Duration::from_millis(100));
    world.heal();
    world.run_for(seconds(1));
    assert_eq!(world.texts(CATS, group()), ["(created)", "you may read this", "(removed)"]);
}

#[test]
fn a_user_who_comes_back_does_not_see_what_was_said_in_between() {
    let mut world = trio();
    world.change(CATS, group(), Change::Leave);
    world.run_for(seconds(1));
    for number in 0..5 {
        world.send(PHONE, group(), &format!("hidden {number}"));
    }
    world.run_for(seconds(1));
    world.change(CATS, group(), Change::Join);
    world.run_for(seconds(1));
    world.send(PHONE, group(), "welcome back");
    world.run_for(seconds(20));
    let visible = ["(created)", "(left)", "(joined)", "welcome back"];
    assert_eq!(world.texts(CATS, group()), visible);
    assert_eq!(world.received(CATS, group()), visible);
    assert_eq!(world.cursor(CATS, group()), Some(MessageId(9)));
}

#[test]
fn not_member_fails_all_pending_sends_of_that_membership_and_a_new_join_counts_from_one() {
    let mut world = trio();
    world.send(CATS, group(), "one");
    world.run_for(seconds(1));
    // Cat is removed while her sends are on the way.
    world.rule(|message| match message.client_frame() {
        Some((CATS, _)) => Fate::Delay(Duration::from_millis(200)),
        _ => Fate::Pass,
    });
    (0..20).for_each(|number| world.send(CATS, group(), &format!("lost {number}")));
    world.change(PHONE, group(), Change::Remove(CAT));
    world.run_for(seconds(5));
    let failed = world.failed(CATS);
    assert_eq!(failed.len(), 20);
    assert!(failed.iter().all(|(_, reason)| *reason == SendRefusal::NotMember));
    assert_eq!(world.pending(CATS), 0);
    world.change(CATS, group(), Change::Join);
    world.run_for(seconds(2));
    world.send(CATS, group(), "back");
    world.run_for(seconds(2));
    let invoked = world.invoked(CATS);
    let last = invoked.last().unwrap();
    assert_eq!((last.membership, last.client_id), (MessageId(4), ClientId(1)));
    assert_eq!(world.texts(BENS, group()).last().unwrap(), "back");
    assert_reached(world.situations(), Situation::RefusedForWantOfMembership);
}

#[test]
fn a_send_whose_answer_was_lost_is_not_failed_by_the_refusal_of_a_later_one() {
    let mut world = trio();
    // Of Cat's two sends the first is appended, and two answers to it are lost; the second is lost
    // on the way. Nothing but an answer can tell her device, as no read gets through.
    let (mut appends, mut answers) = (0, 0);
    world.rule(move |message| {
        appends += usize::from(message.is_append());
        answers += usize::from(message.is_append_answer());
        let lose = (message.is_append() && appends == 2)
            || (message.is_append_answer() && answers <= 2)
            || message.is_sync_read();
        if lose { Fate::Drop } else { Fate::Pass }
    });
    world.send(CATS, group(), "in the log");
    world.send(CATS, group(), "not in the log");
    world.run_for(Duration::from_millis(100));
    world.change(PHONE, group(), Change::Remove(CAT));
    world.run_for(seconds(20));
    let failed: Vec<_> = world.failed(CATS).iter().map(|(send, _)| send.client_id).collect();
    assert_eq!(failed, [ClientId(2)]);
    world.heal();
    world.run_for(seconds(20));
    assert_eq!(world.failed(CATS).len(), 1);
    assert_eq!(world.accepted(CATS).len(), 1);
    assert_eq!(world.log_texts(group()), ["(created)", "in the log", "(removed)"]);
}

#[test]
fn sends_of_an_older_membership_are_settled_before_those_of_a_newer_one() {
    // Cat's first send is in the log and its answer is lost. While her device is off she leaves and
    // comes back. The device learns of it from a page that does not reach the send yet. Were her
    // next send appended first, the store would remember the newer membership only, and refuse the
    // repeat of a send that is in the log.
    let design = Design { page_entries_max: 1, session_unconfirmed_max: 1, ..Design::default() };
    let mut world = trio_with(1, design);
    world.run_for(seconds(10));
    world.rule(|message| match message {
        Message::ToDevice { device: CATS, frame: ServerFrame::Entry { .. }, .. } => Fate::Drop,
        _ if message.is_append_answer() => Fate::Drop,
        _ => Fate::Pass,
    });
    world.send(PHONE, group(), "first");
    world.run_for(Duration::from_millis(50));
    world.send(CATS, group(), "old");
    world.run_for(Duration::from_millis(50));
    world.stop_device(CATS);
    for (operation, change) in [(1, Change::Leave), (2, Change::Join)] {
        world.store(cats_change(operation, change));
    }
    let (mut answers, mut reads) = (0, 0);
    world.rule(move |message| {
        answers += usize::from(message.is_append_answer());
        reads += usize::from(message.is_sync_read());
        let lose =
            (message.is_append_answer() && answers == 1) || (message.is_sync_read() && reads > 1);
        if lose { Fate::Drop } else { Fate::Pass }
    });
    world.sent.clear();
    world.start_device(CATS);
    world.run_until(seconds(10), |world| world.texts(CATS, group()).len() == 2);
    world.send(CATS, group(), "new");
    assert_eq!(world.invoked(CATS)[1].membership, MessageId(5));
    world.run_for(seconds(30));
    assert_eq!(world.failed(CATS), []);
    world.heal();
    world.run_for(seconds(60));
    let log = ["(created)", "first", "old", "(left)", "(joined)", "new"];
    assert_eq!(world.log_texts(group()), log);
    assert_eq!(world.accepted(CATS).len(), 2);
    assert_eq!(world.texts(CATS, group()), log);
}

#[test]
fn a_late_send_of_an_old_membership_is_refused_after_a_new_join() {
    let mut world = trio();
    let late = StoreRequest::Append(Append {
        given_id: MessageId::ZERO,
        user: CAT,
        device: CATS,
        channel: group(),
        membership: MessageId(1),
        client_id: ClientId(1),
        oldest_pending: ClientId(1),
        body: "said long ago".into(),
    });
    world.change(CATS, group(), Change::Leave);
    world.run_for(seconds(1));
    world.change(CATS, group(), Change::Join);
    world.run_for(seconds(1));
    let refused = StoreAnswer::AppendRefused(SendRefusal::NotMember);
    assert_eq!(world.store(late), refused);
    assert_eq!(world.log_texts(group()), ["(created)", "(left)", "(joined)"]);
    assert_reached(world.situations(), Situation::OlderMembership);
}

#[test]
fn a_device_does_not_take_an_old_entry_of_its_own_for_a_pending_send_of_a_new_membership() {
    // Cat said "ok" as number 1, left and came back. Her device restarts far behind, learns from
    // the first page that she is a member again, and she says "ok" as number 1 once more.
    let design = Design { page_entries_max: 1, session_unconfirmed_max: 1, ..Design::default() };
    let mut world = trio_with(1, design);
    world.stop_device(CATS);
    world.run_for(seconds(20));
    let say = |membership: u64| {
        StoreRequest::Append(Append {
            given_id: MessageId::ZERO,
            user: CAT,
            device: CATS,
            channel: group(),
            membership: MessageId(membership),
            client_id: ClientId(1),
            oldest_pending: ClientId(1),
            body: "ok".into(),
        })
    };
    world.send(PHONE, group(), "first");
    world.run_for(seconds(1));
    world.store(say(1));
    world.store(cats_change(1, Change::Leave));
    world.store(cats_change(2, Change::Join));
    world.rule(|message| if message.is_append() { Fate::Hold } else { Fate::Pass });
    world.start_device(CATS);
    world.run_until(seconds(10), |world| world.texts(CATS, group()).len() == 2);
    world.send(CATS, group(), "ok");
    assert_eq!(world.invoked(CATS)[0].membership, MessageId(5), "the page tells the membership");
    world.run_until(seconds(10), |world| world.texts(CATS, group()).len() == 5);
    assert_eq!(world.accepted(CATS), [], "the second `ok` is not in the log yet");
    world.heal();
    world.run_for(seconds(20));
    let log = world.log_texts(group());
    assert_eq!(log, ["(created)", "first", "ok", "(left)", "(joined)", "ok"]);
    assert_eq!(world.accepted(CATS)[0].1, Some(MessageId(6)));
}
