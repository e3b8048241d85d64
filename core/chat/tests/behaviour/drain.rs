//! A server that drains hands everybody over and loses nothing.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ChannelId, Design, DeviceId, ServerId, UserId,
    device::{DetachCause, DeviceEvent},
    frame::CutReason,
    ports::registry::{LeaseKey, RegistryAnswer, RegistryRequest},
    server::Input,
};

use crate::support::*;

const USERS: u64 = 120;

/// Users on the first of two servers, each in a direct channel with the next; they will come back
/// to the second.
fn crowd(design: Design) -> World {
    let mut world = World::registered(2, design);
    world.run_for(seconds(1));
    for number in 1..=USERS {
        world.login(UserId(number), DeviceId(number), 0);
    }
    world.run_for(seconds(1));
    for number in 1..=USERS {
        world.move_device(DeviceId(number), 1);
    }
    world
}

fn channel(number: u64) -> ChannelId {
    ChannelId::direct(UserId(number), UserId(number % USERS + 1))
}

fn members(world: &mut World) -> Vec<(LeaseKey, bool)> {
    let now = world.clock();
    let registry = &mut world.registry;
    match registry.handle(now, RegistryRequest::Watch) {
        RegistryAnswer::Snapshot { members, .. } => {
            members.into_iter().map(|member| (member.key, member.info.open)).collect()
        }
        other => panic!("no snapshot: {other:?}"),
    }
}

/// When each device was cut by its draining server.
fn handed_over(world: &World) -> Vec<u64> {
    let draining = DeviceEvent::Detached(DetachCause::Cut(CutReason::Draining));
    let nodes = world.devices.values().flat_map(|node| &node.events);
    let mut times: Vec<u64> =
        nodes.filter(|(_, event)| *event == draining).map(|(at, _)| *at).collect();
    times.sort_unstable();
    times
}

#[test]
fn everybody_is_handed_over_and_no_message_is_lost() {
    let mut world = crowd(Design::default());
    world.server_input(0, Input::Drain);
    for round in 0..100 {
        for number in (1..=USERS).filter(|number| number % 10 == round % 10) {
            world.send(DeviceId(number), channel(number), &format!("{round}"));
        }
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(seconds(20));
    assert!(world.servers[0].drained_at.is_some());
    assert_eq!(world.servers[0].machine.as_ref().unwrap().session_count(), 0);
    assert_eq!(handed_over(&world).len(), 120, "each of them once");
    for number in 1..=USERS {
        let device = DeviceId(number);
        assert!(world.is_synced(device));
        assert_eq!(world.log(channel(number)).len(), 10);
        let applied = world.node(device).events.iter().filter_map(|(_, event)| match event {
            DeviceEvent::Applied { entry, .. } => Some(entry.channel),
            _ => None,
        });
        let mut counts = BTreeMap::<ChannelId, usize>::new();
        applied.for_each(|channel| *counts.entry(channel).or_default() += 1);
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [10, 10], "{device}");
    }
    assert_reached(world.situations(), Situation::HandedOver);
}

#[test]
fn nobody_is_sent_there_before_the_first_is_handed_over() {
    let mut world = crowd(Design::default());
    world.server_input(0, Input::Drain);
    let began = world.now();
    world.run_for(Duration::from_millis(10));
    let chat = |server| LeaseKey::Chat(ServerId(server));
    assert_eq!(members(&mut world), [(chat(1), false), (chat(2), true)]);
    world.run_for(seconds(20));
    let first = handed_over(&world)[0];
    assert!(first - began > 2_000_000_000, "a watcher has asked the registry since");
    assert_eq!(members(&mut world), [(chat(2), true)], "the lease was given back");
}

#[test]
fn sessions_are_handed_over_over_some_seconds() {
    let mut world = crowd(Design::default());
    world.server_input(0, Input::Drain);
    world.run_for(seconds(20));
    let times = handed_over(&world);
    let spread = times[times.len() - 1] - times[0];
    assert!((2_500_000_000..4_000_000_000).contains(&spread), "{spread} ns");
    let turns = times.chunk_by(|one, other| one == other).map(<[u64]>::len);
    assert!(turns.max().unwrap() <= 4);
}

#[test]
fn no_faster_than_logins_are_admitted() {
    let mut world = crowd(Design { login_rate: 10, ..Design::default() });
    world.server_input(0, Input::Drain);
    world.run_for(seconds(30));
    let times = handed_over(&world);
    let second = 1_000_000_000;
    let busiest = times
        .iter()
        .map(|from| times.iter().filter(|at| (*from..*from + second).contains(at)).count());
    assert!(busiest.max().unwrap() <= 10);
    assert_eq!(times.len(), 120);
}

#[test]
fn a_session_that_waits_for_the_store_is_answered_first() {
    let mut world = crowd(Design::default());
    world.server_input(0, Input::Drain);
    world.run_for(seconds(3));
    // The store takes two and a half seconds for this append, and the others go meanwhile.
    let slow = Duration::from_millis(2500);
    world.rule(move |message| if message.is_append() { Fate::Delay(slow) } else { Fate::Pass });
    let last = DeviceId(USERS);
    world.send(last, channel(USERS), "wait for me");
    world.run_for(seconds(20));
    let accepted = |(at, event): &(u64, DeviceEvent)| match event {
        DeviceEvent::Accepted { .. } => Some(*at),
        _ => None,
    };
    let draining = DeviceEvent::Detached(DetachCause::Cut(CutReason::Draining));
    let events = &world.node(last).events;
    let cut_at = events.iter().find(|(_, event)| *event == draining).unwrap().0;
    let accepted_at = events.iter().find_map(accepted).unwrap();
    assert!(accepted_at < cut_at);
    let attempts = |event: &DeviceEvent| matches!(event, DeviceEvent::Attempted { .. });
    assert_eq!(events.iter().filter(|(_, event)| attempts(event)).count(), 1, "sent once");
}

#[test]
fn a_store_that_does_not_answer_does_not_keep_it_from_ending() {
    let mut world = crowd(Design::default());
    world.rule(|message| if message.store_request().is_some() { Fate::Drop } else { Fate::Pass });
    for number in 1..=USERS {
        world.send(DeviceId(number), channel(number), "is anybody there?");
    }
    world.server_input(0, Input::Drain);
    world.run_for(seconds(25));
    assert!(world.servers[0].drained_at.is_some());
    world.heal();
    world.run_for(seconds(40));
    for number in 1..=USERS {
        assert_eq!(world.log(channel(number)).len(), 1, "sent again to the next server");
    }
}

#[test]
fn a_draining_server_takes_no_new_session() {
    let mut world = crowd(Design::default());
    world.server_input(0, Input::Drain);
    world.login(UserId(500), DeviceId(500), 0);
    world.run_for(seconds(2));
    let draining = DetachCause::Cut(CutReason::Draining);
    assert!(!world.detached(DeviceId(500)).is_empty());
    assert!(world.detached(DeviceId(500)).iter().all(|cause| *cause == draining));
    world.move_device(DeviceId(500), 1);
    world.run_for(seconds(10));
    assert!(world.is_synced(DeviceId(500)));
    assert_reached(world.situations(), Situation::TurnedAway);
}

#[test]
fn a_server_without_sessions_or_registry_is_drained_at_once() {
    let mut world = World::new(1, Design::default());
    world.server_input(0, Input::Drain);
    assert_eq!(world.servers[0].drained_at, Some(world.now()));
    world.server_input(0, Input::Drain);
    assert_eq!(world.servers[0].drained_at, Some(world.now()));
}
