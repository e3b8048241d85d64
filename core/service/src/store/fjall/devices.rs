//! Users, their devices, how far those have read, and the copies that are no longer needed.

use std::collections::BTreeSet;

use hubbub_chat::{
    design::Fanout,
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{ChannelState, CursorReport, StoreAnswer},
};

use super::{
    keys,
    state::{State, load_channel},
    values::{DeviceRow, ReaderRow, UserRow},
    view::View,
};
use crate::store::{StoreError, Table};

impl State {
    pub(super) fn register(
        &mut self,
        user: UserId,
        device: Option<DeviceId>,
    ) -> Result<StoreAnswer, StoreError> {
        if self.user(user)?.is_none() {
            self.write_user(user, UserRow::default())?;
        }
        if let Some(device) = device
            && self.device(device)?.is_none()
        {
            self.write_device(device, DeviceRow { user, is_live: true })?;
            let mut devices = self.live_devices(user)?;
            devices.insert(device);
            self.write_user(user, UserRow { devices })?;
            self.start_device(user, device)?;
        }
        Ok(StoreAnswer::Done)
    }

    /// A new device starts with the newest entries of each channel, not with all of them.
    fn start_device(&mut self, user: UserId, device: DeviceId) -> Result<(), StoreError> {
        let history = u64::from(self.rules.initial_history);
        for (channel, mut reader) in self.readers(user)? {
            let head = self.visible_head(user, channel)?;
            let start = MessageId(head.0.saturating_sub(history));
            reader.cursors.insert(device, start);
            self.view.write(Table::Readers, keys::owner_channel(user.0, channel), &reader)?;
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, device: DeviceId) -> Result<StoreAnswer, StoreError> {
        let Some(DeviceRow { user, .. }) = self.device(device)? else {
            return Ok(StoreAnswer::Done);
        };
        self.write_device(device, DeviceRow { user, is_live: false })?;
        let mut devices = self.live_devices(user)?;
        devices.remove(&device);
        self.write_user(user, UserRow { devices: devices.clone() })?;
        self.forget_answers(device)?;
        for (channel, mut reader) in self.readers(user)? {
            reader.cursors.remove(&device);
            self.write_reader(user, channel, reader, &devices)?;
        }
        Ok(StoreAnswer::Done)
    }

    pub(super) fn write_cursors(
        &mut self,
        reports: &[CursorReport],
    ) -> Result<StoreAnswer, StoreError> {
        for report in reports {
            let CursorReport { user, device, channel, message_id } = *report;
            let key = keys::owner_channel(user.0, channel);
            if !self.is_live(user, device)? || message_id > self.visible_head(user, channel)? {
                continue;
            }
            let Some(mut reader) = self.view.read::<ReaderRow>(Table::Readers, &key)? else {
                continue;
            };
            let cursor = message_id.max(reader.cursor(device));
            let is_news = reader.cursors.insert(device, cursor) != Some(cursor);
            let devices = self.live_devices(user)?;
            if is_news || reader.passed(&devices) > reader.floor {
                self.write_reader(user, channel, reader, &devices)?;
            }
        }
        Ok(StoreAnswer::Done)
    }

    /// Writes how far a user has read a channel, and removes the copies that every one of their
    /// `devices` has passed. Removing needs no look at the inbox: the copies are those that the
    /// user may see above the floor.
    fn write_reader(
        &mut self,
        user: UserId,
        channel: ChannelId,
        mut reader: ReaderRow,
        devices: &BTreeSet<DeviceId>,
    ) -> Result<(), StoreError> {
        let passed = reader.passed(devices);
        if passed > reader.floor && self.rules.fanout == Fanout::Inbox {
            let Self { channels, view, .. } = self;
            let state = channels.get_or_load(channel, || load_channel(view, channel))?;
            if let Some(state) = state {
                remove_copies(view, state, user, channel, reader.floor, passed);
            }
        }
        reader.floor = reader.floor.max(passed);
        self.floors.insert((user, channel), reader.floor);
        self.view.write(Table::Readers, keys::owner_channel(user.0, channel), &reader)
    }

    /// Removes the oldest copies of whoever has more than `inbox_rows_max` of this channel. A
    /// channel that was never that long is done at once.
    pub(super) fn trim_inboxes(
        &mut self,
        channel: ChannelId,
        users: &[UserId],
    ) -> Result<(), StoreError> {
        let Self { channels, floors, view, rules, .. } = self;
        let rows_max = u64::from(rules.inbox_rows_max);
        let state = channels.get_or_load(channel, || load_channel(view, channel))?;
        let Some(state) = state.as_ref().filter(|state| state.head().0 > rows_max) else {
            return Ok(());
        };
        for user in users.iter().copied() {
            let key = keys::owner_channel(user.0, channel);
            let read = |view: &View| view.read::<ReaderRow>(Table::Readers, &key);
            let floor = floors.get_or_load((user, channel), || {
                Ok::<_, StoreError>(read(view)?.unwrap_or_default().floor)
            })?;
            let lowest = state.below_newest(user, rows_max);
            if lowest > *floor {
                remove_copies(view, state, user, channel, *floor, lowest);
                *floor = lowest;
                let cursors = read(view)?.unwrap_or_default().cursors;
                view.write(Table::Readers, key, &ReaderRow { floor: lowest, cursors })?;
            }
        }
        Ok(())
    }

    fn live_devices(&mut self, user: UserId) -> Result<BTreeSet<DeviceId>, StoreError> {
        Ok(self.user(user)?.as_ref().map(|row| row.devices.clone()).unwrap_or_default())
    }

    fn write_user(&mut self, user: UserId, row: UserRow) -> Result<(), StoreError> {
        self.view.write(Table::Users, keys::user(user), &row)?;
        self.users.insert(user, Some(row));
        Ok(())
    }

    fn write_device(&mut self, device: DeviceId, row: DeviceRow) -> Result<(), StoreError> {
        self.view.write(Table::Devices, keys::device(device), &row)?;
        self.devices.insert(device, Some(row));
        Ok(())
    }
}

/// Removes a user's copies of what lies above `floor` and not above `to`.
fn remove_copies(
    view: &mut View,
    state: &ChannelState,
    user: UserId,
    channel: ChannelId,
    floor: MessageId,
    to: MessageId,
) {
    for place in state.visible_above(user, floor).take_while(|place| *place <= to) {
        view.remove(Table::Inbox, keys::inbox(user, channel, place));
    }
}
