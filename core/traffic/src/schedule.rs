//! What everybody does, by rates per user.

mod joins;
mod looks;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use hubbub_chat::{ChannelId, UserId, random::Random};

use crate::{
    action::{Action, What},
    arrivals::next_arrival,
    body::numbered_body,
    fan_out::{can_send, draw_channel},
    load::{LoadShape, load_sends},
    population::{Group, Population, User},
    purpose::{Purpose, stream},
};
use joins::joins;
use looks::user_looks;

/// How long a member who leaves a group stays out before joining again.
pub const ABSENCE: Duration = Duration::from_secs(5);

/// How long after joining again a user sends nothing to the group: the device knows itself a
/// member only when the join is in the log.
pub const REJOIN_MARGIN: Duration = Duration::from_secs(1);

/// How often users do things. The default is never.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScheduleShape {
    /// How long they go on.
    pub duration: Duration,
    /// Sends per second of each user, on each user's own Poisson process.
    pub sends_per_second: f64,
    /// Share of the sends that go to groups, for users who are in one; 0 to 1.
    pub group_share: f64,
    /// Members per second who leave a group, over all groups together; each joins it again after
    /// [`ABSENCE`]. Nobody leaves so late that they would not be back before the end.
    pub member_changes_per_second: f64,
    /// Attempts per second of users to join a group that they were not in at the beginning, over
    /// all groups together. A user tries each group once.
    pub joins_per_second: f64,
    /// How often per second each user asks for the statuses of friends, or of the members of a
    /// group, on each user's own Poisson process.
    pub looks_per_second: f64,
    /// Bytes of a message's text.
    pub body_bytes: u32,
}

/// The making of sorted lists of actions.
#[derive(Debug, Clone, Copy)]
pub struct Schedule;

/// When a user may not send to a group that they left.
type Absences = BTreeMap<UserId, Vec<(ChannelId, Range<Duration>)>>;

/// A send before all are sorted and numbered.
pub(crate) struct Send {
    pub(crate) at: Duration,
    pub(crate) user: UserId,
    pub(crate) device: hubbub_chat::DeviceId,
    pub(crate) channel: ChannelId,
}

impl Schedule {
    /// What the population does, sorted by time and then by user. Messages are numbered from 0 in
    /// that order. When a user sends, to whom and from which device depends on that user's own
    /// stream, conversations and absences alone.
    #[must_use]
    pub fn generate(seed: u64, population: &Population, shape: &ScheduleShape) -> Vec<Action> {
        let (mut others, absences) = member_changes(seed, population, shape);
        others.extend(joins(seed, population, shape));
        others.extend(
            population.users().iter().flat_map(|user| user_looks(seed, population, user, shape)),
        );
        let sends = population.users().iter().filter(|user| can_send(user)).flat_map(|user| {
            let absences = absences.get(&user.id).map_or(&[][..], Vec::as_slice);
            user_sends(seed, user, absences, shape)
        });
        numbered(others, sends.collect(), shape.body_bytes)
    }

    /// The sends of a load: one Poisson process over all users together, at the rate that makes
    /// the wanted deliveries, each send by a user drawn evenly. Sorted and numbered as those of
    /// [`Schedule::generate`]; membership stays as it is.
    #[must_use]
    pub fn generate_load(seed: u64, population: &Population, shape: &LoadShape) -> Vec<Action> {
        numbered(Vec::new(), load_sends(seed, population, shape), shape.body_bytes)
    }
}

/// Draws one of the user's devices. Takes one random number.
pub(crate) fn draw_device(user: &User, random: &mut Random) -> Option<hubbub_chat::DeviceId> {
    user.devices.get(random.below(user.devices.len() as u64) as usize).copied()
}

fn numbered(mut actions: Vec<Action>, mut sends: Vec<Send>, body_bytes: u32) -> Vec<Action> {
    sends.sort_by_key(|send| (send.at, send.user));
    actions.extend(sends.into_iter().zip(0..).map(|(send, number)| {
        let Send { at, user, device, channel } = send;
        let what = What::Send { channel, body: numbered_body(number, body_bytes) };
        Action { at, user, device, what }
    }));
    // Stable, so that changes of membership stay before sends at the same instant.
    actions.sort_by_key(|action| (action.at, action.user));
    actions
}

fn user_sends(
    seed: u64,
    user: &User,
    absences: &[(ChannelId, Range<Duration>)],
    shape: &ScheduleShape,
) -> Vec<Send> {
    let mut random = stream(seed, Purpose::Sends, user.id.0);
    let (mut sends, mut at) = (Vec::new(), Duration::ZERO);
    while let Some(next) = next_arrival(&mut random, shape.sends_per_second, at, shape.duration) {
        at = next;
        let is_out = |channel| {
            absences.iter().any(|(absent, range)| *absent == channel && range.contains(&at))
        };
        // Both draws happen in any case, so that every send takes as many random numbers.
        let device = draw_device(user, &mut random);
        let channel = draw_channel(user, shape.group_share, &mut random, is_out);
        if let (Some(device), Some(channel)) = (device, channel) {
            sends.push(Send { at, user: user.id, device, channel });
        }
    }
    sends
}

/// Who leaves and joins again, in the order of leaving, and when they may not send.
fn member_changes(
    seed: u64,
    population: &Population,
    shape: &ScheduleShape,
) -> (Vec<Action>, Absences) {
    let mut random = stream(seed, Purpose::MemberChanges, 0);
    let (mut actions, mut absences) = (Vec::new(), Absences::new());
    let mut back_at: BTreeMap<(ChannelId, UserId), Duration> = BTreeMap::new();
    let groups: Vec<&Group> = population.groups().filter(|group| group.members.len() > 1).collect();
    let until = shape.duration.saturating_sub(ABSENCE);
    let mut at = Duration::ZERO;
    while let Some(next) = next_arrival(&mut random, shape.member_changes_per_second, at, until) {
        at = next;
        back_at.retain(|_, back| *back > at);
        let Some((group, user)) = draw_leaver(&groups, &back_at, &mut random) else {
            continue;
        };
        let channel = group.channel;
        let Some(device) = population.user(user).and_then(|user| draw_device(user, &mut random))
        else {
            continue;
        };
        let back = at + ABSENCE;
        actions.push(Action { at, user, device, what: What::Leave { channel } });
        actions.push(Action { at: back, user, device, what: What::Join { channel } });
        back_at.insert((channel, user), back + REJOIN_MARGIN);
        absences.entry(user).or_default().push((channel, at..back + REJOIN_MARGIN));
    }
    (actions, absences)
}

/// A group that somebody can leave and one of its members who is in and did not create it, both
/// drawn evenly; `None` when all who could go are out.
fn draw_leaver<'population>(
    groups: &[&'population Group],
    back_at: &BTreeMap<(ChannelId, UserId), Duration>,
    random: &mut Random,
) -> Option<(&'population Group, UserId)> {
    let can_leave = |group: &Group, user: UserId| {
        user != group.creator && !back_at.contains_key(&(group.channel, user))
    };
    let first = random.below(groups.len() as u64) as usize;
    // The first group from the drawn one on that somebody can leave.
    let mut in_turn = groups.iter().cycle().skip(first).take(groups.len());
    in_turn.find_map(|group| {
        let leavers: Vec<UserId> =
            group.members.iter().copied().filter(|user| can_leave(group, *user)).collect();
        let user = leavers.get(random.below(leavers.len() as u64) as usize)?;
        Some((*group, *user))
    })
}
