//! One session: where its device stands and what it has not confirmed.

use std::collections::{BTreeSet, VecDeque};

use super::{ChatServer, Output, Timer, requests::Pending};
use crate::{
    cursor_rule::CursorRule,
    frame::{Cursors, CutReason, PROTOCOL_VERSION, Range},
    ids::{ChannelId, DeviceId, MessageId, SessionId, UserId},
    ports::{Request, routing::RoutingRequest},
    situation::Situation,
    time::{Monotonic, Now},
};

/// One live connection of a device.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) user: UserId,
    pub(super) device: DeviceId,
    /// Whether its `hello` was read.
    pub(super) greeted: bool,
    /// The last place of each channel that was sent to it; by pages alone where ids are no places.
    pub(super) positions: Cursors,
    /// Where the session has one place for all channels: the highest id that was sent to it.
    pub(super) newest: MessageId,
    /// Entries sent above the last cursors it reported. Where ids are no places, those of pages.
    pub(super) unconfirmed: VecDeque<(ChannelId, MessageId)>,
    /// Where ids are no places: live deliveries above its positions. They mark it for a read.
    pub(super) ahead: BTreeSet<(ChannelId, MessageId)>,
    /// Cursors that the store has written since its last heartbeat.
    pub(super) written: Cursors,
    pub(super) sync: SyncState,
    /// Something came live behind what it was sent, and no page has filled the hole.
    pub(super) has_hole: bool,
    /// Appends and changes that the store has not answered.
    pub(super) open_requests: u32,
    pub(super) last_heard: Monotonic,
}

/// Whether the session is reading from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyncState {
    /// A read is due: none was done yet, or the last one failed.
    Due,
    /// It has everything, as far as its server knows.
    Idle,
    /// A read is under way.
    Reading {
        /// It has to be followed by another.
        again: bool,
        /// Its page must not be sent: the device has said since then that it stands elsewhere.
        is_stale: bool,
    },
    /// It waits until the device reports a cursor.
    Waiting,
}

impl Session {
    fn new(user: UserId, device: DeviceId, now: Now) -> Self {
        Self {
            user,
            device,
            greeted: false,
            positions: Cursors::new(),
            newest: MessageId::ZERO,
            unconfirmed: VecDeque::new(),
            ahead: BTreeSet::new(),
            written: Cursors::new(),
            sync: SyncState::Due,
            has_hole: false,
            open_requests: 0,
            last_heard: now.monotonic,
        }
    }

    pub(super) fn position(&self, channel: ChannelId) -> MessageId {
        self.positions.get(&channel).copied().unwrap_or_default()
    }

    /// What a live delivery of this entry would be to the session.
    pub(super) fn offer(
        &self,
        rule: CursorRule,
        channel: ChannelId,
        message_id: MessageId,
    ) -> Offer {
        let position = self.position(channel);
        let known = position >= message_id || self.ahead.contains(&(channel, message_id));
        match rule {
            _ if known => Offer::Known,
            CursorRule::Sequence if position.next() != message_id => Offer::Behind,
            // It would move the one number past what is still to be read.
            CursorRule::Global if self.sync != SyncState::Idle => Offer::Later,
            _ => Offer::Next,
        }
    }

    /// Notes a live delivery.
    pub(super) fn hinted(&mut self, rule: CursorRule, channel: ChannelId, message_id: MessageId) {
        match rule {
            CursorRule::Sequence => self.sent(channel, message_id),
            CursorRule::ById | CursorRule::Global => {
                self.ahead.insert((channel, message_id));
                self.newest = self.newest.max(message_id);
            }
        }
    }

    /// The read that is under way may have passed over something.
    pub(super) fn read_again(&mut self) {
        if let SyncState::Reading { again, .. } = &mut self.sync {
            *again = true;
        }
    }

    /// Notes a page.
    pub(super) fn paged(&mut self, ranges: &[Range]) {
        for range in ranges {
            range.entries.iter().for_each(|entry| self.sent(range.channel, entry.message_id));
            let position = self.positions.entry(range.channel).or_default();
            *position = (*position).max(range.to);
            self.newest = self.newest.max(range.to);
        }
        let positions = &self.positions;
        self.ahead.retain(|(channel, id)| positions.get(channel).is_none_or(|to| to < id));
    }

    /// Notes where the device says that it stands.
    pub(super) fn confirmed(&mut self, cursors: &Cursors) {
        let waits = |(channel, id): &(ChannelId, MessageId)| {
            cursors.get(channel).is_none_or(|cursor| cursor < id)
        };
        self.unconfirmed.retain(waits);
        self.ahead.retain(waits);
    }

    /// Live deliveries that count against the bound of the session.
    pub(super) fn waiting(&self, rule: CursorRule) -> usize {
        match rule {
            CursorRule::Sequence => self.unconfirmed.len(),
            CursorRule::ById | CursorRule::Global => self.ahead.len(),
        }
    }

    /// Whether the log goes further than what the session was sent, and whether it was sent nothing
    /// of that live: ids that are no places tell no more.
    pub(super) fn behind(&self, rule: CursorRule, heads: &[(ChannelId, MessageId)]) -> Lag {
        let above = |(channel, head): &&(ChannelId, MessageId)| match rule {
            CursorRule::Sequence | CursorRule::ById => self.position(*channel) < *head,
            CursorRule::Global => self.newest < *head,
        };
        let mut above = heads.iter().filter(above).peekable();
        if above.peek().is_none() {
            Lag::None
        } else if above.all(|head| self.ahead.contains(head)) {
            Lag::Unsettled
        } else {
            Lag::Missing
        }
    }

    fn sent(&mut self, channel: ChannelId, message_id: MessageId) {
        let position = self.positions.entry(channel).or_default();
        *position = (*position).max(message_id);
        self.unconfirmed.push_back((channel, message_id));
    }
}

/// What a live delivery would be to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// It has the entry.
    Known,
    /// It can apply the entry.
    Next,
    /// Something is missing before it.
    Behind,
    /// The read that is due or under way has to bring it.
    Later,
}

/// How a session compares with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lag {
    /// It has everything.
    None,
    /// It was sent the heads live; a page has to confirm that nothing is missing below them.
    Unsettled,
    /// It has not been sent everything.
    Missing,
}

impl ChatServer {
    pub(super) fn attach(&mut self, now: Now, id: SessionId, user: UserId, device: DeviceId) {
        if let Some(reason) = self.turn_away(now) {
            self.counts.turned_away += 1;
            self.situations.mark(Situation::TurnedAway);
            return self.outputs.push_back(Output::Cut(id, reason));
        }
        self.sessions.insert(id, Session::new(user, device, now));
        let silent_at = now.monotonic.after(self.config.design.silence_limit());
        self.timers.set(Timer::Silence(id), silent_at);
    }

    /// The session is registered for routing before its first sync reads, so that what is appended
    /// in between comes as a hint.
    pub(super) fn hello(
        &mut self,
        now: Now,
        id: SessionId,
        version: u32,
        cursors: Cursors,
        newest: MessageId,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.greeted || version != PROTOCOL_VERSION {
            return self.cut(now, id, CutReason::Protocol);
        }
        session.greeted = true;
        (session.positions, session.newest) = (cursors, newest);
        let (user, device) = (session.user, session.device);
        self.sessions_of.entry(user).or_default().insert(id);
        self.presence_hello(now, id);
        if let Some(older) = self.session_of.insert(device, id) {
            self.situations.mark(Situation::SessionReplaced);
            self.cut(now, older, CutReason::Replaced);
        }
        if self.config.has_peers {
            self.register(now, Some(id), vec![user]);
        } else {
            self.start_sync(now, id);
        }
    }

    pub(super) fn log_out(&mut self, now: Now, device: DeviceId) {
        self.presence_log_out(now, device);
        if let Some(session) = self.session_of.get(&device).copied() {
            self.cut(now, session, CutReason::UnknownDevice);
        }
    }

    pub(super) fn cut(&mut self, now: Now, id: SessionId, reason: CutReason) {
        if let Some(session) = self.sessions.get(&id) {
            if reason == CutReason::UnknownDevice {
                self.presence_log_out(now, session.device);
            }
            match reason {
                CutReason::SlowConsumer => {
                    self.counts.slow_consumers += 1;
                    self.situations.mark(Situation::SlowConsumerCut);
                }
                CutReason::Silent => self.situations.mark(Situation::DeviceSilent),
                _ => {}
            }
            self.outputs.push_back(Output::Cut(id, reason));
            self.remove(now, id);
        }
    }

    pub(super) fn remove(&mut self, now: Now, id: SessionId) {
        let Some(session) = self.sessions.remove(&id) else { return };
        self.timers.clear(Timer::Silence(id));
        self.timers.clear(Timer::SyncRetry(id));
        self.stop_observing(now, id);
        if planted!(self.config.design, CloseIsLogout) {
            self.presence_log_out(now, session.device);
        }
        if self.session_of.get(&session.device) == Some(&id) {
            self.session_of.remove(&session.device);
        }
        let Some(others) = self.sessions_of.get_mut(&session.user) else { return };
        others.remove(&id);
        if planted!(self.config.design, OtherSessionsForgotten) {
            others.clear();
        }
        if others.is_empty() {
            self.sessions_of.remove(&session.user);
            if self.config.has_peers {
                let super::ServerConfig { server, epoch, .. } = self.config;
                let user = session.user;
                let request = RoutingRequest::Unregister { server, epoch, user };
                self.request(now, Pending::Unregister, Request::Routing(request));
            }
        }
    }

    /// The timer is set once per interval and not at every frame, so a busy session costs nothing.
    pub(super) fn check_silence(&mut self, now: Now, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else { return };
        let silent_at = session.last_heard.after(self.config.design.silence_limit());
        if silent_at <= now.monotonic {
            self.cut(now, id, CutReason::Silent);
        } else {
            self.timers.set(Timer::Silence(id), silent_at);
        }
    }
}
