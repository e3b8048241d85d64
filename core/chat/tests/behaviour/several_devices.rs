//! The devices of one user end up with the same.

use hubbub_chat::{
    Design,
    device::{DeliveryPath, DeviceEvent},
};

use crate::support::*;

fn with_laptop(mut world: World) -> World {
    world.login(ANN, LAPTOP, 0);
    world.run_for(seconds(1));
    world
}

#[test]
fn a_send_from_one_device_reaches_the_users_other_device() {
    let mut world = with_laptop(pair());
    world.send(PHONE, direct(), "from the phone");
    world.run_for(seconds(1));
    world.send(LAPTOP, direct(), "from the laptop");
    world.run_for(seconds(1));
    for device in [PHONE, LAPTOP, BENS] {
        assert_eq!(world.texts(device, direct()), ["from the phone", "from the laptop"]);
    }
}

#[test]
fn devices_that_send_at_the_same_time_agree_on_the_order() {
    let mut world = with_laptop(pair());
    for number in 0..30 {
        for device in [PHONE, LAPTOP, BENS] {
            world.send(device, direct(), &format!("{device}: {number}"));
        }
    }
    world.run_for(seconds(40));
    let log = world.log_texts(direct());
    assert_eq!(log.len(), 90);
    for device in [PHONE, LAPTOP, BENS] {
        assert_eq!(world.texts(device, direct()), log);
    }
    let digests = world.node(PHONE).disk.digests();
    assert_eq!(digests, world.node(LAPTOP).disk.digests());
}

#[test]
fn a_device_that_was_away_catches_up() {
    let mut world = with_laptop(pair());
    world.stop_device(LAPTOP);
    for number in 0..300 {
        world.send(BENS, direct(), &format!("{number}"));
    }
    world.run_for(seconds(60));
    world.start_device(LAPTOP);
    world.run_for(seconds(10));
    assert_eq!(world.texts(LAPTOP, direct()), world.log_texts(direct()));
    assert_eq!(world.texts(LAPTOP, direct()).len(), 300);
}

#[test]
fn the_acceptance_is_the_delivery_on_the_device_that_sent() {
    let mut world = with_laptop(pair());
    world.send(PHONE, direct(), "hello");
    world.run_for(seconds(20));
    let paths = |device| {
        let events = world.node(device).events.iter();
        let paths = events.filter_map(|(_, event)| match event {
            DeviceEvent::Applied { path, .. } => Some(*path),
            _ => None,
        });
        paths.collect::<Vec<_>>()
    };
    assert_eq!(paths(PHONE), [DeliveryPath::Accepted]);
    assert_eq!(paths(LAPTOP), [DeliveryPath::Hint]);
    assert_eq!(world.count_sent(|message| message.is_entry_for(PHONE)), 0);
}

#[test]
fn an_acceptance_behind_a_missing_entry_does_not_stand_for_the_delivery() {
    let mut world = trio_with(2, Design::default());
    world.rule(|message| if message.is_peer() { Fate::Drop } else { Fate::Pass });
    world.send(CATS, group(), "from cat");
    world.run_for(std::time::Duration::from_millis(100));
    world.send(PHONE, group(), "from ann");
    world.run_for(seconds(2));
    assert_eq!(world.texts(PHONE, group()), ["(created)", "from cat", "from ann"]);
}
