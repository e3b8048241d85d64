//! Appends and changes of membership: what they come to, and the commit.

use std::{collections::BTreeSet, sync::Arc};

use hubbub_chat::{
    design::{Fanout, Ids},
    entry::{Content, Entry, body_hash},
    frame::{Change, ChangeRefusal, SendRefusal},
    ids::{ChannelId, ClientId, DeviceId, MessageId, UserId},
    ports::store::{
        Append, Appended, ChangeRequest, Changed, ChannelState, Decision, Judgement, SendWindow,
        StoreAnswer,
    },
    time::Wall,
};

use super::{
    channel::Channel,
    keys,
    state::State,
    values::{self, OperationRow, ReaderRow},
};
use crate::store::{StoreError, Table};

/// An entry that has no place yet.
struct Draft {
    user: UserId,
    device: DeviceId,
    number: u64,
    channel: ChannelId,
    given_id: MessageId,
    content: Content,
}

/// An entry that is in the log, and who may see it.
type Written = (Arc<Entry>, Vec<UserId>);

impl State {
    pub(super) fn append(&mut self, wall: Wall, append: Append) -> Result<StoreAnswer, StoreError> {
        let Append { user, device, channel, membership, client_id, given_id, .. } = append;
        if !self.renew(wall, user, device)? {
            return Ok(StoreAnswer::AppendRefused(SendRefusal::UnknownDevice));
        }
        let hash = body_hash(&append.body);
        let window = self.window(device, channel)?.as_ref();
        let judgement = match window.filter(|window| window.membership() == membership) {
            Some(window) => window.judge(client_id, append.oldest_pending, hash),
            None => SendWindow::new(membership).judge(client_id, append.oldest_pending, hash),
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
        let (number, content) = (client_id.0, Content::Text(append.body));
        let draft = Draft { user, device, number, channel, given_id, content };
        let Some((entry, audience)) = self.write(wall, draft)? else {
            return Ok(StoreAnswer::IdTaken);
        };
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
    pub(super) fn membership(
        &mut self,
        user: UserId,
        channel: ChannelId,
    ) -> Result<Option<MessageId>, StoreError> {
        if let Some(row) = self.channel(channel)? {
            return Ok(row.state.membership(user));
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

    pub(super) fn change(
        &mut self,
        wall: Wall,
        request: ChangeRequest,
    ) -> Result<StoreAnswer, StoreError> {
        let ChangeRequest { user, device, channel, operation, change, given_id } = request;
        let refused = |reason| Ok(StoreAnswer::ChangeRefused(reason));
        if !self.renew(wall, user, device)? {
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
                let draft = Draft { user, device, number: operation.0, channel, given_id, content };
                let Some(written) = self.write(wall, draft)? else {
                    return Ok(StoreAnswer::IdTaken);
                };
                (Ok(written.0.message_id), Some(written))
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
            Some(row) => row.state.decide(user, change, group_limit, exists),
            None => ChannelState::new(channel).decide(user, change, group_limit, exists),
        })
    }

    /// The commit: the entry, the members it brings in, the copies and what is owed, in one step.
    /// `None` when the id that was given cannot be used.
    fn write(&mut self, wall: Wall, draft: Draft) -> Result<Option<Written>, StoreError> {
        let Self { channels, view, rules, .. } = self;
        let known =
            channels.get_or_load(draft.channel, || Channel::load(view, rules, draft.channel))?;
        let given_id = draft.given_id;
        // First, since an id among what is gone cannot be told from a used one.
        if let Some(row) = known.as_mut() {
            row.remove_old(view, rules, wall)?;
        }
        let message_id = match (rules.ids, known.as_ref()) {
            (Ids::ChannelSequence, row) => {
                row.map_or(MessageId::ZERO, |row| row.state.head()).next()
            }
            _ if given_id.is_zero() => return Ok(None),
            (Ids::Snowflake, Some(row)) if row.is_used(view, given_id)? => return Ok(None),
            (Ids::Snowflake | Ids::CreatedAt, _) => given_id,
        };
        let is_first = known.is_none();
        let row = known.get_or_insert_with(|| Channel::new(draft.channel));
        let is_late = message_id <= row.state.head();
        let entry = Arc::new(draft.place(wall, message_id));
        let Entry { channel, .. } = *entry;
        let audience = row.apply(rules, &entry);
        if !entry.content.is_text() {
            let group = values::encode_group(&row.state)?;
            view.put(Table::Groups, keys::channel(channel), group);
        }
        for user in entering(&entry, is_first) {
            let key = keys::owner_channel(user.0, channel);
            if view.get(Table::Readers, &key)?.is_none() {
                view.write(Table::Readers, key, &ReaderRow::default())?;
            } else {
                // Whoever comes back may have copies from before.
                row.copies_removal_ms = 0;
            }
        }
        let bytes = values::encode_entry(&entry)?;
        view.put(Table::Log, keys::log(channel, message_id), bytes.clone());
        if self.rules.fanout == Fanout::Inbox {
            self.copy(wall, &entry, &bytes, &audience)?;
        }
        self.owe(wall, &entry, &audience, is_late)?;
        self.written.push(entry.clone());
        Ok(Some((entry, audience)))
    }
}

impl Draft {
    fn place(self, wall: Wall, message_id: MessageId) -> Entry {
        let Self { user, device, number, channel, content, given_id: _ } = self;
        let accepted_at_ms = wall.milliseconds();
        Entry { channel, message_id, user, device, number, accepted_at_ms, content }
    }
}

/// The users who see something of the channel for the first time, or again, with this entry.
fn entering(entry: &Entry, is_first: bool) -> Vec<UserId> {
    match &entry.content {
        Content::Text(_) if is_first => entry.channel.pair().into_iter().flatten().collect(),
        Content::Created(users) | Content::Invited(users) => users.clone(),
        Content::Joined => vec![entry.user],
        Content::Text(_)
        | Content::Left
        | Content::Removed(_)
        | Content::HandedOver(_)
        | Content::Renamed(_) => Vec::new(),
    }
}
