//! How users have set up their accounts and what they are like.

use hubbub_chat::{ChannelId, random::Random};

use super::{PopulationShape, User};
use crate::{
    purpose::{Purpose, stream},
    sampling::distinct,
};

/// Draws who has a push token, who never sends and what is muted. Users have their conversations
/// by then.
pub(super) fn generate_settings(seed: u64, shape: &PopulationShape, users: &mut [User]) {
    let count = users.len() as u64;
    let drawn = |share, purpose| {
        distinct(&mut stream(seed, purpose, 0), rounded_share(share, count), count)
    };
    for place in drawn(shape.push, Purpose::Push) {
        users[place as usize].push = true;
    }
    for place in drawn(shape.quiet_users, Purpose::Quiet) {
        users[place as usize].quiet = true;
    }
    for user in users {
        let mut random = stream(seed, Purpose::Muted, user.id.0);
        user.muted = muted(user, shape.muted, &mut random);
    }
}

/// How many of `count` a share is, to the nearest.
pub(super) fn rounded_share(share: f64, count: u64) -> u64 {
    (share * count as f64).round() as u64
}

/// Each conversation is muted with the same probability.
fn muted(user: &User, share: f64, random: &mut Random) -> Vec<ChannelId> {
    let direct = user.contacts.iter().map(|contact| ChannelId::direct(user.id, *contact));
    let mut channels: Vec<ChannelId> = direct.chain(user.groups.iter().copied()).collect();
    channels.retain(|_| random.unit() < share);
    channels.sort_unstable();
    channels
}
