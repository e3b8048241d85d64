//! Users and their devices: who is logged in, and who was active when.

use std::collections::{BTreeMap, BTreeSet};

use super::{StoreModel, inbox::Inbox};
use crate::{
    design::{Fanout, Ids},
    frame::ChangeRefusal,
    ids::{ChannelId, DeviceId, MessageId, OperationId, UserId},
    ports::{
        push::Owed,
        store::{SendWindow, StoreAnswer, StoreRules},
    },
    time::{Wall, nanoseconds},
};

/// Everything that is a user's.
#[derive(Debug, Clone, Default)]
pub(super) struct UserRow {
    /// The devices that are logged in.
    pub(super) devices: BTreeSet<DeviceId>,
    /// The channels that the user is or was a member of.
    pub(super) channels: BTreeMap<ChannelId, Inbox>,
    pub(super) tokens: BTreeMap<DeviceId, String>,
    pub(super) mutes: BTreeSet<ChannelId>,
    pub(super) owed: BTreeMap<ChannelId, Owed>,
}

impl UserRow {
    pub(super) fn rows(&self) -> usize {
        self.channels.values().map(Inbox::len).sum()
    }
}

/// A device. Its row stays after the logout, so that its id is never taken for a new one.
#[derive(Debug, Clone)]
pub(super) struct DeviceRow {
    pub(super) user: UserId,
    live: bool,
    /// Its last sign of life.
    seen: Wall,
    pub(super) channels: BTreeMap<ChannelId, DeviceChannel>,
    /// With `fanout = "shared-queue"`: everything before this place of the queue is read.
    pub(super) position: u64,
}

/// What is kept of a device in one channel.
#[derive(Debug, Clone, Default)]
pub(super) struct DeviceChannel {
    pub(super) window: Option<SendWindow>,
    pub(super) operation: Option<(OperationId, Result<MessageId, ChangeRefusal>)>,
    pub(super) cursor: MessageId,
}

impl DeviceRow {
    pub(super) fn cursor(&self, channel: ChannelId) -> MessageId {
        self.channels.get(&channel).map(|row| row.cursor).unwrap_or_default()
    }

    /// Whether it has given no sign of life for so long that it counts as logged out.
    pub(super) fn is_expired(&self, wall: Wall, rules: &StoreRules) -> bool {
        wall.0 >= self.seen.0.saturating_add(nanoseconds(rules.device_expiry))
    }
}

impl StoreModel {
    pub(super) fn register(
        &mut self,
        wall: Wall,
        user: UserId,
        device: Option<DeviceId>,
    ) -> StoreAnswer {
        self.users.entry(user).or_default();
        if let Some(device) = device
            && !self.devices.contains_key(&device)
        {
            self.start_device(wall, user, device);
        }
        StoreAnswer::Done
    }

    /// A new device starts with the newest entries of each channel, not with all of them. What is
    /// gone is not told to it, but it learns of each channel.
    fn start_device(&mut self, wall: Wall, user: UserId, device: DeviceId) {
        let mut row =
            DeviceRow { user, live: true, seen: wall, channels: BTreeMap::new(), position: 0 };
        let history = u64::from(self.rules.initial_history);
        let Some(owner) = self.users.get(&user) else { return };
        for (channel, inbox) in &owner.channels {
            if let Some(log) = self.channels.get_mut(channel) {
                log.remove_old(wall, self.rules.history_retention);
            }
            let (head, log) = (self.head(user, *channel, inbox), &self.channels[channel]);
            let start = match self.rules.ids {
                Ids::ChannelSequence => MessageId(head.0.saturating_sub(history)),
                Ids::Snowflake | Ids::CreatedAt => log.below_newest(user, history),
            };
            let cursor = start.max(log.truncated).min(head.previous());
            row.channels.insert(*channel, DeviceChannel { cursor, ..DeviceChannel::default() });
        }
        self.devices.insert(device, row);
        self.users.entry(user).or_default().devices.insert(device);
    }

    /// The last entry that a user may see, as far as their layout knows it: the last one that was
    /// copied, or what the log says.
    pub(super) fn head(&self, user: UserId, channel: ChannelId, inbox: &Inbox) -> MessageId {
        match self.rules.fanout {
            Fanout::Inbox => inbox.last,
            Fanout::ChannelLog | Fanout::SharedQueue => self
                .channels
                .get(&channel)
                .map_or(MessageId::ZERO, |row| row.state.visible_head(user)),
        }
    }

    /// The device is refused from now on, gets no pushes, and holds nothing back.
    pub(super) fn forget(&mut self, device: DeviceId) -> StoreAnswer {
        let Some(row) = self.devices.get_mut(&device) else { return StoreAnswer::Done };
        row.live = false;
        row.channels.clear();
        let user = row.user;
        let Some(owner) = self.users.get_mut(&user) else { return StoreAnswer::Done };
        owner.devices.remove(&device);
        self.drop_token(user, device);
        let channels = self.users.get(&user).into_iter().flat_map(|row| row.channels.keys());
        let channels: Vec<_> = channels.copied().collect();
        channels.into_iter().for_each(|channel| self.empty_inbox(user, channel));
        StoreAnswer::Done
    }

    /// Whether the device is logged in as this user's. It is a sign of life.
    pub(super) fn renew(&mut self, wall: Wall, user: UserId, device: DeviceId) -> bool {
        self.renew_if(wall, device, |row| row.user == user)
    }

    fn renew_if(
        &mut self,
        wall: Wall,
        device: DeviceId,
        is_it: impl Fn(&DeviceRow) -> bool,
    ) -> bool {
        let row = self.devices.get_mut(&device).filter(|row| row.live && is_it(row));
        let Some(row) = row else { return false };
        if row.is_expired(wall, &self.rules) {
            self.forget(device);
            return false;
        }
        row.seen = row.seen.max(wall);
        true
    }

    /// Logs out those of a user's devices that gave no sign of life for too long.
    pub(super) fn expire_devices(&mut self, wall: Wall, user: UserId) {
        let expired = |model: &Self| {
            let mut devices = model.users.get(&user)?.devices.iter();
            devices.find(|device| model.devices[device].is_expired(wall, &model.rules)).copied()
        };
        while let Some(device) = expired(self) {
            self.forget(device);
        }
    }

    /// Those of the devices that are not logged in. For the others it is a sign of life: a chat
    /// server has them attached.
    pub(super) fn logged_out(&mut self, wall: Wall, mut devices: Vec<DeviceId>) -> Vec<DeviceId> {
        devices.retain(|device| !self.renew_if(wall, *device, |_| true));
        devices
    }

    pub(super) fn write_activity(&mut self, rows: Vec<(UserId, u64)>) -> StoreAnswer {
        for (user, at_ms) in rows {
            let known = self.activity.entry(user).or_default();
            *known = (*known).max(at_ms);
        }
        StoreAnswer::Done
    }

    pub(super) fn read_activity(&self, users: &[UserId]) -> StoreAnswer {
        let known = |user: &UserId| Some((*user, *self.activity.get(user)?));
        StoreAnswer::Activity(users.iter().filter_map(known).collect())
    }
}
