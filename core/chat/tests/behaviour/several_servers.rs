//! Several chat servers: hints go where the audience is, and lost routes are found again.

use std::time::Duration;

use hubbub_chat::{
    Design,
    frame::{Cursors, PeerFrame},
    ports::{
        Answer, Outcome, Request,
        routing::{RoutingAnswer, RoutingModel, RoutingRequest},
    },
    server::{Input, Output},
};

use crate::support::{bench::store_requests, *};

#[test]
fn a_session_is_registered_for_routing_before_its_first_sync_reads() {
    let mut bench = Bench::new(Design::default(), true);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    assert_eq!(store_requests(&outputs), [], "no read before the registration is answered");
    let [
        Output::Request {
            id,
            request: Request::Routing(RoutingRequest::Register { users, .. }),
            ..
        },
    ] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!(users, &[ANN]);
    let done = Answer::Routing(Outcome::Ok(RoutingAnswer::Done));
    let outputs = bench.input(Input::Answer(*id, done));
    assert_eq!(store_requests(&outputs).len(), 1);
}

#[test]
fn routing_that_does_not_answer_delays_the_first_sync_and_does_not_prevent_it() {
    let mut world = World::new(2, Design::default());
    world.rule(|message| match message {
        Message::Request { request: Request::Routing(_), .. } => Fate::Drop,
        _ => Fate::Pass,
    });
    world.login(ANN, PHONE, 0);
    world.run_for(seconds(2));
    assert!(!world.is_synced(PHONE));
    world.run_for(seconds(2));
    assert!(world.is_synced(PHONE));
}

#[test]
fn a_message_reaches_members_on_other_servers_at_once() {
    let mut world = trio_with(3, Design::default());
    world.send(PHONE, group(), "hello");
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.texts(BENS, group()), ["(created)", "hello"]);
    assert_eq!(world.texts(CATS, group()), ["(created)", "hello"]);
}

#[test]
fn hints_go_only_to_servers_where_the_audience_is_and_name_only_the_users_there() {
    let mut world = trio_with(3, Design::default());
    world.sent.clear();
    world.send(PHONE, group(), "for cat, on the third server");
    world.send(PHONE, direct(), "for ben, on the first server");
    world.run_for(seconds(1));
    let hints: Vec<_> = world
        .sent
        .iter()
        .filter_map(|(_, message)| match message {
            Message::Peer { server, frame: PeerFrame::Hint { audience, .. } } => {
                Some((*server, audience.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(hints, [(2, vec![CAT])]);
}

#[test]
fn no_hints_go_to_a_server_that_a_user_has_left() {
    let mut world = trio_with(2, Design::default());
    world.move_device(CATS, 0);
    world.break_connection(CATS);
    world.run_for(seconds(2));
    world.sent.clear();
    world.send(PHONE, group(), "hello");
    world.run_for(seconds(1));
    assert_eq!(world.count_sent(Message::is_peer), 0);
    assert_eq!(world.texts(CATS, group()), ["(created)", "hello"]);
}

#[test]
fn lost_routes_are_registered_again_with_the_next_comparison() {
    let mut world = trio_with(2, Design::default());
    world.routing = RoutingModel::default();
    world.send(PHONE, group(), "found by the comparison");
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.texts(CATS, group()), ["(created)"]);
    world.run_for(seconds(19));
    world.send(PHONE, group(), "delivered at once");
    world.run_for(Duration::from_millis(100));
    let all = ["(created)", "found by the comparison", "delivered at once"];
    assert_eq!(world.texts(CATS, group()), all);
}

#[test]
fn a_device_that_moves_to_another_server_goes_on_where_it_was() {
    let mut world = trio_with(3, Design::default());
    for round in 0..6 {
        world.send(CATS, group(), &format!("from cat {round}"));
        world.send(PHONE, group(), &format!("from ann {round}"));
        world.run_for(Duration::from_millis(300));
        world.move_device(CATS, round % 3);
        world.break_connection(CATS);
        world.run_for(Duration::from_millis(300));
    }
    world.run_for(seconds(30));
    for device in [PHONE, BENS, CATS] {
        assert_eq!(world.texts(device, group()), world.log_texts(group()));
    }
    assert_eq!(world.log(group()).len(), 13);
}

#[test]
fn a_restarted_servers_old_routes_are_forgotten() {
    let mut world = trio_with(2, Design::default());
    world.crash_server(1);
    world.start_server(1);
    world.move_device(CATS, 0);
    world.login(hubbub_chat::UserId(4), hubbub_chat::DeviceId(41), 1);
    world.run_for(seconds(30));
    world.sent.clear();
    world.send(PHONE, group(), "hello");
    world.run_for(seconds(1));
    assert_eq!(world.count_sent(Message::is_peer), 0);
}

#[test]
fn a_server_alone_asks_routing_nothing() {
    let mut world = pair();
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(40));
    let asked = world.count_sent(|message| {
        matches!(message, Message::Request { request: Request::Routing(_), .. })
    });
    assert_eq!(asked, 0);
}
