//! A chat server issues ids only under a worker id that it leases from the registry.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ChatServer, Design, MessageId, Monotonic, Now, RequestId, ServerId, Wall,
    design::{Ids, WorkerIds},
    frame::{
        Change, ChangeFrame, ChangeOutcome, ChangeRefusal, ClientFrame, Cursors, SendRefusal,
        ServerFrame,
    },
    ports::{
        Answer, Outcome, Request,
        registry::{LeaseKey, RegistryAnswer, RegistryRequest},
        store::StoreRequest,
    },
    server::{Input, Output, Registration, ServerConfig},
    snowflake::{self, FIXED_WORKER},
};

use crate::support::{
    bench::{frames, port_requests, store_requests},
    world::WALL_START_S,
    *,
};

fn design() -> Design {
    Design { ids: Ids::Snowflake, ..Design::default() }
}

/// Ann is attached in session 1; the first request for a lease is returned.
fn started(design: Design) -> (Bench, Vec<(RequestId, Request)>) {
    let mut bench = Bench::new(design, false);
    let asked = port_requests(&bench.pass(Duration::ZERO));
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    bench.serve(outputs);
    bench.ask(StoreRequest::Register { user: BEN, device: None });
    (bench, asked)
}

fn leased(worker: u16, epoch: u64, high_water_ms: u64) -> Answer {
    let key = LeaseKey::Worker(worker);
    Answer::Registry(Outcome::Ok(RegistryAnswer::Leased { key, epoch, high_water_ms }))
}

/// The id that a send is given, or the refusal.
fn id_of(bench: &mut Bench, number: u64) -> Result<MessageId, SendRefusal> {
    let outputs = bench.send(number);
    match (&store_requests(&outputs)[..], &frames(&outputs, 1)[..]) {
        ([(_, StoreRequest::Append(append))], []) => Ok(append.given_id),
        ([], [ServerFrame::Refused { reason, .. }]) => Err(*reason),
        _ => panic!("{outputs:?}"),
    }
}

fn now_ms(after: Duration) -> u64 {
    WALL_START_S * 1000 + hubbub_chat::time::nanoseconds(after) / 1_000_000
}

#[test]
fn without_a_lease_sends_and_changes_are_refused_as_busy() {
    let (mut bench, asked) = started(design());
    assert_eq!(asked.len(), 1);
    assert!(matches!(
        asked[0].1,
        Request::Registry(RegistryRequest::Worker { worker: None, high_water_ms: 0, .. })
    ));
    assert_eq!(id_of(&mut bench, 1), Err(SendRefusal::Busy));
    let operation = hubbub_chat::OperationId(1);
    let change = ChangeFrame { channel: group(), operation, change: Change::Create(vec![]) };
    let outputs = bench.frame(1, ClientFrame::Change(change));
    let [ServerFrame::Changed { outcome, .. }] = frames(&outputs, 1)[..] else {
        panic!("{outputs:?}")
    };
    assert_eq!(*outcome, ChangeOutcome::Refused(ChangeRefusal::Busy));
    assert_eq!(bench.server.counts().without_id, 2);
    assert_reached(bench.server.situations(), Situation::WithoutId);
}

#[test]
fn a_new_holder_waits_for_the_skew_and_then_issues_under_its_worker_id() {
    let (mut bench, asked) = started(design());
    bench.answer_port(asked[0].0, leased(7, 1, 0));
    bench.pass(Duration::from_millis(999));
    assert_eq!(id_of(&mut bench, 1), Err(SendRefusal::Busy));
    bench.pass(Duration::from_millis(1));
    let parts = snowflake::decode(id_of(&mut bench, 2).unwrap());
    let at_ms = now_ms(seconds(1));
    assert_eq!(parts, snowflake::Parts { at_ms, worker: 7, sequence: 0 });
}

#[test]
fn a_new_holder_begins_above_the_recorded_time() {
    let (mut bench, asked) = started(design());
    bench.answer_port(asked[0].0, leased(7, 1, now_ms(seconds(2))));
    bench.pass(seconds(2));
    assert_eq!(id_of(&mut bench, 1), Err(SendRefusal::Busy));
    bench.pass(Duration::from_millis(1));
    assert!(id_of(&mut bench, 1).is_ok());
}

#[test]
fn a_lease_is_renewed_in_time_and_with_the_last_issued_time() {
    let (mut bench, asked) = started(design());
    bench.answer_port(asked[0].0, leased(7, 1, 0));
    bench.pass(Duration::from_millis(1500));
    id_of(&mut bench, 1).unwrap();
    let renewal = port_requests(&bench.pass(Duration::from_millis(500))).remove(0);
    let Request::Registry(RegistryRequest::Worker { worker, high_water_ms, .. }) = renewal.1 else {
        panic!("{renewal:?}")
    };
    assert_eq!(worker, Some(7));
    assert_eq!(high_water_ms, now_ms(Duration::from_millis(1500)));
    bench.answer_port(renewal.0, leased(7, 1, high_water_ms));
    // The first lease, counted from when it was asked for, would have ended at 6 s.
    bench.pass(Duration::from_millis(5300));
    assert!(id_of(&mut bench, 2).is_ok(), "and there was no second wait");
}

#[test]
fn a_server_that_cannot_renew_stops_before_its_lease_ends() {
    let (mut bench, asked) = started(design());
    bench.answer_port(asked[0].0, leased(7, 1, 0));
    bench.pass(Duration::from_millis(5399));
    assert!(id_of(&mut bench, 1).is_ok());
    bench.pass(Duration::from_millis(1));
    assert_eq!(id_of(&mut bench, 2), Err(SendRefusal::Busy));
    assert_eq!(bench.server.session_count(), 1, "the sessions go on");
}

#[test]
fn a_server_whose_renewal_is_refused_goes_on_until_its_lease_ends_and_then_asks_for_any() {
    let (mut bench, asked) = started(design());
    bench.answer_port(asked[0].0, leased(7, 1, 0));
    let held = Answer::Registry(Outcome::Ok(RegistryAnswer::Held));
    for _ in 0..2 {
        let renewal = port_requests(&bench.pass(seconds(2))).remove(0);
        let outputs = bench.answer_port(renewal.0, held.clone());
        assert_eq!(port_requests(&outputs), [], "it waits for its turn");
    }
    bench.pass(Duration::from_millis(1399));
    assert_eq!(snowflake::decode(id_of(&mut bench, 1).unwrap()).worker, 7);
    bench.pass(Duration::from_millis(1));
    assert_eq!(id_of(&mut bench, 2), Err(SendRefusal::Busy));
    let asked = port_requests(&bench.pass(Duration::from_millis(600)));
    assert!(matches!(
        asked[..],
        [(_, Request::Registry(RegistryRequest::Worker { worker: None, .. }))]
    ));
    bench.answer_port(asked[0].0, leased(3, 2, 0));
    bench.pass(seconds(1));
    assert_eq!(snowflake::decode(id_of(&mut bench, 3).unwrap()).worker, 3);
    assert_reached(bench.server.situations(), Situation::WorkerLeasedAgain);
}

#[test]
fn a_clock_that_steps_back_does_not_lower_the_ids() {
    let (mut bench, asked) = started(design());
    bench.answer_port(asked[0].0, leased(7, 1, 0));
    bench.pass(seconds(1));
    let first = id_of(&mut bench, 1).unwrap();
    bench.step_wall(-60_000);
    assert_eq!(id_of(&mut bench, 2), Ok(first.next()));
    assert_reached(bench.server.situations(), Situation::ClockWentBack);
}

#[test]
fn a_fixed_worker_asks_nobody_and_believes_its_clock() {
    let (mut bench, asked) = started(Design { worker_ids: WorkerIds::Fixed, ..design() });
    assert_eq!(asked, []);
    let first = id_of(&mut bench, 1).unwrap();
    assert_eq!(snowflake::decode(first).worker, FIXED_WORKER);
    bench.step_wall(-60_000);
    assert!(id_of(&mut bench, 2).unwrap() < first);
    assert_eq!(port_requests(&bench.pass(seconds(60))), []);
}

/// A server that gets the lease of its place under this epoch at once. The holders under which it
/// then asks for a worker id, at the start and two seconds later.
fn worker_holders(incarnation: u64, process: u64, epoch: u64) -> Vec<u64> {
    let registration = Registration {
        holder: process,
        address: "chat-1".into(),
        peer_address: "chat-1".into(),
        region: String::new(),
        capacity: 10,
    };
    let config = ServerConfig {
        server: ServerId(1),
        epoch: incarnation,
        has_peers: false,
        design: design(),
        seed: 1,
        registration: Some(registration),
    };
    let at = |seconds: u64| Now { monotonic: Monotonic(seconds * 1_000_000_000), wall: Wall(0) };
    let mut server = ChatServer::new(config, at(0));
    let mut holders = Vec::new();
    for now in [at(0), at(2)] {
        server.handle_timeout(now);
        while let Some(output) = server.poll_output() {
            let Output::Request { id, request: Request::Registry(request), .. } = output else {
                continue;
            };
            match request {
                RegistryRequest::Worker { holder, .. } => holders.push(holder),
                RegistryRequest::Lease { key, .. } => {
                    let leased = RegistryAnswer::Leased { key, epoch, high_water_ms: 0 };
                    let answer = Answer::Registry(Outcome::Ok(leased));
                    server.handle_input(now, Input::Answer(id, answer));
                }
                _ => {}
            }
        }
    }
    holders
}

#[test]
fn a_server_stays_the_holder_of_its_worker_id_when_it_gets_the_lease_of_its_place() {
    let holders = worker_holders(1, 77, 2);
    assert_eq!(holders.len(), 2, "{holders:?}");
    assert_eq!(holders[0], holders[1]);
}

#[test]
fn a_server_that_restarts_is_not_the_holder_that_it_was_whatever_epochs_it_had() {
    // The first start has the epoch of its lease, 2, and the second one 2 as its incarnation.
    let (first, second) = (worker_holders(1, 77, 2), worker_holders(2, 78, 3));
    assert!(first.iter().all(|holder| !second.contains(holder)), "{first:?} {second:?}");
}

#[test]
fn places_of_a_log_need_no_worker() {
    let (mut bench, asked) = started(Design::default());
    assert_eq!(asked, []);
    assert_eq!(id_of(&mut bench, 1), Ok(MessageId::ZERO), "the log gives it");
    assert_eq!(bench.pass(seconds(1)).len(), 0);
}
