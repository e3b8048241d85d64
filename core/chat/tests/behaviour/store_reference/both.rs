//! The model of the store and the simpler one, asked the same.

use std::collections::BTreeMap;

use hubbub_chat::{
    ClientId, Design, DeviceId, MessageId, OperationId, UserId, Wall,
    design::{Fanout, PushWhen},
    frame::{ChangeRefusal, SendRefusal},
    ports::store::{
        Append, ChangeRequest, CursorReport, StoreAnswer, StoreModel, StoreRequest, StoreRules,
    },
};

use super::{
    checks::plain,
    steps::{Number, Slot, Step, USERS, channel},
};
use crate::support::{
    reference::{Reference, members},
    seconds,
};

/// Bounds that a few steps reach: seconds where the design has days.
fn rules(fanout: Fanout, push_when: PushWhen) -> StoreRules {
    StoreRules {
        fanout,
        push_when,
        group_limit: 3,
        answers_max: 3,
        initial_history: 2,
        inbox_rows_max: 4,
        push_grace: seconds(5),
        retention: seconds(30),
        history_retention: seconds(60),
        device_expiry: seconds(40),
        ..StoreRules::from(&Design::default())
    }
}

/// Both stores, asked the same.
pub(super) struct Both {
    pub(super) model: StoreModel,
    pub(super) reference: Reference,
    pub(super) fanout: Fanout,
    /// Whether the model removes everything at once that is at the end of its time.
    pub(super) swept: bool,
    pub(super) now: Wall,
    generations: BTreeMap<(u64, Slot), u64>,
}

impl Both {
    pub(super) fn new(fanout: Fanout, push_when: PushWhen, swept: bool) -> Self {
        let rules = rules(fanout, push_when);
        let mut both = Self {
            model: StoreModel::new(rules),
            reference: Reference::new(rules),
            fanout,
            swept,
            now: Wall(0),
            generations: BTreeMap::new(),
        };
        for user in 1..USERS {
            both.take(Step::Register { user, slot: Some(1), again: false });
        }
        both
    }

    pub(super) fn ask(&mut self, request: StoreRequest) -> StoreAnswer {
        self.model.handle(self.now, request).answer
    }

    fn device(&self, user: u64, slot: Slot) -> DeviceId {
        let generation = self.generations.get(&(user, slot)).copied().unwrap_or_default();
        DeviceId(user * 1000 + slot * 100 + generation)
    }

    /// What it came to.
    pub(super) fn take(&mut self, step: Step) -> String {
        match step {
            Step::Wait { seconds: count } => {
                self.now = Wall(self.now.0 + seconds(count).as_nanos() as u64);
                self.reference.pass(self.now);
                String::new()
            }
            Step::Register { user, slot, again } => self.register(user, slot, again),
            Step::Forget { user, slot } => {
                let device = self.device(user, slot);
                self.ask(StoreRequest::Forget { device });
                self.reference.forget(device);
                String::new()
            }
            Step::Append { user, slot, channel: index, number, settled, body, old } => {
                let (user, device) = (UserId(user), self.device(user, slot));
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
            Step::Change { user, slot, channel: index, operation, change } => {
                let (user, device) = (UserId(user), self.device(user, slot));
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
            Step::Report { user, slot, channel: index, back } => {
                let (user, device) = (UserId(user), self.device(user, slot));
                let channel = channel(index);
                let head = self.reference.log(channel).len() as u64 + 1;
                let message_id = MessageId(head.saturating_sub(back));
                let report = CursorReport { user, device, channel, message_id };
                self.ask(StoreRequest::Cursors(vec![report]));
                self.reference.report(user, device, channel, message_id);
                String::new()
            }
            Step::Read { user, slot, entries_max, back } => {
                self.read(UserId(user), self.device(user, slot), entries_max, back)
            }
            Step::Attached { user, slot } => self.attached(user, slot),
            Step::Token { user, slot, token } => {
                let (user, device) = (UserId(user), self.device(user, slot));
                let token = token.map(|token| format!("token {token}"));
                self.ask(StoreRequest::PushToken { user, device, token: token.clone() });
                self.reference.write_token(user, device, token);
                String::new()
            }
            Step::Mute { user, channel: index, muted } => {
                let (user, channel) = (UserId(user), channel(index));
                self.ask(StoreRequest::Mute { user, channel, muted });
                self.reference.mute(user, channel, muted);
                String::new()
            }
            Step::PushNow { channel: index, back, users } => {
                let channel = channel(index);
                // Zero back is one that the channel does not have.
                let above = self.reference.log(channel).len() as u64 + 1;
                let message_id = MessageId(above.saturating_sub(back));
                self.reference.push_now(channel, message_id, &users);
                self.ask(StoreRequest::PushNow { channel, message_id, users });
                String::new()
            }
            Step::PushDue { rows_max, settled, back } => self.push(rows_max, settled, back),
        }
    }

    fn register(&mut self, user: u64, slot: Option<Slot>, again: bool) -> String {
        if let Some(slot) = slot.filter(|_| !again) {
            let device = self.device(user, slot);
            if self.reference.is_known(device) && !self.reference.is_live(UserId(user), device) {
                *self.generations.entry((user, slot)).or_default() += 1;
            }
        }
        let device = slot.map(|slot| self.device(user, slot));
        self.ask(StoreRequest::Register { user: UserId(user), device });
        self.reference.register(UserId(user), device);
        String::new()
    }

    /// A chat server says that it has the device attached, and one that was never there.
    fn attached(&mut self, user: u64, slot: Slot) -> String {
        let (user, device) = (UserId(user), self.device(user, slot));
        let devices = vec![device, DeviceId(7)];
        let StoreAnswer::Heads { logged_out, .. } =
            self.ask(StoreRequest::Heads { users: vec![user], devices: devices.clone() })
        else {
            panic!("no heads")
        };
        let is_out = |device: &DeviceId| !self.reference.is_live(user, *device);
        assert_eq!(logged_out, devices.into_iter().filter(is_out).collect::<Vec<_>>());
        self.reference.sign_of_life(user, device);
        if logged_out.len() == 2 { "logged out".into() } else { "logged in".into() }
    }

    fn push(&mut self, rows_max: u32, settled: usize, back: u64) -> String {
        let StoreAnswer::PushDue(rows) = self.ask(StoreRequest::PushDue { rows_max }) else {
            panic!("no rows")
        };
        assert_eq!(rows, self.reference.push_due(rows_max));
        for row in rows.iter().take(settled) {
            let (user, channel) = (row.user, row.channel);
            let up_to = MessageId(row.up_to.0.saturating_sub(back));
            self.ask(StoreRequest::PushSettled { user, channel, up_to });
            self.reference.settle_push(user, channel, up_to);
        }
        format!("{} pushes due", rows.len())
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
}
