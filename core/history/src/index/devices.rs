//! Whose each device is, from where on it must hold a channel, and what was cut away from it.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use crate::event::Population;

/// The last known place of each channel.
pub(super) type Heads = BTreeMap<ChannelId, MessageId>;

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
    truncated: BTreeMap<(DeviceId, ChannelId), Vec<(MessageId, MessageId)>>,
    cursors: BTreeMap<(DeviceId, ChannelId), MessageId>,
}

impl Devices {
    /// Devices that take part from now on, when channels have grown to `heads`.
    pub(super) fn name(&mut self, population: &Population, heads: &Heads) {
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
        from: MessageId,
        to: MessageId,
    ) {
        self.truncated.entry((device, channel)).or_default().push((from, to));
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

    pub(super) fn is_truncated(
        &self,
        device: DeviceId,
        channel: ChannelId,
        place: MessageId,
    ) -> bool {
        let mut stretches = self.truncated.get(&(device, channel)).into_iter().flatten();
        stretches.any(|(from, to)| *from < place && place <= *to)
    }
}
