//! How many deliveries a send makes.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, UserId, random::Random};

use crate::population::{Population, User};

/// Deliveries per send on average, when every user who ever sends does so equally often and draws
/// the conversation by `group_share`: the devices of the conversation's members without the sending one.
/// Zero when nobody sends.
#[must_use]
pub fn mean_fan_out(population: &Population, group_share: f64) -> f64 {
    let devices = |user: &UserId| population.user(*user).map_or(0, |user| user.devices.len());
    let in_group: BTreeMap<ChannelId, usize> = population
        .groups()
        .map(|group| (group.channel, group.members.iter().map(devices).sum()))
        .collect();
    let fan_outs = population.users().iter().filter(|user| can_send(user)).map(|user| {
        let others = user.devices.len().saturating_sub(1);
        let to_groups =
            user.groups.iter().map(|channel| in_group.get(channel).map_or(0, |all| all - 1));
        let to_contacts = user.contacts.iter().map(|contact| others + devices(contact));
        let share = effective_share(group_share, user.groups.len(), user.contacts.len());
        share * mean(to_groups) + (1.0 - share) * mean(to_contacts)
    });
    let (count, sum) = fan_outs.fold((0_u64, 0.0), |(count, sum), next| (count + 1, sum + next));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// Whether the user ever sends: has a conversation, and is not one of the quiet.
pub(crate) fn can_send(user: &User) -> bool {
    !user.quiet && (!user.contacts.is_empty() || !user.groups.is_empty())
}

/// Draws one of the user's conversations: a group with the probability `group_share` when there
/// are both, each group and each contact equally likely. Groups that `is_out` names are left
/// aside. Takes two random numbers in any case.
pub(crate) fn draw_channel(
    user: &User,
    group_share: f64,
    random: &mut Random,
    is_out: impl Fn(ChannelId) -> bool,
) -> Option<ChannelId> {
    let groups = || user.groups.iter().copied().filter(|channel| !is_out(*channel));
    let (group_count, contact_count) = (groups().count(), user.contacts.len());
    let to_group = random.unit() < effective_share(group_share, group_count, contact_count);
    let place = random.below(if to_group { group_count } else { contact_count } as u64) as usize;
    if to_group {
        groups().nth(place)
    } else {
        user.contacts.get(place).map(|contact| ChannelId::direct(user.id, *contact))
    }
}

/// The probability of a group, given what there is to choose from.
fn effective_share(group_share: f64, group_count: usize, contact_count: usize) -> f64 {
    match (group_count, contact_count) {
        (0, _) => 0.0,
        (_, 0) => 1.0,
        _ => group_share,
    }
}

fn mean(counts: impl ExactSizeIterator<Item = usize>) -> f64 {
    let count = counts.len();
    if count == 0 { 0.0 } else { counts.sum::<usize>() as f64 / count as f64 }
}
