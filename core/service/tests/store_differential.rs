//! Random requests to the model and to fjall side by side: every answer must be the same, in
//! batches of any size, through restarts, with caches too small for what is asked.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, mpsc},
};

use hubbub_chat::{
    design::Fanout,
    entry::Entry,
    frame::{Change, Cursors},
    ids::{ChannelId, ClientId, DeviceId, MessageId, OperationId, UserId},
    ports::store::{
        Append, ChangeRequest, ChannelState, CursorReport, StoreAnswer, StoreModel, StoreRequest,
        Sync,
    },
    random::Random,
    time::Wall,
};
use hubbub_service::store::FjallConfig;
use store_fixture::*;

const STEPS: usize = 6000;
const USERS: u64 = 6;
/// Ids of devices are drawn from here: nearly all are new, some are not.
const DEVICES: u64 = 2000;

/// Draws requests that are mostly sensible: it follows what was committed.
struct Source {
    random: Random,
    channels: BTreeMap<ChannelId, ChannelState>,
    /// The next number of each device under each membership.
    numbers: BTreeMap<(DeviceId, ChannelId, MessageId), u64>,
    operations: BTreeMap<(DeviceId, ChannelId), u64>,
    devices: Vec<(UserId, DeviceId)>,
}

impl Source {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            channels: BTreeMap::new(),
            numbers: BTreeMap::new(),
            operations: BTreeMap::new(),
            devices: Vec::new(),
        }
    }

    fn one_in(&mut self, odds: u64) -> bool {
        self.random.below(odds) == 0
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

    fn request(&mut self) -> StoreRequest {
        let (user, device) = self.author();
        match self.random.below(100) {
            0..2 => {
                let device = DeviceId(self.random.below(DEVICES));
                let user = self.user();
                self.devices.push((user, device));
                let device = (!self.one_in(10)).then_some(device);
                StoreRequest::Register { user, device }
            }
            2 if self.one_in(4) => StoreRequest::Forget { device },
            2..45 => self.append(user, device),
            45..60 => self.change(user, device),
            60..80 => self.sync(user, device),
            80..95 => {
                let count = 1 + self.random.below(4);
                StoreRequest::Cursors((0..count).map(|_| self.report()).collect())
            }
            _ => {
                let users = (0..2).map(|_| self.user()).collect();
                let devices = (0..2).map(|_| self.author().1).collect();
                StoreRequest::Heads { users, devices }
            }
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
            given_id: MessageId::ZERO,
            user,
            device,
            channel,
            membership,
            client_id: ClientId(number),
            oldest_pending: ClientId(oldest_pending),
            body: body.into(),
        })
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
        let change = match self.random.below(10) {
            0..3 => Change::Create(some(self)),
            3..5 => Change::Invite(some(self)),
            5..7 => Change::Join,
            7 => Change::Leave,
            _ => Change::Remove(self.user()),
        };
        let operation = OperationId(operation);
        StoreRequest::Change(ChangeRequest {
            given_id: MessageId::ZERO,
            user,
            device,
            channel,
            operation,
            change,
        })
    }

    fn sync(&mut self, user: UserId, device: DeviceId) -> StoreRequest {
        let mut cursors = Cursors::new();
        for _ in 0..self.random.below(4) {
            let channel = self.channel(user);
            cursors.insert(channel, self.place(channel));
        }
        let entries_max = 1 + u32::try_from(self.random.below(30)).unwrap();
        StoreRequest::Sync(Sync { newest: MessageId::ZERO, user, device, cursors, entries_max })
    }

    fn report(&mut self) -> CursorReport {
        let (user, device) = self.author();
        let channel = self.channel(user);
        CursorReport { user, device, channel, message_id: self.place(channel) }
    }

    /// Mostly near the head, sometimes beyond it.
    fn place(&mut self, channel: ChannelId) -> MessageId {
        let head = self.channels.get(&channel).map_or(0, |state| state.head().0);
        let back = if self.one_in(3) { head + 2 } else { 4 };
        MessageId((head + 1).saturating_sub(self.random.below(back)))
    }

    fn committed(&mut self, entry: &Arc<Entry>) {
        let channel = entry.channel;
        let fresh = || ChannelState::new(channel);
        self.channels.entry(channel).or_insert_with(fresh).apply(entry);
    }
}

/// In how many ways the run was answered, so that a run which tests nothing fails.
fn situation(answer: &StoreAnswer) -> String {
    match answer {
        StoreAnswer::Done => "done".into(),
        StoreAnswer::Appended(appended) => format!("appended, repeat: {}", appended.repeat),
        StoreAnswer::AppendRefused(reason) => {
            format!("append refused: {}", first_word(&format!("{reason:?}")))
        }
        StoreAnswer::Changed(changed) => format!("changed: {}", changed.written.is_some()),
        StoreAnswer::ChangeRefused(reason) => {
            format!("change refused: {}", first_word(&format!("{reason:?}")))
        }
        StoreAnswer::Page { ranges, more } => {
            format!("page, empty: {}, more: {more}", ranges.is_empty())
        }
        StoreAnswer::UnknownDevice => "unknown device".into(),
        StoreAnswer::IdTaken => "id taken".into(),
        StoreAnswer::Activity(_) => "activity".into(),
        StoreAnswer::PushDue(_) => "push due".into(),
        StoreAnswer::Heads { logged_out, .. } => {
            format!("heads, logged out: {}", !logged_out.is_empty())
        }
    }
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

const SITUATIONS: [&str; 21] = [
    "append refused: ClientIdReused",
    "append refused: Gap",
    "append refused: NotMember",
    "append refused: TooOld",
    "append refused: UnknownDevice",
    "appended, repeat: false",
    "appended, repeat: true",
    "change refused: Exists",
    "change refused: GroupLimit",
    "change refused: Invalid",
    "change refused: NotMember",
    "change refused: NotOwner",
    "change refused: TooOld",
    "change refused: UnknownDevice",
    "changed: false",
    "changed: true",
    "done",
    "heads, logged out: false",
    "heads, logged out: true",
    "page, empty: false, more: false",
    "page, empty: false, more: true",
];

fn compare(fanout: Fanout, seed: u64) {
    let observed = Arc::new(Mutex::new(Vec::new()));
    let observer = observed.clone();
    let config = FjallConfig {
        observer: Some(Arc::new(move |entry: &Arc<Entry>| {
            observer.lock().unwrap().push(entry.clone());
        })),
        batch_max: 48,
        batch_rows_max: 100,
        ..small_cache()
    };
    let mut subject = Subject::new(fanout, config);
    let mut model = StoreModel::new(rules(fanout));
    let mut source = Source::new(seed);
    let mut committed = Vec::new();
    let mut situations = BTreeMap::<String, u32>::new();
    let mut step = 0;
    while step < STEPS {
        let (sender, answers) = mpsc::channel();
        let mut expected = Vec::new();
        for _ in 0..=source.random.below(64) {
            step += 1;
            let request = source.request();
            subject.submit(request.clone(), &sender);
            let handled = model.handle(Wall(7_000_000), request.clone());
            handled.committed.iter().for_each(|entry| source.committed(entry));
            committed.extend(handled.committed);
            expected.push((request, handled.answer));
        }
        for (request, answer) in expected {
            let found = known(answers.recv().unwrap());
            assert_eq!(found, answer, "seed {seed}, near step {step}: {request:?}");
            *situations.entry(situation(&answer)).or_default() += 1;
        }
        if source.one_in(30) {
            subject.reopen();
        }
    }
    subject.close();
    assert_eq!(*observed.lock().unwrap(), committed);
    assert_eq!(rows(&subject, "inbox"), model.inbox_rows());
    assert_eq!(rows(&subject, "log"), model.entries().count());
    for expected in SITUATIONS {
        assert!(situations.contains_key(expected), "`{expected}` never came up: {situations:?}");
    }
}

#[test]
fn fjall_answers_as_the_model_does_with_inboxes() {
    (1..=3).for_each(|seed| compare(Fanout::Inbox, seed));
}

#[test]
fn fjall_answers_as_the_model_does_with_channel_logs() {
    (4..=6).for_each(|seed| compare(Fanout::ChannelLog, seed));
}
