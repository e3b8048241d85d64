//! The store as rows: what [`StoreModel`] does in ordered maps, done upon a [`View`].
//!
//! Differences are of layout alone. A direct channel has no row of its own and a group's is written
//! only when its members change: the head is the last key of the log. What the model keeps as a
//! user's channels, their devices' cursors and the floor of an inbox is one row per user and channel.
//!
//! [`StoreModel`]: hubbub_chat::ports::store::StoreModel

use std::{mem, sync::Arc};

use hubbub_chat::{
    entry::Entry,
    ids::{ChannelId, DeviceId, UserId},
    ports::{
        push::{Owed, Settlement},
        store::{SendWindow, StoreAnswer, StoreRequest, StoreRules},
    },
    time::Wall,
};

use super::{
    cache::Cache, channel::Channel, devices::Device, inbox::Inbox, keys, push::Pushes,
    sweep::Sweep, values::UserRow, view::View,
};
use crate::store::{StoreError, Table};

/// The state of the store: rows, and the decoded ones that are in use.
pub(super) struct State {
    pub(super) rules: StoreRules,
    pub(super) view: View,
    pub(super) users: Cache<UserId, Option<UserRow>>,
    pub(super) devices: Cache<DeviceId, Option<Device>>,
    pub(super) channels: Cache<ChannelId, Option<Channel>>,
    pub(super) inboxes: Cache<(UserId, ChannelId), Inbox>,
    pub(super) windows: Cache<(DeviceId, ChannelId), Option<SendWindow>>,
    pub(super) owed: Cache<(UserId, ChannelId), Owed>,
    pub(super) pushes: Pushes,
    pub(super) sweep: Sweep,
    pub(super) written: Vec<Arc<Entry>>,
}

impl State {
    pub(super) fn new(rules: StoreRules, view: View, cache_rows_max: usize, sweep: Sweep) -> Self {
        Self {
            rules,
            view,
            users: Cache::new(cache_rows_max),
            devices: Cache::new(cache_rows_max),
            channels: Cache::new(cache_rows_max),
            inboxes: Cache::new(cache_rows_max),
            windows: Cache::new(cache_rows_max),
            owed: Cache::new(cache_rows_max),
            pushes: Pushes::default(),
            sweep,
            written: Vec::new(),
        }
    }

    /// Carries out one request upon the view.
    pub(super) fn handle(
        &mut self,
        wall: Wall,
        request: StoreRequest,
    ) -> Result<StoreAnswer, StoreError> {
        match request {
            StoreRequest::Register { user, device } => self.register(wall, user, device),
            StoreRequest::Forget { device } => self.forget(device),
            StoreRequest::Append(append) => self.append(wall, append),
            StoreRequest::Change(change) => self.change(wall, change),
            StoreRequest::Sync(sync) => self.sync(wall, &sync),
            StoreRequest::Cursors(reports) => self.write_cursors(wall, &reports),
            StoreRequest::WriteActivity(rows) => self.write_activity(&rows),
            StoreRequest::ReadActivity(users) => self.read_activity(&users),
            StoreRequest::PushToken { user, device, token } => {
                self.write_token(wall, user, device, token)
            }
            StoreRequest::Mute { user, channel, muted } => self.mute(user, channel, muted),
            StoreRequest::PushNow { channel, message_id, users } => {
                self.push_now(wall, channel, message_id, &users)
            }
            StoreRequest::PushDue { rows_max } => self.push_due(wall, rows_max),
            StoreRequest::PushSettled { user, channel, up_to } => {
                self.settle(user, channel, Settlement::Pushed(up_to))?;
                Ok(StoreAnswer::Done)
            }
            StoreRequest::Heads { users, devices } => self.compare_heads(wall, &users, devices),
        }
    }

    /// The entries that were added to logs since this was last asked.
    pub(super) fn take_written(&mut self) -> Vec<Arc<Entry>> {
        mem::take(&mut self.written)
    }

    /// Drops the rows that wait, and everything that was read or learned on the way to them.
    pub(super) fn discard(&mut self) {
        self.view.take_rows();
        self.written.clear();
        self.users.clear();
        self.devices.clear();
        self.channels.clear();
        self.inboxes.clear();
        self.windows.clear();
        self.owed.clear();
        self.pushes = Pushes::default();
    }

    /// A user who signed up, if they did.
    pub(super) fn user(&mut self, user: UserId) -> Result<&mut Option<UserRow>, StoreError> {
        let Self { users, view, .. } = self;
        users.get_or_load(user, || view.read(Table::Users, &keys::user(user)))
    }

    pub(super) fn write_user(&mut self, user: UserId, row: UserRow) -> Result<(), StoreError> {
        self.view.write(Table::Users, keys::user(user), &row)?;
        self.users.insert(user, Some(row));
        Ok(())
    }

    pub(super) fn window(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
    ) -> Result<&mut Option<SendWindow>, StoreError> {
        let Self { windows, view, .. } = self;
        let key = keys::owner_channel(device.0, channel);
        windows.get_or_load((device, channel), || view.read(Table::Windows, &key))
    }
}
