//! An id that is given before the append: by the wall clock, or by a separate generator. It may be
//! taken, late, or not to be had.

use std::time::Duration;

use hubbub_chat::{
    Design, MessageId, RequestId,
    design::{Accept, IdSource, Ids, WorkerIds},
    frame::{
        Change, ChangeFrame, ChangeOutcome, ChangeRefusal, ClientFrame, Cursors, SendRefusal,
        ServerFrame,
    },
    ports::{
        Answer, Outcome, Request,
        store::{StoreAnswer, StoreRequest},
    },
    server::Output,
    snowflake,
};

use crate::support::{
    bench::{frames, port_requests, store_requests},
    world::WALL_START_S,
    *,
};

fn created_at() -> Design {
    Design { ids: Ids::CreatedAt, ..Design::default() }
}

fn fixed() -> Design {
    Design { ids: Ids::Snowflake, worker_ids: WorkerIds::Fixed, ..Design::default() }
}

fn generator() -> Design {
    Design { ids: Ids::Snowflake, id_source: IdSource::Generator, ..Design::default() }
}

fn bench(design: Design) -> Bench {
    let mut bench = Bench::new(design, false);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    bench
}

/// The one append among some outputs.
fn append(outputs: &[Output]) -> (RequestId, MessageId) {
    match &store_requests(outputs)[..] {
        [(id, StoreRequest::Append(append))] => (*id, append.given_id),
        other => panic!("{other:?}"),
    }
}

fn refusal(outputs: &[Output]) -> Option<SendRefusal> {
    match frames(outputs, 1)[..] {
        [ServerFrame::Refused { reason, .. }] => Some(*reason),
        _ => None,
    }
}

/// The one request for an id among some outputs.
fn next_id(outputs: &[Output]) -> RequestId {
    match &port_requests(outputs)[..] {
        [(id, Request::NextId)] => *id,
        other => panic!("{other:?}"),
    }
}

fn given(id: u64) -> Answer {
    Answer::NextId(Outcome::Ok(MessageId(id)))
}

#[test]
fn the_time_of_the_wall_clock_is_the_id_and_nothing_else() {
    let mut bench = bench(created_at());
    let (_, first) = append(&bench.send(1));
    let (_, second) = append(&bench.send(2));
    assert_eq!(first, MessageId(WALL_START_S * 1000));
    assert_eq!(second, first, "two in one millisecond");
    bench.step_wall(-5);
    assert_eq!(append(&bench.send(3)).1, MessageId(first.0 - 5));
}

#[test]
fn an_id_that_is_taken_is_replaced_and_after_three_more_the_send_is_put_off() {
    let mut bench = bench(fixed());
    let mut outputs = bench.send(1);
    for step in 0..4 {
        let (id, given) = append(&outputs);
        assert_eq!(snowflake::decode(given).at_ms, WALL_START_S * 1000 + step);
        bench.pass(Duration::from_millis(1));
        outputs = bench.answer(id, StoreAnswer::IdTaken);
    }
    assert_eq!(store_requests(&outputs), []);
    assert_eq!(refusal(&outputs), Some(SendRefusal::Busy));
    append(&bench.send(1));
}

#[test]
fn a_change_whose_id_is_taken_asks_again_too() {
    let mut bench = bench(fixed());
    let operation = hubbub_chat::OperationId(1);
    let change = ChangeFrame { channel: group(), operation, change: Change::Create(vec![]) };
    let mut outputs = bench.frame(1, ClientFrame::Change(change));
    for _ in 0..4 {
        let [(id, StoreRequest::Change(_))] = store_requests(&outputs)[..] else {
            panic!("{outputs:?}")
        };
        outputs = bench.answer(id, StoreAnswer::IdTaken);
    }
    let [ServerFrame::Changed { outcome, .. }] = frames(&outputs, 1)[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(*outcome, ChangeOutcome::Refused(ChangeRefusal::Busy));
}

#[test]
fn a_session_that_waits_for_ids_has_its_requests_open() {
    let design = Design { session_requests_max: 16, inflight_max: 16, ..generator() };
    let mut bench = bench(design);
    let first = next_id(&bench.send(1));
    for number in 2..=16 {
        next_id(&bench.send(number));
    }
    assert_eq!(refusal(&bench.send(17)), Some(SendRefusal::Busy));
    let outputs = bench.answer_port(first, given(100));
    assert_eq!(refusal(&bench.send(17)), Some(SendRefusal::Busy), "it waits for the store");
    bench.answer(append(&outputs).0, StoreAnswer::AppendRefused(SendRefusal::NotMember));
    next_id(&bench.send(17));
}

#[test]
fn the_generator_is_asked_before_the_store() {
    let mut bench = bench(generator());
    let outputs = bench.send(1);
    assert_eq!(store_requests(&outputs), []);
    let outputs = bench.answer_port(next_id(&outputs), given(100));
    assert_eq!(append(&outputs).1, MessageId(100));
}

#[test]
fn an_outage_of_the_generator_is_an_outage_of_sending() {
    let mut bench = bench(generator());
    let asked = next_id(&bench.send(1));
    let outputs = bench.answer_port(asked, Answer::NextId(Outcome::Refused));
    assert_eq!(refusal(&outputs), Some(SendRefusal::Busy));
    let asked = next_id(&bench.send(1));
    let outputs = bench.pass(seconds(4));
    assert_eq!(refusal(&outputs), Some(SendRefusal::Unavailable));
    assert_eq!(bench.answer_port(asked, given(100)), [], "it is too late");
    assert_eq!(bench.server.counts().without_id, 2);
}

#[test]
fn an_id_below_one_that_was_used_is_not_used() {
    let mut bench = bench(generator());
    let first = next_id(&bench.send(1));
    let second = next_id(&bench.send(2));
    // The answers overtake each other: the device's second send must not get the lower id.
    assert_eq!(append(&bench.answer_port(first, given(101))).1, MessageId(101));
    let outputs = bench.answer_port(second, given(100));
    let third = next_id(&outputs);
    assert_eq!(append(&bench.answer_port(third, given(102))).1, MessageId(102));
}

#[test]
fn a_generator_that_gives_the_same_id_for_ever_is_given_up() {
    let mut bench = bench(generator());
    let first = next_id(&bench.send(1));
    bench.answer_port(first, given(100));
    let mut outputs = bench.send(2);
    for _ in 0..4 {
        outputs = bench.answer_port(next_id(&outputs), given(100));
    }
    assert_eq!(refusal(&outputs), Some(SendRefusal::Busy));
}

#[test]
fn a_promised_send_waits_for_its_id() {
    let design = Design { accept: Accept::OnReceipt, ..generator() };
    let mut bench = bench(design);
    let outputs = bench.send(1);
    assert!(matches!(frames(&outputs, 1)[..], [ServerFrame::Accepted { message_id: None, .. }]));
    let outputs = bench.answer_port(next_id(&outputs), Answer::NextId(Outcome::Refused));
    assert_eq!(frames(&outputs, 1).len(), 0);
    let outputs = bench.pass(seconds(6));
    let outputs = bench.answer_port(next_id(&outputs), given(100));
    assert_eq!(append(&outputs).1, MessageId(100));
}
