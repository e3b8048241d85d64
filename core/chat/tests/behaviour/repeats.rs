//! A send is one entry, however often it has to be repeated.

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ClientId, Design, MessageId,
    device::DeviceDisk,
    frame::{ClientFrame, Cursors, PeerFrame, SendFrame, SendRefusal, ServerFrame},
    ports::store::{Append, StoreAnswer, StoreRequest},
    server::Input,
};

use crate::support::{
    bench::{frames, store_requests},
    views::text,
    *,
};

fn ann_append(client_id: u64, oldest_pending: u64, body: &str) -> Append {
    Append {
        given_id: MessageId::ZERO,
        user: ANN,
        device: PHONE,
        channel: direct(),
        membership: MessageId::ZERO,
        client_id: ClientId(client_id),
        oldest_pending: ClientId(oldest_pending),
        body: body.into(),
    }
}

fn append(client_id: u64, oldest_pending: u64, body: &str) -> StoreRequest {
    StoreRequest::Append(ann_append(client_id, oldest_pending, body))
}

#[test]
fn a_send_is_accepted_once_and_reaches_the_other_user() {
    let mut world = pair();
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(1));
    assert_eq!(world.log_texts(direct()), ["hello"]);
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
    let accepted = world.accepted(PHONE);
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].1, Some(MessageId(1)));
}

#[test]
fn a_lost_answer_of_the_store_leads_to_a_repeat_with_the_same_number_and_one_entry() {
    let mut world = pair();
    world.lose_first(Message::is_append_answer);
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(12));
    assert_eq!(world.log_texts(direct()), ["hello"]);
    let numbers: Vec<_> = world.send_frames(PHONE).iter().map(|frame| frame.client_id).collect();
    assert!(numbers.len() >= 2, "the device did not repeat its send");
    assert!(numbers.iter().all(|number| *number == ClientId(1)));
    assert_eq!(world.accepted(PHONE).len(), 1);
    // The audience was in the lost answer, so Ben is found by the next comparison.
    world.run_for(seconds(10));
    assert_eq!(world.texts(BENS, direct()), ["hello"]);
    assert_reached(world.situations(), Situation::RetryMetAppend);
    assert_reached(world.situations(), Situation::AppendUnknown);
}

#[test]
fn a_lost_acceptance_leads_to_a_repeat_that_gets_the_first_answer_again() {
    let mut world = pair();
    world.rule(|message| match message.server_frame() {
        Some((PHONE, _)) => Fate::Wedge,
        _ => Fate::Pass,
    });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(2));
    assert_eq!(world.accepted(PHONE), [], "the answer was lost");
    world.heal();
    world.break_connection(PHONE);
    world.stop_device(PHONE);
    world.start_device(PHONE);
    world.run_for(seconds(10));
    assert_eq!(world.log_texts(direct()), ["hello"]);
    assert_eq!(world.accepted(PHONE)[0].1, Some(MessageId(1)));
    assert_eq!(world.texts(PHONE, direct()), ["hello"]);
}

#[test]
fn a_request_that_arrives_twice_is_one_entry() {
    let mut world = pair();
    world.rule(|message| if message.is_append() { Fate::Twice } else { Fate::Pass });
    for number in 0..5 {
        world.send(PHONE, direct(), &format!("{number}"));
    }
    world.run_for(seconds(2));
    assert_eq!(world.log_texts(direct()), ["0", "1", "2", "3", "4"]);
    assert_eq!(world.texts(BENS, direct()), ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_device_that_meets_its_own_entry_in_a_sync_takes_the_send_as_accepted() {
    let mut world = pair();
    world.rule(|message| if message.is_append_answer() { Fate::Drop } else { Fate::Pass });
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(1));
    assert_eq!(world.pending(PHONE), 1);
    world.break_connection(PHONE);
    // Repeats are cut off too: only the sync can tell.
    world.rule(|message| if message.is_append() { Fate::Drop } else { Fate::Pass });
    world.run_for(seconds(3));
    assert_eq!(world.accepted(PHONE)[0].1, Some(MessageId(1)));
    assert_eq!(world.pending(PHONE), 0);
    assert_reached(world.situations(), Situation::AcceptedBySync);
}

#[test]
fn a_number_that_was_used_for_another_body_fails_and_the_first_body_stands() {
    let mut world = pair();
    world.send(PHONE, direct(), "first");
    world.run_for(seconds(1));
    // The device's disk is set back, as from a backup: it counts from 1 again.
    world.stop_device(PHONE);
    world.devices.get_mut(&PHONE).unwrap().disk = DeviceDisk::default();
    world.rule(|message| if message.is_sync_read() { Fate::Drop } else { Fate::Pass });
    world.start_device(PHONE);
    world.send(PHONE, direct(), "second");
    world.run_for(seconds(2));
    assert_eq!(world.failed(PHONE).len(), 1);
    assert_eq!(world.failed(PHONE)[0].1, SendRefusal::ClientIdReused);
    assert_eq!(world.log_texts(direct()), ["first"]);
}

#[test]
fn a_number_below_the_remembered_answers_is_too_old() {
    let mut world = pair();
    for number in 1..=40 {
        world.store(append(number, number, "text"));
    }
    // The store remembers the last 16 answers: 25 to 40.
    let refused = StoreAnswer::AppendRefused(SendRefusal::TooOld);
    assert_eq!(world.store(append(24, 24, "text")), refused);
    let StoreAnswer::Appended(repeat) = world.store(append(25, 25, "text")) else {
        panic!("the last 16 answers are remembered")
    };
    assert!(repeat.repeat);
    assert_eq!(repeat.message_id, MessageId(25));
    assert_eq!(world.log(direct()).len(), 40);
}

#[test]
fn a_device_that_is_told_too_old_gives_that_send_up_and_goes_on() {
    let mut world = pair();
    for number in 2..=40 {
        world.store(append(number, number, "text"));
    }
    world.send(PHONE, direct(), "old");
    world.run_for(seconds(1));
    assert_eq!((world.given_up(PHONE).len(), world.failed(PHONE).len()), (1, 0));
    assert_eq!(world.pending(PHONE), 0);
}

#[test]
fn a_repeated_acceptance_does_not_stand_for_the_delivery() {
    // When the first answer comes, an entry before it is missing, so the device settles the send
    // but cannot apply it. The hint brings the missing entry. The second answer tells the device
    // nothing new, so the server must still send it the entry itself.
    let mut bench = Bench::new(Design::default(), true);
    bench.ask(StoreRequest::Register { user: BEN, device: Some(BENS) });
    bench.greet(1, ANN, PHONE, Cursors::new());
    let outputs = bench.pass(seconds(3));
    bench.serve(outputs);
    let from_ben = Append { user: BEN, device: BENS, ..ann_append(1, 1, "from ben") };
    bench.ask(StoreRequest::Append(from_ben));
    let entry = bench.store.entries().next().unwrap().clone();
    let send = SendFrame {
        channel: direct(),
        membership: MessageId::ZERO,
        client_id: ClientId(1),
        oldest_pending: ClientId(1),
        body: "from ann".into(),
    };
    let outputs = bench.frame(1, ClientFrame::Send(send.clone()));
    let (id, request) = store_requests(&outputs).remove(0);
    let answer = bench.ask(request);
    let outputs = bench.answer(id, answer);
    let reads = store_requests(&outputs);
    bench.input(Input::Peer(PeerFrame::Hint { entry, audience: vec![ANN] }));
    let outputs = bench.frame(1, ClientFrame::Send(send));
    bench.serve(outputs);
    for (id, _) in reads {
        bench.refuse(id);
    }
    let outputs = bench.pass(seconds(5));
    let pages = bench.serve(outputs);
    let given = frames(&pages, 1).into_iter().any(|frame| match frame {
        ServerFrame::Page { ranges, .. } => {
            ranges.iter().flat_map(|range| &range.entries).any(|entry| text(entry) == "from ann")
        }
        _ => false,
    });
    assert!(given, "{pages:?}");
}
