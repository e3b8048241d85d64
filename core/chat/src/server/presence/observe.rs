//! Whom the sessions observe: friends, who are watched at the presence servers, and those whom a
//! device asks about.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::Output, ChatServer, Pending, Timer, USERS_MAX};
use crate::{
    design::PresenceMode,
    frame::{LOOK_USERS_MAX, ServerFrame},
    ids::{SessionId, UserId},
    ports::{
        Answer, Outcome, Request,
        directory::{DirectoryAnswer, DirectoryRequest},
        presence::{PresenceAnswer, PresenceRequest, Status},
    },
    server::requests,
    time::Now,
};

/// Requests to presence servers that a session's looks may have open; each look makes one for each
/// presence server that is concerned. Past that a look is refused with an error.
const LOOKS_MAX: usize = 64;

/// Watches moved to another presence server at a time; the rest follows half a second later.
const MOVED_MAX: usize = 64 * USERS_MAX;

impl ChatServer {
    /// Asks for the friends of the session's user and then for how they are, now and again every
    /// `presence_refresh`.
    pub(in crate::server) fn observe(&mut self, now: Now, id: SessionId) {
        let mode = self.config.design.presence;
        if self.presence.view.is_empty() || mode == PresenceMode::OnDemand {
            return;
        }
        let Some(session) = self.sessions.get(&id).filter(|session| session.greeted) else {
            return;
        };
        let friends = Request::Directory(DirectoryRequest::Friends { user: session.user });
        self.request(now, requests::Pending::Presence(Pending::Friends(id)), friends);
        let refresh = self.random.around(self.config.design.presence_refresh);
        self.timers.set(Timer::Observe(id), now.monotonic.after(refresh));
    }

    /// There are presence servers again: every session begins to observe, spread over a heartbeat.
    pub(super) fn observe_all(&mut self, now: Now) {
        if self.config.design.presence == PresenceMode::OnDemand {
            return;
        }
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in sessions {
            let delay = self.random.up_to(self.config.design.heartbeat);
            self.timers.set(Timer::Observe(id), now.monotonic.after(delay));
        }
    }

    /// Presence servers are asked to watch everybody whom a session observes, as if nobody was watched.
    pub(in crate::server) fn watch_again(&mut self, now: Now) {
        let presence = &mut self.presence;
        presence.unwatched.extend(presence.observers.keys());
        if !presence.unwatched.is_empty() {
            self.timers.set(Timer::Presence, now.monotonic);
        }
    }

    /// The session is gone.
    pub(in crate::server) fn stop_observing(&mut self, now: Now, id: SessionId) {
        self.timers.clear(Timer::Observe(id));
        let Some(observer) = self.presence.sessions.remove(&id) else { return };
        self.leave(now, id, observer.users);
    }

    pub(super) fn settle_friends(&mut self, now: Now, id: SessionId, answer: Answer) {
        if !self.sessions.contains_key(&id) {
            return;
        }
        if let Answer::Directory(Outcome::Ok(DirectoryAnswer::Friends { friends, .. })) = answer {
            let limit = self.config.design.presence_fanout_limit as usize;
            let are_too_many =
                self.config.design.presence == PresenceMode::Hybrid && friends.len() > limit;
            let users = if are_too_many { BTreeSet::new() } else { friends.into_iter().collect() };
            self.set_observed(now, id, users);
        } else {
            // Without an answer the session goes on observing those whom it observes already, and
            // asks again long before the next refresh: a new session observes nobody yet.
            let delay = self.random.around(self.config.design.retry_after);
            self.timers.set(Timer::Observe(id), now.monotonic.after(delay));
        }
        let observed = self.presence.sessions.get(&id).map(|observer| observer.users.clone());
        self.watch(now, Some(id), observed.unwrap_or_default());
    }

    fn set_observed(&mut self, now: Now, id: SessionId, users: BTreeSet<UserId>) {
        for user in &users {
            self.presence.observers.entry(*user).or_default().insert(id);
        }
        let observer = self.presence.sessions.entry(id).or_default();
        let before = std::mem::replace(&mut observer.users, users);
        let left = before.difference(&observer.users).copied().collect();
        self.leave(now, id, left);
    }

    fn leave(&mut self, now: Now, id: SessionId, users: BTreeSet<UserId>) {
        for user in users {
            let Some(observers) = self.presence.observers.get_mut(&user) else { continue };
            observers.remove(&id);
            if observers.is_empty() {
                self.presence.observers.remove(&user);
                self.presence.left.insert(user);
                self.schedule_presence(now);
            }
        }
    }

    /// Asks to be told of these users; the answer, how they are now, is for one session or for all
    /// who observe them.
    fn watch(&mut self, now: Now, asker: Option<SessionId>, users: BTreeSet<UserId>) {
        let (server, epoch) = (self.config.server, self.config.epoch);
        for (owner, users) in self.by_owner(users) {
            self.counts.watches += users.len() as u64;
            let request = PresenceRequest::Watch { server, epoch, users: users.clone() };
            self.ask_presence(now, owner, Pending::Watch(asker, users), request);
        }
    }

    /// Ends watches that nobody needs, and moves others to where their users are kept now.
    pub(super) fn flush_watches(&mut self, now: Now) {
        let (server, epoch) = (self.config.server, self.config.epoch);
        let observers = &self.presence.observers;
        let left = std::mem::take(&mut self.presence.left);
        let left = left.into_iter().filter(|user| !observers.contains_key(user));
        for (owner, users) in self.by_owner(left) {
            let request = PresenceRequest::Unwatch { server, epoch, users: users.clone() };
            self.ask_presence(now, owner, Pending::Unwatch(users), request);
        }
        let unwatched = &mut self.presence.unwatched;
        let moved: Vec<UserId> = unwatched.iter().take(MOVED_MAX).copied().collect();
        moved.iter().for_each(|user| {
            unwatched.remove(user);
        });
        if !unwatched.is_empty() {
            self.schedule_presence(now);
        }
        let observers = &self.presence.observers;
        let observed = moved.into_iter().filter(|user| observers.contains_key(user)).collect();
        self.watch(now, None, observed);
    }

    /// Whoever is observed again by now has perhaps been watched before the request to end it
    /// arrived.
    pub(super) fn settle_unwatch(&mut self, now: Now, users: Vec<UserId>) {
        let observers = &self.presence.observers;
        let again: Vec<UserId> =
            users.into_iter().filter(|user| observers.contains_key(user)).collect();
        if !again.is_empty() {
            self.presence.unwatched.extend(again);
            self.schedule_presence(now);
        }
    }

    /// Without an answer nothing is shown, and all of them are asked for again a while later.
    pub(super) fn settle_watch(
        &mut self,
        now: Now,
        asker: Option<SessionId>,
        users: Vec<UserId>,
        answer: Option<PresenceAnswer>,
    ) {
        match (answer, asker) {
            (Some(PresenceAnswer::Statuses(statuses)), Some(id)) => self.show(id, statuses),
            (Some(PresenceAnswer::Statuses(statuses)), None) => self.forward_statuses(&statuses),
            _ => {
                self.presence.unanswered.extend(users);
                let delay = self.random.around(self.config.design.retry_after);
                self.timers.set_once(Timer::WatchRetry, now.monotonic.after(delay));
            }
        }
    }

    pub(in crate::server) fn retry_watches(&mut self, now: Now) {
        let unanswered = std::mem::take(&mut self.presence.unanswered);
        self.presence.unwatched.extend(unanswered);
        self.schedule_presence(now);
    }

    /// Passes statuses on to whoever observes the users here, in one frame per session.
    pub(in crate::server) fn forward_statuses(&mut self, statuses: &[Status]) {
        let mut frames = BTreeMap::<SessionId, Vec<Status>>::new();
        for status in statuses {
            for session in self.presence.observers.get(&status.user).into_iter().flatten() {
                frames.entry(*session).or_default().push(*status);
            }
        }
        for (session, statuses) in frames {
            self.show(session, statuses);
        }
    }

    fn show(&mut self, session: SessionId, statuses: Vec<Status>) {
        if !statuses.is_empty() && self.sessions.contains_key(&session) {
            self.counts.statuses_sent += statuses.len() as u64;
            self.outputs.push_back(Output::Frame(session, ServerFrame::Statuses { statuses }));
        }
    }

    /// A device asks how users are.
    pub(in crate::server) fn look(&mut self, now: Now, id: SessionId, users: Vec<UserId>) {
        if self.presence.view.is_empty() {
            return;
        }
        if users.len() > LOOK_USERS_MAX {
            return self.refuse_look(id, format!("name at most {LOOK_USERS_MAX} users"));
        }
        let parts = self.by_owner(users.into_iter().collect::<BTreeSet<_>>());
        let observer = self.presence.sessions.entry(id).or_default();
        if observer.open_looks >= LOOKS_MAX {
            return self.refuse_look(id, "wait for the answers to earlier looks".into());
        }
        observer.open_looks += parts.len();
        for (owner, users) in parts {
            self.ask_presence(now, owner, Pending::Look(id), PresenceRequest::Look { users });
        }
    }

    fn refuse_look(&mut self, id: SessionId, reason: String) {
        let frame = ServerFrame::Error { field: "users".into(), reason };
        self.outputs.push_back(Output::Frame(id, frame));
    }

    pub(super) fn settle_look(&mut self, id: SessionId, answer: Option<PresenceAnswer>) {
        if let Some(observer) = self.presence.sessions.get_mut(&id) {
            observer.open_looks = observer.open_looks.saturating_sub(1);
        }
        if let Some(PresenceAnswer::Statuses(statuses)) = answer {
            self.show(id, statuses);
        }
    }
}
