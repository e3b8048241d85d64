//! Asking the store what is due, and taking it up.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Notifier, NotifierTimer, Pending, RowKey,
    pushes::IN_FLIGHT_MAX,
    rows::{ROWS_MAX, Row, Settling},
};
use crate::{
    ports::{
        Outcome, Request,
        push::PushRow,
        store::{StoreAnswer, StoreRequest},
    },
    situation::Situation,
    time::Now,
};

/// How often the store is asked what is due.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Rows that one question is to bring, beyond those that are known.
const PAGE_ROWS: usize = 256;

impl Notifier {
    /// Asks what is due. The rows that are known come again, since they are owed until they are
    /// settled, so as many more are asked for.
    pub(super) fn poll(&mut self, now: Now) {
        if !self.may_push(now) {
            return;
        }
        self.timers.set(NotifierTimer::Poll, now.monotonic.after(POLL_INTERVAL));
        self.settle_again(now);
        if std::mem::replace(&mut self.is_asking, true) {
            return;
        }
        let rows_max = (self.rows.len() + PAGE_ROWS).min(ROWS_MAX);
        let rows_max = u32::try_from(rows_max).unwrap_or(u32::MAX);
        // An answer that took longer would let a push out for what was read before that.
        let patience = self.design.request_timeout.min(self.design.push_race_max);
        let request = Request::Store(StoreRequest::PushDue { rows_max });
        self.request(Pending::Due { rows_max }, now.monotonic.after(patience), request);
    }

    pub(super) fn handle_due(&mut self, now: Now, rows_max: u32, outcome: Outcome<StoreAnswer>) {
        self.is_asking = false;
        if let Outcome::Ok(StoreAnswer::PushDue(due)) = outcome
            && self.may_push(now)
        {
            if std::mem::take(&mut self.is_new) && !due.is_empty() {
                self.situations.mark(Situation::NotifierTookOver);
            }
            self.take_up(now, due.len() >= rows_max as usize, due);
        }
        self.rows.retain(|_, row| !row.is_finished());
        self.go_on(now);
    }

    fn take_up(&mut self, now: Now, is_page_full: bool, due: Vec<PushRow>) {
        if !is_page_full {
            self.forget_all_but(now, &due);
        }
        let mut started = 0;
        let mut is_left = false;
        for row in due {
            let key = (row.user, row.channel);
            match self.rows.get(&key) {
                Some(known) if known.is_outgrown(row.up_to) => {
                    self.rows.insert(key, Row::new());
                }
                Some(known) if !known.is_ready(now.monotonic) => continue,
                None if self.rows.len() >= ROWS_MAX => {
                    self.counts.left += 1;
                    continue;
                }
                _ => {}
            }
            if self.pushes.len() >= IN_FLIGHT_MAX {
                is_left = true;
                break;
            }
            started += u32::from(self.start(now, key, row));
        }
        self.has_more = is_left || (is_page_full && started > 0);
    }

    /// Full pages follow one another at once, as long as the gateway keeps up.
    pub(super) fn go_on(&mut self, now: Now) {
        if self.has_more && self.pushes.len() <= IN_FLIGHT_MAX / 2 {
            self.has_more = false;
            self.poll(now);
        }
    }

    /// What is not owed any more was read, muted or settled by somebody else. A push that failed may
    /// have stood for a message that is not due itself: when it is, that is no first attempt.
    fn forget_all_but(&mut self, now: Now, due: &[PushRow]) {
        let owed: BTreeSet<RowKey> = due.iter().map(|row| (row.user, row.channel)).collect();
        let is_raced = |(key, row): (&RowKey, &Row)| row.is_pushed() && !owed.contains(key);
        if self.rows.iter().any(is_raced) {
            self.situations.mark(Situation::PushRaced);
        }
        let grace = self.design.push_grace.saturating_add(self.design.skew_max);
        let may_come_again =
            |row: &Row| row.failed_at.is_some_and(|failed| now.monotonic < failed.after(grace));
        self.rows
            .retain(|key, row| row.is_under_way() || owed.contains(key) || may_come_again(row));
    }

    /// One attempt: a push to each token that the store names.
    fn start(&mut self, now: Now, key: RowKey, due: PushRow) -> bool {
        if due.tokens.is_empty() {
            return false;
        }
        let row = self.rows.entry(key).or_insert_with(Row::new);
        self.counts.due += u64::from(row.failures == 0);
        self.counts.retried += u64::from(row.failures > 0);
        if std::mem::take(&mut row.is_unknown) {
            self.situations.mark(Situation::PushRepeated);
        }
        row.up_to = due.up_to;
        row.open = due.tokens.len();
        let attempt = row.failures.saturating_add(1);
        for (device, token) in due.tokens {
            self.push(now, key, due.up_to, device, token, attempt);
        }
        true
    }

    /// Pushes were taken that the store did not hear of: it is told again, and nothing is pushed.
    fn settle_again(&mut self, now: Now) {
        let is_wanted =
            |row: &Row| row.settling == Settling::Wanted && row.again_at <= now.monotonic;
        let wanted: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, row)| is_wanted(row))
            .map(|(key, row)| (*key, row.up_to))
            .take(PAGE_ROWS)
            .collect();
        wanted.into_iter().for_each(|(key, up_to)| self.settle(now, key, up_to));
    }
}
