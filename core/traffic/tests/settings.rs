//! Friends, push tokens, muted conversations and quiet users are as many as were asked for.

use std::collections::BTreeSet;

use hubbub_chat::{ChannelId, UserId};
use hubbub_traffic::{Population, PopulationShape, Schedule, ScheduleShape};
use proptest::prelude::*;

fn shape(users: u32) -> PopulationShape {
    PopulationShape {
        users,
        devices_per_user: 1.5,
        contacts: 2,
        group_count: 3,
        group_size: [2, 6],
        device_hosts: 2,
        ..PopulationShape::default()
    }
}

proptest! {
    #[test]
    fn everybody_has_exactly_as_many_friends_as_wanted(seed: u64, users in 0..60_u32, friends in 0..70_u32) {
        let population = Population::generate(seed, &PopulationShape { friends, ..shape(users) });
        let wanted = friends.min(users.saturating_sub(1)) as usize;
        let mut short = 0;
        for user in population.users() {
            prop_assert!(user.friends.is_sorted_by(|one, next| one < next));
            prop_assert!(!user.friends.contains(&user.id));
            for friend in &user.friends {
                prop_assert!(population.user(*friend).unwrap().friends.contains(&user.id));
            }
            prop_assert!(user.friends.len() <= wanted);
            short += wanted - user.friends.len();
        }
        // An odd number of ends cannot be paired.
        prop_assert_eq!(short, wanted * users as usize % 2);
        let pairs: BTreeSet<(UserId, UserId)> = population.friendships().collect();
        prop_assert_eq!(pairs.len() * 2 + short, wanted * users as usize);
        prop_assert!(pairs.iter().all(|(one, other)| one < other));
    }

    #[test]
    fn shares_of_users_are_exact_to_the_nearest(seed: u64, users in 1..60_u32, share in 0.0..=1.0_f64) {
        let shape = PopulationShape { push: share, quiet_users: share, ..shape(users) };
        let population = Population::generate(seed, &shape);
        let wanted = (share * f64::from(users)).round() as usize;
        prop_assert_eq!(population.push_devices().count(), wanted);
        for device in population.push_devices() {
            let owner = population.user(population.owner(device).unwrap()).unwrap();
            prop_assert!(owner.push);
            prop_assert_eq!(owner.devices[0], device);
        }
        prop_assert_eq!(population.users().iter().filter(|user| user.quiet).count(), wanted);
    }

    #[test]
    fn only_ones_own_conversations_are_muted(seed: u64, users in 2..40_u32, muted in 0.0..=1.0_f64) {
        let population = Population::generate(seed, &PopulationShape { muted, ..shape(users) });
        for user in population.users() {
            prop_assert!(user.muted.is_sorted_by(|one, next| one < next));
            for channel in &user.muted {
                prop_assert!(population.members(*channel).contains(&user.id));
            }
        }
    }

    #[test]
    fn a_fault_strikes_the_wanted_share_and_somebody(seed: u64, users in 1..60_u32, share in 0.001..=1.0_f64) {
        let population = Population::generate(seed, &shape(users));
        let struck = population.struck_users(seed, 0, share);
        let wanted = ((share * f64::from(users)).round() as usize).max(1);
        prop_assert_eq!(struck.len(), wanted);
        prop_assert!(struck.is_sorted_by(|one, next| one < next));
        prop_assert!(struck.iter().all(|user| population.user(*user).is_some()));
        prop_assert_eq!(&struck, &population.struck_users(seed, 0, share));
    }
}

#[test]
fn a_mute_share_of_one_is_everything_and_of_zero_nothing() {
    let conversations = |population: &Population| -> usize {
        population.users().iter().map(|user| user.contacts.len() + user.groups.len()).sum()
    };
    let muted = |population: &Population| -> usize {
        population.users().iter().map(|user| user.muted.len()).sum()
    };
    let all = Population::generate(1, &PopulationShape { muted: 1.0, ..shape(30) });
    assert_eq!(muted(&all), conversations(&all));
    assert_eq!(muted(&Population::generate(1, &shape(30))), 0);
}

#[test]
fn a_mute_share_is_met_on_average() {
    let shape = PopulationShape { contacts: 20, muted: 0.3, ..shape(200) };
    let population = Population::generate(3, &shape);
    let (mut muted, mut all) = (0_u32, 0_u32);
    for user in population.users() {
        for contact in &user.contacts {
            all += 1;
            let channel = ChannelId::direct(user.id, *contact);
            muted += u32::from(user.muted.binary_search(&channel).is_ok());
        }
    }
    // About 8,000 draws; the standard deviation of the share is 0.005.
    let share = f64::from(muted) / f64::from(all);
    assert!((share - 0.3).abs() < 0.026, "{share}");
}

#[test]
fn each_fault_draws_its_own_users() {
    let population = Population::generate(5, &shape(100));
    assert_ne!(population.struck_users(5, 0, 0.1), population.struck_users(5, 1, 0.1));
    assert_ne!(population.struck_users(5, 0, 0.1), population.struck_users(6, 0, 0.1));
}

#[test]
fn the_settings_of_users_move_nothing_else() {
    let plain = Population::generate(9, &shape(30));
    let full = PopulationShape { friends: 5, push: 0.5, muted: 0.2, ..shape(30) };
    let full = Population::generate(9, &full);
    for (one, other) in plain.users().iter().zip(full.users()) {
        assert_eq!((&one.devices, &one.contacts), (&other.devices, &other.contacts));
        assert_eq!(one.groups, other.groups);
    }
}

#[test]
fn the_quiet_send_nothing_and_the_others_as_before() {
    let rates = ScheduleShape {
        duration: std::time::Duration::from_secs(60),
        sends_per_second: 0.5,
        body_bytes: 40,
        ..ScheduleShape::default()
    };
    let times = |population: &Population| -> Vec<_> {
        let actions = Schedule::generate(4, population, &rates);
        actions.iter().map(|action| (action.at, action.user)).collect()
    };
    let plain = Population::generate(4, &shape(20));
    let half = Population::generate(4, &PopulationShape { quiet_users: 0.5, ..shape(20) });
    let is_quiet = |user: UserId| half.user(user).unwrap().quiet;
    let expected: Vec<_> = times(&plain).into_iter().filter(|(_, user)| !is_quiet(*user)).collect();
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(times(&half), expected);
}
