//! The store as rows: what [`StoreModel`] does in ordered maps, done upon a [`View`].
//!
//! Differences are of layout alone. A direct channel has no row of its own and a group's is written
//! only when its members change: the head is the last key of the log. What the model keeps as
//! `channels_of`, `cursors` and `inbox_floor` is one row per user and channel.
//!
//! [`StoreModel`]: hubbub_chat::ports::store::StoreModel

use std::{collections::BTreeSet, mem, sync::Arc};

use hubbub_chat::{
    design::Fanout,
    entry::{Content, Entry, body_hash},
    frame::{Change, ChangeRefusal, SendRefusal},
    ids::{ChannelId, ClientId, DeviceId, MessageId, UserId},
    ports::store::{
        Append, Appended, ChangeRequest, Changed, ChannelState, Decision, Judgement, SendWindow,
        StoreAnswer, StoreRequest, StoreRules,
    },
    time::Wall,
};

use super::{
    cache::Cache,
    keys,
    values::{self, DeviceRow, OperationRow, ReaderRow, UserRow},
    view::View,
};
use crate::store::{StoreError, Table};

/// The state of the store: rows, and the decoded ones that are in use.
pub(super) struct State {
    pub(super) rules: StoreRules,
    pub(super) view: View,
    pub(super) users: Cache<UserId, Option<UserRow>>,
    pub(super) devices: Cache<DeviceId, Option<DeviceRow>>,
    pub(super) channels: Cache<ChannelId, Option<ChannelState>>,
    /// Up to where a user's copies of a channel are gone.
    pub(super) floors: Cache<(UserId, ChannelId), MessageId>,
    windows: Cache<(DeviceId, ChannelId), Option<SendWindow>>,
    written: Vec<Arc<Entry>>,
}

impl State {
    pub(super) fn new(rules: StoreRules, view: View, cache_rows_max: usize) -> Self {
        Self {
            rules,
            view,
            users: Cache::new(cache_rows_max),
            devices: Cache::new(cache_rows_max),
            channels: Cache::new(cache_rows_max),
            floors: Cache::new(cache_rows_max),
            windows: Cache::new(cache_rows_max),
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
            StoreRequest::Register { user, device } => self.register(user, device),
            StoreRequest::Forget { device } => self.forget(device),
            StoreRequest::Append(append) => self.append(wall, append),
            StoreRequest::Change(change) => self.change(wall, change),
            StoreRequest::Sync(sync) => self.sync(&sync),
            StoreRequest::Cursors(reports) => self.write_cursors(&reports),
            StoreRequest::WriteActivity(_)
            | StoreRequest::PushToken { .. }
            | StoreRequest::Mute { .. }
            | StoreRequest::PushNow { .. }
            | StoreRequest::PushSettled { .. } => Ok(StoreAnswer::Done),
            StoreRequest::ReadActivity(_) => Ok(StoreAnswer::Activity(Vec::new())),
            StoreRequest::PushDue { .. } => Ok(StoreAnswer::PushDue(Vec::new())),
            StoreRequest::Heads { users, devices } => self.heads(&users, devices),
        }
    }

    /// The entries that were added to logs since this was last asked.
    pub(super) fn take_written(&mut self) -> Vec<Arc<Entry>> {
        mem::take(&mut self.written)
    }

    /// Drops the rows that wait, and every decoded row.
    pub(super) fn discard(&mut self) {
        self.view.take_rows();
        self.written.clear();
        self.users.clear();
        self.devices.clear();
        self.channels.clear();
        self.floors.clear();
        self.windows.clear();
    }

    pub(super) fn user(&mut self, user: UserId) -> Result<&mut Option<UserRow>, StoreError> {
        let Self { users, view, .. } = self;
        users.get_or_load(user, || view.read(Table::Users, &keys::user(user)))
    }

    pub(super) fn device(&mut self, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        let Self { devices, view, .. } = self;
        devices
            .get_or_load(device, || view.read(Table::Devices, &keys::device(device)))
            .map(|row| *row)
    }

    pub(super) fn is_live(&mut self, user: UserId, device: DeviceId) -> Result<bool, StoreError> {
        Ok(self.device(device)?.is_some_and(|row| row.is_live && row.user == user))
    }

    /// What the log says of a channel; `None` while it is empty.
    pub(super) fn channel(
        &mut self,
        channel: ChannelId,
    ) -> Result<&mut Option<ChannelState>, StoreError> {
        let Self { channels, view, .. } = self;
        channels.get_or_load(channel, || load_channel(view, channel))
    }

    fn window(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
    ) -> Result<&mut Option<SendWindow>, StoreError> {
        let Self { windows, view, .. } = self;
        let key = keys::owner_channel(device.0, channel);
        windows.get_or_load((device, channel), || view.read(Table::Windows, &key))
    }

    /// Removes what a device that logged out was answered. It is refused from now on, so decoded
    /// rows of it may stay until they fall out of use.
    pub(super) fn forget_answers(&mut self, device: DeviceId) -> Result<(), StoreError> {
        for table in [Table::Windows, Table::Operations] {
            let rows = self.view.scan(table, keys::owner_channels(device.0));
            let keys = rows.map(|row| Ok(row?.0)).collect::<Result<Vec<_>, StoreError>>()?;
            keys.into_iter().for_each(|key| self.view.remove(table, key));
        }
        Ok(())
    }

    fn append(&mut self, wall: Wall, append: Append) -> Result<StoreAnswer, StoreError> {
        let Append { user, device, channel, membership, client_id, oldest_pending, body, .. } =
            append;
        if !self.is_live(user, device)? {
            return Ok(StoreAnswer::AppendRefused(SendRefusal::UnknownDevice));
        }
        let hash = body_hash(&body);
        let window = self.window(device, channel)?.as_ref();
        let judgement = match window.filter(|window| window.membership() == membership) {
            Some(window) => window.judge(client_id, oldest_pending, hash),
            None => SendWindow::new(membership).judge(client_id, oldest_pending, hash),
        };
        if let Judgement::Repeat { message_id, accepted_at_ms } = judgement {
            let audience = Vec::new();
            let repeat = Appended { message_id, accepted_at_ms, audience, repeat: true };
            return Ok(StoreAnswer::Appended(repeat));
        }
        if self.membership(user, channel)? != Some(membership) {
            return Ok(StoreAnswer::AppendRefused(SendRefusal::NotMember));
        }
        if let Judgement::Refused(reason) = judgement {
            return Ok(StoreAnswer::AppendRefused(reason));
        }
        let draft = Draft { wall, user, device, number: client_id.0, content: Content::Text(body) };
        let (entry, audience) = self.write(channel, draft)?;
        self.record(membership, &entry, hash)?;
        let Entry { message_id, accepted_at_ms, .. } = *entry;
        Ok(StoreAnswer::Appended(Appended { message_id, accepted_at_ms, audience, repeat: false }))
    }

    /// Remembers the answer to a fresh send.
    fn record(
        &mut self,
        membership: MessageId,
        entry: &Entry,
        hash: u64,
    ) -> Result<(), StoreError> {
        let Entry { channel, device, message_id, accepted_at_ms, number, .. } = *entry;
        let answers_max = self.rules.answers_max;
        let slot = self.window(device, channel)?;
        let window = slot.take().filter(|window| window.membership() == membership);
        let mut window = window.unwrap_or_else(|| SendWindow::new(membership));
        window.record(ClientId(number), hash, message_id, accepted_at_ms, answers_max);
        let row = values::encode(Table::Windows, &window)?;
        *slot = Some(window);
        self.view.put(Table::Windows, keys::owner_channel(device.0, channel), row);
        Ok(())
    }

    /// The entry by which `user` is a member of `channel`. The two users of a direct channel are
    /// its members before anything was said, if both exist.
    fn membership(
        &mut self,
        user: UserId,
        channel: ChannelId,
    ) -> Result<Option<MessageId>, StoreError> {
        if let Some(state) = self.channel(channel)? {
            return Ok(state.membership(user));
        }
        // An id whose users are not in order has no spelling, so it names no channel.
        let pair = channel.pair().filter(|[one, other]| one < other);
        let Some(pair) = pair.filter(|pair| pair.contains(&user)) else {
            return Ok(None);
        };
        let exist = self.existing(&pair)?.len() == pair.len();
        Ok(exist.then_some(MessageId::ZERO))
    }

    /// Those of `users` that have an account.
    fn existing(&mut self, users: &[UserId]) -> Result<BTreeSet<UserId>, StoreError> {
        let mut existing = BTreeSet::new();
        for user in users {
            if self.user(*user)?.is_some() {
                existing.insert(*user);
            }
        }
        Ok(existing)
    }

    fn change(&mut self, wall: Wall, request: ChangeRequest) -> Result<StoreAnswer, StoreError> {
        let ChangeRequest { user, device, channel, operation, change, .. } = request;
        let refused = |reason| Ok(StoreAnswer::ChangeRefused(reason));
        if !self.is_live(user, device)? {
            return refused(ChangeRefusal::UnknownDevice);
        }
        let key = keys::owner_channel(device.0, channel);
        if let Some(last) = self.view.read::<OperationRow>(Table::Operations, &key)? {
            if operation == last.operation {
                return Ok(StoreAnswer::unwritten(last.outcome));
            }
            if operation < last.operation {
                return refused(ChangeRefusal::TooOld);
            }
        }
        let (outcome, written) = match self.decide(user, channel, &change)? {
            Decision::Refused(reason) => (Err(reason), None),
            Decision::Already(message_id) => (Ok(message_id), None),
            Decision::Write(content) => {
                let draft = Draft { wall, user, device, number: operation.0, content };
                let (entry, audience) = self.write(channel, draft)?;
                (Ok(entry.message_id), Some((entry, audience)))
            }
        };
        self.view.write(Table::Operations, key, &OperationRow { operation, outcome })?;
        Ok(match outcome {
            Ok(message_id) => StoreAnswer::Changed(Changed { message_id, written }),
            Err(reason) => StoreAnswer::ChangeRefused(reason),
        })
    }

    fn decide(
        &mut self,
        user: UserId,
        channel: ChannelId,
        change: &Change,
    ) -> Result<Decision, StoreError> {
        let existing = match change {
            Change::Create(users) | Change::Invite(users) => {
                let users: Vec<_> = users.iter().copied().chain([user]).collect();
                self.existing(&users)?
            }
            Change::Join
            | Change::Leave
            | Change::Remove(_)
            | Change::HandOver(_)
            | Change::Rename(_) => BTreeSet::new(),
        };
        let group_limit = self.rules.group_limit;
        let exists = |user| existing.contains(&user);
        Ok(match self.channel(channel)? {
            Some(state) => state.decide(user, change, group_limit, exists),
            None => ChannelState::new(channel).decide(user, change, group_limit, exists),
        })
    }

    /// The commit: the entry, the members it brings in and the copies, in one step.
    fn write(
        &mut self,
        channel: ChannelId,
        draft: Draft,
    ) -> Result<(Arc<Entry>, Vec<UserId>), StoreError> {
        let Self { channels, view, .. } = self;
        let state = channels.get_or_load(channel, || load_channel(view, channel))?;
        let state = state.get_or_insert_with(|| ChannelState::new(channel));
        let entry = Arc::new(draft.place(channel, state.head().next()));
        let audience = state.apply(&entry);
        if !entry.content.is_text() {
            view.put(Table::Groups, keys::channel(channel), values::encode_group(state)?);
        }
        for user in entering(&entry) {
            let key = keys::owner_channel(user.0, channel);
            if view.get(Table::Readers, &key)?.is_none() {
                view.write(Table::Readers, key, &ReaderRow::default())?;
            }
        }
        let row = values::encode_entry(&entry)?;
        if self.rules.fanout == Fanout::Inbox {
            for member in &audience {
                let key = keys::inbox(*member, channel, entry.message_id);
                view.put(Table::Inbox, key, row.clone());
            }
        }
        view.put(Table::Log, keys::log(channel, entry.message_id), row);
        if self.rules.fanout == Fanout::Inbox {
            self.trim_inboxes(channel, &audience)?;
        }
        self.written.push(entry.clone());
        Ok((entry, audience))
    }
}

/// An entry that has no place yet.
struct Draft {
    wall: Wall,
    user: UserId,
    device: DeviceId,
    number: u64,
    content: Content,
}

impl Draft {
    fn place(self, channel: ChannelId, message_id: MessageId) -> Entry {
        let Self { wall, user, device, number, content } = self;
        let accepted_at_ms = wall.milliseconds();
        Entry { channel, message_id, user, device, number, accepted_at_ms, content }
    }
}

/// The users who see something of the channel for the first time, or again, with this entry.
fn entering(entry: &Entry) -> Vec<UserId> {
    match &entry.content {
        Content::Text(_) if entry.message_id == MessageId(1) => {
            entry.channel.pair().into_iter().flatten().collect()
        }
        Content::Created(users) | Content::Invited(users) => users.clone(),
        Content::Joined => vec![entry.user],
        Content::Text(_)
        | Content::Left
        | Content::Removed(_)
        | Content::HandedOver(_)
        | Content::Renamed(_) => Vec::new(),
    }
}

pub(super) fn load_channel(
    view: &View,
    channel: ChannelId,
) -> Result<Option<ChannelState>, StoreError> {
    let places = keys::log_range(channel, MessageId::ZERO, MessageId(u64::MAX));
    let Some(key) = view.last_key(Table::Log, places)? else {
        return Ok(None);
    };
    let place = keys::read_log(&key);
    let (_, head) = place.ok_or_else(|| values::damaged(Table::Log, &"a key is no place"))?;
    if channel.pair().is_some() {
        return Ok(Some(values::direct_state(channel, head)));
    }
    let row = view.get(Table::Groups, &keys::channel(channel))?;
    let row =
        row.ok_or_else(|| values::damaged(Table::Groups, &format!("{channel} is missing")))?;
    values::decode_group(&row, head).map(Some)
}
