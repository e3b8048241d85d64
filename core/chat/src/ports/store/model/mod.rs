//! The pure model of the store. It is what simulations run, and what every backend is compared with.
//!
//! What is at the end of its time is removed when something near it is asked for: an entry with the
//! next access to its channel, an inbox row with the next access to its inbox, a device with its next
//! request or its user's next cursor. A store on disk does the same with the first rows of a range.

mod append;
mod counts;
mod cursors;
mod devices;
mod direct;
mod global;
mod inbox;
mod log;
mod push;
mod queue;
mod sync;
mod unwritten;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

pub use counts::StoreCounts;

use self::{
    devices::{DeviceRow, UserRow},
    log::ChannelRow,
    queue::SharedQueue,
    unwritten::Unwritten,
};
use super::{Handled, StoreAnswer, StoreRequest, StoreRules, UserHeads};
use crate::{
    design::Fanout,
    entry::Entry,
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::push::Settlement,
    situation::Situations,
    time::Wall,
};

/// Rows that one access to a log, an inbox or the shared queue removes at most, so that no request
/// pays for a long silence. An append adds one.
const REMOVALS_MAX: usize = 256;

/// The whole history store in ordered maps.
#[derive(Debug, Clone)]
pub struct StoreModel {
    rules: StoreRules,
    users: BTreeMap<UserId, UserRow>,
    devices: BTreeMap<DeviceId, DeviceRow>,
    channels: BTreeMap<ChannelId, ChannelRow>,
    activity: BTreeMap<UserId, u64>,
    /// When the oldest message owed to a user in a channel is due.
    due: BTreeSet<(Wall, UserId, ChannelId)>,
    queue: SharedQueue,
    /// With `direct_key = "id"`: whose message is under an id.
    direct: BTreeMap<MessageId, ChannelId>,
    unwritten: VecDeque<Unwritten>,
    counts: StoreCounts,
    situations: Situations,
}

impl StoreModel {
    /// An empty store.
    #[must_use]
    pub fn new(rules: StoreRules) -> Self {
        Self {
            rules,
            users: BTreeMap::new(),
            devices: BTreeMap::new(),
            channels: BTreeMap::new(),
            activity: BTreeMap::new(),
            due: BTreeSet::new(),
            queue: SharedQueue::default(),
            direct: BTreeMap::new(),
            unwritten: VecDeque::new(),
            counts: StoreCounts::default(),
            situations: Situations::default(),
        }
    }

    /// Carries out one request; `wall` is the store's own wall clock.
    pub fn handle(&mut self, wall: Wall, request: StoreRequest) -> Handled {
        self.write_late(wall);
        match request {
            StoreRequest::Register { user, device } => self.register(wall, user, device).into(),
            StoreRequest::Forget { device } => self.forget(device).into(),
            StoreRequest::Append(append) => self.append(wall, append),
            StoreRequest::Change(change) => self.change(wall, change),
            StoreRequest::Sync(sync) => self.sync(wall, &sync).into(),
            StoreRequest::Cursors(reports) => self.write_cursors(wall, &reports).into(),
            StoreRequest::WriteActivity(rows) => self.write_activity(rows).into(),
            StoreRequest::ReadActivity(users) => self.read_activity(&users).into(),
            StoreRequest::PushToken { user, device, token } => {
                self.write_token(wall, user, device, token).into()
            }
            StoreRequest::Mute { user, channel, muted } => self.mute(user, channel, muted).into(),
            StoreRequest::PushNow { channel, message_id, users } => {
                self.push_now(wall, channel, message_id, &users).into()
            }
            StoreRequest::PushDue { rows_max } => self.push_due(wall, rows_max).into(),
            StoreRequest::PushSettled { user, channel, up_to } => {
                let all = planted!(self.rules, PushSettlesAll);
                let up_to = if all { MessageId(u64::MAX) } else { up_to };
                self.settle(user, channel, Settlement::Pushed(up_to)).into()
            }
            StoreRequest::Heads { users, devices } => {
                let logged_out = self.logged_out(wall, devices);
                StoreAnswer::Heads { heads: self.heads(&users), logged_out }.into()
            }
        }
    }

    /// Every entry of every log, in order of channel and id.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.channels.values().flat_map(|row| row.log.iter())
    }

    /// Rows in all inboxes together, or in the shared queue.
    #[must_use]
    pub fn inbox_rows(&self) -> usize {
        match self.rules.fanout {
            Fanout::SharedQueue => self.queue.len(),
            Fanout::Inbox | Fanout::ChannelLog => self.users.values().map(UserRow::rows).sum(),
        }
    }

    /// What the store has done since it was made.
    #[must_use]
    pub fn counts(&self) -> StoreCounts {
        StoreCounts { inbox_rows: self.inbox_rows() as u64, ..self.counts }
    }

    /// The situations that it has passed through since it was made.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
    }

    /// The last entry that each user may see, per channel.
    #[must_use]
    pub fn heads(&self, users: &[UserId]) -> UserHeads {
        let heads = |user: &UserId| {
            let channels = self.users.get(user).into_iter().flat_map(|row| &row.channels);
            channels.map(|(channel, inbox)| (*channel, self.head(*user, *channel, inbox))).collect()
        };
        users.iter().map(|user| (*user, heads(user))).collect()
    }

    /// Removes at once everything that is at the end of its time at `wall`, instead of with the next
    /// accesses: for comparing what two stores keep.
    pub fn sweep(&mut self, wall: Wall) {
        self.write_late(wall);
        let users: Vec<UserId> = self.users.keys().copied().collect();
        for user in users {
            self.expire_devices(wall, user);
            let channels: Vec<_> = self.users[&user].channels.keys().copied().collect();
            channels.into_iter().for_each(|channel| self.prune_inbox(wall, user, channel));
        }
        let inboxes = self.users.values_mut().flat_map(|row| row.channels.values_mut());
        inboxes.for_each(|inbox| while inbox.remove_old(wall, self.rules.retention) > 0 {});
        let rows = self.channels.values_mut();
        rows.for_each(|row| while row.remove_old(wall, self.rules.history_retention) > 0 {});
        while self.queue.remove_old(wall, self.rules.retention) > 0 {}
    }
}

/// When something accepted at `accepted_at_ms` is at the end of its time, in milliseconds.
fn end_ms(accepted_at_ms: u64, kept: Duration) -> u64 {
    accepted_at_ms.saturating_add(u64::try_from(kept.as_millis()).unwrap_or(u64::MAX))
}
