//! From the log to the sessions of an entry's audience, here and on other chat servers.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::{
    ChatServer, Output, Timer,
    requests::Pending,
    session::{Offer, SyncState},
};
use crate::{
    cursor_rule::CursorRule,
    design::{Hints, Transport},
    entry::Entry,
    frame::{CutReason, PeerFrame},
    ids::{SessionId, UserId},
    ports::{
        Outcome, Request,
        routing::{RoutingAnswer, RoutingRequest},
    },
    time::Now,
};

impl ChatServer {
    /// Delivers a new entry to everybody in its audience, or to those here alone (`hints = local`).
    pub(super) fn publish(&mut self, now: Now, entry: &Arc<Entry>, audience: Vec<UserId>) {
        self.deliver(now, entry, &audience);
        self.push_by_presence(now, entry, &audience);
        if self.config.has_peers && self.config.design.hints == Hints::Routed {
            let server = self.config.server;
            let request = RoutingRequest::Lookup { server, users: audience };
            self.request(now, Pending::Lookup(entry.clone()), Request::Routing(request));
        }
    }

    pub(super) fn settle_lookup(&mut self, entry: &Arc<Entry>, outcome: Outcome<RoutingAnswer>) {
        // Without routes the other servers find the entry at their next comparison.
        let Outcome::Ok(RoutingAnswer::Routes(routes)) = outcome else { return };
        for (server, audience) in routes {
            self.counts.hints_sent += 1;
            let hint = PeerFrame::Hint { entry: entry.clone(), audience };
            self.outputs.push_back(Output::Peer(server, hint));
        }
    }

    /// Delivers to the local sessions of the audience, and to nobody else: the audience was fixed
    /// by the append, and this server's idea of the membership may be stale.
    ///
    /// A session that is full is cut, since its device does not keep up. With `polling` that says
    /// nothing of the device, which reports with its next poll at the earliest: what does not fit
    /// is left to the sync that follows the report.
    pub(super) fn deliver(&mut self, now: Now, entry: &Arc<Entry>, audience: &[UserId]) {
        let (rule, limit) = (self.rule, self.config.design.session_unconfirmed_max as usize);
        let holds_back = self.config.design.transport == Transport::Polling;
        let (mut receivers, mut behind) = (Vec::new(), Vec::new());
        let (mut unsettled, mut held_back) = (Vec::new(), Vec::new());
        let mut audience = Cow::Borrowed(audience);
        if planted!(self.config.design, DeliveredToFormer) {
            let readers = self.sessions.values();
            let readers = readers.filter(|it| it.positions.contains_key(&entry.channel));
            let users: BTreeSet<UserId> = readers.map(|session| session.user).collect();
            audience = users.into_iter().collect();
        }
        for user in audience.iter() {
            for id in self.sessions_of.get(user).into_iter().flatten() {
                let Some(session) = self.sessions.get_mut(id) else { continue };
                match session.offer(rule, entry.channel, entry.message_id) {
                    Offer::Known => {}
                    Offer::Behind => {
                        // Else the read that is due or under way brings it anyway.
                        session.has_hole |= session.sync == SyncState::Idle;
                        behind.push(*id);
                    }
                    Offer::Later => session.read_again(),
                    // The sync that follows waits until the device reports.
                    Offer::Next if holds_back && session.waiting(rule) >= limit => {
                        held_back.push(*id);
                    }
                    Offer::Next => {
                        session.hinted(rule, entry.channel, entry.message_id);
                        receivers.push(*id);
                        if planted!(self.config.design, PassedWhenSent) {
                            let key = (session.device, entry.channel);
                            self.cursors.insert(key, (session.user, entry.message_id));
                            self.timers.set_once(Timer::CursorFlush, now.monotonic);
                        }
                        // Only a page moves the cursor, so half of the room is left for it.
                        if rule == CursorRule::ById && session.waiting(rule) > limit / 2 {
                            unsettled.push(*id);
                        }
                    }
                }
            }
        }
        self.counts.deliveries += receivers.len() as u64;
        self.counts.holes += behind.len() as u64;
        let mut full = self.full_sessions(&receivers);
        if planted!(self.config.design, FullSessionPassedOver) {
            receivers.retain(|id| !full.contains(id));
            full.clear();
        }
        if !receivers.is_empty() {
            self.outputs.push_back(Output::Deliver { sessions: receivers, entry: entry.clone() });
        }
        let unread = behind.into_iter().chain(unsettled).chain(held_back);
        unread.for_each(|id| self.start_sync(now, id));
        full.into_iter().for_each(|id| self.cut(now, id, CutReason::SlowConsumer));
    }

    fn full_sessions(&self, receivers: &[SessionId]) -> Vec<SessionId> {
        let limit = self.config.design.session_unconfirmed_max as usize;
        let is_full = |id: &&SessionId| {
            self.sessions.get(id).is_some_and(|session| session.waiting(self.rule) > limit)
        };
        receivers.iter().filter(is_full).copied().collect()
    }
}
