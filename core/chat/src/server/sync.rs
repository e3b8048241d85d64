//! Reading what a session is missing, and finding out that it is missing something.

use super::{
    ChatServer, Output, Timer,
    requests::Pending,
    session::{Lag, SyncState},
};
use crate::{
    cursor_rule::CursorRule,
    frame::{Cursors, CutReason, Range, ServerFrame},
    ids::{DeviceId, MessageId, SessionId, UserId},
    ports::{
        Outcome, Request,
        store::{StoreAnswer, StoreRequest, Sync},
    },
    situation::Situation,
    time::Now,
};

/// Users in one comparison with the store.
const HEADS_USERS_MAX: usize = 1000;

impl ChatServer {
    /// Reads everything above the session's positions, page by page; one read at a time.
    pub(super) fn start_sync(&mut self, now: Now, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if matches!(session.sync, SyncState::Reading { .. }) {
            return session.read_again();
        }
        let design = &self.config.design;
        let room = (design.session_unconfirmed_max as usize)
            .saturating_sub(session.unconfirmed.len())
            .min(design.page_entries_max as usize);
        if room == 0 {
            session.sync = SyncState::Waiting;
            return;
        }
        session.sync = SyncState::Reading { again: false, is_stale: false };
        self.timers.clear(Timer::SyncRetry(id));
        let newest = match self.rule {
            CursorRule::Global => session.newest,
            CursorRule::Sequence | CursorRule::ById => MessageId::ZERO,
        };
        let sync = Sync {
            user: session.user,
            device: session.device,
            cursors: session.positions.clone(),
            newest,
            entries_max: u32::try_from(room).unwrap_or(u32::MAX),
        };
        self.request(now, Pending::Sync(id), Request::Store(StoreRequest::Sync(sync)));
    }

    /// The device says where it stands, and is believed: a page of a read that began elsewhere
    /// would leave a hole. A channel that the device does not name is one of which it has nothing.
    pub(super) fn reset_sync(
        &mut self,
        now: Now,
        id: SessionId,
        cursors: Cursors,
        newest: MessageId,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        (session.positions, session.newest) = (cursors, newest);
        session.unconfirmed.clear();
        session.ahead.clear();
        if let SyncState::Reading { is_stale, .. } = &mut session.sync {
            *is_stale = true;
        }
        self.start_sync(now, id);
    }

    pub(super) fn settle_sync(&mut self, now: Now, id: SessionId, outcome: Outcome<StoreAnswer>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let read = std::mem::replace(&mut session.sync, SyncState::Idle);
        let again = matches!(read, SyncState::Reading { again: true, .. });
        match outcome {
            Outcome::Ok(StoreAnswer::Page { .. })
                if matches!(read, SyncState::Reading { is_stale: true, .. }) =>
            {
                self.start_sync(now, id);
            }
            Outcome::Ok(StoreAnswer::Page { ranges, more }) => {
                self.send_page(id, ranges, more);
                if more || again {
                    self.start_sync(now, id);
                }
            }
            Outcome::Ok(StoreAnswer::UnknownDevice) => self.cut(now, id, CutReason::UnknownDevice),
            Outcome::Ok(other) => debug_assert!(false, "no answer to a sync: {other:?}"),
            Outcome::Unknown if planted!(self.config.design, ReadNeverOver) => session.sync = read,
            Outcome::Refused | Outcome::Unknown => {
                session.sync = SyncState::Due;
                self.situations.mark(Situation::SyncRepeated);
                let delay = self.random.around(self.config.design.request_timeout);
                self.timers.set(Timer::SyncRetry(id), now.monotonic.after(delay));
            }
        }
    }

    /// Even an empty page is sent: it tells the device that it is up to date.
    fn send_page(&mut self, id: SessionId, ranges: Vec<Range>, more: bool) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.paged(&ranges);
        if session.has_hole && ranges.iter().any(|range| !range.entries.is_empty()) {
            session.has_hole = false;
            self.situations.mark(Situation::HoleFilled);
        }
        self.counts.pages += 1;
        self.outputs.push_back(Output::Frame(id, ServerFrame::Page { ranges, more }));
    }

    /// Asks the store where every attached user stands and which devices were logged out, and
    /// registers the users again: routing is soft state and may have been lost.
    pub(super) fn resync(&mut self, now: Now) {
        let interval = self.random.around(self.config.design.resync_interval);
        self.timers.set(Timer::Resync, now.monotonic.after(interval));
        let users: Vec<UserId> = self.sessions_of.keys().copied().collect();
        if planted!(self.config.design, LeaseByConnection) {
            let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
            sessions.into_iter().for_each(|id| self.beat(now, id));
        }
        for users in users.chunks(HEADS_USERS_MAX) {
            if self.config.has_peers {
                self.register(now, None, users.to_vec());
            }
            let devices = self.attached_devices(users);
            let request = StoreRequest::Heads { users: users.to_vec(), devices };
            self.request(now, Pending::Heads, Request::Store(request));
        }
    }

    fn attached_devices(&self, users: &[UserId]) -> Vec<DeviceId> {
        let sessions = users.iter().filter_map(|user| self.sessions_of.get(user)).flatten();
        sessions.filter_map(|id| Some(self.sessions.get(id)?.device)).collect()
    }

    /// A device is logged out at one chat server and may be attached to another, which learns it
    /// here. An id never comes back, so whoever has the device's session now may be cut.
    pub(super) fn settle_heads(&mut self, now: Now, outcome: Outcome<StoreAnswer>) {
        let Outcome::Ok(StoreAnswer::Heads { mut heads, logged_out }) = outcome else { return };
        if planted!(self.config.design, ComparisonSkipped) {
            heads.clear();
        }
        for device in logged_out {
            self.log_out(now, device);
        }
        for (user, channels) in heads {
            let sessions: Vec<_> = self.sessions_of.get(&user).into_iter().flatten().collect();
            let lags = sessions.into_iter().filter_map(|id| {
                let lag = self.sessions.get(id)?.behind(self.rule, &channels);
                (lag != Lag::None).then_some((*id, lag))
            });
            for (id, lag) in lags.collect::<Vec<_>>() {
                self.counts.holes += u64::from(lag == Lag::Missing);
                let is_idle =
                    self.sessions.get(&id).is_some_and(|session| session.sync == SyncState::Idle);
                // Else the read that is due or under way would have brought it.
                if lag == Lag::Missing && is_idle {
                    self.situations.mark(Situation::FoundByComparison);
                }
                self.start_sync(now, id);
            }
        }
    }
}
