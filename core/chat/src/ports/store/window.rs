//! The remembered answers of one device in one channel: what makes a repeated send harmless.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    frame::SendRefusal,
    ids::{ClientId, MessageId},
};

/// The last answers given to one device in one channel, and the number expected next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendWindow {
    membership: MessageId,
    next: ClientId,
    answers: VecDeque<Remembered>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    client_id: ClientId,
    body_hash: u64,
    message_id: MessageId,
    accepted_at_ms: u64,
}

/// What to do with a numbered send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It has not been seen: append it.
    Fresh,
    /// It was appended before: give the same answer.
    Repeat {
        /// Its place in the log.
        message_id: MessageId,
        /// When it was accepted.
        accepted_at_ms: u64,
    },
    /// It must not be appended.
    Refused(SendRefusal),
}

impl SendWindow {
    /// The window of a device that has sent nothing under `membership`.
    #[must_use]
    pub fn new(membership: MessageId) -> Self {
        Self { membership, next: ClientId(1), answers: VecDeque::new() }
    }

    /// The membership that this window's numbers belong to.
    #[must_use]
    pub fn membership(&self) -> MessageId {
        self.membership
    }

    /// What to do with a send of this window's membership.
    #[must_use]
    pub fn judge(
        &self,
        client_id: ClientId,
        oldest_pending: ClientId,
        body_hash: u64,
    ) -> Judgement {
        if client_id == ClientId::LAST {
            return Judgement::Refused(SendRefusal::TooOld);
        }
        let known = self.answers.iter().find(|answer| answer.client_id == client_id);
        if let Some(known) = known {
            if known.body_hash != body_hash {
                return Judgement::Refused(SendRefusal::ClientIdReused);
            }
            let Remembered { message_id, accepted_at_ms, .. } = *known;
            return Judgement::Repeat { message_id, accepted_at_ms };
        }
        // Numbers below the oldest pending one are settled for the device, so none is missing.
        let expected = self.next.max(oldest_pending.min(client_id));
        if client_id < self.next {
            Judgement::Refused(SendRefusal::TooOld)
        } else if client_id > expected {
            Judgement::Refused(SendRefusal::Gap { expected })
        } else {
            Judgement::Fresh
        }
    }

    /// Remembers the answer to a fresh send, and forgets all but the last `answers_max`.
    pub fn record(
        &mut self,
        client_id: ClientId,
        body_hash: u64,
        message_id: MessageId,
        accepted_at_ms: u64,
        answers_max: u32,
    ) {
        self.next = client_id.next();
        self.answers.push_back(Remembered { client_id, body_hash, message_id, accepted_at_ms });
        while self.answers.len() > answers_max as usize {
            self.answers.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window_after(count: u64, answers_max: u32) -> SendWindow {
        let mut window = SendWindow::new(MessageId::ZERO);
        for number in 1..=count {
            assert_eq!(window.judge(ClientId(number), ClientId(1), number), Judgement::Fresh);
            window.record(ClientId(number), number, MessageId(100 + number), 7, answers_max);
        }
        window
    }

    #[test]
    fn a_repeat_gets_the_first_answer_again() {
        let window = window_after(3, 16);
        let repeat = Judgement::Repeat { message_id: MessageId(102), accepted_at_ms: 7 };
        assert_eq!(window.judge(ClientId(2), ClientId(2), 2), repeat);
    }

    #[test]
    fn a_number_with_another_body_is_refused() {
        let refused = Judgement::Refused(SendRefusal::ClientIdReused);
        assert_eq!(window_after(3, 16).judge(ClientId(2), ClientId(2), 99), refused);
    }

    #[test]
    fn a_number_below_the_window_is_too_old() {
        let refused = Judgement::Refused(SendRefusal::TooOld);
        assert_eq!(window_after(20, 4).judge(ClientId(16), ClientId(16), 16), refused);
    }

    #[test]
    fn the_last_number_is_refused_whatever_was_settled() {
        let refused = Judgement::Refused(SendRefusal::TooOld);
        let mut window = window_after(3, 4);
        assert_eq!(window.judge(ClientId::LAST, ClientId::LAST, 1), refused);
        let almost = ClientId(u64::MAX - 1);
        assert_eq!(window.judge(almost, almost, 1), Judgement::Fresh);
        window.record(almost, 1, MessageId(104), 7, 4);
        assert_eq!(window.judge(ClientId::LAST, ClientId::LAST, 1), refused);
        assert_eq!(window.judge(ClientId(4), ClientId(4), 1), refused, "it did not wrap");
    }

    #[test]
    fn a_missing_number_is_asked_for() {
        let gap = Judgement::Refused(SendRefusal::Gap { expected: ClientId(4) });
        assert_eq!(window_after(3, 16).judge(ClientId(6), ClientId(2), 6), gap);
    }

    #[test]
    fn numbers_that_the_device_has_settled_leave_no_gap() {
        assert_eq!(window_after(3, 16).judge(ClientId(6), ClientId(6), 6), Judgement::Fresh);
        let gap = Judgement::Refused(SendRefusal::Gap { expected: ClientId(5) });
        assert_eq!(window_after(3, 16).judge(ClientId(6), ClientId(5), 6), gap);
    }
}
