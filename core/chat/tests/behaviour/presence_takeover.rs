//! A presence server dies, comes back, or has an old view: nobody goes offline because of it, and who
//! does go is shown at most a bound later.

use std::time::Duration;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    DeviceId, ServerId, UserId, ports::presence::PresenceRequest, presence::owner_of,
    time::nanoseconds,
};

use crate::support::{assert_reached, presence_world::*, seconds};

const USERS: u64 = 12;

fn world(presence: &[ServerId]) -> PresenceWorld {
    let mut world = PresenceWorld::with_friends_of_one(USERS, presence, prompt());
    world.run_for(seconds(3));
    (2..=USERS).for_each(|user| assert_eq!(world.dots(phone(1), user), [true]));
    world
}

/// A friend of user 1 whom this server keeps.
fn kept_by(server: ServerId) -> u64 {
    let both = [KEEPER, OTHER_KEEPER];
    let kept = |user: &u64| owner_of(UserId(*user), &both) == Some(server);
    match (2..=USERS).find(kept) {
        Some(user) => user,
        None => panic!("{server} keeps none of {USERS} users"),
    }
}

fn assert_no_flap(world: &PresenceWorld) {
    for user in 2..=USERS {
        assert_eq!(world.dots(phone(1), user), [true], "user {user}");
    }
}

#[test]
fn nobody_goes_offline_because_a_presence_server_died() {
    let mut world = world(&[KEEPER, OTHER_KEEPER]);
    world.stop_presence(KEEPER);
    world.run_for(seconds(6));
    world.announce();
    world.run_for(seconds(200));
    assert_no_flap(&world);
    assert_reached(world.situations(), Situation::UsersTakenOver);
    assert_reached(world.situations(), Situation::HeartbeatsRepeated);
}

#[test]
fn nor_because_the_only_one_restarted_between_two_views() {
    let mut world = world(&[KEEPER]);
    world.stop_presence(KEEPER);
    world.run_for(seconds(4));
    world.start_presence(KEEPER);
    world.announce();
    world.run_for(seconds(10));
    assert_no_flap(&world);
    assert_eq!(world.presence[&KEEPER].1.watch_count(), USERS as usize);
    world.run_for(seconds(100));
    assert_no_flap(&world);
}

/// Nothing comes to or from a presence server, or everything does again.
fn cut_off(world: &mut PresenceWorld, server: ServerId, is_cut: bool) {
    world.rule(move |wire| match wire {
        Wire::Ask { to, .. } if is_cut && *to == server => Way::Lose,
        Wire::Publish { .. } | Wire::PresencePort { .. } if is_cut => Way::Lose,
        _ => Way::Pass,
    });
}

#[test]
fn nor_because_the_only_one_was_cut_off_and_holds_its_lease_anew() {
    let mut world = world(&[KEEPER]);
    let gap = world.design.offline_after - seconds(1);
    let lease = world.design.presence_lease();
    let last_beats_at = world.now();
    cut_off(&mut world, KEEPER, true);
    world.run_for(seconds(6));
    world.lose_lease(KEEPER);
    // The others learn of it: heartbeats have nowhere to go.
    let view = world.next_view();
    [CHAT, OTHER_CHAT].into_iter().for_each(|chat| world.give_chat(chat, &view));
    world.run_for(gap - seconds(6));
    cut_off(&mut world, KEEPER, false);
    world.lease_again(KEEPER);
    // The leases of the devices end before it is told of the view with its new epoch.
    let ended_at = last_beats_at + nanoseconds(lease + world.design.publish_max);
    world.run_for(Duration::from_nanos(ended_at - world.now()));
    (2..=USERS).for_each(|user| {
        assert!(world.told_of(user).iter().all(|(.., online)| *online), "user {user}");
    });
    world.announce();
    world.run_for(seconds(100));
    assert_no_flap(&world);
}

#[test]
fn who_fell_silent_meanwhile_is_shown_a_lease_after_it_holds_its_lease_anew() {
    let mut world = world(&[KEEPER]);
    world.lose_lease(KEEPER);
    world.link(phone(2), false);
    world.run_for(seconds(60));
    assert_no_flap(&world);
    world.lease_again(KEEPER);
    world.announce();
    let at = world.now();
    world.run_for(seconds(100));
    let shown = world.shown(phone(1), 2);
    assert_eq!(world.dots(phone(1), 2), [true, false]);
    let lease = nanoseconds(world.design.presence_lease());
    assert!(shown[1].0 - at >= lease, "it could not have heard of the user before");
    assert!(shown[1].0 - at <= lease + nanoseconds(world.design.publish_max));
}

#[test]
fn who_fell_silent_is_shown_at_once_when_the_lease_turns_out_to_be_held_still() {
    let mut world = world(&[KEEPER]);
    let epoch = world.lose_lease(KEEPER).unwrap();
    world.link(phone(2), false);
    world.run_for(seconds(60));
    // Who comes is shown all the same: a heartbeat is one wherever it arrives.
    world.log_out(phone(3));
    world.login(3, DeviceId(31), CHAT);
    world.run_for(seconds(3));
    assert_no_flap(&world);
    let at = world.now();
    world.hold_lease(KEEPER, epoch);
    world.run_for(seconds(60));
    let shown = world.shown(phone(1), 2);
    assert_eq!(world.dots(phone(1), 2), [true, false]);
    assert!(shown[1].0 - at <= nanoseconds(world.design.publish_max));
    assert_eq!(world.dots(phone(1), 3), [true]);
}

#[test]
fn a_gap_during_a_takeover_is_not_shown_either() {
    for gap in [10, 20, 28] {
        let mut world = world(&[KEEPER, OTHER_KEEPER]);
        let user = kept_by(KEEPER);
        world.link(phone(user), false);
        world.run_for(seconds(2));
        world.stop_presence(KEEPER);
        world.run_for(seconds(6));
        world.announce();
        world.run_for(seconds(gap - 8));
        world.link(phone(user), true);
        world.run_for(seconds(100));
        assert_no_flap(&world);
    }
}

#[test]
fn who_falls_silent_at_a_takeover_is_shown_within_two_bounds() {
    for silent_first in [false, true] {
        let mut world = world(&[KEEPER, OTHER_KEEPER]);
        let user = kept_by(KEEPER);
        if silent_first {
            world.link(phone(user), false);
            world.run_for(seconds(20));
        }
        world.stop_presence(KEEPER);
        world.link(phone(user), false);
        let silent_at = *world.phone(phone(user)).heard.last().unwrap();
        world.run_for(seconds(6));
        world.announce();
        world.run_for(seconds(100));
        let shown = world.shown(phone(1), user);
        assert_eq!(world.dots(phone(1), user), [true, false]);
        let after = shown[1].0 - silent_at;
        let bound = world.design.presence_lease() + world.design.publish_max;
        assert!(after >= nanoseconds(world.design.offline_after));
        assert!(after <= nanoseconds(2 * bound), "{:?}", Duration::from_nanos(after));
    }
}

#[test]
fn after_a_takeover_the_bound_is_the_usual_one_again() {
    let mut world = world(&[KEEPER, OTHER_KEEPER]);
    world.stop_presence(KEEPER);
    world.announce();
    world.run_for(seconds(40));
    let user = kept_by(KEEPER);
    world.link(phone(user), false);
    world.run_for(seconds(60));
    let after = world.shown(phone(1), user)[1].0 - world.phone(phone(user)).heard.last().unwrap();
    let bound = world.design.presence_lease() + world.design.publish_max;
    assert!(after <= nanoseconds(bound));
}

#[test]
fn a_presence_server_with_an_older_view_overrides_nobody() {
    let mut world = world(&[KEEPER]);
    world.start_presence(OTHER_KEEPER);
    // Everybody but the old one learns that there is another.
    let view = world.next_view();
    for chat in [CHAT, OTHER_CHAT] {
        world.give_chat(chat, &view);
    }
    world.give_presence(OTHER_KEEPER, &view);
    let moved = kept_by(OTHER_KEEPER);
    world.run_for(seconds(100));
    let stale = world.told_of(moved).into_iter().any(|(_, _, online)| !online);
    assert!(stale, "the old server's leases have run out, and it said so");
    assert_no_flap(&world);
    // What it says changes nothing later either.
    world.give_presence(KEEPER, &view);
    world.run_for(seconds(100));
    assert_no_flap(&world);
}

#[test]
fn a_chat_server_that_learns_of_a_view_late_or_early_loses_nothing() {
    for late in [CHAT, OTHER_CHAT] {
        let mut world = world(&[KEEPER]);
        world.start_presence(OTHER_KEEPER);
        let view = world.next_view();
        let early = if late == CHAT { OTHER_CHAT } else { CHAT };
        world.give_chat(early, &view);
        world.run_for(seconds(5));
        world.give_presence(KEEPER, &view);
        world.give_presence(OTHER_KEEPER, &view);
        world.run_for(seconds(5));
        world.give_chat(late, &view);
        world.run_for(seconds(100));
        assert_no_flap(&world);
        let user = kept_by(OTHER_KEEPER);
        let at = world.now();
        world.log_out(phone(user));
        world.run_for(seconds(5));
        let shown = world.shown(phone(1), user);
        assert_eq!(world.dots(phone(1), user), [true, false]);
        assert!(shown[1].0 - at <= nanoseconds(world.design.publish_max));
    }
}

#[test]
fn a_logout_during_a_takeover_says_nothing_of_the_users_other_devices() {
    let mut world = world(&[KEEPER]);
    let laptop = DeviceId(21);
    world.login(2, laptop, CHAT);
    world.run_for(seconds(3));
    world.link(laptop, false);
    world.run_for(seconds(15));
    world.stop_presence(KEEPER);
    world.start_presence(KEEPER);
    world.announce();
    world.run_for(seconds(2));
    world.log_out(phone(2));
    world.run_for(seconds(8));
    world.link(laptop, true);
    world.run_for(seconds(100));
    assert_no_flap(&world);
}

#[test]
fn a_logout_during_a_takeover_is_shown_when_it_is_over() {
    let mut world = world(&[KEEPER]);
    world.stop_presence(KEEPER);
    world.start_presence(KEEPER);
    world.announce();
    world.run_for(seconds(2));
    let at = world.now();
    world.log_out(phone(2));
    world.run_for(seconds(60));
    let shown = world.shown(phone(1), 2);
    assert_eq!(world.dots(phone(1), 2), [true, false]);
    let bound = world.design.presence_lease() + world.design.publish_max;
    assert!(shown[1].0 - at <= nanoseconds(bound));
}

#[test]
fn a_new_presence_server_is_told_at_once_who_was_heard_lately() {
    let mut world = world(&[KEEPER]);
    world.run_for(seconds(2));
    world.stop_presence(KEEPER);
    world.start_presence(KEEPER);
    world.announce();
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.presence[&KEEPER].1.counts().beats, USERS);
}

#[test]
fn a_new_presence_server_is_told_who_was_logged_out_lately() {
    let mut world = world(&[KEEPER]);
    world.log_out(phone(2));
    world.run_for(seconds(2));
    world.stop_presence(KEEPER);
    world.start_presence(KEEPER);
    world.announce();
    world.run_for(seconds(2));
    let logout = PresenceRequest::Logout { user: UserId(2), device: phone(2) };
    assert_eq!(world.asked().filter(|request| **request == logout).count(), 2);
}

#[test]
fn views_that_come_and_go_change_nothing() {
    let mut world = world(&[KEEPER]);
    for _ in 0..20 {
        world.start_presence(OTHER_KEEPER);
        world.announce();
        world.run_for(seconds(4));
        world.stop_presence(OTHER_KEEPER);
        world.announce();
        world.run_for(seconds(4));
    }
    world.run_for(seconds(100));
    assert_no_flap(&world);
}
