//! The chat server's side of presence: it passes the devices' heartbeats on to the presence servers,
//! and what those say of a user to the sessions that observe the user.
//!
//! Without a presence server in the view nothing here runs.

mod beats;
mod observe;
mod pushes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ChatServer, Timer, requests};
use crate::{
    ids::{ChannelId, DeviceId, MessageId, ServerId, SessionId, UserId},
    ports::{
        Answer, Outcome, Request,
        presence::{PresenceAnswer, PresenceRequest},
    },
    presence::PresenceView,
    time::{Monotonic, Now},
};

/// How long heartbeats are gathered. A tenth of the default heartbeat: one request carries those of a
/// tenth of all sessions, and a change is shown half a second later.
const GATHER: Duration = Duration::from_millis(500);

/// Heartbeats, or watched users, in one request at most.
const BEATS_MAX: usize = 4096;
const USERS_MAX: usize = 500;

/// What the chat server knows for presence.
#[derive(Debug, Default)]
pub(super) struct Presence {
    view: PresenceView,
    /// Devices heard lately, attached or not.
    heard: BTreeMap<DeviceId, Heard>,
    /// Those of them whose last heartbeat is not known to have reached its presence server.
    unsent: BTreeSet<DeviceId>,
    /// Devices that were logged out, until their leases would have ended anyway.
    logouts: BTreeMap<DeviceId, Logout>,
    /// Whom each session observes, and how many of its looks are open.
    sessions: BTreeMap<SessionId, Observer>,
    /// Which sessions observe a user.
    observers: BTreeMap<UserId, BTreeSet<SessionId>>,
    /// Users whom the presence server that keeps them now has to be asked to watch.
    unwatched: BTreeSet<UserId>,
    /// Users whom it was asked to watch without an answer that it does.
    unanswered: BTreeSet<UserId>,
    /// Users whom nobody observes any more.
    left: BTreeSet<UserId>,
}

/// The last heartbeat of a device.
#[derive(Debug, Clone, Copy)]
struct Heard {
    user: UserId,
    at: Monotonic,
}

/// A device that was logged out.
#[derive(Debug, Clone, Copy)]
struct Logout {
    user: UserId,
    at: Monotonic,
    state: LogoutState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogoutState {
    Due,
    Asked,
    Done,
}

/// A session as an observer.
#[derive(Debug, Default)]
struct Observer {
    users: BTreeSet<UserId>,
    open_looks: usize,
}

/// What an answer is for.
#[derive(Debug, Clone)]
pub(in crate::server) enum Pending {
    Beat(Vec<DeviceId>),
    Logout(DeviceId),
    /// The friends of the session's user.
    Friends(SessionId),
    /// For this session, or for everybody who observes them.
    Watch(Option<SessionId>, Vec<UserId>),
    Unwatch(Vec<UserId>),
    Look(SessionId),
    /// Who of a message's recipients is offline.
    PushCheck(ChannelId, MessageId),
    /// The store was told whom to push.
    Pushed,
}

impl ChatServer {
    pub(super) fn handle_presence_view(&mut self, now: Now, view: PresenceView) {
        if view.version() <= self.presence.view.version() {
            return;
        }
        let before = std::mem::replace(&mut self.presence.view, view);
        let presence = &mut self.presence;
        let view = &presence.view;
        if view.has_the_same_servers(&before) {
            return;
        }
        let moves = |user: UserId| view.moves(user, &before);
        let moved = presence.heard.iter().filter(|(_, heard)| moves(heard.user));
        presence.unsent.extend(moved.map(|(device, _)| *device));
        if !planted!(self.config.design, WatchesLeftBehind) {
            presence.unwatched.extend(presence.observers.keys().filter(|user| moves(**user)));
        }
        for logout in presence.logouts.values_mut().filter(|logout| moves(logout.user)) {
            logout.state = LogoutState::Due;
        }
        self.timers.set(Timer::Presence, now.monotonic);
        if before.is_empty() {
            self.observe_all(now);
        }
    }

    /// The session has said hello, which counts as a heartbeat.
    pub(super) fn presence_hello(&mut self, now: Now, id: SessionId) {
        self.beat(now, id);
        self.observe(now, id);
    }

    /// Sends what was gathered.
    pub(super) fn flush_presence(&mut self, now: Now) {
        if self.presence.view.is_empty() {
            // The next view that has a server tells it everything that moves to it: all of this.
            self.presence.unsent.clear();
            self.presence.unwatched.clear();
            self.presence.unanswered.clear();
            self.presence.left.clear();
            return;
        }
        self.flush_logouts(now);
        self.flush_beats(now);
        self.flush_watches(now);
    }

    pub(super) fn settle_presence(&mut self, now: Now, pending: Pending, answer: Answer) {
        if let Pending::Friends(session) = pending {
            return self.settle_friends(now, session, answer);
        }
        let answer = match answer {
            Answer::Presence(Outcome::Ok(answer)) => Some(answer),
            _ => None,
        };
        let is_done = answer == Some(PresenceAnswer::Done);
        match pending {
            Pending::Beat(devices) if !is_done => self.repeat_beats(now, devices),
            Pending::Beat(_) | Pending::Friends(_) | Pending::Pushed => {}
            Pending::Logout(device) => self.settle_logout(now, device, is_done),
            Pending::Unwatch(users) => self.settle_unwatch(now, users),
            Pending::Watch(session, users) => self.settle_watch(now, session, users, answer),
            Pending::Look(session) => self.settle_look(session, answer),
            Pending::PushCheck(channel, message_id) => {
                self.settle_push_check(now, channel, message_id, answer);
            }
        }
    }

    fn schedule_presence(&mut self, now: Now) {
        let gather = GATHER.min(self.config.design.publish_max / 4);
        self.timers.set_once(Timer::Presence, now.monotonic.after(gather));
    }

    fn ask_presence(
        &mut self,
        now: Now,
        server: ServerId,
        pending: Pending,
        request: PresenceRequest,
    ) {
        let request = Request::Presence(server, request);
        self.request(now, requests::Pending::Presence(pending), request);
    }

    /// Users by the presence server that keeps them, at most `USERS_MAX` in one part.
    fn by_owner(&self, users: impl IntoIterator<Item = UserId>) -> Vec<(ServerId, Vec<UserId>)> {
        let mut owners = BTreeMap::<ServerId, Vec<UserId>>::new();
        for user in users {
            if let Some(server) = self.presence.view.owner(user) {
                owners.entry(server).or_default().push(user);
            }
        }
        let parts = owners.into_iter().flat_map(|(server, users)| {
            let parts = users.chunks(USERS_MAX).map(|users| (server, users.to_vec()));
            parts.collect::<Vec<_>>()
        });
        parts.collect()
    }
}
