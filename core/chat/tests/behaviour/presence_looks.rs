//! Who is told of changes: friends, nobody, or friends up to a limit. Whoever is not told looks.

use std::time::Duration;

use hubbub_chat::{
    Design,
    design::PresenceMode,
    frame::{LOOK_USERS_MAX, ServerFrame},
    ports::{Request, presence::PresenceRequest},
};

use crate::support::{presence_world::*, seconds};

fn on_demand() -> Design {
    Design { presence: PresenceMode::OnDemand, ..prompt() }
}

fn asks_to_watch(world: &PresenceWorld) -> usize {
    world.asked().filter(|request| matches!(request, PresenceRequest::Watch { .. })).count()
}

#[test]
fn on_demand_nobody_is_told_unasked() {
    let mut world = PresenceWorld::with_friends_of_one(5, &[KEEPER], on_demand());
    world.run_for(seconds(130));
    world.log_out(phone(2));
    world.run_for(seconds(10));
    assert_eq!(asks_to_watch(&world), 0);
    assert_eq!(world.presence[&KEEPER].1.counts().publications, 0);
    assert_eq!(world.chats[&CHAT].1.counts().statuses_sent, 0);
    world.look(phone(1), &[2, 3]);
    world.run_for(seconds(1));
    let shown = [2, 3, 4].map(|user| world.shows(phone(1), user));
    assert_eq!(shown, [Some(false), Some(true), None]);
    let counts = world.chats[&CHAT].1.counts();
    assert_eq!((counts.statuses_sent, counts.statuses_forwarded), (2, 0), "nothing was published");
    assert_eq!(world.presence[&KEEPER].1.counts().statuses_answered, 2);
}

#[test]
fn on_demand_a_look_shows_a_change_and_nothing_else_does() {
    let mut world = PresenceWorld::with_friends_of_one(2, &[KEEPER], on_demand());
    world.run_for(seconds(40));
    world.look(phone(1), &[2]);
    world.run_for(seconds(1));
    world.log_out(phone(2));
    world.run_for(seconds(100));
    assert_eq!(world.dots(phone(1), 2), [true]);
    world.look(phone(1), &[2]);
    world.run_for(seconds(1));
    assert_eq!(world.dots(phone(1), 2), [true, false]);
}

#[test]
fn hybrid_tells_friends_up_to_the_limit_and_not_above() {
    for (friends, told) in [(4, true), (5, false)] {
        let design =
            Design { presence: PresenceMode::Hybrid, presence_fanout_limit: 4, ..prompt() };
        let mut world = PresenceWorld::with_friends_of_one(friends + 1, &[KEEPER], design);
        world.run_for(seconds(40));
        world.log_out(phone(2));
        world.run_for(seconds(3));
        let expected: &[bool] = if told { &[true, false] } else { &[] };
        assert_eq!(world.dots(phone(1), 2), expected, "{friends} friends");
        // The others have one friend each and are told in any case.
        assert_eq!(world.shows(phone(3), 1), Some(true));
        world.look(phone(1), &[3]);
        world.run_for(seconds(1));
        assert_eq!(world.shows(phone(1), 3), Some(true));
    }
}

#[test]
fn hybrid_stops_telling_when_the_friends_become_too_many() {
    let design = Design { presence: PresenceMode::Hybrid, presence_fanout_limit: 2, ..prompt() };
    let mut world = PresenceWorld::with_friends_of_one(3, &[KEEPER], design);
    world.run_for(seconds(3));
    assert_eq!(world.shows(phone(1), 2), Some(true));
    world.sign_up();
    world.befriend(1, 4);
    world.run_for(world.design.presence_refresh * 13 / 10);
    world.log_out(phone(2));
    world.run_for(seconds(3));
    assert_eq!(world.dots(phone(1), 2), [true]);
}

#[test]
fn a_look_at_too_many_is_refused_and_the_session_lives() {
    let mut world = PresenceWorld::with_friends_of_one(2, &[KEEPER], on_demand());
    world.run_for(seconds(40));
    let most: Vec<u64> = (1..=LOOK_USERS_MAX as u64).collect();
    world.look(phone(1), &most);
    world.run_for(seconds(1));
    assert_eq!(world.phone(phone(1)).told.len(), LOOK_USERS_MAX);
    let more: Vec<u64> = (1..=LOOK_USERS_MAX as u64 + 1).collect();
    world.look(phone(1), &more);
    world.run_for(seconds(1));
    assert_eq!(world.phone(phone(1)).told.len(), LOOK_USERS_MAX);
    let errors = &world.phone(phone(1)).errors;
    assert!(matches!(&errors[..], [ServerFrame::Error { field, .. }] if field == "users"));
    world.look(phone(1), &[2]);
    world.run_for(seconds(1));
    assert_eq!(world.phone(phone(1)).told.len(), LOOK_USERS_MAX + 1);
}

#[test]
fn an_unanswered_look_shows_nothing_and_the_next_one_does() {
    let mut world = PresenceWorld::with_friends_of_one(2, &[KEEPER], on_demand());
    world.run_for(seconds(3));
    world.rule(|wire| match wire {
        Wire::Ask { request: PresenceRequest::Look { .. }, .. } => Way::Lose,
        _ => Way::Pass,
    });
    for _ in 0..65 {
        world.look(phone(1), &[2]);
    }
    world.run_for(Duration::from_millis(100));
    assert_eq!(world.phone(phone(1)).errors.len(), 1, "64 looks may be open");
    world.run_for(seconds(5));
    assert_eq!(world.shows(phone(1), 2), None);
    world.rule(|_| Way::Pass);
    world.look(phone(1), &[2]);
    world.run_for(seconds(1));
    assert_eq!(world.shows(phone(1), 2), Some(true));
}

#[test]
fn without_presence_servers_nothing_runs() {
    let mut world = PresenceWorld::with_friends_of_one(3, &[], prompt());
    world.run_for(seconds(30));
    world.look(phone(1), &[2]);
    world.log_out(phone(2));
    world.run_for(seconds(100));
    assert_eq!(world.asked().count(), 0);
    let asks_directory =
        |wire: &Wire| matches!(wire, Wire::ChatPort { request: Request::Directory(_), .. });
    assert!(!world.sent.iter().any(|(_, wire)| asks_directory(wire)));
    let counts = world.chats[&CHAT].1.counts();
    assert_eq!((counts.beats_sent, counts.watches, counts.statuses_sent), (0, 0, 0));
    // The first presence server is made use of at once.
    world.start_presence(KEEPER);
    world.announce();
    world.run_for(seconds(15));
    assert_eq!(world.shows(phone(1), 3), Some(true));
}
