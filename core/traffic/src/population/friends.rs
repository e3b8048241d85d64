//! Who is whose friend.

use hubbub_chat::{UserId, random::Random};

use super::User;
use crate::purpose::{Purpose, stream};

/// Gives every user exactly `wanted` friends, or all others when there are fewer; one user has one
/// less when users and friends are both odd in number, since friendship is mutual.
///
/// The seed draws an order of the users in a ring, and everybody is a friend of those nearest on
/// both sides. Drawing pairs instead would give some users many more friends than others, and a
/// cost per friend could not be read from a run.
pub(super) fn generate_friends(seed: u64, wanted: u32, users: &mut [User]) {
    let count = users.len();
    let wanted = (wanted as usize).min(count.saturating_sub(1));
    if wanted == 0 {
        return;
    }
    let ring = shuffled(count, &mut stream(seed, Purpose::Friends, 0));
    let mut befriend = |one: usize, other: usize| {
        let (one, other) = (ring[one % count], ring[other % count]);
        users[one].friends.push(UserId(other as u64 + 1));
        users[other].friends.push(UserId(one as u64 + 1));
    };
    for distance in 1..=wanted / 2 {
        (0..count).for_each(|place| befriend(place, place + distance));
    }
    if wanted % 2 == 1 {
        opposite_pairs(count).for_each(|(one, other)| befriend(one, other));
    }
    users.iter_mut().for_each(|user| user.friends.sort_unstable());
}

/// Pairs of places in a ring that are as far apart as can be, every place in one pair at most. In
/// an odd ring, steps of this length reach every place once before they come back, so that two by
/// two they are pairs, and one place remains.
fn opposite_pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let distance = count / 2;
    let is_odd = count % 2 == 1;
    (0..count / 2).map(move |pair| {
        let one = if is_odd { 2 * pair * distance } else { pair };
        (one, one + distance)
    })
}

/// The numbers below `count` in an order that is drawn (Fisher and Yates, in Durstenfeld's form).
fn shuffled(count: usize, random: &mut Random) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        places.swap(last, random.below(last as u64 + 1) as usize);
    }
    places
}
