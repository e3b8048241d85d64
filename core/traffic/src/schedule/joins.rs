//! Who tries to join a group that they were never in.

use std::{collections::BTreeSet, time::Duration};

use hubbub_chat::{ChannelId, UserId, random::Random};

use super::{ScheduleShape, draw_device};
use crate::{
    action::{Action, What},
    arrivals::next_arrival,
    population::{Group, Population, User},
    purpose::{Purpose, stream},
};

/// Attempts to join, in the order of time. Whether one succeeds is for the group's limit to say:
/// at a limit some of them, and members who left and want to come back, meet a refusal.
pub(super) fn joins(seed: u64, population: &Population, shape: &ScheduleShape) -> Vec<Action> {
    let mut random = stream(seed, Purpose::Joins, 0);
    let groups: Vec<&Group> = population.groups().collect();
    let mut tried = BTreeSet::new();
    let (mut actions, mut at) = (Vec::new(), Duration::ZERO);
    while let Some(next) = next_arrival(&mut random, shape.joins_per_second, at, shape.duration) {
        at = next;
        let Some((channel, user)) = draw_outsider(&groups, population, &tried, &mut random) else {
            continue;
        };
        let Some(device) = draw_device(user, &mut random) else { continue };
        tried.insert((channel, user.id));
        actions.push(Action { at, user: user.id, device, what: What::Join { channel } });
    }
    actions
}

/// The first group from a drawn one on, and the first user from a drawn one on, such that the user
/// is outside and has not tried yet. Takes two random numbers in any case.
fn draw_outsider<'population>(
    groups: &[&Group],
    population: &'population Population,
    tried: &BTreeSet<(ChannelId, UserId)>,
    random: &mut Random,
) -> Option<(ChannelId, &'population User)> {
    let users = population.users();
    let first_group = random.below(groups.len() as u64) as usize;
    let first_user = random.below(users.len() as u64) as usize;
    groups.iter().cycle().skip(first_group).take(groups.len()).find_map(|group| {
        let is_outside = |user: &&User| {
            user.groups.binary_search(&group.channel).is_err()
                && !tried.contains(&(group.channel, user.id))
        };
        let mut in_turn = users.iter().cycle().skip(first_user).take(users.len());
        in_turn.find(is_outside).map(|user| (group.channel, user))
    })
}
