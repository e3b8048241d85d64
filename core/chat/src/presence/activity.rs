//! When users were last active: written to the store now and then, read back when nobody here knows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{CallId, Pending, PresenceOutput, PresenceServer, PresenceTimer, leases::Standing};
use crate::{
    ids::UserId,
    ports::{
        Answer, Outcome,
        presence::{PresenceAnswer, Status},
        store::{StoreAnswer, StoreRequest},
    },
    time::Now,
};

/// How long times are gathered before they go to the store.
const GATHER: Duration = Duration::from_secs(2);

/// Rows in one request to the store at most.
const ROWS_MAX: usize = 4096;

/// Writes that may be open at a time; the rest waits for the next round.
const WRITES_MAX: usize = 16;

/// Times that have not been written, one per user.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    at_ms: BTreeMap<UserId, u64>,
    open_writes: usize,
}

/// A request whose answer waits for the store.
#[derive(Debug)]
pub(super) struct WaitingCall {
    from: CallId,
    users: Vec<UserId>,
    /// Those of them whom the store was asked about.
    unread: Vec<UserId>,
}

impl Unwritten {
    /// Keeps the later of two times. Beyond `limit` users nothing is kept: the store then goes on
    /// saying what it knows.
    pub(super) fn insert(&mut self, user: UserId, at_ms: u64, limit: usize) {
        if self.at_ms.len() < limit || self.at_ms.contains_key(&user) {
            let known = self.at_ms.entry(user).or_default();
            *known = (*known).max(at_ms);
        }
    }

    fn take_rows(&mut self) -> Option<Vec<(UserId, u64)>> {
        let rows: Vec<_> =
            self.at_ms.iter().take(ROWS_MAX).map(|(user, at)| (*user, *at)).collect();
        rows.iter().for_each(|(user, _)| {
            self.at_ms.remove(user);
        });
        (!rows.is_empty()).then_some(rows)
    }
}

impl PresenceServer {
    /// The user's last activity is to be written.
    pub(super) fn note_activity(&mut self, now: Now, user: UserId) {
        if let Some(record) = self.records.get_mut(&user)
            && record.last_active_at_ms > record.written_ms
        {
            record.written_ms = record.last_active_at_ms;
            self.unwritten.insert(user, record.last_active_at_ms, self.config.limits.users);
            self.schedule_activity(now);
        }
    }

    pub(super) fn schedule_activity(&mut self, now: Now) {
        if !self.unwritten.at_ms.is_empty() {
            self.timers.set_once(PresenceTimer::Activity, now.monotonic.after(GATHER));
        }
    }

    pub(super) fn write_activity(&mut self, now: Now) {
        while self.unwritten.open_writes < WRITES_MAX {
            let Some(rows) = self.unwritten.take_rows() else { return };
            self.unwritten.open_writes += 1;
            let request = StoreRequest::WriteActivity(rows.clone());
            self.ask_store(now, Pending::Write(rows), request);
        }
        self.schedule_activity(now);
    }

    /// What was not written is tried again, unless there is something later by now.
    pub(super) fn settle_write(&mut self, now: Now, rows: Vec<(UserId, u64)>, answer: &Answer) {
        self.unwritten.open_writes -= 1;
        if !matches!(answer, Answer::Store(Outcome::Ok(_))) {
            for (user, at_ms) in rows {
                self.unwritten.insert(user, at_ms, self.config.limits.users);
            }
        }
        self.schedule_activity(now);
    }

    /// Gives an answer about these users, once the store has said when those were last active of whom
    /// this server does not know.
    pub(super) fn answer_statuses(&mut self, now: Now, from: CallId, users: Vec<UserId>) {
        let unread = users.iter().copied().filter(|user| self.is_unread(now, *user));
        let call = WaitingCall { from, unread: unread.collect(), users };
        if call.unread.is_empty() || self.open.len() >= self.config.limits.waiting {
            return self.send_statuses(now, &call, &BTreeMap::new());
        }
        let request = StoreRequest::ReadActivity(call.unread.clone());
        self.ask_store(now, Pending::Read(call), request);
    }

    pub(super) fn settle_read(&mut self, now: Now, call: &WaitingCall, answer: Answer) {
        let read = activity(answer);
        if let Some(read) = &read {
            let is_watched = |user: &UserId| self.watches.is_watched(*user);
            let watched: Vec<UserId> = call.unread.iter().copied().filter(is_watched).collect();
            self.remember_activity(now, &watched, read);
        }
        self.send_statuses(now, call, &read.unwrap_or_default());
    }

    /// A lease has passed since it took users over. Of those whom it has not heard, the watched ones
    /// are published as offline: nobody could say so before. Without its own lease it waits for that.
    pub(super) fn become_certain(&mut self, now: Now) {
        if !self.tenure.is_held(now.monotonic) {
            return;
        }
        let is_new = |user: &UserId| {
            let certain_from = self.tenure.certain_from(*user);
            !self.records.contains_key(user)
                && certain_from.is_some_and(|at| at <= now.monotonic && at > self.settled_at)
        };
        let users: Vec<UserId> = self.watches.users().filter(is_new).collect();
        for users in users.chunks(ROWS_MAX) {
            let request = StoreRequest::ReadActivity(users.to_vec());
            self.ask_store(now, Pending::Settle(users.to_vec()), request);
        }
        self.settled_at = now.monotonic;
        self.tenure.trim(now.monotonic);
        if let Some(at) = self.tenure.next_certain(now.monotonic) {
            self.timers.set(PresenceTimer::Certain, at);
        }
    }

    pub(super) fn settle_certain(&mut self, now: Now, users: &[UserId], answer: Answer) {
        if let Some(read) = activity(answer) {
            self.remember_activity(now, users, &read);
        }
        for user in users {
            self.changed(now, *user);
        }
    }

    fn remember_activity(&mut self, now: Now, users: &[UserId], read: &BTreeMap<UserId, u64>) {
        for user in users {
            if let Some(record) = self.record(now, *user) {
                let at_ms = read.get(user).copied().unwrap_or_default();
                record.is_read = true;
                record.written_ms = record.written_ms.max(at_ms);
                record.last_active_at_ms = record.last_active_at_ms.max(at_ms);
            }
        }
    }

    /// Whether an answer about the user would lack the time of the last activity. It is asked for
    /// only with a status that says offline.
    fn is_unread(&self, now: Now, user: UserId) -> bool {
        match self.records.get(&user) {
            Some(record) => {
                record.standing == Standing::Offline
                    && record.last_active_at_ms == 0
                    && !record.is_read
            }
            None => self.status(now, user).is_some(),
        }
    }

    fn send_statuses(&mut self, now: Now, call: &WaitingCall, read: &BTreeMap<UserId, u64>) {
        let users: BTreeSet<UserId> = call.users.iter().copied().collect();
        let statuses = users.into_iter().filter_map(|user| {
            let mut status = self.status(now, user)?;
            let read = read.get(&user).copied().unwrap_or_default();
            status.last_active_at_ms = status.last_active_at_ms.max(read);
            Some(status)
        });
        let statuses: Vec<Status> = statuses.collect();
        self.counts.statuses_answered += statuses.len() as u64;
        let answer = PresenceAnswer::Statuses(statuses);
        self.outputs.push_back(PresenceOutput::Answer(call.from, answer));
    }
}

fn activity(answer: Answer) -> Option<BTreeMap<UserId, u64>> {
    match answer {
        Answer::Store(Outcome::Ok(StoreAnswer::Activity(rows))) => Some(rows.into_iter().collect()),
        _ => None,
    }
}
