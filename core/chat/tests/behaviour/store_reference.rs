//! The model of the store does what a much simpler one does, whatever it is asked.

use std::{collections::BTreeSet, sync::Arc};

use hubbub_chat::{
    ChannelId, ClientId, Design, DeviceId, Entry, MessageId, OperationId, UserId, Wall,
    design::Fanout,
    frame::{Change, ChangeRefusal, Cursors, SendRefusal},
    ports::store::{
        Append, ChangeRequest, CursorReport, StoreAnswer, StoreModel, StoreRequest, StoreRules,
        Sync,
    },
};
use proptest::prelude::*;

use crate::support::reference::{Reference, members, visible};

const USERS: u64 = 4;

#[derive(Debug, Clone)]
enum Step {
    Register {
        user: u64,
        device: Option<u64>,
    },
    Forget {
        user: u64,
        device: u64,
    },
    Append {
        user: u64,
        device: u64,
        channel: usize,
        number: Number,
        settled: u64,
        body: bool,
        old: bool,
    },
    Change {
        user: u64,
        device: u64,
        channel: usize,
        operation: u64,
        change: Change,
    },
    Report {
        user: u64,
        device: u64,
        channel: usize,
        back: u64,
    },
    Read {
        user: u64,
        device: u64,
        entries_max: u32,
        back: u64,
    },
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Next,
    Below(u64),
    Above(u64),
}

fn channel(index: usize) -> ChannelId {
    let user = |number| UserId(number);
    match index {
        0 => ChannelId::direct(user(1), user(2)),
        1 => ChannelId::direct(user(2), user(3)),
        2 => ChannelId::group(user(1), 1),
        _ => ChannelId::group(user(2), 1),
    }
}

fn device_id(user: u64, device: u64) -> DeviceId {
    DeviceId(user * 10 + device)
}

fn step() -> impl Strategy<Value = Step> {
    // Few authors write much, so that their numbers run out of the remembered window.
    let user = prop_oneof![4 => Just(1), 4 => Just(2), 2 => Just(3), 1 => Just(4)];
    let device = prop_oneof![5 => Just(1_u64), 1 => Just(2)];
    let some_users = || prop::collection::vec((1..=USERS + 1).prop_map(UserId), 0..3);
    let change = prop_oneof![
        3 => some_users().prop_map(Change::Create),
        3 => some_users().prop_map(Change::Invite),
        3 => Just(Change::Join),
        2 => Just(Change::Leave),
        2 => (1..=USERS).prop_map(|user| Change::Remove(UserId(user))),
    ];
    let number = prop_oneof![
        6 => Just(Number::Next),
        2 => (1..6_u64).prop_map(Number::Below),
        1 => (1..4_u64).prop_map(Number::Above),
    ];
    prop_oneof![
        2 => (user.clone(), prop::option::weighted(0.9, device.clone()))
            .prop_map(|(user, device)| Step::Register { user, device }),
        1 => (user.clone(), prop_oneof![1 => Just(1), 3 => Just(2)]).prop_map(|(user, device)| Step::Forget { user, device }),
        20 => (user.clone(), device.clone(), prop_oneof![4 => Just(0_usize), 2 => Just(2), 1 => 0..4_usize], number, 0..3_u64, prop::bool::weighted(0.9), prop::bool::weighted(0.1))
            .prop_map(|(user, device, channel, number, settled, body, old)| {
                Step::Append { user, device, channel, number, settled, body, old }
            }),
        8 => (user.clone(), device.clone(), 2..4_usize, prop_oneof![8 => Just(2_u64), 1 => 0..2_u64], change)
            .prop_map(|(user, device, channel, operation, change)| {
                Step::Change { user, device, channel, operation, change }
            }),
        4 => (user.clone(), device.clone(), 0..4_usize, 0..4_u64)
            .prop_map(|(user, device, channel, back)| Step::Report { user, device, channel, back }),
        3 => (user, device, 1..6_u32, 0..5_u64)
            .prop_map(|(user, device, entries_max, back)| Step::Read { user, device, entries_max, back }),
    ]
}

/// Both stores, asked the same.
struct Both {
    model: StoreModel,
    reference: Reference,
    fanout: Fanout,
}

impl Both {
    fn new(fanout: Fanout) -> Self {
        let rules = StoreRules {
            fanout,
            group_limit: 3,
            answers_max: 3,
            initial_history: 2,
            inbox_rows_max: 4,
            ..StoreRules::from(&Design::default())
        };
        let mut both =
            Self { model: StoreModel::new(rules), reference: Reference::new(rules), fanout };
        for user in 1..USERS {
            both.take(Step::Register { user, device: Some(1) });
        }
        both
    }

    fn ask(&mut self, request: StoreRequest) -> StoreAnswer {
        self.model.handle(Wall(0), request).answer
    }

    /// What it came to.
    fn take(&mut self, step: Step) -> String {
        match step {
            Step::Register { user, device } => {
                let device = device.map(|device| device_id(user, device));
                self.ask(StoreRequest::Register { user: UserId(user), device });
                self.reference.register(UserId(user), device);
                String::new()
            }
            Step::Forget { user, device } => {
                let device = device_id(user, device);
                self.ask(StoreRequest::Forget { device });
                self.reference.forget(device);
                String::new()
            }
            Step::Append { user, device, channel: index, number, settled, body, old } => {
                let (user, device) = (UserId(user), device_id(user, device));
                let channel = channel(index);
                let now = self.reference.membership(user, channel).unwrap_or_default();
                let membership = if old { now.previous() } else { now };
                let next = self.reference.next_number(device, channel, membership);
                let number = match number {
                    Number::Next => next,
                    Number::Below(by) => next.saturating_sub(by).max(1),
                    Number::Above(by) => next + by,
                };
                // The same number has the same body, mostly.
                let body = if body { format!("{number}") } else { "another".into() };
                let oldest_pending = ClientId(number.saturating_sub(settled).max(1));
                let client_id = ClientId(number);
                let body = body.into();
                self.append(Append {
                    given_id: MessageId::ZERO,
                    user,
                    device,
                    channel,
                    membership,
                    client_id,
                    oldest_pending,
                    body,
                })
            }
            Step::Change { user, device, channel: index, operation, change } => {
                let (user, device) = (UserId(user), device_id(user, device));
                let channel = channel(index);
                let last = self.reference.last_operation(device, channel);
                let operation = OperationId((last + operation).saturating_sub(1).max(1));
                self.change(ChangeRequest {
                    given_id: MessageId::ZERO,
                    user,
                    device,
                    channel,
                    operation,
                    change,
                })
            }
            Step::Report { user, device, channel: index, back } => {
                let (user, device) = (UserId(user), device_id(user, device));
                let channel = channel(index);
                let head = self.reference.log(channel).len() as u64 + 1;
                let message_id = MessageId(head.saturating_sub(back));
                let report = CursorReport { user, device, channel, message_id };
                self.ask(StoreRequest::Cursors(vec![report]));
                self.reference.report(user, device, channel, message_id);
                String::new()
            }
            Step::Read { user, device, entries_max, back } => {
                self.read(UserId(user), device_id(user, device), entries_max, back)
            }
        }
    }

    fn append(&mut self, append: Append) -> String {
        let expected = self.reference.append(&append);
        let (user, channel) = (append.user, append.channel);
        match (self.ask(StoreRequest::Append(append)), expected) {
            (StoreAnswer::Appended(appended), Ok((message_id, fresh))) => {
                assert_eq!((appended.message_id, !appended.repeat), (message_id, fresh));
                let audience =
                    if fresh { members(&self.reference.log(channel), channel) } else { vec![] };
                assert_eq!(appended.audience, audience);
                assert!(!fresh || appended.audience.contains(&user));
                if fresh { "appended".into() } else { "repeated".into() }
            }
            (StoreAnswer::AppendRefused(reason), Err(expected)) => {
                assert_eq!(reason, expected);
                let general = matches!(reason, SendRefusal::NotMember | SendRefusal::UnknownDevice);
                if general { format!("append {reason:?}") } else { format!("{reason:?}") }
            }
            (answer, expected) => panic!("{answer:?}, expected {expected:?}"),
        }
    }

    fn change(&mut self, change: ChangeRequest) -> String {
        let channel = change.channel;
        let before = members(&self.reference.log(channel), channel);
        let expected = self.reference.change(&change);
        match (self.ask(StoreRequest::Change(change)), expected) {
            (StoreAnswer::Changed(changed), Ok((message_id, fresh))) => {
                assert_eq!((changed.message_id, changed.written.is_some()), (message_id, fresh));
                if let Some((entry, audience)) = changed.written {
                    // Whoever comes sees the entry, and so does whoever goes.
                    let mut expected = members(&self.reference.log(channel), channel);
                    expected.extend(before);
                    expected.sort_unstable();
                    expected.dedup();
                    assert_eq!(audience, expected);
                    assert_eq!(
                        Some(plain(&entry)),
                        self.reference.entries.last().map(|last| plain(last))
                    );
                }
                if fresh { "changed".into() } else { "changed already".into() }
            }
            (StoreAnswer::ChangeRefused(reason), Err(expected)) => {
                assert_eq!(reason, expected);
                let also =
                    [ChangeRefusal::NotMember, ChangeRefusal::UnknownDevice, ChangeRefusal::TooOld];
                if also.contains(&reason) {
                    format!("change {reason:?}")
                } else {
                    format!("{reason:?}")
                }
            }
            (answer, expected) => panic!("{answer:?}, expected {expected:?}"),
        }
    }

    /// Reads page by page to the end; in one channel the device says where it stands.
    fn read(&mut self, user: UserId, device: DeviceId, entries_max: u32, back: u64) -> String {
        let mut cursors = Cursors::new();
        if let Some(channel) = self.reference.channels().first() {
            let head = self.reference.log(*channel).len() as u64;
            cursors.insert(*channel, MessageId(head.saturating_sub(back)));
        }
        let named = cursors.clone();
        let mut got: Vec<Arc<Entry>> = Vec::new();
        for page in 0..1000 {
            let sync = Sync {
                newest: MessageId::ZERO,
                user,
                device,
                cursors: cursors.clone(),
                entries_max,
            };
            let (ranges, more) = match self.ask(StoreRequest::Sync(sync)) {
                StoreAnswer::Page { ranges, more } => (ranges, more),
                StoreAnswer::UnknownDevice => {
                    assert!(!self.reference.is_live(user, device));
                    return "read refused".into();
                }
                other => panic!("{other:?}"),
            };
            let count: usize = ranges.iter().map(|range| range.entries.len()).sum();
            assert!(count <= entries_max as usize);
            assert!(!more || count == entries_max as usize, "a page that is not the last is full");
            for range in ranges {
                let start = cursors.get(&range.channel).copied();
                let start = start.unwrap_or_else(|| self.reference.cursor(device, range.channel));
                assert_eq!(range.from, start);
                assert_eq!(range.membership, self.reference.membership(user, range.channel));
                assert!(range.to > range.from);
                cursors.insert(range.channel, range.to);
                got.extend(range.entries);
            }
            if !more {
                self.check_read(user, device, &named, &got);
                return if page > 0 { "read several pages".into() } else { String::new() };
            }
        }
        panic!("the pages do not end");
    }

    fn check_read(&self, user: UserId, device: DeviceId, named: &Cursors, got: &[Arc<Entry>]) {
        assert!(self.reference.is_live(user, device));
        let mut expected = Vec::new();
        for channel in self.reference.channels() {
            let log = self.reference.log(channel);
            let start = named.get(&channel).copied();
            let start = start.unwrap_or_else(|| self.reference.cursor(device, channel));
            let places = visible(&log, channel, user).into_iter().filter(|place| *place > start);
            expected.extend(places.map(|place| plain(&log[place.0 as usize - 1])));
        }
        let got: Vec<_> = got.iter().map(|entry| plain(entry)).collect();
        assert_eq!(got, expected);
    }

    fn check(&mut self) {
        let mut log: Vec<_> = self.reference.entries.iter().map(|entry| plain(entry)).collect();
        log.sort_unstable_by_key(|row| (row.0, row.1));
        let model: Vec<_> = self.model.entries().map(|entry| plain(entry)).collect();
        assert_eq!(model, log);
        let rows = if self.fanout == Fanout::Inbox { self.reference.inbox_rows() } else { 0 };
        assert_eq!(self.model.inbox_rows(), rows);
        for user in (1..=USERS).map(UserId) {
            let devices = vec![device_id(user.0, 1), device_id(user.0, 2)];
            let request = StoreRequest::Heads { users: vec![user], devices: devices.clone() };
            let StoreAnswer::Heads { heads, logged_out } = self.ask(request) else {
                panic!("no heads")
            };
            let is_out = |device: &DeviceId| !self.reference.is_live(user, *device);
            assert_eq!(logged_out, devices.into_iter().filter(is_out).collect::<Vec<_>>());
            let last = |channel: ChannelId| {
                let log = self.reference.log(channel);
                Some((channel, *visible(&log, channel, user).last()?))
            };
            let expected: Vec<_> = self.reference.channels().into_iter().filter_map(last).collect();
            assert_eq!(heads, [(user, expected)]);
        }
    }
}

/// Everything of an entry but its time.
fn plain(entry: &Entry) -> (ChannelId, MessageId, UserId, DeviceId, u64, String) {
    let Entry { channel, message_id, user, device, number, .. } = *entry;
    (channel, message_id, user, device, number, format!("{:?}", entry.content))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_model_answers_as_the_reference_does(
        inbox in any::<bool>(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let fanout = if inbox { Fanout::Inbox } else { Fanout::ChannelLog };
        let mut both = Both::new(fanout);
        for step in steps {
            both.take(step);
            both.check();
        }
    }
}

/// A random sequence means little when it never comes to anything.
#[test]
fn random_requests_reach_every_kind_of_answer() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeSet::new();
    for _ in 0..100 {
        let steps = prop::collection::vec(step(), 120).new_tree(&mut runner).unwrap().current();
        let mut both = Both::new(Fanout::Inbox);
        kinds.extend(steps.into_iter().map(|step| both.take(step)));
    }
    for kind in [
        "appended",
        "repeated",
        "Gap",
        "TooOld",
        "ClientIdReused",
        "append NotMember",
        "changed",
        "changed already",
        "change TooOld",
        "change NotMember",
        "NotOwner",
        "GroupLimit",
        "Exists",
        "Invalid",
        "append UnknownDevice",
        "change UnknownDevice",
        "read several pages",
        "read refused",
    ] {
        assert!(
            kinds.iter().any(|seen| seen.starts_with(kind)),
            "{kind} was never reached: {kinds:?}"
        );
    }
}
