//! Users and their devices: who is logged in, and until when.

use std::collections::BTreeSet;

use hubbub_chat::{
    design::{Fanout, Ids},
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{StoreAnswer, StoreRules},
    time::{Wall, nanoseconds},
};

use super::{
    channel::Channel,
    keys,
    state::State,
    values::{DeviceRow, UserRow},
    view::View,
};
use crate::store::{StoreError, Table};

/// A sign of life is written only once it is this part of `device_expiry` later than the last one
/// that was: a device that sends all day costs a row in two hours, and after a restart it may be
/// logged out by a thousandth too early.
const SEEN_PARTS: u64 = 1024;

/// A device, and the last sign of life that its row knows.
pub(super) struct Device {
    row: DeviceRow,
    written: Wall,
}

impl DeviceRow {
    /// Whether it has given no sign of life for so long that it counts as logged out.
    fn is_expired(&self, wall: Wall, rules: &StoreRules) -> bool {
        wall.0 >= self.seen.0.saturating_add(nanoseconds(rules.device_expiry))
    }
}

impl State {
    pub(super) fn register(
        &mut self,
        wall: Wall,
        user: UserId,
        device: Option<DeviceId>,
    ) -> Result<StoreAnswer, StoreError> {
        if self.user(user)?.is_none() {
            self.write_user(user, UserRow::default())?;
        }
        if let Some(device) = device
            && self.device(device)?.is_none()
        {
            self.start_device(wall, user, device)?;
            self.write_device(device, DeviceRow { user, is_live: true, seen: wall })?;
            let mut row = self.user(user)?.clone().unwrap_or_default();
            row.devices.insert(device);
            self.write_user(user, row)?;
        }
        Ok(StoreAnswer::Done)
    }

    /// A new device starts with the newest entries of each channel, not with all of them. What is
    /// gone is not told to it, but it learns of each channel.
    fn start_device(
        &mut self,
        wall: Wall,
        user: UserId,
        device: DeviceId,
    ) -> Result<(), StoreError> {
        let history = u64::from(self.rules.initial_history);
        for (channel, mut reader) in self.readers(user)? {
            self.remove_old_entries(wall, channel)?;
            let head = self.head(user, channel)?;
            let Self { channels, view, rules, .. } = self;
            let load = || Channel::load(view, rules, channel);
            let Some(log) = channels.get_or_load(channel, load)? else { continue };
            let start = match rules.ids {
                Ids::ChannelSequence => MessageId(head.0.saturating_sub(history)),
                Ids::Snowflake | Ids::CreatedAt => log.below_newest(view, user, history)?,
            };
            let cursor = start.max(log.truncated).min(head.previous());
            reader.cursors.insert(device, cursor);
            view.write(Table::Readers, keys::owner_channel(user.0, channel), &reader)?;
        }
        Ok(())
    }

    /// The last entry that a user may see, as far as their layout knows it: the last one that was
    /// copied, or what the log says. Where ids are places of the log it is the same.
    pub(super) fn head(
        &mut self,
        user: UserId,
        channel: ChannelId,
    ) -> Result<MessageId, StoreError> {
        if self.rules.fanout == Fanout::Inbox && self.rules.ids != Ids::ChannelSequence {
            return Ok(self.inbox(user, channel)?.last);
        }
        let row = self.channel(channel)?.as_ref();
        Ok(row.map_or(MessageId::ZERO, |row| row.state.visible_head(user)))
    }

    /// The device is refused from now on, gets no pushes, and holds nothing back.
    pub(super) fn forget(&mut self, device: DeviceId) -> Result<StoreAnswer, StoreError> {
        let Some(row) = self.device(device)?.as_ref().map(|known| known.row) else {
            return Ok(StoreAnswer::Done);
        };
        let user = row.user;
        self.write_device(device, DeviceRow { is_live: false, ..row })?;
        self.forget_answers(device)?;
        self.drop_token(user, device)?;
        let mut owner = self.user(user)?.clone().unwrap_or_default();
        if owner.devices.remove(&device) {
            self.write_user(user, owner.clone())?;
        }
        for (channel, mut reader) in self.readers(user)? {
            let is_named = reader.cursors.remove(&device).is_some();
            if is_named || reader.passed(&owner.devices) > reader.floor {
                self.write_reader(user, channel, reader, &owner.devices)?;
            }
        }
        Ok(StoreAnswer::Done)
    }

    /// Removes what a device that logged out was answered. It is refused from now on, so decoded
    /// rows of it may stay until they fall out of use.
    fn forget_answers(&mut self, device: DeviceId) -> Result<(), StoreError> {
        for table in [Table::Windows, Table::Operations] {
            let rows = self.view.scan(table, keys::owner_channels(device.0));
            let keys = rows.map(|row| Ok(row?.0)).collect::<Result<Vec<_>, StoreError>>()?;
            keys.into_iter().for_each(|key| self.view.remove(table, key));
        }
        Ok(())
    }

    /// Whether the device is logged in as this user's. It is a sign of life.
    pub(super) fn renew(
        &mut self,
        wall: Wall,
        user: UserId,
        device: DeviceId,
    ) -> Result<bool, StoreError> {
        self.renew_if(wall, device, Some(user))
    }

    fn renew_if(
        &mut self,
        wall: Wall,
        device: DeviceId,
        user: Option<UserId>,
    ) -> Result<bool, StoreError> {
        let Self { devices, view, rules, .. } = self;
        let known = devices.get_or_load(device, || load_device(view, device))?;
        let is_it = |row: &DeviceRow| row.is_live && user.is_none_or(|user| row.user == user);
        let Some(known) = known.as_mut().filter(|known| is_it(&known.row)) else {
            return Ok(false);
        };
        if known.row.is_expired(wall, rules) {
            self.forget(device)?;
            return Ok(false);
        }
        known.row.seen = known.row.seen.max(wall);
        let unwritten = known.row.seen.0 - known.written.0;
        if unwritten > nanoseconds(rules.device_expiry) / SEEN_PARTS {
            known.written = known.row.seen;
            view.write(Table::Devices, keys::device(device), &known.row)?;
        }
        Ok(true)
    }

    /// Logs out those of a user's devices that gave no sign of life for too long.
    pub(super) fn expire_devices(&mut self, wall: Wall, user: UserId) -> Result<(), StoreError> {
        for device in self.live_devices(user)? {
            if self.is_expired(wall, device)? {
                self.forget(device)?;
            }
        }
        Ok(())
    }

    pub(super) fn is_expired(&mut self, wall: Wall, device: DeviceId) -> Result<bool, StoreError> {
        let rules = self.rules;
        Ok(self.device(device)?.as_ref().is_some_and(|known| known.row.is_expired(wall, &rules)))
    }

    /// Those of the devices that are not logged in. For the others it is a sign of life: a chat
    /// server has them attached.
    pub(super) fn logged_out(
        &mut self,
        wall: Wall,
        devices: Vec<DeviceId>,
    ) -> Result<Vec<DeviceId>, StoreError> {
        let mut logged_out = Vec::new();
        for device in devices {
            if !self.renew_if(wall, device, None)? {
                logged_out.push(device);
            }
        }
        Ok(logged_out)
    }

    pub(super) fn live_devices(&mut self, user: UserId) -> Result<BTreeSet<DeviceId>, StoreError> {
        Ok(self.user(user)?.as_ref().map(|row| row.devices.clone()).unwrap_or_default())
    }

    fn device(&mut self, device: DeviceId) -> Result<&mut Option<Device>, StoreError> {
        let Self { devices, view, .. } = self;
        devices.get_or_load(device, || load_device(view, device))
    }

    fn write_device(&mut self, device: DeviceId, row: DeviceRow) -> Result<(), StoreError> {
        self.view.write(Table::Devices, keys::device(device), &row)?;
        self.devices.insert(device, Some(Device { row, written: row.seen }));
        Ok(())
    }
}

fn load_device(view: &View, device: DeviceId) -> Result<Option<Device>, StoreError> {
    let row: Option<DeviceRow> = view.read(Table::Devices, &keys::device(device))?;
    Ok(row.map(|row| Device { row, written: row.seen }))
}
