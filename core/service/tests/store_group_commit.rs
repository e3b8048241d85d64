//! Nobody is told of an append before it was written and the disk has confirmed it, and what
//! happens when the disk does not.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use std::sync::{
    Arc, Mutex,
    mpsc::{self, Receiver, Sender},
};

use hubbub_chat::{
    design::Fanout,
    ids::{ChannelId, MessageId},
    ports::{
        Outcome,
        store::{StoreAnswer, StoreRequest},
    },
    time::Wall,
};
use hubbub_service::store::{FjallConfig, group_commit::StoreCounters};
use store_fixture::*;

/// What is wrong with the order of events: every accepted or observed entry must have been
/// written before, with a sync in between.
fn check_order(events: &[Event]) -> Vec<String> {
    let mut problems = Vec::new();
    for (told, event) in events.iter().enumerate() {
        let (Event::Accepted(channel, message_id) | Event::Observed(channel, message_id)) = event
        else {
            continue;
        };
        let place = (*channel, *message_id);
        let is_write =
            |event: &Event| matches!(event, Event::Write(places) if places.contains(&place));
        let before = &events[..told];
        match before.iter().position(is_write) {
            None => problems.push(format!("{channel} {message_id} was told before it was written")),
            Some(written) if !before[written..].contains(&Event::Sync) => {
                problems.push(format!("{channel} {message_id} was told before it was synced"));
            }
            Some(_) => {}
        }
    }
    problems
}

/// Appends `count` messages, all in flight at once, and records when each is accepted: the reply
/// is called on the store's own thread, so the order of events is the order in which they happened.
fn record_appends(tape: &Tape, count: u64) -> StoreCounters {
    let subject = Subject::new(Fanout::Inbox, tape.config());
    subject.ask(register(1));
    subject.ask(register(2));
    let before = subject.counters();
    let gate = tape.hold();
    let answers = Arc::new(Mutex::new(0));
    for number in 1..=count {
        let (tape, answers) = (tape.clone(), answers.clone());
        let request = append(1, direct(1, 2), 0, number);
        subject.store().submit(Wall(0), request, move |outcome| {
            if let Outcome::Ok(StoreAnswer::Appended(appended)) = outcome {
                tape.push(Event::Accepted(direct(1, 2), appended.message_id));
                *answers.lock().unwrap() += 1;
            }
        });
    }
    drop(gate);
    // Answered behind all of the above.
    subject.ask(register(3));
    assert_eq!(*answers.lock().unwrap(), count);
    let after = subject.counters();
    StoreCounters {
        requests: after.requests - before.requests,
        overflows: after.overflows,
        batches: after.batches - before.batches,
        syncs: after.syncs - before.syncs,
        rows: after.rows - before.rows,
        failures: after.failures,
    }
}

#[test]
fn an_append_is_written_then_synced_then_accepted() {
    let tape = Tape::default();
    record_appends(&tape, 500);
    let events = tape.events();
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Accepted(..))).count(), 500);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Observed(..))).count(), 500);
    assert_eq!(check_order(&events), Vec::<String>::new());
}

#[test]
fn without_the_sync_the_order_is_wrong() {
    let tape = Tape::without_sync();
    record_appends(&tape, 5);
    let problems = check_order(&tape.events());
    // Each of five entries is observed and accepted too early.
    assert_eq!(problems.len(), 10, "{problems:?}");
    assert!(problems.contains(&"direct-1-2 1 was told before it was synced".to_owned()));
}

#[test]
fn an_answer_ahead_of_its_write_or_sync_is_found() {
    let (channel, id) = (direct(1, 2), MessageId(1));
    let write = || Event::Write(vec![(channel, id)]);
    let accepted = || Event::Accepted(channel, id);
    assert!(check_order(&[write(), Event::Sync, accepted()]).is_empty());
    assert_eq!(check_order(&[Event::Sync, write(), accepted()]).len(), 1);
    assert_eq!(check_order(&[write(), accepted(), Event::Sync]).len(), 1);
    assert_eq!(check_order(&[accepted(), write(), Event::Sync]).len(), 1);
    let other = Event::Write(vec![(channel, MessageId(2))]);
    assert_eq!(check_order(&[other, Event::Sync, accepted()]).len(), 1);
}

#[test]
fn requests_in_flight_share_a_sync() {
    let counters = record_appends(&Tape::default(), 500);
    // The first commit was held until all were waiting, so the rest went together: the batches
    // are the first, the rest, and perhaps the registration behind them.
    assert!(counters.syncs <= 3, "{counters:?}");
    assert_eq!((counters.requests, counters.syncs), (501, counters.batches));
}

#[test]
fn reading_alone_writes_and_syncs_nothing() {
    let subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    subject.ask(register(1));
    let before = subject.counters();
    subject.ask(sync(1, &[], 10));
    subject.ask(heads(&[1]));
    let after = subject.counters();
    assert_eq!(after, StoreCounters { requests: before.requests + 2, ..before });
}

/// A store of two users whose direct channel holds one message.
fn talking(tape: &Tape) -> (Subject, ChannelId) {
    let subject = Subject::new(Fanout::Inbox, tape.config());
    let channel = direct(1, 2);
    for request in [register(1), register(2), append(1, channel, 0, 1)] {
        subject.ask(request);
    }
    (subject, channel)
}

/// Submits this request, and holds its batch before the commit: what is submitted next is in another.
fn hold_batch_of(
    request: StoreRequest,
    subject: &Subject,
    tape: &Tape,
) -> (Gate, Sender<Outcome<StoreAnswer>>, Receiver<Outcome<StoreAnswer>>) {
    let (sender, outcomes) = mpsc::channel();
    let gate = tape.hold();
    subject.submit(request, &sender);
    gate.wait();
    (gate, sender, outcomes)
}

#[test]
fn a_failed_commit_is_unknown_and_the_retry_is_accepted() {
    let tape = Tape::default();
    let (subject, channel) = talking(&tape);
    tape.plant(Fault::CommitFails);
    assert_eq!(subject.outcome(append(1, channel, 0, 2)), Outcome::Unknown);
    assert_eq!(places(subject.ask(sync(2, &[], 9)), channel), [1]);
    assert_eq!(subject.ask(append(1, channel, 0, 2)), appended(2, &[1, 2], false));
    assert_eq!(check_order(&tape.events()), Vec::<String>::new());
}

#[test]
fn a_commit_that_failed_late_is_unknown_and_the_retry_is_a_repeat() {
    let tape = Tape::default();
    let (subject, channel) = talking(&tape);
    tape.plant(Fault::CommitFailsLate);
    assert_eq!(subject.outcome(append(1, channel, 0, 2)), Outcome::Unknown);
    assert_eq!(subject.ask(append(1, channel, 0, 2)), appended(2, &[], true));
    assert_eq!(places(subject.ask(sync(2, &[], 9)), channel), [1, 2]);
}

#[test]
fn after_a_failed_sync_everything_is_refused_until_the_folder_is_opened_again() {
    let tape = Tape::default();
    let (mut subject, channel) = talking(&tape);
    tape.plant(Fault::SyncFails);
    assert_eq!(subject.outcome(append(1, channel, 0, 2)), Outcome::Unknown);
    assert_eq!(subject.outcome(append(1, channel, 0, 2)), Outcome::Refused);
    assert_eq!(subject.outcome(sync(2, &[], 9)), Outcome::Refused);
    let told = Event::Observed(channel, MessageId(2));
    assert!(!tape.events().contains(&told));
    subject.reopen();
    let found = subject.ask(append(1, channel, 0, 2));
    assert!([appended(2, &[], true), appended(2, &[1, 2], false)].contains(&found), "{found:?}");
}

#[test]
fn a_failed_batch_is_unknown_to_its_writers_and_refused_to_its_readers() {
    let tape = Tape::default();
    let (subject, channel) = talking(&tape);
    let (gate, sender, outcomes) = hold_batch_of(append(1, channel, 0, 2), &subject, &tape);
    subject.submit(append(1, channel, 0, 3), &sender);
    subject.submit(sync(2, &[], 9), &sender);
    subject.submit(append(1, channel, 0, 3), &sender);
    tape.plant(Fault::CommitFails);
    drop(gate);
    let outcomes: Vec<_> = (0..4).map(|_| outcomes.recv().unwrap()).collect();
    assert_eq!(outcomes[0], Outcome::Ok(appended(2, &[1, 2], false)));
    assert_eq!(outcomes[1..], [Outcome::Unknown, Outcome::Refused, Outcome::Unknown]);
    assert_eq!(places(subject.ask(sync(2, &[], 9)), channel), [1, 2]);
}

#[test]
fn a_full_queue_refuses() {
    let tape = Tape::default();
    let config = FjallConfig { queue_max: 2, ..tape.config() };
    let subject = Subject::new(Fanout::Inbox, config);
    let (gate, sender, outcomes) = hold_batch_of(register(1), &subject, &tape);
    (2..=5).for_each(|user| subject.submit(register(user), &sender));
    // Two wait behind the batch that is held; there is no room for the other two.
    let refused: Vec<_> = outcomes.try_iter().collect();
    assert_eq!(refused, [Outcome::Refused, Outcome::Refused]);
    assert_eq!(subject.counters().overflows, 2);
    drop((gate, sender));
    let answered: Vec<_> = outcomes.iter().collect();
    assert_eq!(answered, vec![Outcome::Ok(StoreAnswer::Done); 3]);
}

#[test]
fn a_batch_takes_in_no_more_than_its_bounds() {
    for (batch_max, batch_rows_max) in [(4, 1000), (1000, 12)] {
        let tape = Tape::default();
        let config = FjallConfig { batch_max, batch_rows_max, ..tape.config() };
        let subject = Subject::new(Fanout::Inbox, config);
        let (gate, sender, outcomes) = hold_batch_of(register(1), &subject, &tape);
        // Each of these is two rows: the user and the device.
        (2..=13).for_each(|user| subject.submit(register(user), &sender));
        drop((gate, sender));
        assert_eq!(outcomes.iter().count(), 13);
        let batches = if batch_max == 4 { 1 + 3 } else { 1 + 2 };
        assert_eq!(subject.counters().batches, batches, "{batch_max} {batch_rows_max}");
    }
}

#[test]
fn a_closed_store_finishes_what_was_asked_and_refuses_the_rest() {
    let subject = Subject::new(Fanout::Inbox, FjallConfig::default());
    let (sender, outcomes) = mpsc::channel();
    for user in 1..=100 {
        subject.submit(register(user), &sender);
    }
    block_on(subject.store().close());
    assert_eq!(subject.outcome(register(101)), Outcome::Refused);
    block_on(subject.store().close());
    drop(sender);
    let outcomes: Vec<_> = outcomes.iter().collect();
    assert_eq!(outcomes, vec![Outcome::Ok(StoreAnswer::Done); 100]);
}

#[test]
fn closing_a_store_with_a_full_queue_does_not_hold_up_the_runtime() {
    let tape = Tape::default();
    let config = FjallConfig { queue_max: 2, ..tape.config() };
    let subject = Subject::new(Fanout::Inbox, config);
    let (gate, sender, outcomes) = hold_batch_of(register(1), &subject, &tape);
    (2..=3).for_each(|user| subject.submit(register(user), &sender));
    // The queue is full until the gate opens, and the gate is opened on the thread that closes.
    block_on(async {
        tokio::join!(biased; subject.store().close(), async { drop(gate) });
    });
    assert_eq!(subject.outcome(register(4)), Outcome::Refused);
    drop(sender);
    let answered: Vec<_> = outcomes.iter().collect();
    assert_eq!(answered, vec![Outcome::Ok(StoreAnswer::Done); 3]);
}
