//! Users ask for statuses, and strangers try to join groups, as often as was asked for.

use std::{collections::BTreeSet, time::Duration};

use hubbub_chat::{ChannelId, UserId, frame::LOOK_USERS_MAX};
use hubbub_traffic::{Action, Population, PopulationShape, Schedule, ScheduleShape, What};
use proptest::prelude::*;

fn population(seed: u64, users: u32) -> Population {
    let shape = PopulationShape {
        users,
        devices_per_user: 1.5,
        contacts: 2,
        group_count: 4,
        group_size: [2, 8],
        device_hosts: 2,
        friends: 3,
        ..PopulationShape::default()
    };
    Population::generate(seed, &shape)
}

fn shape(looks_per_second: f64, joins_per_second: f64) -> ScheduleShape {
    ScheduleShape {
        duration: Duration::from_secs(60),
        looks_per_second,
        joins_per_second,
        body_bytes: 40,
        ..ScheduleShape::default()
    }
}

fn looks(actions: &[Action]) -> impl Iterator<Item = (&Action, &[UserId])> {
    actions.iter().filter_map(|action| match &action.what {
        What::Look { users } => Some((action, users.as_slice())),
        _ => None,
    })
}

fn joins(actions: &[Action]) -> impl Iterator<Item = (&Action, ChannelId)> {
    actions.iter().filter_map(|action| match &action.what {
        What::Join { channel } => Some((action, *channel)),
        _ => None,
    })
}

proptest! {
    #[test]
    fn a_look_is_at_ones_friends_or_the_other_members_of_ones_group(seed: u64, users in 2..40_u32) {
        let population = population(seed, users);
        let actions = Schedule::generate(seed, &population, &shape(0.2, 0.0));
        prop_assert!(actions.is_sorted_by_key(|action| action.at));
        for (action, seen) in looks(&actions) {
            let user = population.user(action.user).unwrap();
            prop_assert!(user.devices.contains(&action.device));
            let is_group = user.groups.iter().any(|group| {
                let mut members = population.members(*group);
                members.retain(|member| *member != action.user);
                members == seen
            });
            prop_assert!(is_group || seen == user.friends);
            prop_assert!(!seen.is_empty() && !seen.contains(&action.user));
        }
        prop_assert_eq!(&actions, &Schedule::generate(seed, &population, &shape(0.2, 0.0)));
    }

    #[test]
    fn a_stranger_tries_a_group_once(seed: u64, users in 2..40_u32) {
        let population = population(seed, users);
        let actions = Schedule::generate(seed, &population, &shape(0.0, 2.0));
        let mut tried = BTreeSet::new();
        for (action, channel) in joins(&actions) {
            prop_assert!(action.at < Duration::from_secs(60));
            prop_assert_eq!(population.owner(action.device), Some(action.user));
            prop_assert!(!population.members(channel).contains(&action.user));
            prop_assert!(tried.insert((channel, action.user)));
        }
    }
}

#[test]
fn rates_are_the_wanted_ones() {
    let population = population(3, 100);
    let actions = Schedule::generate(3, &population, &shape(0.5, 2.0));
    // 100 users at 0.5/s over 60 s: 3,000, with a standard deviation of 55.
    let count = looks(&actions).count();
    assert!((2_725..3_275).contains(&count), "{count} looks");
    // 2/s over 60 s: 120, with a standard deviation of 11. There are about 380 strangers to draw.
    let count = joins(&actions).count();
    assert!((65..175).contains(&count), "{count} joins");
}

#[test]
fn when_all_strangers_have_tried_nobody_is_left() {
    let population = population(1, 6);
    let strangers: usize = population.groups().map(|group| 6 - group.members.len()).sum();
    let actions = Schedule::generate(1, &population, &shape(0.0, 50.0));
    assert_eq!(joins(&actions).count(), strangers);
}

#[test]
fn every_list_of_a_user_is_looked_at() {
    let population = population(2, 10);
    let actions = Schedule::generate(2, &population, &shape(1.0, 0.0));
    let user = population.users().iter().max_by_key(|user| user.groups.len()).unwrap();
    let seen: BTreeSet<&[UserId]> = looks(&actions)
        .filter(|(action, _)| action.user == user.id)
        .map(|(_, seen)| seen)
        .collect();
    let groups = user.groups.iter().map(|group| {
        population.members(*group).into_iter().filter(|other| *other != user.id).collect()
    });
    let lists: BTreeSet<Vec<UserId>> =
        groups.filter(|list: &Vec<_>| !list.is_empty()).chain([user.friends.clone()]).collect();
    assert!(lists.len() > 1, "{lists:?}");
    assert_eq!(seen, lists.iter().map(Vec::as_slice).collect());
}

#[test]
fn a_long_list_is_looked_at_in_part() {
    let shape_of_many = PopulationShape { users: 700, friends: 699, ..PopulationShape::default() };
    let population = Population::generate(1, &shape_of_many);
    let actions = Schedule::generate(1, &population, &shape(0.001, 0.0));
    assert!(looks(&actions).count() > 10);
    for (action, seen) in looks(&actions) {
        assert_eq!(seen.len(), LOOK_USERS_MAX);
        assert!(seen.is_sorted_by(|one, next| one < next) && !seen.contains(&action.user));
    }
}

#[test]
fn looks_and_joins_move_no_sends() {
    let sends = ScheduleShape { sends_per_second: 0.5, ..shape(0.0, 0.0) };
    let busy = ScheduleShape { sends_per_second: 0.5, ..shape(1.0, 1.0) };
    let only_sends = |shape: &ScheduleShape| -> Vec<Action> {
        let mut actions = Schedule::generate(6, &population(6, 20), shape);
        actions.retain(|action| matches!(action.what, What::Send { .. }));
        actions
    };
    assert_eq!(only_sends(&sends), only_sends(&busy));
}

#[test]
fn nobody_to_look_at_and_nothing_to_join_means_nothing_happens() {
    let shape_of_loners = PopulationShape { users: 5, contacts: 1, ..PopulationShape::default() };
    let population = Population::generate(1, &shape_of_loners);
    assert!(Schedule::generate(1, &population, &shape(5.0, 5.0)).is_empty());
}
