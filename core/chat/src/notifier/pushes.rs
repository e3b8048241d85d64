//! Pushes under way, and what follows from the gateway's answers.

use std::collections::BTreeMap;

use super::{
    Notifier, NotifierOutput, NotifierTimer, Pending,
    rows::{Row, RowKey, Settling},
};
use crate::{
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::{
        Request,
        push::{PushAnswer, PushRequest},
        store::StoreRequest,
    },
    time::Now,
};

/// Pushes under way at which no further row is taken up.
pub const IN_FLIGHT_MAX: usize = 256;

/// Pushes that are remembered after their deadline, at most: they may have been taken.
const LATE_MAX: usize = 1024;

/// Pushes that wait for an answer, and those that have waited too long.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    last: u64,
    open: BTreeMap<u64, Push>,
    late: BTreeMap<u64, Push>,
}

#[derive(Debug, Clone, Copy)]
struct Push {
    key: RowKey,
    device: DeviceId,
    up_to: MessageId,
}

impl Pushes {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn keep_late(&mut self, id: u64, push: Push) {
        self.late.insert(id, push);
        if self.late.len() > LATE_MAX {
            self.late.pop_first();
        }
    }
}

impl Notifier {
    pub(super) fn push(
        &mut self,
        now: Now,
        key: RowKey,
        up_to: MessageId,
        device: DeviceId,
        token: String,
        attempt: u32,
    ) {
        self.pushes.last += 1;
        let id = self.pushes.last;
        self.pushes.open.insert(id, Push { key, device, up_to });
        let deadline = now.monotonic.after(self.design.request_timeout);
        self.timers.set(NotifierTimer::PushDeadline(id), deadline);
        let (user, channel) = key;
        let collapse_id = collapse_id(user, channel);
        let request = PushRequest { user, device, token, channel, up_to, collapse_id, attempt };
        self.counts.pushed += 1;
        self.outputs.push_back(NotifierOutput::Push { id, deadline, request });
    }

    pub(super) fn handle_push_answer(&mut self, now: Now, id: u64, answer: Option<PushAnswer>) {
        if let Some(push) = self.pushes.open.remove(&id) {
            self.timers.clear(NotifierTimer::PushDeadline(id));
            if answer.is_none() {
                self.leave_unknown(id, push);
            }
            self.take_answer(now, push, answer);
            self.close_push(now, push);
        } else if let Some(push) = self.pushes.late.remove(&id) {
            self.take_answer(now, push, answer);
        }
    }

    pub(super) fn handle_push_deadline(&mut self, now: Now, id: u64) {
        let Some(push) = self.pushes.open.remove(&id) else { return };
        self.leave_unknown(id, push);
        self.close_push(now, push);
    }

    fn leave_unknown(&mut self, id: u64, push: Push) {
        self.counts.unanswered += 1;
        self.pushes.keep_late(id, push);
        if let Some(row) = self.rows.get_mut(&push.key) {
            row.is_unknown = true;
        }
    }

    /// Tells the store what is settled. Also without the lease: the push was taken.
    pub(super) fn settle(&mut self, now: Now, key: RowKey, up_to: MessageId) {
        if let Some(row) = self.rows.get_mut(&key).filter(|row| row.up_to <= up_to) {
            row.settling = Settling::Asked;
        }
        let (user, channel) = key;
        let request = Request::Store(StoreRequest::PushSettled { user, channel, up_to });
        let deadline = now.monotonic.after(self.design.request_timeout);
        self.request(Pending::Settle { key, up_to }, deadline, request);
    }

    pub(super) fn handle_settled(
        &mut self,
        now: Now,
        key: RowKey,
        up_to: MessageId,
        is_settled: bool,
    ) {
        self.counts.settled += u64::from(is_settled);
        let is_this = |row: &&mut Row| row.settling == Settling::Asked && row.up_to <= up_to;
        let Some(row) = self.rows.get_mut(&key).filter(is_this) else { return };
        if is_settled {
            row.settling = Settling::Done;
            self.forget_finished(key);
        } else {
            row.settling = Settling::Wanted;
            row.back_off(now.monotonic, &mut self.random);
        }
    }

    fn take_answer(&mut self, now: Now, push: Push, answer: Option<PushAnswer>) {
        match answer {
            Some(PushAnswer::Taken) => {
                // One of the user's devices is enough, and the store is told once.
                let row = self.rows.get(&push.key).filter(|row| row.up_to <= push.up_to);
                if row.is_none_or(|row| row.settling == Settling::None) {
                    self.settle(now, push.key, push.up_to);
                }
            }
            Some(PushAnswer::DeadToken) => {
                self.counts.dead += 1;
                let (user, _) = push.key;
                let request = StoreRequest::PushToken { user, device: push.device, token: None };
                let deadline = now.monotonic.after(self.design.request_timeout);
                self.request(Pending::DropToken, deadline, Request::Store(request));
            }
            Some(PushAnswer::Busy) | None => {}
        }
    }

    /// With its last push an attempt is over; when none was taken, the row waits for the next.
    fn close_push(&mut self, now: Now, push: Push) {
        let is_last = |row: &Row| row.open <= 1 && row.settling == Settling::None;
        if planted!(self.design, PushGivenUp) && self.rows.get(&push.key).is_some_and(is_last) {
            self.settle(now, push.key, push.up_to);
        }
        if let Some(row) = self.rows.get_mut(&push.key) {
            row.open = row.open.saturating_sub(1);
            if row.open == 0 && row.settling == Settling::None {
                self.counts.put_off += 1;
                row.back_off(now.monotonic, &mut self.random);
            }
        }
        self.forget_finished(push.key);
        self.go_on(now);
    }

    /// While the store is being asked what is due, a settled row is remembered: the answer may have
    /// been made before the store knew.
    fn forget_finished(&mut self, key: RowKey) {
        if !self.is_asking && self.rows.get(&key).is_some_and(Row::is_finished) {
            self.rows.remove(&key);
        }
    }
}

/// One per user and channel, for ever. In hexadecimal it has at most 52 bytes; the Apple service
/// takes 64.
fn collapse_id(user: UserId, channel: ChannelId) -> String {
    match channel {
        ChannelId::Direct(one, other) => format!("{:x}-d{:x}-{:x}", user.0, one.0, other.0),
        ChannelId::Group(creator, number) => {
            format!("{:x}-g{:x}-{:x}", user.0, creator.0, number.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collapse_id_tells_users_and_channels_apart_and_fits() {
        let (ann, ben) = (UserId(0x1f), UserId(2));
        let direct = ChannelId::direct(ann, ben);
        assert_eq!(collapse_id(ann, direct), "1f-d2-1f");
        assert_eq!(collapse_id(ben, direct), "2-d2-1f");
        assert_eq!(collapse_id(ann, ChannelId::group(ben, 0x1f)), "1f-g2-1f");
        let longest = UserId(u64::MAX);
        assert_eq!(collapse_id(longest, ChannelId::direct(longest, longest)).len(), 51);
    }
}
