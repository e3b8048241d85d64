//! Whose each device is, from where on it must hold a channel, what was cut away from it, and who
//! is told of what else.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use crate::event::Population;

/// The last known place of each channel.
pub(super) type Heads = BTreeMap<ChannelId, MessageId>;

/// A stretch of a log that a device was told is gone: above one place, up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Gone {
    above: MessageId,
    up_to: MessageId,
    told_ns: u64,
}

#[derive(Debug)]
struct Row {
    user: UserId,
    /// The heads when the device was named. Empty for a device that was there from the beginning.
    heads: Arc<Heads>,
}

/// The devices of the run.
#[derive(Debug, Default)]
pub(super) struct Devices {
    rows: BTreeMap<DeviceId, Row>,
    of_user: BTreeMap<UserId, Vec<DeviceId>>,
    truncated: BTreeMap<(DeviceId, ChannelId), Vec<Gone>>,
    cursors: BTreeMap<(DeviceId, ChannelId), MessageId>,
    pub(super) friends: BTreeSet<(UserId, UserId)>,
    pub(super) tokens: BTreeMap<UserId, BTreeSet<DeviceId>>,
    pub(super) muted: BTreeSet<(UserId, ChannelId)>,
}

impl Devices {
    /// Devices that take part from now on, when channels have grown to `heads`.
    pub(super) fn name(&mut self, population: &Population, heads: &Heads) {
        let pairs = population.friends.iter().filter(|(one, other)| one != other);
        self.friends.extend(pairs.map(|(one, other)| (*one.min(other), *one.max(other))));
        self.muted.extend(&population.muted);
        for (user, device) in &population.push {
            self.tokens.entry(*user).or_default().insert(*device);
        }
        let heads = Arc::new(heads.clone());
        for row in &population.users {
            for device in &row.devices {
                if let Entry::Vacant(vacant) = self.rows.entry(*device) {
                    vacant.insert(Row { user: row.user, heads: heads.clone() });
                    self.of_user.entry(row.user).or_default().push(*device);
                }
            }
        }
    }

    pub(super) fn truncate(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
        (above, up_to): (MessageId, MessageId),
        told_ns: u64,
    ) {
        let gone = Gone { above, up_to, told_ns };
        self.truncated.entry((device, channel)).or_default().push(gone);
    }

    /// Puts stretches in order, without overlaps.
    pub(super) fn finish(&mut self) {
        self.truncated.values_mut().for_each(|stretches| *stretches = apart(stretches));
    }

    /// Everything that devices were told is gone: above one place, up to another.
    pub(super) fn gone(
        &self,
    ) -> impl Iterator<Item = (DeviceId, ChannelId, MessageId, MessageId)> + '_ {
        self.truncated.iter().flat_map(|((device, channel), stretches)| {
            stretches.iter().map(|one| (*device, *channel, one.above, one.up_to))
        })
    }

    pub(super) fn set_cursors(
        &mut self,
        device: DeviceId,
        cursors: &BTreeMap<ChannelId, MessageId>,
    ) {
        let rows = cursors.iter().map(|(channel, cursor)| ((device, *channel), *cursor));
        self.cursors.extend(rows);
    }

    pub(super) fn owner(&self, device: DeviceId) -> Option<UserId> {
        self.rows.get(&device).map(|row| row.user)
    }

    pub(super) fn of_user(&self) -> &BTreeMap<UserId, Vec<DeviceId>> {
        &self.of_user
    }

    pub(super) fn cursors(&self) -> &BTreeMap<(DeviceId, ChannelId), MessageId> {
        &self.cursors
    }

    /// The last place of the channel when the device was named; zero for one of the beginning.
    pub(super) fn head_when_named(&self, device: DeviceId, channel: ChannelId) -> MessageId {
        let head = self.rows.get(&device).and_then(|row| row.heads.get(&channel));
        head.copied().unwrap_or_default()
    }

    /// When the device was last told that the place is gone, in nanoseconds since the run began.
    pub(super) fn told_gone_ns(
        &self,
        device: DeviceId,
        channel: ChannelId,
        place: MessageId,
    ) -> Option<u64> {
        let stretches = self.truncated.get(&(device, channel))?;
        let after = stretches.partition_point(|one| one.above < place);
        let gone = stretches.get(after.checked_sub(1)?)?;
        (place <= gone.up_to).then_some(gone.told_ns)
    }
}

/// The same places in stretches that do not overlap, in order. Of a place that several stretches cover
/// the last word counts: what was gone too early may be gone rightly later, and what lies beside it
/// may not.
fn apart(stretches: &[Gone]) -> Vec<Gone> {
    let mut by_time: Vec<&Gone> = stretches.iter().filter(|one| one.above < one.up_to).collect();
    let ends: BTreeSet<MessageId> = by_time.iter().flat_map(|one| [one.above, one.up_to]).collect();
    by_time.sort_unstable_by_key(|one| one.told_ns);
    let mut told: BTreeMap<MessageId, (MessageId, u64)> = BTreeMap::new();
    for one in by_time {
        let mut within = ends.range(one.above..=one.up_to).copied();
        let Some(mut above) = within.next() else { continue };
        for up_to in within {
            told.insert(above, (up_to, one.told_ns));
            above = up_to;
        }
    }
    told.into_iter().map(|(above, (up_to, told_ns))| Gone { above, up_to, told_ns }).collect()
}
