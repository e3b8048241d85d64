//! The pure model of the store. It is what simulations run, and what every backend is compared with.

mod append;
mod devices;
mod inbox;
mod sync;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::{devices::DeviceRow, inbox::Inbox};
use super::{ChannelState, Handled, SendWindow, StoreAnswer, StoreRequest, StoreRules, UserHeads};
use crate::{
    entry::Entry,
    frame::ChangeRefusal,
    ids::{ChannelId, DeviceId, MessageId, OperationId, UserId},
    time::Wall,
};

/// The whole history store in ordered maps.
#[derive(Debug, Clone)]
pub struct StoreModel {
    rules: StoreRules,
    users: BTreeSet<UserId>,
    devices: BTreeMap<DeviceId, DeviceRow>,
    devices_of: BTreeMap<UserId, BTreeSet<DeviceId>>,
    channels: BTreeMap<ChannelId, ChannelState>,
    channels_of: BTreeMap<UserId, BTreeSet<ChannelId>>,
    log: BTreeMap<(ChannelId, MessageId), Arc<Entry>>,
    inboxes: BTreeMap<(UserId, ChannelId), Inbox>,
    windows: BTreeMap<(DeviceId, ChannelId), SendWindow>,
    operations: BTreeMap<(DeviceId, ChannelId), (OperationId, Result<MessageId, ChangeRefusal>)>,
    cursors: BTreeMap<(DeviceId, ChannelId), MessageId>,
    activity: BTreeMap<UserId, u64>,
}

impl StoreModel {
    /// An empty store.
    #[must_use]
    pub fn new(rules: StoreRules) -> Self {
        Self {
            rules,
            users: BTreeSet::new(),
            devices: BTreeMap::new(),
            devices_of: BTreeMap::new(),
            channels: BTreeMap::new(),
            channels_of: BTreeMap::new(),
            log: BTreeMap::new(),
            inboxes: BTreeMap::new(),
            windows: BTreeMap::new(),
            operations: BTreeMap::new(),
            cursors: BTreeMap::new(),
            activity: BTreeMap::new(),
        }
    }

    /// Carries out one request; `wall` is the store's own wall clock.
    pub fn handle(&mut self, wall: Wall, request: StoreRequest) -> Handled {
        match request {
            StoreRequest::Register { user, device } => self.register(user, device).into(),
            StoreRequest::Forget { device } => self.forget(device).into(),
            StoreRequest::Append(append) => self.append(wall, append),
            StoreRequest::Change(change) => self.change(wall, change),
            StoreRequest::Sync(sync) => self.sync(&sync).into(),
            StoreRequest::Cursors(reports) => self.write_cursors(&reports).into(),
            StoreRequest::WriteActivity(rows) => self.write_activity(rows).into(),
            StoreRequest::ReadActivity(users) => self.read_activity(&users).into(),
            StoreRequest::PushToken { .. }
            | StoreRequest::Mute { .. }
            | StoreRequest::PushNow { .. }
            | StoreRequest::PushSettled { .. } => StoreAnswer::Done.into(),
            StoreRequest::PushDue { .. } => StoreAnswer::PushDue(Vec::new()).into(),
            StoreRequest::Heads { users, devices } => {
                let heads = self.heads(&users);
                StoreAnswer::Heads { heads, logged_out: self.logged_out(devices) }.into()
            }
        }
    }

    /// Every entry of every log, in order of channel and place.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.log.values()
    }

    /// Rows in all inboxes together.
    #[must_use]
    pub fn inbox_rows(&self) -> usize {
        self.inboxes.values().map(|inbox| inbox.rows.len()).sum()
    }

    /// The last entry that each user may see, per channel.
    #[must_use]
    pub fn heads(&self, users: &[UserId]) -> UserHeads {
        let heads = |user: &UserId| {
            let channels = self.channels_of.get(user).into_iter().flatten();
            channels.map(|channel| (*channel, self.channels[channel].visible_head(*user))).collect()
        };
        users.iter().map(|user| (*user, heads(user))).collect()
    }
}
