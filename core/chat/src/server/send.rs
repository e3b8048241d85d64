//! From a session to the store and back: sends.

use std::sync::Arc;

use super::{
    ChatServer, Output, Timer,
    change::PendingChange,
    requests::{Late, Pending},
    session::Offer,
};
use crate::{
    design::{Accept, Retry},
    entry::{Content, Entry},
    frame::{SendFrame, SendRefusal, ServerFrame},
    ids::{ChannelId, DeviceId, MessageId, SessionId, UserId},
    ports::{
        Answer, Outcome, Request,
        store::{Append, Appended, StoreAnswer, StoreRequest},
    },
    situation::Situation,
    time::Now,
};

/// A send on its way to the store.
#[derive(Debug, Clone)]
pub(super) struct Send {
    session: SessionId,
    append: Append,
    /// Whether the sender was told already (`accept = on-receipt`).
    promised: bool,
    /// How often it asked again for the sake of its id.
    tries: u32,
    /// Whether a repeat of it was answered before it was.
    overtaken: bool,
}

impl Send {
    pub(super) fn append(&self) -> &Append {
        &self.append
    }

    pub(super) fn overtaken_by(&mut self, repeat: &Self) {
        let of = |send: &Self| {
            let Append { device, channel, membership, client_id, .. } = send.append;
            (send.session, device, channel, membership, client_id)
        };
        self.overtaken |= of(self) == of(repeat);
    }
}

/// Something that the store is to write.
#[derive(Debug, Clone)]
pub(super) enum Write {
    Append(Send),
    Change(PendingChange),
}

impl Write {
    pub(super) fn tries_mut(&mut self) -> &mut u32 {
        match self {
            Self::Append(send) => &mut send.tries,
            Self::Change(change) => &mut change.tries,
        }
    }
}

/// Sends that were promised before their append and wait for another try, at most.
const RETRIES_MAX: usize = 10_000;

impl ChatServer {
    pub(super) fn handle_send(
        &mut self,
        now: Now,
        session: SessionId,
        user: UserId,
        device: DeviceId,
        frame: SendFrame,
    ) {
        let design = &self.config.design;
        let promised = design.accept == Accept::OnReceipt || planted!(design, AcceptedBeforeAppend);
        if let Some(reason) = self.refuse_early(session, &frame) {
            let SendFrame { channel, membership, client_id, .. } = frame;
            let refused = ServerFrame::Refused { channel, membership, client_id, reason };
            return self.outputs.push_back(Output::Frame(session, refused));
        }
        let SendFrame { channel, membership, client_id, oldest_pending, body } = frame;
        let given_id = MessageId::ZERO;
        let append =
            Append { user, device, channel, membership, client_id, oldest_pending, body, given_id };
        let send = Send { session, append, promised, tries: 0, overtaken: false };
        if promised {
            self.promise(now, &send);
        }
        self.append(now, send);
    }

    /// The sender is told that the send is accepted, and not where it is in the log.
    fn promise(&mut self, now: Now, send: &Send) {
        let Append { channel, membership, client_id, .. } = send.append;
        let (message_id, accepted_at_ms) = (None, now.wall.milliseconds());
        let accepted =
            ServerFrame::Accepted { channel, membership, client_id, message_id, accepted_at_ms };
        self.tell(send.session, accepted);
    }

    /// The size is checked on the device and again here; a full queue consumes nothing.
    fn refuse_early(&self, session: SessionId, frame: &SendFrame) -> Option<SendRefusal> {
        let design = &self.config.design;
        if frame.body.len() > design.message_bytes_max as usize {
            return Some(SendRefusal::TooLarge { limit: design.message_bytes_max });
        }
        let open = self.sessions.get(&session).map_or(0, |session| session.open_requests);
        (open >= design.session_requests_max).then_some(SendRefusal::Busy)
    }

    fn append(&mut self, now: Now, send: Send) {
        self.count_open(send.session, 1);
        self.start_write(now, Write::Append(send));
    }

    /// With the id that the write was given; zero where the log gives it.
    pub(super) fn ask_store(&mut self, now: Now, write: Write, given_id: MessageId) {
        let (pending, request) = match write {
            Write::Append(mut send) => {
                send.append.given_id = given_id;
                let request = StoreRequest::Append(send.append.clone());
                (Pending::Append(send), request)
            }
            Write::Change(mut change) => {
                change.request.given_id = given_id;
                let request = StoreRequest::Change(change.request.clone());
                (Pending::Change(change), request)
            }
        };
        self.request(now, pending, Request::Store(request));
    }

    pub(super) fn settle_write(&mut self, now: Now, write: Write, outcome: Outcome<StoreAnswer>) {
        match write {
            Write::Append(send) => self.settle_append(now, send, outcome),
            Write::Change(change) => self.settle_change(now, change, outcome),
        }
    }

    pub(super) fn count_open(&mut self, session: SessionId, change: i32) {
        if let Some(session) = self.sessions.get_mut(&session) {
            session.open_requests = session.open_requests.saturating_add_signed(change);
        }
    }

    pub(super) fn settle_append(&mut self, now: Now, send: Send, outcome: Outcome<StoreAnswer>) {
        if outcome == Outcome::Ok(StoreAnswer::IdTaken) {
            return self.write_again(now, Write::Append(send));
        }
        self.count_open(send.session, -1);
        if outcome == Outcome::Unknown {
            self.situations.mark(Situation::AppendUnknown);
        }
        match outcome {
            Outcome::Ok(StoreAnswer::Appended(appended)) => self.accept(now, &send, appended),
            Outcome::Ok(StoreAnswer::AppendRefused(reason)) => self.refuse(&send, reason),
            Outcome::Ok(other) => debug_assert!(false, "no answer to an append: {other:?}"),
            Outcome::Refused | Outcome::Unknown if send.promised => self.keep(now, send),
            Outcome::Unknown if planted!(self.config.design, UnknownTakenForDone) => {
                self.promise(now, &send);
            }
            Outcome::Refused => self.refuse(&send, SendRefusal::Busy),
            Outcome::Unknown => self.refuse(&send, SendRefusal::Unavailable),
        }
    }

    fn accept(&mut self, now: Now, send: &Send, appended: Appended) {
        let Append { channel, membership, client_id, .. } = send.append;
        let Appended { message_id, accepted_at_ms, audience, repeat } = appended;
        if !send.promised {
            self.tell(
                send.session,
                ServerFrame::Accepted {
                    channel,
                    membership,
                    client_id,
                    message_id: Some(message_id),
                    accepted_at_ms,
                },
            );
            // After a repeat the device may have settled the send before it could apply the entry,
            // and a device that does not keep to its numbers may have forgotten this one: then only
            // the entry itself will do. Answers may overtake each other.
            let is_first = !repeat && !send.overtaken;
            if is_first && self.config.design.retry == Retry::Numbered {
                self.pass_accepted(send.session, channel, message_id);
            }
        }
        if repeat {
            self.requests.overtake(send);
            self.counts.repeats += 1;
            self.situations.mark(Situation::RetryMetAppend);
            return;
        }
        self.counts.appends += 1;
        self.publish(now, &entry_of(&send.append, message_id, accepted_at_ms), audience);
    }

    /// The asker was told at the deadline that it is not known what became of it, and asks again;
    /// everybody else need not wait for the next comparison.
    pub(super) fn settle_late(&mut self, now: Now, late: &Late, answer: Answer) {
        let (entry, audience) = match (late, answer) {
            (Late::Append(append), Answer::Store(Outcome::Ok(StoreAnswer::Appended(appended)))) => {
                if appended.repeat {
                    return;
                }
                self.counts.appends += 1;
                let Appended { message_id, accepted_at_ms, audience, .. } = appended;
                (entry_of(append, message_id, accepted_at_ms), audience)
            }
            (Late::Change, Answer::Store(Outcome::Ok(StoreAnswer::Changed(changed)))) => {
                let Some(written) = changed.written else { return };
                written
            }
            _ => return,
        };
        self.counts.late_published += 1;
        self.publish(now, &entry, audience);
    }

    /// On the device that sent it the acceptance is the delivery, when the device can apply it. A
    /// session that is full gets the entry like any other, and is cut for it.
    fn pass_accepted(&mut self, id: SessionId, channel: ChannelId, message_id: MessageId) {
        let (rule, limit) = (self.rule, self.config.design.session_unconfirmed_max as usize);
        if let Some(session) = self.sessions.get_mut(&id)
            && session.waiting(rule) < limit
            && session.offer(rule, channel, message_id) == Offer::Next
        {
            session.hinted(rule, channel, message_id);
        }
    }

    fn refuse(&mut self, send: &Send, reason: SendRefusal) {
        let Append { channel, membership, client_id, .. } = send.append;
        if !send.promised {
            let refused = ServerFrame::Refused { channel, membership, client_id, reason };
            self.tell(send.session, refused);
        } else {
            self.counts.promises_broken += 1;
        }
    }

    fn keep(&mut self, now: Now, send: Send) {
        if self.retries.len() < RETRIES_MAX {
            self.retries.push_back(send);
            let again = now.monotonic.after(self.config.design.retry_after);
            self.timers.set_once(Timer::AppendRetry, again);
        } else {
            self.counts.promises_broken += 1;
        }
    }

    pub(super) fn retry_appends(&mut self, now: Now) {
        for send in std::mem::take(&mut self.retries) {
            self.append(now, send);
        }
    }

    /// Sends a frame to a session that may have gone in the meantime.
    pub(super) fn tell(&mut self, id: SessionId, frame: ServerFrame) {
        if self.sessions.contains_key(&id) {
            self.outputs.push_back(Output::Frame(id, frame));
        }
    }
}

fn entry_of(append: &Append, message_id: MessageId, accepted_at_ms: u64) -> Arc<Entry> {
    let Append { user, device, channel, client_id, .. } = *append;
    let (number, content) = (client_id.0, Content::Text(append.body.clone()));
    Arc::new(Entry { channel, message_id, user, device, number, accepted_at_ms, content })
}
