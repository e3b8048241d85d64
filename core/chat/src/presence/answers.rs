//! What chat servers ask, and what they are answered.

use super::{CallId, PresenceOutput, PresenceServer};
use crate::{
    ids::{ServerId, UserId},
    ports::presence::{PresenceAnswer, PresenceRequest},
    time::Now,
};

impl PresenceServer {
    pub(super) fn handle_request(&mut self, now: Now, from: CallId, request: PresenceRequest) {
        let is_mine = match request {
            PresenceRequest::Beat { devices } => self.handle_beats(now, &devices),
            PresenceRequest::Logout { user, device } => self.handle_logout(now, user, device),
            PresenceRequest::Watch { server, epoch, users } => {
                self.watch(now, server, epoch, &users);
                return self.answer_about(now, from, users);
            }
            PresenceRequest::Unwatch { server, epoch, users } => {
                if self.watches.meet(server, epoch) {
                    self.schedule_lapse(now, server);
                    users.iter().for_each(|user| self.watches.remove(server, *user));
                }
                true
            }
            PresenceRequest::Look { users } => return self.answer_about(now, from, users),
        };
        let answer = if is_mine { PresenceAnswer::Done } else { PresenceAnswer::Elsewhere };
        self.outputs.push_back(PresenceOutput::Answer(from, answer));
    }

    /// Watches of users that it does not keep are taken on too: the chat server may have seen the next
    /// view first, and nothing is published of them until this server has.
    fn watch(&mut self, now: Now, server: ServerId, epoch: u64, users: &[UserId]) {
        if !self.watches.meet(server, epoch) {
            return;
        }
        self.schedule_lapse(now, server);
        let until = now.monotonic.after(2 * self.config.design.presence_refresh);
        for user in users {
            self.counts.watches += 1;
            let fits = self.watches.add(server, *user, until, self.config.limits.watches);
            self.counts.refused += u64::from(!fits);
        }
    }

    fn answer_about(&mut self, now: Now, from: CallId, users: Vec<UserId>) {
        let keeps_some = users.iter().any(|user| self.tenure.owns(*user));
        if users.is_empty() || keeps_some {
            self.answer_statuses(now, from, users);
        } else {
            let answer = PresenceAnswer::Elsewhere;
            self.outputs.push_back(PresenceOutput::Answer(from, answer));
        }
    }
}
