//! With `hints = local` a chat server tells nobody of what it takes in: the others find it at their
//! next comparison with the store.

use std::time::Duration;

use hubbub_chat::{
    Design,
    design::Hints,
    ports::{Request, routing::RoutingRequest},
};

use crate::support::*;

/// Cat is on the second server; how long she waits for Ann's message, in milliseconds.
fn delay(hints: Hints) -> (World, u64) {
    let mut world = trio_with(2, Design { hints, ..Design::default() });
    // The comparisons are 15 s apart, give or take a fifth: this is not just before one.
    world.run_until(seconds(60), |world| world.count_sent(is_comparison) >= 4);
    world.run_for(seconds(1));
    let before = world.now();
    world.send(PHONE, group(), "hello");
    world.run_until(seconds(60), |world| world.texts(CATS, group()).len() == 2);
    let delay = (world.now() - before) / 1_000_000;
    (world, delay)
}

fn is_comparison(message: &Message) -> bool {
    use hubbub_chat::ports::store::StoreRequest;
    matches!(message.store_request(), Some(StoreRequest::Heads { .. }))
}

fn is_lookup(message: &Message) -> bool {
    let Message::Request { request: Request::Routing(request), .. } = message else {
        return false;
    };
    matches!(request, RoutingRequest::Lookup { .. })
}

#[test]
fn without_hints_between_servers_a_message_comes_with_the_next_comparison() {
    let (routed, with) = delay(Hints::Routed);
    let (local, without) = delay(Hints::Local);
    assert!(with < 100, "{with} ms");
    assert!((100..18_000).contains(&without), "{without} ms");
    assert!(routed.count_sent(is_lookup) > 0);
    assert_eq!(local.count_sent(is_lookup), 0);
    assert_eq!(local.count_sent(Message::is_peer), 0);
}

#[test]
fn without_hints_between_servers_those_on_the_same_one_are_told_at_once() {
    let mut world = trio_with(2, Design { hints: Hints::Local, ..Design::default() });
    world.send(PHONE, group(), "hello");
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.texts(BENS, group()).len(), 2);
}
