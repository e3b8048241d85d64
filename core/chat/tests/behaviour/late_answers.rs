//! An answer of the store behind its deadline: its asker does not hear of it, its audience does.

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, OperationId, SessionId,
    frame::{
        Change, ChangeFrame, ChangeOutcome, ChangeRefusal, ClientFrame, Cursors, SendRefusal,
        ServerFrame,
    },
    ports::store::{StoreAnswer, StoreRequest},
    server::Output,
};

use crate::support::{
    bench::{frames, store_requests},
    *,
};

/// Ann in session 1 and Ben in session 2, both synced.
fn greeted() -> Bench {
    let mut bench = Bench::new(Design::default(), false);
    for (session, user, device) in [(1, ANN, PHONE), (2, BEN, BENS)] {
        let outputs = bench.greet(session, user, device, Cursors::new());
        bench.serve(outputs);
    }
    bench
}

/// The places delivered, with the sessions that get them.
fn deliveries(outputs: &[Output]) -> Vec<(u64, Vec<SessionId>)> {
    let pick = |output: &Output| match output {
        Output::Deliver { sessions, entry } => Some((entry.message_id.0, sessions.clone())),
        _ => None,
    };
    outputs.iter().filter_map(pick).collect()
}

fn sessions() -> Vec<SessionId> {
    vec![SessionId(1), SessionId(2)]
}

#[test]
fn a_late_append_reaches_its_audience() {
    let mut bench = greeted();
    let (id, request) = store_requests(&bench.send(1)).remove(0);
    let given_up = bench.pass(seconds(4));
    let is_unavailable = |frame: &&ServerFrame| {
        matches!(frame, ServerFrame::Refused { reason: SendRefusal::Unavailable, .. })
    };
    assert_eq!(frames(&given_up, 1).iter().filter(|frame| is_unavailable(frame)).count(), 1);
    let answer = bench.ask(request);
    let outputs = bench.answer(id, answer.clone());
    assert_eq!(deliveries(&outputs), [(1, sessions())]);
    assert_eq!(frames(&outputs, 1), [] as [&ServerFrame; 0]);
    assert_eq!(bench.server.counts().late_published, 1);
    assert_eq!(bench.answer(id, answer), [], "an answer counts once");
    assert_reached(bench.server.situations(), Situation::AnswerAfterDeadline);
}

#[test]
fn the_author_of_a_late_append_meets_it_in_a_delivery() {
    let mut world = pair();
    let mut appends = 0;
    world.rule(move |message| {
        appends += u32::from(message.is_append());
        match message {
            _ if message.is_append_answer() => Fate::Delay(seconds(4)),
            _ if message.is_append() && appends > 1 => Fate::Drop,
            _ => Fate::Pass,
        }
    });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(5));
    assert_eq!(world.accepted(PHONE).len(), 1);
    assert_eq!(world.pending(PHONE), 0);
    assert_eq!(world.texts(PHONE, direct()), ["hello"]);
    assert_reached(world.situations(), Situation::HintBeforeAnswer);
}

#[test]
fn a_late_change_reaches_its_audience() {
    let mut bench = greeted();
    let change = Change::Create(vec![BEN]);
    let change = ChangeFrame { channel: group(), operation: OperationId(1), change };
    let (id, request) = store_requests(&bench.frame(1, ClientFrame::Change(change))).remove(0);
    let given_up = bench.pass(seconds(4));
    let unavailable = ServerFrame::Changed {
        channel: group(),
        operation: OperationId(1),
        outcome: ChangeOutcome::Refused(ChangeRefusal::Unavailable),
    };
    assert!(frames(&given_up, 1).contains(&&unavailable));
    let answer = bench.ask(request);
    let outputs = bench.answer(id, answer);
    assert_eq!(deliveries(&outputs), [(1, sessions())]);
}

#[test]
fn a_late_repeat_or_refusal_is_nobodys_news() {
    let mut bench = greeted();
    let first = bench.send(1);
    bench.serve(first);
    let (id, request) = store_requests(&bench.send(1)).remove(0);
    bench.pass(seconds(4));
    let answer = bench.ask(request);
    assert!(matches!(&answer, StoreAnswer::Appended(appended) if appended.repeat));
    assert_eq!(bench.answer(id, answer), []);
    let (id, _) = store_requests(&bench.send(2)).remove(0);
    bench.pass(seconds(4));
    assert_eq!(bench.refuse(id), []);
    assert_eq!(bench.server.counts().late_published, 0);
}

#[test]
fn only_the_last_ones_are_remembered() {
    let mut bench = greeted();
    let mut open = Vec::new();
    for round in 0..18 {
        for number in 1..=60 {
            open.extend(store_requests(&bench.send(round * 60 + number)));
        }
        bench.pass(seconds(4));
        bench.frame(1, ClientFrame::Heartbeat { cursors: Cursors::new() });
        bench.frame(2, ClientFrame::Heartbeat { cursors: Cursors::new() });
    }
    let appends = |(_, request): &(_, StoreRequest)| matches!(request, StoreRequest::Append(_));
    open.retain(appends);
    assert_eq!(open.len(), 18 * 60);
    assert_eq!(bench.server.counts().late_forgotten, 18 * 60 - 1024);
    for (id, request) in open {
        let answer = bench.ask(request);
        bench.answer(id, answer);
    }
    assert_eq!(bench.store.entries().count(), 18 * 60);
    assert_eq!(bench.server.counts().late_published, 1024);
}

#[test]
fn an_append_whose_repeat_is_answered_first_is_delivered_to_its_author_as_well() {
    let mut bench = greeted();
    let (first, request) = store_requests(&bench.send(1)).remove(0);
    let (again, repeat) = store_requests(&bench.send(1)).remove(0);
    let (answer, repeated) = (bench.ask(request), bench.ask(repeat));
    // The device takes this for the end of its send, and may not be able to apply the entry yet.
    let accepted = bench.answer(again, repeated);
    assert_eq!(deliveries(&accepted), []);
    let outputs = bench.answer(first, answer);
    assert_eq!(deliveries(&outputs), [(1, sessions())]);
}
