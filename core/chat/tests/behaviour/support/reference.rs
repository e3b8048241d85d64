//! A much simpler store: lists of what happened, and every question answered from scratch.

use std::sync::Arc;

use hubbub_chat::{
    ChannelId, ClientId, Content, DeviceId, Entry, MessageId, OperationId, UserId, body_hash,
    frame::{Change, ChangeRefusal, SendRefusal},
    ports::store::{Append, ChangeRequest, StoreRules},
};

/// What became of a request: a place in the log and whether it is new there, or a refusal.
pub(crate) type Result<R> = std::result::Result<(MessageId, bool), R>;

/// Whose, where, its number and what it came to.
type Operation = (DeviceId, ChannelId, OperationId, std::result::Result<MessageId, ChangeRefusal>);

struct Answer {
    device: DeviceId,
    channel: ChannelId,
    membership: MessageId,
    client_id: ClientId,
    body_hash: u64,
    message_id: MessageId,
}

pub(crate) struct Reference {
    rules: StoreRules,
    users: Vec<UserId>,
    /// Device, user and whether it is logged in.
    devices: Vec<(DeviceId, UserId, bool)>,
    pub(crate) entries: Vec<Arc<Entry>>,
    answers: Vec<Answer>,
    operations: Vec<Operation>,
    cursors: Vec<(DeviceId, ChannelId, MessageId)>,
    floors: Vec<(UserId, ChannelId, MessageId)>,
}

impl Reference {
    pub(crate) fn new(rules: StoreRules) -> Self {
        Self {
            rules,
            users: Vec::new(),
            devices: Vec::new(),
            entries: Vec::new(),
            answers: Vec::new(),
            operations: Vec::new(),
            cursors: Vec::new(),
            floors: Vec::new(),
        }
    }

    pub(crate) fn register(&mut self, user: UserId, device: Option<DeviceId>) {
        self.users.push(user);
        let Some(device) = device else { return };
        if self.devices.iter().any(|(known, ..)| *known == device) {
            return;
        }
        self.devices.push((device, user, true));
        for channel in self.channels() {
            if let Some(head) = visible(&self.log(channel), channel, user).last() {
                let start = head.0.saturating_sub(u64::from(self.rules.initial_history));
                self.cursors.push((device, channel, MessageId(start)));
            }
        }
    }

    pub(crate) fn forget(&mut self, device: DeviceId) {
        let Some(row) = self.devices.iter_mut().find(|(known, ..)| *known == device) else {
            return;
        };
        row.2 = false;
        let user = row.1;
        self.answers.retain(|answer| answer.device != device);
        self.operations.retain(|(owner, ..)| *owner != device);
        self.cursors.retain(|(owner, ..)| *owner != device);
        self.channels().into_iter().for_each(|channel| self.raise_floor(user, channel));
    }

    pub(crate) fn append(&mut self, request: &Append) -> Result<SendRefusal> {
        let Append { user, device, channel, membership, client_id, oldest_pending, .. } = *request;
        if !self.is_live(user, device) {
            return Err(SendRefusal::UnknownDevice);
        }
        let mine: Vec<&Answer> = self
            .answers
            .iter()
            .filter(|answer| (answer.device, answer.channel) == (device, channel))
            .collect();
        // Only the numbers of the newest membership that the device sent under are remembered.
        let newest = mine.last().map(|answer| answer.membership);
        let run: Vec<&Answer> = if newest == Some(membership) {
            let older = |answer: &&&Answer| answer.membership == membership;
            let mut run: Vec<_> = mine.iter().rev().take_while(older).copied().collect();
            run.reverse();
            run
        } else {
            Vec::new()
        };
        let remembered = run.iter().rev().take(self.rules.answers_max as usize);
        let known = remembered.into_iter().find(|answer| answer.client_id == client_id);
        let same = known.map(|answer| answer.body_hash == body_hash(&request.body));
        if let (Some(answer), Some(true)) = (known, same) {
            return Ok((answer.message_id, false));
        }
        if !self.is_channel(channel) || self.membership(user, channel) != Some(membership) {
            return Err(SendRefusal::NotMember);
        }
        if same == Some(false) {
            return Err(SendRefusal::ClientIdReused);
        }
        let next = run.last().map_or(ClientId(1), |answer| answer.client_id.next());
        if client_id < next {
            return Err(SendRefusal::TooOld);
        }
        // What the device has settled cannot be missing.
        let expected =
            (next.0..).find(|number| *number >= oldest_pending.0 || *number >= client_id.0);
        let expected = ClientId(expected.unwrap_or(next.0));
        if client_id != expected {
            return Err(SendRefusal::Gap { expected });
        }
        let content = Content::Text(request.body.clone());
        let message_id = self.write(user, device, client_id.0, channel, content);
        let body_hash = body_hash(&request.body);
        self.answers.push(Answer { device, channel, membership, client_id, body_hash, message_id });
        Ok((message_id, true))
    }

    pub(crate) fn change(&mut self, request: &ChangeRequest) -> Result<ChangeRefusal> {
        let ChangeRequest { user, device, channel, operation, ref change, .. } = *request;
        if !self.is_live(user, device) {
            return Err(ChangeRefusal::UnknownDevice);
        }
        let mine = |row: &&Operation| (row.0, row.1) == (device, channel);
        if let Some((_, _, last, outcome)) = self.operations.iter().rev().find(mine) {
            if operation == *last {
                return outcome.map(|message_id| (message_id, false));
            }
            if operation < *last {
                return Err(ChangeRefusal::TooOld);
            }
        }
        let result = match self.decide(user, channel, change) {
            Ok(Ok(content)) => Ok((self.write(user, device, operation.0, channel, content), true)),
            Ok(Err(already)) => Ok((already, false)),
            Err(reason) => Err(reason),
        };
        let outcome = result.map(|(message_id, _)| message_id);
        self.operations.push((device, channel, operation, outcome));
        result
    }

    /// What to write, or the place where it is so already.
    fn decide(
        &self,
        user: UserId,
        channel: ChannelId,
        change: &Change,
    ) -> std::result::Result<std::result::Result<Content, MessageId>, ChangeRefusal> {
        let ChannelId::Group(creator, _) = channel else { return Err(ChangeRefusal::Invalid) };
        let log = self.log(channel);
        let owner = owner(&log, channel, creator);
        let members = members(&log, channel);
        let limit = self.rules.group_limit;
        let fits = |count: usize| {
            if count > limit as usize { Err(ChangeRefusal::GroupLimit { limit }) } else { Ok(()) }
        };
        let exist = |users: &[UserId]| {
            let known = users.iter().all(|user| self.users.contains(user));
            if known { Ok(()) } else { Err(ChangeRefusal::Invalid) }
        };
        if let Change::Create(others) = change {
            let all = sorted(others.iter().copied().chain([user]));
            if user != creator {
                return Err(ChangeRefusal::Invalid);
            }
            if !log.is_empty() {
                return Err(ChangeRefusal::Exists);
            }
            exist(&all)?;
            fits(all.len())?;
            return Ok(Ok(Content::Created(all)));
        }
        if *change == Change::Join {
            if log.is_empty() {
                return Err(ChangeRefusal::NotMember);
            }
            if let Some(join) = self.membership(user, channel) {
                return Ok(Err(join));
            }
            fits(members.len() + 1)?;
            return Ok(Ok(Content::Joined));
        }
        if !members.contains(&user) {
            return Err(ChangeRefusal::NotMember);
        }
        match change {
            Change::Invite(others) => {
                exist(others)?;
                let fresh = sorted(others.iter().copied().filter(|user| !members.contains(user)));
                if fresh.is_empty() {
                    return Ok(Err(head(&log)));
                }
                fits(members.len() + fresh.len())?;
                Ok(Ok(Content::Invited(fresh)))
            }
            Change::Remove(_) if user != owner => Err(ChangeRefusal::NotOwner),
            Change::Remove(other) if *other == owner || !members.contains(other) => {
                Err(ChangeRefusal::Invalid)
            }
            Change::Remove(other) => Ok(Ok(Content::Removed(*other))),
            Change::HandOver(_) | Change::Rename(_) if user != owner => {
                Err(ChangeRefusal::NotOwner)
            }
            Change::HandOver(other) if !members.contains(other) => Err(ChangeRefusal::Invalid),
            Change::HandOver(other) if *other == owner => Ok(Err(head(&log))),
            Change::HandOver(other) => Ok(Ok(Content::HandedOver(*other))),
            Change::Rename(name) if name.is_empty() => Err(ChangeRefusal::Invalid),
            Change::Rename(name) => {
                let last = log.iter().rev().find_map(|entry| match &entry.content {
                    Content::Renamed(name) => Some(name),
                    _ => None,
                });
                let same = last == Some(name);
                Ok(if same { Err(head(&log)) } else { Ok(Content::Renamed(name.clone())) })
            }
            Change::Leave | Change::Create(_) | Change::Join => Ok(Ok(Content::Left)),
        }
    }

    pub(crate) fn report(
        &mut self,
        user: UserId,
        device: DeviceId,
        channel: ChannelId,
        to: MessageId,
    ) {
        let head = visible(&self.log(channel), channel, user).last().copied().unwrap_or_default();
        if self.is_live(user, device) && to <= head && !self.log(channel).is_empty() {
            self.cursors.push((device, channel, to));
            self.raise_floor(user, channel);
        }
    }

    fn raise_floor(&mut self, user: UserId, channel: ChannelId) {
        let live = self.devices.iter().filter(|(_, owner, live)| *owner == user && *live);
        let passed = live.map(|(device, ..)| self.cursor(*device, channel)).min();
        self.floors.push((user, channel, passed.unwrap_or_default()));
    }

    /// Where a device stands, as far as was reported or given to it at its start.
    pub(crate) fn cursor(&self, device: DeviceId, channel: ChannelId) -> MessageId {
        let mine = self.cursors.iter().filter(|row| (row.0, row.1) == (device, channel));
        mine.map(|row| row.2).max().unwrap_or_default()
    }

    /// The rows that must be in the inboxes: visible to a user and not passed by all their devices.
    pub(crate) fn inbox_rows(&self) -> usize {
        let mut rows = 0;
        for user in sorted(self.users.iter().copied()) {
            for channel in self.channels() {
                let floors = self.floors.iter().filter(|row| (row.0, row.1) == (user, channel));
                let floor = floors.map(|row| row.2).max().unwrap_or_default();
                let visible = visible(&self.log(channel), channel, user);
                let kept = visible.iter().filter(|message_id| **message_id > floor).count();
                rows += kept.min(self.rules.inbox_rows_max as usize);
            }
        }
        rows
    }

    pub(crate) fn is_live(&self, user: UserId, device: DeviceId) -> bool {
        self.devices.contains(&(device, user, true))
    }

    pub(crate) fn membership(&self, user: UserId, channel: ChannelId) -> Option<MessageId> {
        membership(&self.log(channel), channel, user)
    }

    /// The number that the store waits for from a device, under its newest membership.
    pub(crate) fn next_number(
        &self,
        device: DeviceId,
        channel: ChannelId,
        under: MessageId,
    ) -> u64 {
        let mine =
            self.answers.iter().rev().find(|row| (row.device, row.channel) == (device, channel));
        mine.filter(|row| row.membership == under).map_or(1, |row| row.client_id.0 + 1)
    }

    pub(crate) fn last_operation(&self, device: DeviceId, channel: ChannelId) -> u64 {
        let mine = self.operations.iter().rev().find(|row| (row.0, row.1) == (device, channel));
        mine.map_or(0, |row| row.2.0)
    }

    pub(crate) fn log(&self, channel: ChannelId) -> Vec<Arc<Entry>> {
        self.entries.iter().filter(|entry| entry.channel == channel).cloned().collect()
    }

    pub(crate) fn channels(&self) -> Vec<ChannelId> {
        sorted(self.entries.iter().map(|entry| entry.channel))
    }

    /// A direct channel of two users who have accounts, or a group that was opened.
    fn is_channel(&self, channel: ChannelId) -> bool {
        match channel.pair() {
            Some(pair) => pair.iter().all(|user| self.users.contains(user)),
            None => !self.log(channel).is_empty(),
        }
    }

    fn write(
        &mut self,
        user: UserId,
        device: DeviceId,
        number: u64,
        channel: ChannelId,
        content: Content,
    ) -> MessageId {
        let message_id = head(&self.log(channel)).next();
        let entry = Entry { channel, message_id, user, device, number, accepted_at_ms: 0, content };
        self.entries.push(Arc::new(entry));
        message_id
    }
}

fn head(log: &[Arc<Entry>]) -> MessageId {
    MessageId(log.len() as u64)
}

/// The entry by which a user is a member at the end of a log.
pub(crate) fn membership(
    log: &[Arc<Entry>],
    channel: ChannelId,
    user: UserId,
) -> Option<MessageId> {
    if let Some(pair) = channel.pair() {
        return pair.contains(&user).then_some(MessageId::ZERO);
    }
    let mut membership = None;
    for entry in log {
        match &entry.content {
            Content::Created(users) | Content::Invited(users) if users.contains(&user) => {
                membership = Some(entry.message_id);
            }
            Content::Joined if entry.user == user => membership = Some(entry.message_id),
            Content::Left if entry.user == user => membership = None,
            Content::Removed(other) if *other == user => membership = None,
            _ => {}
        }
    }
    membership
}

/// The members at the end of a log.
pub(crate) fn members(log: &[Arc<Entry>], channel: ChannelId) -> Vec<UserId> {
    let mut users: Vec<UserId> = channel.pair().into_iter().flatten().collect();
    for entry in log {
        users.push(entry.user);
        if let Content::Created(others) | Content::Invited(others) = &entry.content {
            users.extend(others);
        }
    }
    let all = sorted(users.into_iter());
    all.into_iter().filter(|user| membership(log, channel, *user).is_some()).collect()
}

/// The creator, until they hand the group over or go; then the member of the longest standing.
fn owner(log: &[Arc<Entry>], channel: ChannelId, creator: UserId) -> UserId {
    let mut owner = creator;
    for (index, entry) in log.iter().enumerate() {
        if let Content::HandedOver(user) = &entry.content {
            owner = *user;
        }
        let log = &log[..=index];
        if membership(log, channel, owner).is_none() {
            let eldest = members(log, channel)
                .into_iter()
                .min_by_key(|user| membership(log, channel, *user));
            owner = eldest.unwrap_or(owner);
        }
    }
    owner
}

/// The places that a user may see: where they are a member before the entry or after it.
pub(crate) fn visible(log: &[Arc<Entry>], channel: ChannelId, user: UserId) -> Vec<MessageId> {
    let is_member = |length: usize| membership(&log[..length], channel, user).is_some();
    let places = (1..=log.len()).filter(|place| is_member(place - 1) || is_member(*place));
    places.map(|place| MessageId(place as u64)).collect()
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}
