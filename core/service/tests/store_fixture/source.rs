//! Random requests to a store.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{
    design::Ids,
    entry::Entry,
    frame::{Change, Cursors},
    ids::{ChannelId, ClientId, DeviceId, MessageId, OperationId, UserId},
    ports::store::{
        Append, ChangeRequest, ChannelState, CursorReport, StoreAnswer, StoreRequest, StoreRules,
        Sync,
    },
    random::Random,
    time::Wall,
};

use super::START;

const USERS: u64 = 6;
/// Ids of devices are drawn from here: nearly all are new, some are not.
const DEVICES: u64 = 2000;

/// The clock moves by multiples of this, so that every sign of life is late enough to be written.
const TICK_MS: u64 = 100;

/// Draws requests that are mostly sensible: it follows what was committed.
pub(crate) struct Source {
    random: Random,
    rules: StoreRules,
    /// Whether the clock is set back now and then, and ids are given that are much too old.
    is_clock_wild: bool,
    pub(crate) wall: Wall,
    channels: BTreeMap<ChannelId, ChannelState>,
    /// The ids of each channel in the order of the commits.
    ids: BTreeMap<ChannelId, Vec<MessageId>>,
    /// The next number of each device under each membership.
    numbers: BTreeMap<(DeviceId, ChannelId, MessageId), u64>,
    operations: BTreeMap<(DeviceId, ChannelId), u64>,
    devices: Vec<(UserId, DeviceId)>,
    due: Vec<(UserId, ChannelId, MessageId)>,
}

impl Source {
    pub(crate) fn new(seed: u64, rules: StoreRules, is_clock_wild: bool) -> Self {
        Self {
            random: Random::new(seed),
            rules,
            is_clock_wild,
            wall: Wall(START.0 + 100_000 * TICK_MS * 1_000_000),
            channels: BTreeMap::new(),
            ids: BTreeMap::new(),
            numbers: BTreeMap::new(),
            operations: BTreeMap::new(),
            devices: Vec::new(),
            due: Vec::new(),
        }
    }

    pub(crate) fn one_in(&mut self, odds: u64) -> bool {
        self.random.below(odds) == 0
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    fn user(&mut self) -> UserId {
        UserId(1 + self.random.below(USERS))
    }

    fn other(&mut self, user: UserId) -> UserId {
        UserId(1 + (user.0 + self.random.below(USERS - 1)) % USERS)
    }

    fn author(&mut self) -> (UserId, DeviceId) {
        if self.devices.is_empty() || self.one_in(40) {
            return (self.user(), DeviceId(self.random.below(DEVICES)));
        }
        // Mostly the newest ones, which nobody has forgotten.
        let back = 1 + self.random.below(8.min(self.devices.len() as u64));
        self.devices[self.devices.len() - back as usize]
    }

    fn channel(&mut self, user: UserId) -> ChannelId {
        match self.random.below(3) {
            0 => ChannelId::direct(user, self.other(user)),
            1 => ChannelId::group(user, 1),
            _ => ChannelId::group(UserId(1 + self.random.below(2)), 2),
        }
    }

    fn membership(&mut self, user: UserId, channel: ChannelId) -> MessageId {
        let known = self.channels.get(&channel).and_then(|state| state.membership(user));
        if self.one_in(20) { MessageId(self.random.below(9)) } else { known.unwrap_or_default() }
    }

    /// Moves the clock, mostly a little.
    fn tick(&mut self) {
        let ticks = match self.random.below(1000) {
            0 => 200 + self.random.below(600),
            1..100 => 1 + self.random.below(15),
            _ => 0,
        };
        self.wall = Wall(self.wall.0 + ticks * TICK_MS * 1_000_000);
        if self.is_clock_wild && self.one_in(200) {
            let back = self.random.below(60);
            self.wall = Wall(self.wall.0 - back * TICK_MS * 1_000_000);
        }
    }

    pub(crate) fn request(&mut self) -> StoreRequest {
        self.tick();
        let (user, device) = self.author();
        match self.random.below(120) {
            0..6 => {
                let device = DeviceId(self.random.below(DEVICES));
                let user = self.user();
                self.devices.push((user, device));
                let device = (!self.one_in(10)).then_some(device);
                StoreRequest::Register { user, device }
            }
            6 if self.one_in(3) => StoreRequest::Forget { device },
            6..45 => self.append(user, device),
            45..60 => self.change(user, device),
            60..80 => self.sync(user, device),
            80..95 => {
                let count = 1 + self.random.below(4);
                StoreRequest::Cursors((0..count).map(|_| self.report()).collect())
            }
            95..100 => {
                let users = (0..2).map(|_| self.user()).collect();
                let devices = (0..2).map(|_| self.author().1).collect();
                StoreRequest::Heads { users, devices }
            }
            100..104 => self.activity(),
            _ => self.push(user, device),
        }
    }

    fn append(&mut self, user: UserId, device: DeviceId) -> StoreRequest {
        let channel = self.channel(user);
        let membership = self.membership(user, channel);
        let next = self.numbers.entry((device, channel, membership)).or_insert(1);
        let number = match self.random.below(10) {
            0..6 => *next,
            6 | 7 => next.saturating_sub(1 + self.random.below(3)).max(1),
            8 => next.saturating_sub(self.random.below(12)).max(1),
            _ => *next + self.random.below(4),
        };
        *next = (*next).max(number + 1);
        let oldest_pending = if self.one_in(4) { 1 } else { number };
        let body = if self.one_in(30) { "another body".into() } else { format!("{number}") };
        StoreRequest::Append(Append {
            given_id: self.given_id(channel),
            user,
            device,
            channel,
            membership,
            client_id: ClientId(number),
            oldest_pending: ClientId(oldest_pending),
            body: body.into(),
        })
    }

    /// By a clock that is some seconds off; sometimes one that is used, or of long ago, or none.
    fn given_id(&mut self, channel: ChannelId) -> MessageId {
        let now_ms = self.wall.milliseconds();
        match (self.rules.ids, self.random.below(40)) {
            (Ids::ChannelSequence, _) | (_, 0) => MessageId::ZERO,
            (_, 1..4) => self.place(channel),
            (_, 4) if self.is_clock_wild => MessageId(1 + self.random.below(now_ms * 2)),
            (Ids::CreatedAt, _) => MessageId(now_ms - self.random.below(2)),
            (Ids::Snowflake, 5..10) => MessageId(now_ms * 2 - self.random.below(6000)),
            (Ids::Snowflake, _) => MessageId(now_ms * 2 - self.random.below(100)),
        }
    }

    fn change(&mut self, user: UserId, device: DeviceId) -> StoreRequest {
        let channel = self.channel(user);
        let last = self.operations.entry((device, channel)).or_insert(0);
        let operation = match self.random.below(8) {
            0 => *last,
            1 => last.saturating_sub(1),
            _ => *last + 1,
        };
        *last = operation.max(*last);
        let some = |source: &mut Self| {
            let count = source.random.below(4);
            (0..count).map(|_| source.user()).collect()
        };
        let change = match self.random.below(12) {
            0..3 => Change::Create(some(self)),
            3..5 => Change::Invite(some(self)),
            5..7 => Change::Join,
            7 => Change::Leave,
            8 => Change::HandOver(self.user()),
            9 => Change::Rename(if self.one_in(2) { "tea".into() } else { "cake".into() }),
            _ => Change::Remove(self.user()),
        };
        let operation = OperationId(operation);
        let given_id = self.given_id(channel);
        StoreRequest::Change(ChangeRequest { given_id, user, device, channel, operation, change })
    }

    fn sync(&mut self, user: UserId, device: DeviceId) -> StoreRequest {
        let mut cursors = Cursors::new();
        for _ in 0..self.random.below(4) {
            let channel = self.channel(user);
            cursors.insert(channel, self.place(channel));
        }
        let channel = self.channel(user);
        let newest = if self.one_in(3) { MessageId::ZERO } else { self.place(channel) };
        let entries_max = u32::try_from(self.random.below(30)).unwrap();
        StoreRequest::Sync(Sync { newest, user, device, cursors, entries_max })
    }

    fn report(&mut self) -> CursorReport {
        let (user, device) = self.author();
        let channel = self.channel(user);
        CursorReport { user, device, channel, message_id: self.place(channel) }
    }

    fn activity(&mut self) -> StoreRequest {
        if self.one_in(2) {
            return StoreRequest::ReadActivity((0..3).map(|_| self.user()).collect());
        }
        let now_ms = self.wall.milliseconds();
        let row = |source: &mut Self| (source.user(), now_ms - source.random.below(3000));
        StoreRequest::WriteActivity((0..2).map(|_| row(self)).collect())
    }

    fn push(&mut self, user: UserId, device: DeviceId) -> StoreRequest {
        match self.random.below(16) {
            0..5 => {
                let token = (!self.one_in(5)).then(|| format!("token {}", self.random.below(3)));
                StoreRequest::PushToken { user, device, token }
            }
            5 | 6 => {
                let channel = self.channel(user);
                StoreRequest::Mute { user, channel, muted: self.one_in(2) }
            }
            7 | 8 => {
                let channel = self.channel(user);
                let users = (0..3).map(|_| self.user()).collect();
                StoreRequest::PushNow { channel, message_id: self.place(channel), users }
            }
            9..13 => {
                StoreRequest::PushDue { rows_max: u32::try_from(self.random.below(5)).unwrap() }
            }
            _ => {
                let channel = self.channel(user);
                let other = (user, channel, self.place(channel));
                let due = self.due.pop().filter(|_| self.random.below(4) > 0);
                let (user, channel, up_to) = due.unwrap_or(other);
                StoreRequest::PushSettled { user, channel, up_to }
            }
        }
    }

    /// Mostly near the head, sometimes beyond it.
    fn place(&mut self, channel: ChannelId) -> MessageId {
        let known = self.ids.get(&channel).map_or(&[][..], Vec::as_slice);
        let count = known.len() as u64;
        let back = if self.random.below(3) == 0 { count + 2 } else { 4 };
        let index = (count + 1).saturating_sub(self.random.below(back));
        match index.checked_sub(1).map(|index| known.get(index as usize)) {
            None => MessageId::ZERO,
            Some(Some(id)) => *id,
            Some(None) => {
                let head = self.channels.get(&channel).map_or(MessageId::ZERO, ChannelState::head);
                head.next()
            }
        }
    }

    /// Follows what the request came to.
    pub(crate) fn learn(&mut self, answer: &StoreAnswer, committed: Option<&Arc<Entry>>) {
        if let Some(entry) = committed {
            let channel = entry.channel;
            let fresh = || ChannelState::new(channel);
            self.channels.entry(channel).or_insert_with(fresh).apply(entry);
            self.ids.entry(channel).or_default().push(entry.message_id);
        }
        if let StoreAnswer::PushDue(rows) = answer {
            self.due = rows.iter().map(|row| (row.user, row.channel, row.up_to)).collect();
        }
    }
}
