//! A chat server without a lease takes no new session, and serves those that it has.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, DeviceId, ServerId, UserId,
    device::{DetachCause, DeviceEvent},
    frame::CutReason,
    ports::{
        Request,
        registry::{LeaseInfo, LeaseKey, RegistryModel, RegistryRecord, RegistryRequest},
        routing::RoutingRequest,
    },
};

use crate::support::*;

/// The registry can't be reached.
fn without_registry(message: &Message) -> Fate {
    if message.registry_request().is_some() { Fate::Drop } else { Fate::Pass }
}

/// Ann and Ben on two chat servers that have leases.
fn registered_pair() -> World {
    let mut world = World::registered(2, Design::default());
    world.run_for(seconds(1));
    world.login(ANN, PHONE, 0);
    world.login(BEN, BENS, 1);
    world.run_for(seconds(1));
    world
}

fn applied(world: &World, device: DeviceId) -> usize {
    let events = world.node(device).events.iter();
    events.filter(|(_, event)| matches!(event, DeviceEvent::Applied { .. })).count()
}

fn info(world: &World, server: u32) -> Option<LeaseInfo> {
    let grants = world.registry.clone().handle(world.clock(), RegistryRequest::Watch);
    let hubbub_chat::ports::registry::RegistryAnswer::Snapshot { members, .. } = grants else {
        return None;
    };
    let is_server = |key: LeaseKey| key == LeaseKey::Chat(ServerId(server));
    members.into_iter().find(|member| is_server(member.key)).map(|member| member.info)
}

/// The epochs under which a server has registered users for routing, in order.
fn epochs(world: &World, server: u32) -> Vec<u64> {
    let epoch = |(_, message): &(u64, Message)| match message {
        Message::Request {
            request: Request::Routing(RoutingRequest::Register { server: one, epoch, .. }),
            ..
        } if *one == ServerId(server) => Some(*epoch),
        _ => None,
    };
    let mut epochs: Vec<u64> = world.sent.iter().filter_map(epoch).collect();
    epochs.dedup();
    epochs
}

#[test]
fn without_a_lease_a_session_is_cut_as_by_a_full_server() {
    let mut world = World::registered(1, Design::default());
    world.rule(without_registry);
    world.login(ANN, PHONE, 0);
    world.run_for(seconds(20));
    assert!(!world.is_synced(PHONE));
    assert!(world.detached(PHONE).len() > 2);
    let full = DetachCause::Cut(CutReason::Full);
    assert!(world.detached(PHONE).iter().all(|cause| *cause == full));
    world.heal();
    world.run_for(seconds(40));
    assert!(world.is_synced(PHONE));
}

#[test]
fn a_server_that_loses_its_lease_serves_the_sessions_that_it_has() {
    let mut world = registered_pair();
    world.rule(without_registry);
    world.run_for(seconds(60));
    world.send(PHONE, direct(), "who holds the lease?");
    world.run_for(seconds(20));
    assert_eq!((applied(&world, PHONE), applied(&world, BENS)), (1, 1));
    assert!(world.is_synced(PHONE) && world.is_synced(BENS));

    world.login(CAT, CATS, 0);
    world.run_for(seconds(20));
    assert!(!world.is_synced(CATS), "no new session");
    assert!(world.servers[0].cuts.iter().all(|cut| *cut == (CATS, CutReason::Full)));
    world.heal();
    world.run_for(seconds(40));
    assert!(world.is_synced(CATS));
    assert_reached(world.situations(), Situation::LeaseLost);
    assert_reached(world.situations(), Situation::LeaseHeldAgain);
}

#[test]
fn an_append_goes_on_when_the_lease_runs_out() {
    let mut world = registered_pair();
    let lease_ttl = Design::default().lease_ttl;
    world.rule(|message| match without_registry(message) {
        Fate::Pass if message.is_append_answer() => Fate::Delay(seconds(2)),
        fate => fate,
    });
    // Two sends a second under way throughout: one of them when the lease ends.
    for number in 0..2 * lease_ttl.as_secs() {
        world.send(PHONE, direct(), &format!("{number}"));
        world.run_for(std::time::Duration::from_millis(500));
    }
    world.heal();
    world.run_for(seconds(30));
    assert_eq!(applied(&world, BENS), 2 * usize::try_from(lease_ttl.as_secs()).unwrap());
    assert_reached(world.situations(), Situation::LeaseExpiredDuringAppend);
}

#[test]
fn routing_knows_a_server_by_the_epoch_of_its_lease() {
    let mut world = registered_pair();
    let record = world.registry.record();
    let epoch_of = |server| {
        let key = LeaseKey::Chat(ServerId(server));
        record.grants.iter().find(|grant| grant.key == key).unwrap().epoch
    };
    assert_eq!(epochs(&world, 1), [epoch_of(1)]);
    assert_eq!(epochs(&world, 2), [epoch_of(2)]);

    // The registry forgets all but its last epoch, and both servers get their places anew.
    let record = RegistryRecord { last_epoch: record.last_epoch, ..RegistryRecord::default() };
    let ttl = world.design.lease_ttl;
    world.registry = RegistryModel::restore(record, world.clock(), ttl);
    world.run_for(seconds(20));
    let new = epochs(&world, 1);
    assert_eq!(new.len(), 2, "{new:?}");
    assert!(new[1] > epoch_of(1).max(epoch_of(2)));
    world.send(PHONE, direct(), "still by hint");
    world.run_for(Duration::from_millis(100));
    assert_eq!(applied(&world, BENS), 1, "its route is known under the new epoch");
}

#[test]
fn a_server_takes_as_many_sessions_as_it_can_hold_and_says_how_many_it_has() {
    let design = Design { session_limit: 2, ..Design::default() };
    let mut world = World::registered(1, design);
    world.run_for(seconds(1));
    for number in 1..=3 {
        world.login(UserId(number), DeviceId(number), 0);
        world.run_for(seconds(3));
    }
    assert!(world.is_synced(DeviceId(1)) && world.is_synced(DeviceId(2)));
    assert!(!world.is_synced(DeviceId(3)));
    let info = info(&world, 1).unwrap();
    assert_eq!((info.load, info.capacity, info.open), (2, 2, true));
    assert_eq!(world.servers[0].machine.as_ref().unwrap().session_count(), 2);

    world.stop_device(DeviceId(1));
    world.run_for(seconds(60));
    assert!(world.is_synced(DeviceId(3)), "there is room again");
}

#[test]
fn servers_learn_each_others_addresses_and_who_has_gone() {
    let mut world = World::registered(3, Design::default());
    world.run_for(seconds(5));
    let known = |world: &World| -> Vec<String> {
        let members = world.servers[0].members.iter();
        members.map(|member| member.info.peer_address.clone()).collect()
    };
    assert_eq!(known(&world), ["chat-1:81", "chat-2:81", "chat-3:81"]);
    world.crash_server(1);
    world.run_for(seconds(10));
    assert_eq!(known(&world), ["chat-1:81", "chat-3:81"]);
    world.start_server(1);
    world.run_for(seconds(5));
    assert_eq!(known(&world).len(), 3);
}

#[test]
fn a_restarted_server_waits_for_the_lease_of_its_predecessor() {
    let mut world = World::registered(1, Design::default());
    world.run_for(seconds(10));
    world.crash_server(0);
    world.start_server(0);
    world.login(ANN, PHONE, 0);
    world.run_for(seconds(2));
    assert!(!world.is_synced(PHONE));
    world.run_for(seconds(20));
    assert!(world.is_synced(PHONE));
}
