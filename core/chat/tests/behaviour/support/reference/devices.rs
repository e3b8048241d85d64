//! Devices and their cursors.

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId, Wall};

use super::{Reference, visible};

#[derive(Clone, Copy)]
pub(super) struct Device {
    pub(super) device: DeviceId,
    pub(super) user: UserId,
    live: bool,
    seen: Wall,
}

impl Reference {
    pub(crate) fn register(&mut self, user: UserId, device: Option<DeviceId>) {
        self.users.push(user);
        let Some(device) = device else { return };
        if self.is_known(device) {
            return;
        }
        self.devices.push(Device { device, user, live: true, seen: self.now });
        for channel in self.channels() {
            if let Some(head) = visible(&self.log(channel), channel, user).last() {
                let start = head.0.saturating_sub(u64::from(self.rules.initial_history));
                let start = start.max(self.truncated(channel).0).min(head.0 - 1);
                self.cursors.push((device, channel, MessageId(start)));
                self.raise_floor(user, channel);
            }
        }
    }

    pub(crate) fn is_known(&self, device: DeviceId) -> bool {
        self.devices.iter().any(|row| row.device == device)
    }

    pub(crate) fn forget(&mut self, device: DeviceId) {
        let Some(row) = self.devices.iter_mut().find(|row| row.device == device) else { return };
        row.live = false;
        let user = row.user;
        self.answers.retain(|answer| answer.device != device);
        self.operations.retain(|(owner, ..)| *owner != device);
        self.cursors.retain(|(owner, ..)| *owner != device);
        self.drop_token(user, device);
        self.channels().into_iter().for_each(|channel| self.raise_floor(user, channel));
    }

    pub(super) fn expire_devices(&mut self) {
        let (now, expiry) = (self.now.0, self.rules.device_expiry.as_nanos());
        let expired = |row: &Device| row.live && u128::from(now - row.seen.0) >= expiry;
        while let Some(row) = self.devices.iter().copied().find(expired) {
            self.forget(row.device);
        }
    }

    pub(crate) fn is_live(&self, user: UserId, device: DeviceId) -> bool {
        self.devices.iter().any(|row| row.live && (row.user, row.device) == (user, device))
    }

    pub(crate) fn sign_of_life(&mut self, user: UserId, device: DeviceId) -> bool {
        let mut live = self.devices.iter_mut().filter(|row| row.live);
        let row = live.find(|row| (row.user, row.device) == (user, device));
        let Some(row) = row else { return false };
        row.seen = self.now;
        true
    }

    pub(crate) fn report(
        &mut self,
        user: UserId,
        device: DeviceId,
        channel: ChannelId,
        to: MessageId,
    ) {
        let head = visible(&self.log(channel), channel, user).last().copied().unwrap_or_default();
        if self.sign_of_life(user, device) && to <= head && !self.log(channel).is_empty() {
            self.cursors.push((device, channel, to));
            self.raise_floor(user, channel);
            self.pass_owed(user, channel, to);
        }
    }

    fn raise_floor(&mut self, user: UserId, channel: ChannelId) {
        let live = self.devices.iter().filter(|row| row.user == user && row.live);
        let passed = live.map(|row| self.cursor(row.device, channel)).min();
        self.floors.push((user, channel, passed.unwrap_or_default()));
    }

    /// Where a device stands, as far as was reported or given to it at its start.
    pub(crate) fn cursor(&self, device: DeviceId, channel: ChannelId) -> MessageId {
        let mine = self.cursors.iter().filter(|row| (row.0, row.1) == (device, channel));
        mine.map(|row| row.2).max().unwrap_or_default()
    }
}
