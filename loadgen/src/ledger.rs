//! Who must receive what, and who did.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{ChannelId, DeviceId, MessageId};
use serde::{Deserialize, Serialize};

/// An exact account of every send of a run and of each of its deliveries.
#[derive(Debug, Clone)]
pub struct Ledger {
    late_after_ns: u64,
    sends: BTreeMap<u64, SendRow>,
    /// One bit per recipient of each send, set by its first delivery.
    delivered: Vec<u64>,
    bits_used: usize,
    places: BTreeMap<(DeviceId, ChannelId), Place>,
    faults: Faults,
    unsettled: u64,
}

/// A send that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredSend {
    /// Its number, as the text carries it. Numbers of one author count up in the order of sending.
    pub number: u64,
    /// The device that sends.
    pub author: DeviceId,
    /// The conversation.
    pub channel: ChannelId,
    /// When the schedule wants it sent.
    pub intended_ns: u64,
    /// The devices that must receive it, sorted; not the author's own.
    pub recipients: Arc<[DeviceId]>,
}

/// A send and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRow {
    /// As it was registered.
    pub send: RegisteredSend,
    /// When its first attempt went out.
    pub sent_ns: Option<u64>,
    /// When it was accepted.
    pub accepted_ns: Option<u64>,
    /// Why it was refused for good.
    pub refused: Option<String>,
    /// Whether its device asks no more what became of it.
    pub given_up: bool,
    /// To how many recipients it was delivered.
    pub delivered: u64,
    /// When it was first delivered to the latest recipient so far.
    pub latest_delivery_ns: u64,
    first_bit: usize,
}

/// What a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery<'ledger> {
    /// The recipient's first of this message. `complete` when all recipients have it now.
    First {
        /// The send.
        row: &'ledger SendRow,
        /// Whether no recipient is left.
        complete: bool,
    },
    /// The recipient had it before.
    Repeated,
    /// The device is the author's own: nothing is expected and nothing is wrong.
    Own,
    /// The device is none of the recipients.
    Unexpected,
    /// No such message was sent in this run.
    Unknown,
}

/// The account of a run, warm-up included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCounts {
    /// Sends that were begun.
    pub sends: u64,
    /// Sends that were accepted.
    pub accepted: u64,
    /// Sends that were refused for good.
    pub refused: u64,
    /// Why the first of those was refused.
    pub first_refusal: Option<String>,
    /// Sends that were neither accepted nor refused when the run ended, or were given up without an
    /// answer.
    pub unanswered: u64,
    /// Deliveries that the accepted sends call for.
    pub expected: u64,
    /// Deliveries of any send to its recipients, each counted once.
    pub delivered: u64,
    /// Deliveries of accepted sends that never came.
    pub missing: u64,
    /// Deliveries to a recipient who had the message already.
    pub duplicate: u64,
    /// Deliveries out of order: below a place in the log that the device had reached, or before
    /// a message that the same author sent earlier.
    pub reordered: u64,
    /// Deliveries to a device that is no recipient, or of a send that was refused.
    pub unexpected: u64,
    /// Deliveries of messages that this run never sent.
    pub unknown: u64,
    /// Deliveries later than the objective. They are part of the percentiles and no fault of
    /// their own.
    pub late: u64,
}

/// How far a device is in a conversation.
#[derive(Debug, Clone, Default)]
struct Place {
    message_id: MessageId,
    /// The newest number of each author.
    newest_from: BTreeMap<DeviceId, u64>,
}

/// What was found wrong while deliveries came in.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    duplicate: u64,
    reordered: u64,
    unexpected: u64,
    unknown: u64,
    late: u64,
}

impl Ledger {
    /// An empty ledger. A delivery more than `late_after_ns` after its intended time counts as
    /// late.
    #[must_use]
    pub fn new(late_after_ns: u64) -> Self {
        Self {
            late_after_ns,
            sends: BTreeMap::new(),
            delivered: Vec::new(),
            bits_used: 0,
            places: BTreeMap::new(),
            faults: Faults::default(),
            unsettled: 0,
        }
    }

    /// Notes a send before it is made. A number that is in the ledger already keeps its first row
    /// and gives `false`.
    pub fn register(&mut self, send: RegisteredSend) -> bool {
        if self.sends.contains_key(&send.number) {
            return false;
        }
        debug_assert!(send.recipients.is_sorted(), "recipients are found by their order");
        let first_bit = self.bits_used;
        self.bits_used += send.recipients.len();
        self.delivered.resize(self.bits_used.div_ceil(64), 0);
        self.unsettled += 1;
        let row = SendRow {
            send,
            sent_ns: None,
            accepted_ns: None,
            refused: None,
            given_up: false,
            delivered: 0,
            latest_delivery_ns: 0,
            first_bit,
        };
        self.sends.insert(row.send.number, row).is_none()
    }

    /// Notes when the first attempt of a send went out.
    pub fn note_sent(&mut self, number: u64, at_ns: u64) {
        if let Some(row) = self.sends.get_mut(&number) {
            row.sent_ns.get_or_insert(at_ns);
        }
    }

    /// Notes an acceptance. Gives the row when it is the first answer to a known send.
    pub fn note_accepted(&mut self, number: u64, at_ns: u64) -> Option<&SendRow> {
        let row = self.sends.get_mut(&number).filter(|row| !row.is_answered())?;
        row.accepted_ns = Some(at_ns);
        self.unsettled -= u64::from(row.is_settled());
        Some(row)
    }

    /// Notes a refusal for good. Gives the row when it is the first answer to a known send.
    pub fn note_refused(&mut self, number: u64, reason: &str) -> Option<&SendRow> {
        let row = self.sends.get_mut(&number).filter(|row| !row.is_answered())?;
        row.refused = Some(reason.to_owned());
        self.unsettled -= 1;
        Some(row)
    }

    /// Notes that nobody waits for the answer to a send any more. What was delivered of it, or will
    /// be, is neither expected nor unexpected.
    pub fn note_given_up(&mut self, number: u64) {
        if let Some(row) = self.sends.get_mut(&number).filter(|row| !row.is_answered()) {
            row.given_up = true;
            self.unsettled -= 1;
        }
    }

    /// Notes that `device` applied the message `number` at the place `message_id` of its log.
    pub fn note_delivery(
        &mut self,
        device: DeviceId,
        message_id: MessageId,
        number: u64,
        at_ns: u64,
    ) -> Delivery<'_> {
        let Some(row) = self.sends.get_mut(&number) else {
            self.faults.unknown += 1;
            return Delivery::Unknown;
        };
        let Ok(place) = row.send.recipients.binary_search(&device) else {
            if device == row.send.author {
                return Delivery::Own;
            }
            self.faults.unexpected += 1;
            return Delivery::Unexpected;
        };
        if set_bit(&mut self.delivered, row.first_bit + place) {
            self.faults.duplicate += 1;
            return Delivery::Repeated;
        }
        let was_settled = row.is_settled();
        row.delivered += 1;
        row.latest_delivery_ns = row.latest_delivery_ns.max(at_ns);
        self.unsettled -= u64::from(row.is_settled() && !was_settled);
        let reached = self.places.entry((device, row.send.channel)).or_default();
        self.faults.reordered += u64::from(!reached.advance(message_id, &row.send));
        let latency_ns = at_ns.saturating_sub(row.send.intended_ns);
        self.faults.late += u64::from(latency_ns > self.late_after_ns);
        Delivery::First { row, complete: row.is_complete() }
    }

    /// Whether every send is answered and, unless refused, delivered to all, or given up.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unsettled == 0
    }

    /// The send of this number.
    #[must_use]
    pub fn row(&self, number: u64) -> Option<&SendRow> {
        self.sends.get(&number)
    }

    /// Every send, by number.
    pub fn rows(&self) -> impl Iterator<Item = &SendRow> {
        self.sends.values()
    }

    /// The recipients that an accepted send never reached, for a report to name.
    pub fn missing(&self) -> impl Iterator<Item = (&SendRow, DeviceId)> {
        self.rows().filter(|row| row.accepted_ns.is_some() && !row.is_complete()).flat_map(
            move |row| {
                let recipients = row.send.recipients.iter().enumerate();
                recipients.filter_map(move |(place, device)| {
                    (!bit(&self.delivered, row.first_bit + place)).then_some((row, *device))
                })
            },
        )
    }

    /// The account so far. Deliveries that are still under way count as missing.
    #[must_use]
    pub fn counts(&self) -> LedgerCounts {
        let Faults { duplicate, reordered, unexpected, unknown, late } = self.faults;
        let mut counts = LedgerCounts {
            duplicate,
            reordered,
            unexpected,
            unknown,
            late,
            ..LedgerCounts::default()
        };
        for row in self.rows() {
            counts.add(row);
        }
        counts
    }
}

impl SendRow {
    /// Whether all recipients have it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.undelivered() == 0
    }

    /// How many recipients do not have it.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.send.recipients.len() as u64 - self.delivered
    }

    fn is_answered(&self) -> bool {
        self.accepted_ns.is_some() || self.refused.is_some() || self.given_up
    }

    fn is_settled(&self) -> bool {
        let is_over = self.refused.is_some() || self.given_up;
        is_over || (self.accepted_ns.is_some() && self.is_complete())
    }
}

impl LedgerCounts {
    /// Whether the server broke a promise: something missing, duplicate, reordered or where it
    /// does not belong.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.missing + self.duplicate + self.reordered + self.unexpected + self.unknown > 0
    }

    /// Whether nothing is violated and every send was accepted.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.is_violated() && self.refused + self.unanswered == 0
    }

    fn add(&mut self, row: &SendRow) {
        self.sends += 1;
        self.delivered += row.delivered;
        if let Some(reason) = &row.refused {
            self.refused += 1;
            self.first_refusal.get_or_insert_with(|| reason.clone());
            self.unexpected += row.delivered;
        } else if row.accepted_ns.is_some() {
            self.accepted += 1;
            self.expected += row.send.recipients.len() as u64;
            self.missing += row.undelivered();
        } else {
            self.unanswered += 1;
        }
    }
}

impl Place {
    /// Moves on to a message; `false` when that is a step back in the log or in its author's own
    /// order.
    fn advance(&mut self, message_id: MessageId, send: &RegisteredSend) -> bool {
        let newest = self.newest_from.entry(send.author).or_insert(send.number);
        let in_order = message_id > self.message_id && send.number >= *newest;
        *newest = send.number.max(*newest);
        self.message_id = message_id.max(self.message_id);
        in_order
    }
}

fn bit(words: &[u64], place: usize) -> bool {
    words[place / 64] & (1 << (place % 64)) != 0
}

/// Sets a bit and says whether it was set before.
fn set_bit(words: &mut [u64], place: usize) -> bool {
    let was_set = bit(words, place);
    words[place / 64] |= 1 << (place % 64);
    was_set
}
