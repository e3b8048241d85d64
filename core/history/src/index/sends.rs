//! What devices were asked to do, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{ChannelId, ClientId, DeviceId, MessageId, OperationId, UserId};

use crate::{
    device_event::GIVEN_UP,
    event::{Event, EventBody, EventType},
};

/// When a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The line's place in the history.
    pub seq: u64,
    /// Nanoseconds since the run began.
    pub t_ns: u64,
    /// How far `t_ns` may be off, in nanoseconds.
    pub t_error_ns: u64,
}

/// A message that a user sent, with all its attempts. Its body's hash is unique in the run, so a
/// message is the same one even if a device gives it a second number.
#[derive(Debug, Clone, Copy)]
pub struct SentMessage {
    /// The author.
    pub user: UserId,
    /// The author's device.
    pub device: DeviceId,
    /// The conversation.
    pub channel: ChannelId,
    /// The membership under which it was sent first.
    pub membership: MessageId,
    /// The device's number for it, at first.
    pub client_id: ClientId,
    /// The hash of the body.
    pub body_hash: u64,
    /// When the user sent it.
    pub invoked: Option<Moment>,
    /// When the device was told that it is accepted.
    pub accepted: Option<Moment>,
    /// When it was refused for good.
    pub failed: Option<Moment>,
    /// When its device gave it up, with an outcome that stays unknown.
    pub given_up: Option<Moment>,
    /// The place that the device was told.
    pub told: Option<MessageId>,
    /// Its place: the store's, or, where the history has no line of the store, what the device was
    /// told or else what devices applied.
    pub place: Option<MessageId>,
}

/// A change of membership that a user asked for.
#[derive(Debug, Clone, Copy)]
pub struct AskedChange {
    /// The device.
    pub device: DeviceId,
    /// The group.
    pub channel: ChannelId,
    /// The device's number.
    pub operation: OperationId,
    /// When the user asked.
    pub invoked: Option<Moment>,
    /// When it was done or refused for good.
    pub settled: Option<Moment>,
}

/// Everything asked for, in the order in which it was first spoken of.
#[derive(Debug, Default)]
pub(super) struct Sends {
    pub(super) messages: Vec<SentMessage>,
    pub(super) changes: Vec<AskedChange>,
    pub(super) hashes: BTreeSet<(ChannelId, u64)>,
    message_at: BTreeMap<(u64, DeviceId, ChannelId), usize>,
    change_at: BTreeMap<(OperationId, DeviceId, ChannelId), usize>,
}

impl Moment {
    /// The moment of a line.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        Self { seq: event.seq, t_ns: event.t_ns, t_error_ns: event.t_error_ns }
    }

    /// The latest that it can have been, in nanoseconds.
    #[must_use]
    pub fn latest_ns(self) -> u64 {
        self.t_ns.saturating_add(self.t_error_ns)
    }

    /// The earliest that it can have been, in nanoseconds.
    #[must_use]
    pub fn earliest_ns(self) -> u64 {
        self.t_ns.saturating_sub(self.t_error_ns)
    }
}

impl Sends {
    /// Takes in a line; lines of other kinds are passed over.
    pub(super) fn note(&mut self, event: &Event) {
        let moment = Moment::of(event);
        match &event.body {
            EventBody::Send {
                r#type,
                user,
                device,
                channel,
                membership,
                client_id,
                body_hash,
                message_id,
                reason,
                ..
            } => {
                let (user, device, channel) = (*user, *device, *channel);
                let (membership, client_id, body_hash) = (*membership, *client_id, *body_hash);
                let fresh = SentMessage {
                    user,
                    device,
                    channel,
                    membership,
                    client_id,
                    body_hash,
                    invoked: None,
                    accepted: None,
                    failed: None,
                    given_up: None,
                    told: None,
                    place: None,
                };
                let message = self.message(fresh);
                message.told = message.told.or(*message_id);
                match r#type {
                    EventType::Invoke => first(&mut message.invoked, moment),
                    EventType::Ok => first(&mut message.accepted, moment),
                    EventType::Fail => first(&mut message.failed, moment),
                    EventType::Info if reason.as_deref() == Some(GIVEN_UP) => {
                        first(&mut message.given_up, moment);
                    }
                    EventType::Info => {}
                }
            }
            EventBody::Member { r#type, device, channel, operation, .. } => {
                let change = self.change(*device, *channel, *operation);
                match r#type {
                    EventType::Invoke => first(&mut change.invoked, moment),
                    EventType::Ok | EventType::Fail => first(&mut change.settled, moment),
                    EventType::Info => {}
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, fresh: SentMessage) -> &mut SentMessage {
        let key = (fresh.body_hash, fresh.device, fresh.channel);
        let at = *self.message_at.entry(key).or_insert_with(|| {
            self.hashes.insert((fresh.channel, fresh.body_hash));
            self.messages.push(fresh);
            self.messages.len() - 1
        });
        &mut self.messages[at]
    }

    fn change(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
        operation: OperationId,
    ) -> &mut AskedChange {
        let at = *self.change_at.entry((operation, device, channel)).or_insert_with(|| {
            let (invoked, settled) = (None, None);
            self.changes.push(AskedChange { device, channel, operation, invoked, settled });
            self.changes.len() - 1
        });
        &mut self.changes[at]
    }
}

fn first(slot: &mut Option<Moment>, moment: Moment) {
    slot.get_or_insert(moment);
}
