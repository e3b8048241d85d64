//! Changes of membership, from a session or over HTTP to the store and back.

use super::{ChatServer, Output, send::Write};
use crate::{
    frame::{ChangeFrame, ChangeOutcome, ChangeRefusal, ServerFrame},
    ids::{DeviceId, MessageId, SessionId, UserId},
    ports::{
        Outcome,
        store::{ChangeRequest, StoreAnswer},
    },
    time::Now,
};

/// Who asked for a change of membership.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker {
    Session(SessionId),
    Api(u64),
}

/// A change of membership on its way to the store.
#[derive(Debug, Clone)]
pub(super) struct PendingChange {
    asker: Asker,
    pub(super) request: ChangeRequest,
    /// How often it asked again for the sake of its id.
    pub(super) tries: u32,
}

impl ChatServer {
    pub(super) fn handle_change(
        &mut self,
        now: Now,
        asker: Asker,
        user: UserId,
        device: DeviceId,
        frame: ChangeFrame,
    ) {
        let ChangeFrame { channel, operation, change } = frame;
        let given_id = MessageId::ZERO;
        let request = ChangeRequest { user, device, channel, operation, change, given_id };
        let pending = PendingChange { asker, request, tries: 0 };
        if let Asker::Session(id) = asker {
            let open = self.sessions.get(&id).map_or(0, |session| session.open_requests);
            if open >= self.config.design.session_requests_max {
                return self.answer(&pending, ChangeOutcome::Refused(ChangeRefusal::Busy));
            }
            self.count_open(id, 1);
        }
        self.start_write(now, Write::Change(pending));
    }

    pub(super) fn settle_change(
        &mut self,
        now: Now,
        pending: PendingChange,
        outcome: Outcome<StoreAnswer>,
    ) {
        if outcome == Outcome::Ok(StoreAnswer::IdTaken) {
            return self.write_again(now, Write::Change(pending));
        }
        if let Asker::Session(id) = pending.asker {
            self.count_open(id, -1);
        }
        let outcome = match outcome {
            Outcome::Ok(StoreAnswer::Changed(changed)) => {
                if let Some((entry, audience)) = changed.written {
                    self.publish(now, &entry, audience);
                }
                ChangeOutcome::Accepted(changed.message_id)
            }
            Outcome::Ok(StoreAnswer::ChangeRefused(reason)) => ChangeOutcome::Refused(reason),
            Outcome::Refused => ChangeOutcome::Refused(ChangeRefusal::Busy),
            Outcome::Ok(_) | Outcome::Unknown => ChangeOutcome::Refused(ChangeRefusal::Unavailable),
        };
        self.answer(&pending, outcome);
    }

    fn answer(&mut self, pending: &PendingChange, outcome: ChangeOutcome) {
        let ChangeRequest { channel, operation, .. } = pending.request;
        match pending.asker {
            Asker::Session(id) => {
                self.tell(id, ServerFrame::Changed { channel, operation, outcome });
            }
            Asker::Api(call) => self.outputs.push_back(Output::ApiAnswer(call, outcome)),
        }
    }
}
