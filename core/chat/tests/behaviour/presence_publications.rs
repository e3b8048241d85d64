//! A change is told once to every chat server that watches; what is lost on the way is repaired by the
//! next snapshot, and what comes late changes nothing.

use std::{cell::Cell, rc::Rc};

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    DeviceId, UserId,
    ports::{Answer, presence::PresenceRequest},
    server::Input,
    time::nanoseconds,
};

use crate::support::{assert_reached, presence_world::*, seconds};

fn pair() -> PresenceWorld {
    let mut world = PresenceWorld::with_friends_of_one(2, &[KEEPER], prompt());
    // Past the lease in which the presence server is sure of nobody yet.
    world.run_for(seconds(40));
    world
}

fn publications(world: &PresenceWorld) -> u64 {
    world.presence[&KEEPER].1.counts().publications
}

/// Statuses that chat servers sent to devices because they were published.
fn forwarded(world: &PresenceWorld) -> u64 {
    world.chats.values().map(|(_, chat)| chat.counts().statuses_forwarded).sum()
}

fn watch_count(world: &PresenceWorld) -> usize {
    world.presence[&KEEPER].1.watch_count()
}

#[test]
fn a_lost_publication_is_repaired_by_the_next_snapshot() {
    let mut world = pair();
    world.rule(|wire| match wire {
        Wire::Publish { .. } => Way::Lose,
        _ => Way::Pass,
    });
    let at = world.now();
    world.log_out(phone(2));
    world.run_for(seconds(80));
    let shown = world.shown(phone(1), 2);
    assert_eq!(world.dots(phone(1), 2), [true, false]);
    // The refresh is jittered by a fifth.
    assert!(shown[1].0 - at <= nanoseconds(world.design.presence_refresh * 13 / 10));
}

#[test]
fn a_publication_that_comes_late_does_not_replace_a_newer_one() {
    let mut world = pair();
    let late = Rc::new(Cell::new(true));
    let is_late = late.clone();
    world.rule(move |wire| match wire {
        Wire::Publish { .. } if is_late.get() => Way::Late(seconds(5)),
        _ => Way::Pass,
    });
    world.log_out(phone(2));
    world.run_for(seconds(1));
    assert_eq!(world.told_of(2).last().map(|told| told.2), Some(false));
    late.set(false);
    world.login(2, DeviceId(21), OTHER_CHAT);
    world.run_for(seconds(30));
    assert_eq!(world.told_of(2).last().map(|told| told.2), Some(true));
    assert!(world.phone(phone(1)).told.iter().any(|status| !status.online), "it did arrive");
    assert_eq!(world.dots(phone(1), 2), [true]);
    assert_reached(world.situations(), Situation::OlderStatusIgnored);
}

#[test]
fn a_change_costs_an_event_per_watching_server_and_not_per_friend() {
    let mut world = PresenceWorld::new(&[KEEPER], prompt());
    (0..9).for_each(|_| world.sign_up());
    (2..=7).for_each(|user| world.befriend(1, user));
    for user in 2..=9 {
        world.login(user, phone(user), if user < 5 { CHAT } else { OTHER_CHAT });
    }
    world.run_for(seconds(3));
    // Six friends, and two strangers, on two chat servers.
    assert_eq!(watch_count(&world), 2);
    let before = (publications(&world), forwarded(&world));
    world.login(1, phone(1), CHAT);
    world.run_for(seconds(5));
    assert_eq!(publications(&world) - before.0, 2);
    assert_eq!(forwarded(&world) - before.1, 6, "one for each friend");
    assert_eq!(world.told_of(1).len(), 2);
    for user in 2..=7 {
        assert_eq!(world.shows(phone(user), 1), Some(true), "friend {user}");
    }
    assert_eq!([world.shows(phone(8), 1), world.shows(phone(9), 1)], [None; 2]);
}

#[test]
fn nobody_is_told_once_the_last_observer_has_left() {
    let mut world = pair();
    world.login(1, DeviceId(11), CHAT);
    world.run_for(seconds(3));
    let watched = watch_count(&world);
    world.log_out(phone(1));
    world.run_for(seconds(3));
    assert_eq!(watch_count(&world), watched, "another device of the user observes");
    world.log_out(DeviceId(11));
    world.run_for(seconds(3));
    assert_eq!(watch_count(&world), watched - 1);
    let told = world.told_of(2).len();
    world.log_out(phone(2));
    world.run_for(seconds(60));
    assert_eq!(world.told_of(2).len(), told);
}

#[test]
fn an_unwatch_that_comes_late_does_not_end_a_newer_watch() {
    let mut world = pair();
    world.rule(|wire| match wire {
        Wire::Ask { request: PresenceRequest::Unwatch { .. }, .. } => Way::Late(seconds(2)),
        _ => Way::Pass,
    });
    world.log_out(phone(1));
    world.run_for(seconds(1));
    world.login(1, DeviceId(11), CHAT);
    world.run_for(seconds(4));
    let at = world.now();
    world.log_out(phone(2));
    world.run_for(seconds(3));
    let shown = world.shown(DeviceId(11), 2);
    assert_eq!(world.dots(DeviceId(11), 2), [true, false]);
    assert!(shown[1].0 - at <= nanoseconds(world.design.publish_max));
}

#[test]
fn a_watch_without_an_answer_is_asked_for_again() {
    let mut world = PresenceWorld::with_friends_of_one(2, &[KEEPER], prompt());
    let mut lost = 0;
    world.rule(move |wire| match wire {
        Wire::Ask { chat: CHAT, request: PresenceRequest::Watch { .. }, .. } if lost < 1 => {
            lost += 1;
            Way::Lose
        }
        _ => Way::Pass,
    });
    world.run_for(seconds(3));
    assert_eq!(world.shows(phone(1), 2), None, "nothing is shown that nobody said");
    world.run_for(seconds(9));
    assert_eq!(world.shows(phone(1), 2), Some(true));
}

#[test]
fn the_watches_of_a_dead_chat_server_lapse() {
    let mut world = pair();
    assert_eq!(watch_count(&world), 2);
    world.chats.remove(&CHAT);
    world.run_for(world.design.presence_refresh * 32 / 10);
    assert_eq!(watch_count(&world), 1);
    assert_eq!(world.presence[&KEEPER].1.counts().lapsed, 1);
}

#[test]
fn a_chat_server_that_restarts_watches_anew() {
    let mut world = pair();
    world.start_chat(CHAT);
    let view = world.next_view();
    world.give_chat(CHAT, &view);
    world.run_for(seconds(30));
    assert_eq!(watch_count(&world), 2);
    world.log_out(phone(2));
    world.run_for(seconds(2));
    assert_eq!(world.dots(phone(1), 2), [true, false]);
}

#[test]
fn new_friends_are_found_and_former_ones_left_with_the_next_refresh() {
    let mut world = pair();
    world.sign_up();
    world.login(3, phone(3), CHAT);
    world.befriend(1, 3);
    world.directory.handle(hubbub_chat::ports::directory::DirectoryRequest::Unfriend {
        user: UserId(1),
        other: UserId(2),
    });
    world.run_for(world.design.presence_refresh * 13 / 10);
    assert_eq!(world.shows(phone(1), 3), Some(true));
    world.log_out(phone(2));
    world.run_for(seconds(60));
    assert_eq!(world.dots(phone(1), 2), [true], "they are no friends");
}

#[test]
fn a_lost_answer_about_friends_is_asked_for_again_before_the_next_refresh() {
    let mut world = pair();
    let mut is_first = true;
    world.rule(move |wire| match wire {
        Wire::ChatAnswer { answer: Answer::Directory(_), .. } if is_first => {
            is_first = false;
            Way::Lose
        }
        _ => Way::Pass,
    });
    world.sign_up();
    world.befriend(3, 1);
    world.login(3, phone(3), OTHER_CHAT);
    let design = world.design.clone();
    world.run_for(design.request_timeout + design.retry_after * 2);
    assert!(design.request_timeout + design.retry_after * 2 < design.presence_refresh / 2);
    assert_eq!(world.shows(phone(3), 1), Some(true));
}

#[test]
fn statuses_of_users_whom_nobody_observes_go_nowhere() {
    let mut world = pair();
    let statuses = vec![hubbub_chat::ports::presence::Status {
        user: UserId(77),
        online: true,
        last_active_at_ms: 1,
        epoch: 9,
        version: 9,
    }];
    let sent = world.chats[&CHAT].1.counts().statuses_sent;
    let frame = hubbub_chat::frame::PeerFrame::Statuses(statuses);
    world.chat_input(CHAT, Input::Peer(frame));
    assert_eq!(world.chats[&CHAT].1.counts().statuses_sent, sent);
}
