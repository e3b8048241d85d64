//! Devices that lost their server come back spread out in time.

use std::{collections::BTreeSet, time::Duration};

use hubbub_chat::{Design, device::DeviceEvent};

use crate::support::*;

/// How long a device waited before each new attempt.
fn waits(world: &World, device: hubbub_chat::DeviceId) -> Vec<Duration> {
    let ends = world.node(device).events.iter().filter_map(|(at, event)| match event {
        DeviceEvent::Detached(_) => Some(*at),
        _ => None,
    });
    let opens: Vec<u64> = world
        .sent
        .iter()
        .filter_map(|(at, message)| match message {
            Message::Open { device: owner, .. } if *owner == device => Some(*at),
            _ => None,
        })
        .collect();
    let next = |end: u64| opens.iter().copied().find(|open| *open >= end).map(|open| open - end);
    ends.filter_map(next).map(Duration::from_nanos).collect()
}

fn without_server(seed: u64, duration: Duration) -> World {
    let mut world = World::seeded(1, Design::default(), seed);
    world.crash_server(0);
    world.login(ANN, PHONE, 0);
    world.run_for(duration);
    world
}

#[test]
fn the_back_off_doubles_its_limit_up_to_reconnect_max() {
    let design = Design::default();
    let world = without_server(3, seconds(1200));
    let waits = waits(&world, PHONE);
    assert!(waits.len() > 30);
    for (number, wait) in waits.iter().enumerate() {
        let doubled = design.reconnect_base * 2_u32.pow(u32::try_from(number).unwrap().min(10));
        assert!(*wait < doubled.min(design.reconnect_max), "attempt {number} waited {wait:?}");
    }
    let longest = waits.iter().max().unwrap();
    assert!(*longest > design.reconnect_max / 2, "the limit is used: {longest:?}");
}

#[test]
fn the_whole_of_the_limit_is_jitter() {
    let firsts: Vec<Duration> =
        (0..200).map(|seed| waits(&without_server(seed, seconds(1)), PHONE)[0]).collect();
    let base = Design::default().reconnect_base;
    let below = |share: u32| firsts.iter().filter(|wait| **wait < base / 4 * share).count();
    // Each quarter holds a quarter of them: 50, with a standard deviation of 6.1.
    for (low, high) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        let inside = below(high) - below(low);
        assert!((25..=75).contains(&inside), "{inside} of 200 in quarter {high}");
    }
    assert!(firsts.iter().collect::<BTreeSet<_>>().len() > 190);
}

#[test]
fn devices_of_one_server_do_not_come_back_together() {
    let mut world = World::new(1, Design::default());
    for number in 1..=50 {
        world.login(hubbub_chat::UserId(number), hubbub_chat::DeviceId(number), 0);
    }
    world.run_for(seconds(1));
    world.crash_server(0);
    world.start_server(0);
    world.run_for(seconds(5));
    let waits: BTreeSet<Duration> =
        (1..=50).map(|number| waits(&world, hubbub_chat::DeviceId(number))[0]).collect();
    assert!(waits.len() > 45);
    assert!((1..=50).all(|number| world.is_synced(hubbub_chat::DeviceId(number))));
}

#[test]
fn a_complete_sync_resets_the_back_off() {
    let mut world = without_server(5, seconds(300));
    world.start_server(0);
    world.run_for(seconds(60));
    assert!(world.is_synced(PHONE));
    let before = waits(&world, PHONE).len();
    world.break_connection(PHONE);
    world.run_for(seconds(2));
    assert!(waits(&world, PHONE)[before] < Design::default().reconnect_base);
}

#[test]
fn a_connection_that_never_syncs_does_not_reset_the_back_off() {
    let mut world = pair();
    world.rule(|message| if message.is_sync_read() { Fate::Drop } else { Fate::Pass });
    for _ in 0..8 {
        world.break_connection(BENS);
        world.run_for(seconds(31));
    }
    let longest = waits(&world, BENS).into_iter().max().unwrap();
    assert!(longest > Design::default().reconnect_base, "{longest:?}");
}

#[test]
fn an_attempt_that_is_not_answered_ends_after_connect_timeout() {
    let mut world = World::new(1, Design::default());
    world.rule(
        |message| if matches!(message, Message::Open { .. }) { Fate::Drop } else { Fate::Pass },
    );
    world.login(ANN, PHONE, 0);
    world.run_for(Duration::from_millis(4_999));
    assert_eq!(world.detached(PHONE), []);
    world.run_for(Duration::from_millis(1));
    assert_eq!(world.detached(PHONE), [hubbub_chat::device::DetachCause::Unreachable]);
    world.heal();
    world.run_for(seconds(5));
    assert!(world.is_synced(PHONE));
}
