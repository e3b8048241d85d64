//! When users ask for statuses by hand.

use std::time::Duration;

use hubbub_chat::{UserId, frame::LOOK_USERS_MAX, random::Random};

use super::{ScheduleShape, draw_device};
use crate::{
    action::{Action, What},
    arrivals::next_arrival,
    population::{Population, User},
    purpose::{Purpose, stream},
    sampling::distinct,
};

/// The looks of a user. Each opens one of the user's lists, drawn evenly: the friends, or the
/// members of one of the groups that the user is in at the beginning.
pub(super) fn user_looks(
    seed: u64,
    population: &Population,
    user: &User,
    shape: &ScheduleShape,
) -> Vec<Action> {
    let lists = usize::from(!user.friends.is_empty()) + user.groups.len();
    let mut random = stream(seed, Purpose::Looks, user.id.0);
    let (mut actions, mut at) = (Vec::new(), Duration::ZERO);
    if lists == 0 {
        return actions;
    }
    while let Some(next) = next_arrival(&mut random, shape.looks_per_second, at, shape.duration) {
        at = next;
        let device = draw_device(user, &mut random);
        let shown = list(population, user, random.below(lists as u64) as usize);
        let users = as_many_as_fit(shown, &mut random);
        if let (Some(device), false) = (device, users.is_empty()) {
            actions.push(Action { at, user: user.id, device, what: What::Look { users } });
        }
    }
    actions
}

/// One of the user's lists: the groups in order, then the friends. Nobody sees their own status.
fn list(population: &Population, user: &User, place: usize) -> Vec<UserId> {
    let listed = match user.groups.get(place) {
        Some(group) => population.group(*group).map_or(&[][..], |group| &group.members),
        None => &user.friends,
    };
    listed.iter().copied().filter(|other| *other != user.id).collect()
}

/// A list that is longer than one look may be is shown in part.
fn as_many_as_fit(listed: Vec<UserId>, random: &mut Random) -> Vec<UserId> {
    if listed.len() <= LOOK_USERS_MAX {
        return listed;
    }
    let places = distinct(random, LOOK_USERS_MAX as u64, listed.len() as u64);
    places.into_iter().map(|place| listed[place as usize]).collect()
}
