//! A schedule keeps its rates, its order and its promises about membership.

use std::{collections::BTreeSet, time::Duration};

use hubbub_chat::{ChannelId, UserId};
use hubbub_traffic::{
    ABSENCE, Action, Population, PopulationShape, Schedule, ScheduleShape, What, message_number,
};
use proptest::prelude::*;

fn population(seed: u64, users: u32) -> Population {
    let shape = PopulationShape {
        users,
        devices_per_user: 1.5,
        contacts: 2,
        group_count: 4,
        group_size: [2, 8],
        device_hosts: 2,
        ..PopulationShape::default()
    };
    Population::generate(seed, &shape)
}

fn shape() -> ScheduleShape {
    ScheduleShape {
        duration: Duration::from_secs(60),
        sends_per_second: 0.5,
        group_share: 0.4,
        member_changes_per_second: 0.5,
        body_bytes: 40,
        ..ScheduleShape::default()
    }
}

fn sends(actions: &[Action]) -> impl Iterator<Item = (&Action, ChannelId, &str)> {
    actions.iter().filter_map(|action| match &action.what {
        What::Send { channel, body } => Some((action, *channel, &**body)),
        What::Leave { .. } | What::Join { .. } | What::Look { .. } => None,
    })
}

proptest! {
    #[test]
    fn actions_are_sorted_within_the_duration_and_by_real_devices(seed: u64, users in 2..40_u32) {
        let (population, shape) = (population(seed, users), shape());
        let actions = Schedule::generate(seed, &population, &shape);
        prop_assert!(actions.is_sorted_by_key(|action| action.at));
        for action in &actions {
            prop_assert!(action.at < shape.duration);
            prop_assert_eq!(population.owner(action.device), Some(action.user));
            prop_assert!(population.members(action.what.channel().unwrap()).contains(&action.user));
        }
        prop_assert_eq!(&actions, &Schedule::generate(seed, &population, &shape));
    }

    #[test]
    fn messages_are_numbered_in_order_and_differ(seed: u64, users in 2..40_u32) {
        let actions = Schedule::generate(seed, &population(seed, users), &shape());
        for (number, (_, _, body)) in sends(&actions).enumerate() {
            prop_assert_eq!(message_number(body), Some(number as u64));
            prop_assert_eq!(body.len(), 40);
        }
    }

    #[test]
    fn members_leave_and_come_back_and_send_nothing_while_they_are_out(seed: u64) {
        let population = population(seed, 20);
        let actions = Schedule::generate(seed, &population, &shape());
        let mut out = BTreeSet::<(ChannelId, UserId, Duration)>::new();
        for action in &actions {
            let channel = action.what.channel().unwrap();
            let left_at = out.iter().find(|(group, user, _)| (*group, *user) == (channel, action.user)).copied();
            match &action.what {
                What::Send { .. } => prop_assert_eq!(left_at, None),
                What::Leave { .. } => {
                    prop_assert_eq!(left_at, None, "left twice");
                    prop_assert_ne!(action.user, population.group(channel).unwrap().creator);
                    out.insert((channel, action.user, action.at));
                }
                What::Join { .. } => {
                    let left = left_at.expect("joins only after leaving");
                    prop_assert_eq!(left.2 + ABSENCE, action.at);
                    out.remove(&left);
                }
                What::Look { .. } => panic!("nobody looks at this rate"),
            }
        }
        prop_assert!(out.is_empty(), "everybody is back at the end");
    }
}

#[test]
fn rates_and_shares_are_the_wanted_ones() {
    let population = population(3, 100);
    let shape = ScheduleShape { duration: Duration::from_secs(400), ..shape() };
    let actions = Schedule::generate(3, &population, &shape);
    // 100 users at 0.5/s over 400 s; the standard deviation of a Poisson count is its root: 141.
    let count = sends(&actions).count();
    assert!((19_300..20_700).contains(&count), "{count} sends");
    // 0.5/s over 395 s are 197 with a standard deviation of 14.
    let leaves = actions.iter().filter(|action| matches!(action.what, What::Leave { .. })).count();
    assert!((127..267).contains(&leaves), "{leaves} leaves");
    // Of the sends by users in groups, 40 %, less those that would fall into an absence; only
    // members other than the creator are ever out, for 6 s about ten times each.
    let in_groups = |user: UserId| !population.user(user).unwrap().groups.is_empty();
    let (mut to_groups, mut all) = (0_u32, 0_u32);
    for (_, channel, _) in sends(&actions).filter(|(action, ..)| in_groups(action.user)) {
        to_groups += u32::from(channel.pair().is_none());
        all += 1;
    }
    let share = f64::from(to_groups) / f64::from(all);
    assert!((0.33..0.43).contains(&share), "share {share}");
}

#[test]
fn users_send_independently_of_how_many_others_there_are() {
    // More users bring their own streams; whom the first talks with may change, but not when.
    let times = |users: u32| -> Vec<Duration> {
        let actions = Schedule::generate(9, &population(9, users), &shape());
        sends(&actions)
            .filter(|(action, ..)| action.user == UserId(1))
            .map(|(action, ..)| action.at)
            .collect()
    };
    assert!(times(2).len() > 10);
    assert_eq!(times(2), times(3));
    assert_eq!(times(2), times(40));
}

#[test]
fn without_rates_nothing_happens() {
    let quiet = ScheduleShape { sends_per_second: 0.0, member_changes_per_second: 0.0, ..shape() };
    assert!(Schedule::generate(1, &population(1, 10), &quiet).is_empty());
    assert!(Schedule::generate(1, &population(1, 0), &shape()).is_empty());
}

#[test]
fn another_seed_is_another_schedule() {
    let population = population(1, 10);
    assert_ne!(
        Schedule::generate(1, &population, &shape()),
        Schedule::generate(2, &population, &shape())
    );
}

#[test]
fn the_schedule_of_a_seed_is_the_recorded_one() {
    // Recorded once; a change here changes the meaning of every seed that a report names.
    let actions = Schedule::generate(7, &population(7, 20), &shape());
    let lines = actions.iter().map(|action| {
        let what = match &action.what {
            What::Send { body, .. } => body,
            What::Leave { .. } => "leave",
            What::Join { .. } => "join",
            What::Look { .. } => "look",
        };
        let Action { at, user, device, .. } = action;
        format!("{} {user} {device} {} {what}\n", at.as_nanos(), action.what.channel().unwrap())
    });
    let text: String = lines.collect();
    assert_eq!(
        (actions.len(), hubbub_chat::body_hash(&text)),
        (657, 3_470_820_478_380_431_704),
        "{text}"
    );
}
