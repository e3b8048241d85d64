//! Users and their devices: who is logged in, and who was active when.

use super::StoreModel;
use crate::{
    ids::{DeviceId, MessageId, UserId},
    ports::store::StoreAnswer,
};

#[derive(Debug, Clone, Copy)]
pub(super) struct DeviceRow {
    pub(super) user: UserId,
    pub(super) live: bool,
}

impl StoreModel {
    pub(super) fn register(&mut self, user: UserId, device: Option<DeviceId>) -> StoreAnswer {
        self.users.insert(user);
        if let Some(device) = device
            && !self.devices.contains_key(&device)
        {
            self.devices.insert(device, DeviceRow { user, live: true });
            self.devices_of.entry(user).or_default().insert(device);
            self.start_device(user, device);
        }
        StoreAnswer::Done
    }

    /// A new device starts with the newest entries of each channel, not with all of them.
    fn start_device(&mut self, user: UserId, device: DeviceId) {
        let history = u64::from(self.rules.initial_history);
        for channel in self.channels_of.get(&user).into_iter().flatten() {
            let head = self.channels[channel].visible_head(user);
            let start = MessageId(head.0.saturating_sub(history));
            self.cursors.insert((device, *channel), start);
        }
    }

    pub(super) fn forget(&mut self, device: DeviceId) -> StoreAnswer {
        if let Some(row) = self.devices.get_mut(&device) {
            row.live = false;
            let user = row.user;
            self.windows.retain(|(owner, _), _| *owner != device);
            self.operations.retain(|(owner, _), _| *owner != device);
            self.cursors.retain(|(owner, _), _| *owner != device);
            let channels: Vec<_> =
                self.channels_of.get(&user).into_iter().flatten().copied().collect();
            channels.into_iter().for_each(|channel| self.prune_inbox(user, channel));
        }
        StoreAnswer::Done
    }

    pub(super) fn logged_out(&self, mut devices: Vec<DeviceId>) -> Vec<DeviceId> {
        devices.retain(|device| self.devices.get(device).is_none_or(|row| !row.live));
        devices
    }

    pub(super) fn is_live(&self, user: UserId, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|row| row.live && row.user == user)
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
