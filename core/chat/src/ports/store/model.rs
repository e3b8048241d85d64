//! The pure model of the store. It is what simulations run, and what every backend is compared with.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use super::{
    Append, Appended, ChangeRequest, Changed, ChannelState, CursorReport, Decision, Handled,
    Judgement, SendWindow, StoreAnswer, StoreRequest, StoreRules, Sync, UserHeads,
};
use crate::{
    design::Fanout,
    entry::{Content, Entry, body_hash},
    frame::{ChangeRefusal, Range, SendRefusal},
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

#[derive(Debug, Clone, Copy)]
struct DeviceRow {
    user: UserId,
    live: bool,
}

/// A user's copies of one channel's entries, as the places that they are copies of.
#[derive(Debug, Clone, Default)]
struct Inbox {
    /// Copies up to here are gone.
    floor: MessageId,
    rows: VecDeque<MessageId>,
}

impl Inbox {
    fn add(&mut self, message_id: MessageId, rows_max: u32) {
        self.rows.push_back(message_id);
        while self.rows.len() > rows_max as usize
            && let Some(oldest) = self.rows.pop_front()
        {
            self.floor = self.floor.max(oldest);
        }
    }

    fn remove_to(&mut self, place: MessageId) {
        self.floor = self.floor.max(place);
        let gone = self.rows.partition_point(|row| *row <= place);
        self.rows.drain(..gone);
    }

    fn above(&self, from: MessageId) -> impl Iterator<Item = MessageId> + '_ {
        self.rows.range(self.rows.partition_point(|row| *row <= from)..).copied()
    }
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

    fn write_activity(&mut self, rows: Vec<(UserId, u64)>) -> StoreAnswer {
        for (user, at_ms) in rows {
            let known = self.activity.entry(user).or_default();
            *known = (*known).max(at_ms);
        }
        StoreAnswer::Done
    }

    fn read_activity(&self, users: &[UserId]) -> StoreAnswer {
        let known = |user: &UserId| Some((*user, *self.activity.get(user)?));
        StoreAnswer::Activity(users.iter().filter_map(known).collect())
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

    fn register(&mut self, user: UserId, device: Option<DeviceId>) -> StoreAnswer {
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

    fn forget(&mut self, device: DeviceId) -> StoreAnswer {
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

    fn logged_out(&self, mut devices: Vec<DeviceId>) -> Vec<DeviceId> {
        devices.retain(|device| self.devices.get(device).is_none_or(|row| !row.live));
        devices
    }

    fn is_live(&self, user: UserId, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|row| row.live && row.user == user)
    }

    fn append(&mut self, wall: Wall, append: Append) -> Handled {
        let Append { user, device, channel, membership, .. } = append;
        let refused = |reason| Handled::from(StoreAnswer::AppendRefused(reason));
        if !self.is_live(user, device) {
            return refused(SendRefusal::UnknownDevice);
        }
        let hash = body_hash(&append.body);
        let known = self.windows.get(&(device, channel));
        let window = known.filter(|window| window.membership() == membership).cloned();
        let mut window = window.unwrap_or_else(|| SendWindow::new(membership));
        let judgement = window.judge(append.client_id, append.oldest_pending, hash);
        if let Judgement::Repeat { message_id, accepted_at_ms } = judgement {
            let audience = Vec::new();
            let repeat = Appended { message_id, accepted_at_ms, audience, repeat: true };
            return StoreAnswer::Appended(repeat).into();
        }
        if self.membership(user, channel) != Some(membership) {
            return refused(SendRefusal::NotMember);
        }
        if let Judgement::Refused(reason) = judgement {
            return refused(reason);
        }
        let content = Content::Text(append.body);
        let (entry, audience) =
            self.write(wall, user, device, append.client_id.0, channel, content);
        let Entry { message_id, accepted_at_ms, .. } = *entry;
        let answers_max = self.rules.answers_max;
        window.record(append.client_id, hash, message_id, accepted_at_ms, answers_max);
        self.windows.insert((device, channel), window);
        let appended = Appended { message_id, accepted_at_ms, audience, repeat: false };
        Handled { answer: StoreAnswer::Appended(appended), committed: Some(entry) }
    }

    /// The entry by which `user` is a member of `channel`. The two users of a direct channel are
    /// its members before anything was said, if both exist.
    fn membership(&self, user: UserId, channel: ChannelId) -> Option<MessageId> {
        match (self.channels.get(&channel), channel.pair()) {
            (Some(state), _) => state.membership(user),
            // An id that cannot be spelled, such as a channel with oneself, has no members.
            (None, Some(pair)) => (pair[0] < pair[1]
                && pair.contains(&user)
                && pair.iter().all(|one| self.users.contains(one)))
            .then_some(MessageId::ZERO),
            (None, None) => None,
        }
    }

    fn change(&mut self, wall: Wall, request: ChangeRequest) -> Handled {
        let ChangeRequest { user, device, channel, operation, change, .. } = request;
        if !self.is_live(user, device) {
            return StoreAnswer::ChangeRefused(ChangeRefusal::UnknownDevice).into();
        }
        if let Some((last, outcome)) = self.operations.get(&(device, channel)).copied() {
            if operation == last {
                return StoreAnswer::unwritten(outcome).into();
            }
            if operation < last {
                return StoreAnswer::ChangeRefused(ChangeRefusal::TooOld).into();
            }
        }
        let fresh = ChannelState::new(channel);
        let state = self.channels.get(&channel).unwrap_or(&fresh);
        let exists = |user| self.users.contains(&user);
        let outcome = match state.decide(user, &change, self.rules.group_limit, exists) {
            Decision::Refused(reason) => Err(reason),
            Decision::Already(message_id) => Ok(message_id),
            Decision::Write(content) => {
                let (entry, audience) =
                    self.write(wall, user, device, operation.0, channel, content);
                let message_id = entry.message_id;
                self.operations.insert((device, channel), (operation, Ok(message_id)));
                let written = Some((entry.clone(), audience));
                let answer = StoreAnswer::Changed(Changed { message_id, written });
                return Handled { answer, committed: Some(entry) };
            }
        };
        self.operations.insert((device, channel), (operation, outcome));
        StoreAnswer::unwritten(outcome).into()
    }

    /// The commit: the entry, the channel's state and the inbox rows, in one step.
    fn write(
        &mut self,
        wall: Wall,
        user: UserId,
        device: DeviceId,
        number: u64,
        channel: ChannelId,
        content: Content,
    ) -> (Arc<Entry>, Vec<UserId>) {
        let state = self.channels.entry(channel).or_insert_with(|| ChannelState::new(channel));
        let message_id = state.head().next();
        let accepted_at_ms = wall.milliseconds();
        let entry =
            Arc::new(Entry { channel, message_id, user, device, number, accepted_at_ms, content });
        let audience = state.apply(&entry);
        for member in &audience {
            self.channels_of.entry(*member).or_default().insert(channel);
            if self.rules.fanout == Fanout::Inbox {
                let inbox = self.inboxes.entry((*member, channel)).or_default();
                inbox.add(message_id, self.rules.inbox_rows_max);
            }
        }
        self.log.insert((channel, message_id), entry.clone());
        (entry, audience)
    }

    fn sync(&self, sync: &Sync) -> StoreAnswer {
        let Sync { user, device, .. } = *sync;
        if !self.is_live(user, device) {
            return StoreAnswer::UnknownDevice;
        }
        let mut ranges = Vec::new();
        let mut budget = sync.entries_max as usize;
        for channel in self.channels_of.get(&user).into_iter().flatten() {
            let from = self.start(sync, *channel);
            let state = &self.channels[channel];
            let head = state.visible_head(user);
            if from >= head {
                continue;
            }
            if budget == 0 {
                return StoreAnswer::Page { ranges, more: true };
            }
            let entries = self.read(user, state, *channel, from, budget);
            budget -= entries.len();
            let last = entries.last().map_or(from, |entry| entry.message_id);
            let whole = state.visible_above(user, last).next().is_none();
            let to = if whole { head } else { last };
            let membership = state.membership(user);
            ranges.push(Range {
                channel: *channel,
                membership,
                from,
                to,
                entries,
                truncated: MessageId::ZERO,
            });
        }
        StoreAnswer::Page { ranges, more: false }.when_full(budget)
    }

    /// Where a read of this channel begins: what the device says, else what is written for it.
    fn start(&self, sync: &Sync, channel: ChannelId) -> MessageId {
        let written = || self.cursors.get(&(sync.device, channel)).copied();
        sync.cursors.get(&channel).copied().or_else(written).unwrap_or_default()
    }

    /// Reads the user's inbox, or the log where the inbox has been pruned or is not kept.
    fn read(
        &self,
        user: UserId,
        state: &ChannelState,
        channel: ChannelId,
        from: MessageId,
        limit: usize,
    ) -> Vec<Arc<Entry>> {
        let entry = |message_id| self.log[&(channel, message_id)].clone();
        let inbox = self.inboxes.get(&(user, channel));
        match inbox.filter(|inbox| from >= inbox.floor) {
            Some(inbox) if self.rules.fanout == Fanout::Inbox => {
                inbox.above(from).take(limit).map(entry).collect()
            }
            _ => state.visible_above(user, from).take(limit).map(entry).collect(),
        }
    }

    fn write_cursors(&mut self, reports: &[CursorReport]) -> StoreAnswer {
        for report in reports {
            let CursorReport { user, device, channel, message_id } = *report;
            let head = self.channels.get(&channel).map(|state| state.visible_head(user));
            if !self.is_live(user, device) || head.is_none_or(|head| message_id > head) {
                continue;
            }
            let cursor = self.cursors.entry((device, channel)).or_default();
            *cursor = (*cursor).max(message_id);
            self.prune_inbox(user, channel);
        }
        StoreAnswer::Done
    }

    /// Removes the inbox rows that every live device of the user has passed.
    fn prune_inbox(&mut self, user: UserId, channel: ChannelId) {
        let devices = self.devices_of.get(&user).into_iter().flatten();
        let live = devices.filter(|device| self.devices[device].live);
        let passed = live
            .map(|device| self.cursors.get(&(*device, channel)).copied().unwrap_or_default())
            .min()
            .unwrap_or_default();
        self.inboxes.entry((user, channel)).or_default().remove_to(passed);
    }
}

impl StoreAnswer {
    /// The answer to a change that wrote nothing, now or when it was first asked for.
    #[must_use]
    pub fn unwritten(outcome: Result<MessageId, ChangeRefusal>) -> Self {
        match outcome {
            Ok(message_id) => Self::Changed(Changed { message_id, written: None }),
            Err(reason) => Self::ChangeRefused(reason),
        }
    }

    /// A page that ran into its limit within its last channel has more behind it.
    fn when_full(self, budget: usize) -> Self {
        match self {
            Self::Page { ranges, .. } => {
                Self::Page { more: budget == 0 && !ranges.is_empty(), ranges }
            }
            other => other,
        }
    }
}
