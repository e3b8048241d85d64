//! One session: where its device stands and what it has not confirmed.

use std::collections::VecDeque;

use super::{ChatServer, Output, Timer, requests::Pending};
use crate::{
    frame::{Cursors, CutReason, PROTOCOL_VERSION},
    ids::{ChannelId, DeviceId, MessageId, SessionId, UserId},
    ports::{Request, routing::RoutingRequest},
    time::{Monotonic, Now},
};

/// One live connection of a device.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) user: UserId,
    pub(super) device: DeviceId,
    /// Whether its `hello` was read.
    pub(super) greeted: bool,
    /// The last place of each channel that was sent to it.
    pub(super) positions: Cursors,
    /// Entries sent above the last cursors it reported.
    pub(super) unconfirmed: VecDeque<(ChannelId, MessageId)>,
    /// Cursors that the store has written since its last heartbeat.
    pub(super) written: Cursors,
    pub(super) sync: SyncState,
    /// Appends and changes that the store has not answered.
    pub(super) open_requests: u32,
    pub(super) last_heard: Monotonic,
}

/// Whether the session is reading from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyncState {
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
            unconfirmed: VecDeque::new(),
            written: Cursors::new(),
            sync: SyncState::Idle,
            open_requests: 0,
            last_heard: now.monotonic,
        }
    }

    pub(super) fn position(&self, channel: ChannelId) -> MessageId {
        self.positions.get(&channel).copied().unwrap_or_default()
    }

    /// Notes that an entry was sent.
    pub(super) fn sent(&mut self, channel: ChannelId, message_id: MessageId) {
        let position = self.positions.entry(channel).or_default();
        *position = (*position).max(message_id);
        self.unconfirmed.push_back((channel, message_id));
    }
}

impl ChatServer {
    pub(super) fn attach(&mut self, now: Now, id: SessionId, user: UserId, device: DeviceId) {
        if let Some(reason) = self.turn_away(now) {
            self.counts.turned_away += 1;
            return self.outputs.push_back(Output::Cut(id, reason));
        }
        self.sessions.insert(id, Session::new(user, device, now));
        let silent_at = now.monotonic.after(self.config.design.silence_limit());
        self.timers.set(Timer::Silence(id), silent_at);
    }

    /// The session is registered for routing before its first sync reads, so that what is appended
    /// in between comes as a hint.
    pub(super) fn hello(&mut self, now: Now, id: SessionId, version: u32, cursors: Cursors) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.greeted || version != PROTOCOL_VERSION {
            return self.cut(now, id, CutReason::Protocol);
        }
        session.greeted = true;
        session.positions = cursors;
        let (user, device) = (session.user, session.device);
        self.sessions_of.entry(user).or_default().insert(id);
        self.presence_hello(now, id);
        if let Some(older) = self.session_of.insert(device, id) {
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
            self.counts.slow_consumers += u64::from(reason == CutReason::SlowConsumer);
            self.outputs.push_back(Output::Cut(id, reason));
            self.remove(now, id);
        }
    }

    pub(super) fn remove(&mut self, now: Now, id: SessionId) {
        let Some(session) = self.sessions.remove(&id) else { return };
        self.timers.clear(Timer::Silence(id));
        self.timers.clear(Timer::SyncRetry(id));
        self.stop_observing(now, id);
        if self.session_of.get(&session.device) == Some(&id) {
            self.session_of.remove(&session.device);
        }
        let Some(others) = self.sessions_of.get_mut(&session.user) else { return };
        others.remove(&id);
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
