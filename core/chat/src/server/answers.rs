//! What the server asks of its ports, and whom an answer is for.

use super::{ChatServer, Output, ServerConfig, Timer, requests::Pending};
use crate::{
    ids::{RequestId, SessionId, UserId},
    ports::{Answer, Request, routing::RoutingRequest},
    situation::Situation,
    time::Now,
};

impl ChatServer {
    pub(super) fn handle_answer(&mut self, now: Now, id: RequestId, answer: Answer) {
        if let Some(pending) = self.requests.take(id) {
            self.timers.clear(Timer::Deadline(id));
            self.settle(now, pending, answer);
        } else if let Some(late) = self.requests.take_late(id) {
            self.situations.mark(Situation::AnswerAfterDeadline);
            self.settle_late(now, &late, answer);
        }
    }

    pub(super) fn handle_deadline(&mut self, now: Now, id: RequestId) {
        if let Some(pending) = self.requests.take(id) {
            let answer = pending.unknown();
            self.counts.late_forgotten += u64::from(self.requests.keep_late(id, &pending));
            self.settle(now, pending, answer);
        }
    }

    fn settle(&mut self, now: Now, pending: Pending, answer: Answer) {
        match (pending, answer) {
            (Pending::Append(send), Answer::Store(outcome)) => {
                self.settle_append(now, send, outcome);
            }
            (Pending::Change(change), Answer::Store(outcome)) => {
                self.settle_change(now, change, outcome);
            }
            (Pending::Sync(session), Answer::Store(outcome)) => {
                self.settle_sync(now, session, outcome);
            }
            (Pending::Cursors(reports), Answer::Store(outcome)) => {
                self.settle_cursors(&reports, &outcome);
            }
            (Pending::Heads, Answer::Store(outcome)) => self.settle_heads(now, outcome),
            (Pending::Register(session), Answer::Routing(_)) => {
                // Whatever became of it: a hint that goes astray is found by the next comparison.
                if let Some(session) = session {
                    self.start_sync(now, session);
                }
            }
            (Pending::Lookup(entry), Answer::Routing(outcome)) => {
                self.settle_lookup(&entry, outcome);
            }
            (Pending::NextId(write), Answer::NextId(outcome)) => {
                self.settle_next_id(now, write, outcome);
            }
            (Pending::Worker(number), Answer::Registry(outcome)) => {
                self.settle_worker(now, number, outcome);
            }
            (Pending::Unregister, _) => {}
            (Pending::Lease(number), Answer::Registry(outcome)) => {
                self.settle_lease(now, number, outcome);
            }
            (Pending::Watch, Answer::Registry(outcome)) => self.settle_registry(now, outcome),
            (Pending::Presence(pending), answer) => self.settle_presence(now, pending, answer),
            (pending, _) => debug_assert!(false, "an answer of another port for {pending:?}"),
        }
    }

    pub(super) fn request(&mut self, now: Now, pending: Pending, request: Request) {
        let deadline = now.monotonic.after(self.config.design.request_timeout);
        let id = self.requests.insert(pending);
        self.timers.set(Timer::Deadline(id), deadline);
        self.outputs.push_back(Output::Request { id, deadline, request });
    }

    pub(super) fn register(&mut self, now: Now, session: Option<SessionId>, users: Vec<UserId>) {
        let ServerConfig { server, epoch, .. } = self.config;
        let request = RoutingRequest::Register { server, epoch, users };
        self.request(now, Pending::Register(session), Request::Routing(request));
    }
}
