//! A user is online while a lease of one of the user's devices lives, and no longer.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, DeviceId, UserId,
    frame::ClientFrame,
    ports::{
        presence::PresenceRequest,
        store::{StoreAnswer, StoreRequest},
    },
    time::nanoseconds,
};

use crate::support::{assert_reached, presence_world::*, seconds};

/// User 1 observes user 2 from another chat server.
fn pair(design: Design) -> PresenceWorld {
    let mut world = PresenceWorld::with_friends_of_one(2, &[KEEPER], design);
    // Past the lease in which the presence server is sure of nobody yet.
    world.run_for(seconds(40));
    assert_eq!(world.dots(phone(1), 2), [true]);
    world
}

fn last_heard(world: &PresenceWorld, device: DeviceId) -> u64 {
    world.phone(device).heard.last().copied().unwrap_or_default()
}

#[test]
fn a_gap_below_the_bound_is_never_shown() {
    for gap in [3, 8, 14, 17, 22, 28] {
        for phase_ms in [0, 1700, 3400, 4900] {
            let mut world = pair(prompt());
            world.run_for(Duration::from_millis(phase_ms));
            world.link(phone(2), false);
            world.run_for(seconds(gap));
            world.link(phone(2), true);
            world.run_for(seconds(100));
            assert_eq!(world.dots(phone(1), 2), [true], "{gap} s, {phase_ms} ms");
        }
    }
}

#[test]
fn a_disconnect_is_shown_when_the_lease_ends_and_not_before() {
    let mut world = pair(prompt());
    world.link(phone(2), false);
    world.run_for(seconds(60));
    let shown = world.shown(phone(1), 2);
    assert_eq!(shown.len(), 2);
    let after = Duration::from_nanos(shown[1].0 - last_heard(&world, phone(2)));
    let bound = world.design.presence_lease();
    assert!(after >= bound - Duration::from_millis(1), "{after:?}");
    assert!(after <= bound + world.design.publish_max, "{after:?}");
    world.link(phone(2), true);
    world.run_for(seconds(5));
    assert_eq!(world.dots(phone(1), 2), [true, false, true]);
    assert_reached(world.situations(), Situation::OfflineByLease);
}

#[test]
fn an_open_session_without_heartbeats_renews_nothing() {
    let mut world = pair(Design { silence_after: seconds(600), ..prompt() });
    let last = last_heard(&world, phone(2));
    world.rule(|wire| match wire {
        Wire::ToChat(device, _, ClientFrame::Heartbeat { .. }) if *device == phone(2) => Way::Lose,
        _ => Way::Pass,
    });
    world.run_for(seconds(60));
    let shown = world.shown(phone(1), 2);
    let bound = world.design.presence_lease() + world.design.publish_max;
    assert_eq!(shown.len(), 2);
    assert!(shown[1].0 - last <= nanoseconds(bound));
    assert!(world.phone(phone(2)).session.is_some());
}

#[test]
fn two_devices_make_one_status() {
    let mut world = pair(prompt());
    let laptop = DeviceId(21);
    world.login(2, laptop, CHAT);
    world.run_for(seconds(3));
    world.link(phone(2), false);
    world.run_for(seconds(60));
    assert_eq!(world.dots(phone(1), 2), [true], "the laptop lives");
    world.link(laptop, false);
    world.run_for(seconds(60));
    let shown = world.shown(phone(1), 2);
    assert_eq!(shown.len(), 2);
    let bound = world.design.presence_lease() + world.design.publish_max;
    assert!(shown[1].0 - last_heard(&world, laptop) <= nanoseconds(bound));
}

#[test]
fn a_logout_is_shown_at_once_and_a_late_heartbeat_does_not_undo_it() {
    let mut world = pair(prompt());
    world.rule(|wire| match wire {
        Wire::Ask { request: PresenceRequest::Beat { .. }, .. } => Way::Late(seconds(2)),
        _ => Way::Pass,
    });
    // Until a heartbeat of the phone is under way.
    let heard = world.phone(phone(2)).heard.len();
    while world.phone(phone(2)).heard.len() == heard {
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(Duration::from_millis(600));
    let at = world.now();
    world.log_out(phone(2));
    world.run_for(seconds(60));
    let shown = world.shown(phone(1), 2);
    assert_eq!(world.dots(phone(1), 2), [true, false]);
    assert!(shown[1].0 - at <= nanoseconds(world.design.publish_max));
}

#[test]
fn a_logout_that_is_lost_is_said_again() {
    let mut world = pair(prompt());
    let mut lost = 0;
    world.rule(move |wire| match wire {
        Wire::Ask { request: PresenceRequest::Logout { .. }, .. } if lost < 2 => {
            lost += 1;
            Way::Lose
        }
        _ => Way::Pass,
    });
    world.log_out(phone(2));
    world.run_for(seconds(10));
    assert_eq!(world.dots(phone(1), 2), [true, false]);
}

#[test]
fn a_device_that_is_not_attached_can_be_logged_out() {
    let mut world = pair(prompt());
    let session = world.phone(phone(2)).session.unwrap();
    world.link(phone(2), false);
    world.chat_input(
        OTHER_CHAT,
        hubbub_chat::server::Input::Closed(hubbub_chat::SessionId(session)),
    );
    world.log_out(phone(2));
    world.run_for(seconds(2));
    assert_eq!(world.dots(phone(1), 2), [true, false]);
}

#[test]
fn the_logout_of_one_device_leaves_the_other_online() {
    let mut world = pair(prompt());
    world.login(2, DeviceId(21), CHAT);
    world.run_for(seconds(3));
    world.log_out(phone(2));
    world.run_for(seconds(60));
    assert_eq!(world.dots(phone(1), 2), [true]);
}

#[test]
fn a_repeated_batch_counts_from_the_heartbeat() {
    let mut world = pair(prompt());
    // The phone's next heartbeat reaches its presence server only with the third batch.
    let mut lost = 0;
    world.rule(move |wire| match wire {
        Wire::Ask { request: PresenceRequest::Beat { devices }, .. }
            if lost < 2 && devices.iter().any(|beat| beat.user == UserId(2)) =>
        {
            lost += 1;
            Way::Lose
        }
        _ => Way::Pass,
    });
    let heard = world.phone(phone(2)).heard.len();
    while world.phone(phone(2)).heard.len() == heard {
        world.run_for(Duration::from_millis(10));
    }
    world.link(phone(2), false);
    world.run_for(seconds(60));
    let after = world.shown(phone(1), 2)[1].0 - last_heard(&world, phone(2));
    let lease = world.design.presence_lease();
    assert!(after >= nanoseconds(lease - Duration::from_millis(1)), "the batch was repeated");
    assert!(after <= nanoseconds(lease + world.design.publish_max), "and prolonged nothing");
}

#[test]
fn the_last_activity_is_stored_and_read_back() {
    let mut world = pair(prompt());
    world.link(phone(2), false);
    world.run_for(seconds(60));
    let active_at_ms = WALL_START_MS + last_heard(&world, phone(2)) / 1_000_000;
    let shown = world.phone(phone(1)).machine.status(UserId(2)).unwrap();
    assert!(shown.last_active_at_ms.abs_diff(active_at_ms) <= 20, "latencies and rounding");
    let request = StoreRequest::ReadActivity(vec![UserId(2)]);
    let stored = world.store.handle(world.clock().wall, request).answer;
    assert_eq!(stored, StoreAnswer::Activity(vec![(UserId(2), shown.last_active_at_ms)]));
    // A presence server that never heard of the user asks the store.
    world.stop_presence(KEEPER);
    world.start_presence(KEEPER);
    world.announce();
    world.run_for(seconds(40));
    world.login(3, phone(3), CHAT);
    world.run_for(seconds(1));
    world.look(phone(3), &[2]);
    world.run_for(seconds(1));
    let looked = world.phone(phone(3)).machine.status(UserId(2)).unwrap();
    assert_eq!((looked.online, looked.last_active_at_ms), (false, shown.last_active_at_ms));
}
