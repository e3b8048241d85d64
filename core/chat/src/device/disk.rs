//! What a device keeps: its place in every channel, and the sends that are not settled.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    entry::mix,
    frame::{Change, Cursors},
    ids::{ChannelId, ClientId, MessageId, OperationId},
};

/// Everything that survives a restart of the device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceDisk {
    pub(super) channels: BTreeMap<ChannelId, ChannelDisk>,
}

/// What a device keeps of one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ChannelDisk {
    /// Everything up to here is applied; `None` before the first entry.
    pub(super) cursor: Option<MessageId>,
    /// The entry by which the user is a member, as far as the device knows.
    pub(super) membership: Option<MessageId>,
    /// A hash over everything applied, in order.
    pub(super) digest: u64,
    /// The membership that `last_client_id` counts under.
    pub(super) numbered: MessageId,
    pub(super) last_client_id: ClientId,
    pub(super) outbox: BTreeMap<(MessageId, ClientId), Outgoing>,
    pub(super) last_operation: OperationId,
    pub(super) change: Option<(OperationId, Change)>,
}

/// A send that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) body: Arc<str>,
    pub(super) body_hash: u64,
    pub(super) attempts: u32,
}

/// One durable step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskWrite {
    /// A message is about to be sent: number and body first, then the network.
    Queue {
        /// The conversation.
        channel: ChannelId,
        /// The membership it is sent under.
        membership: MessageId,
        /// Its number.
        client_id: ClientId,
        /// Its text.
        body: Arc<str>,
    },
    /// A send was accepted or has failed for good.
    Settle {
        /// The conversation.
        channel: ChannelId,
        /// The membership it was sent under.
        membership: MessageId,
        /// Its number.
        client_id: ClientId,
    },
    /// Entries and the cursor behind them, in one step.
    Apply {
        /// The conversation.
        channel: ChannelId,
        /// Place and body hash of each new entry, in order.
        entries: Vec<(MessageId, u64)>,
        /// The new cursor.
        cursor: MessageId,
        /// The entry by which the user is a member now.
        membership: Option<MessageId>,
    },
    /// A change of membership is about to be asked for.
    QueueChange {
        /// The group.
        channel: ChannelId,
        /// Its number.
        operation: OperationId,
        /// What to change.
        change: Change,
    },
    /// The pending change of a channel was made or has failed for good.
    SettleChange {
        /// The group.
        channel: ChannelId,
    },
}

impl DeviceDisk {
    /// Carries out one durable step.
    pub fn write(&mut self, write: &DiskWrite) {
        match write {
            DiskWrite::Queue { channel, membership, client_id, body } => {
                let row = self.channels.entry(*channel).or_default();
                (row.numbered, row.last_client_id) = (*membership, *client_id);
                let body_hash = crate::entry::body_hash(body);
                let outgoing = Outgoing { body: body.clone(), body_hash, attempts: 0 };
                row.outbox.insert((*membership, *client_id), outgoing);
            }
            DiskWrite::Settle { channel, membership, client_id } => {
                let row = self.channels.entry(*channel).or_default();
                row.outbox.remove(&(*membership, *client_id));
            }
            DiskWrite::Apply { channel, entries, cursor, membership } => {
                let row = self.channels.entry(*channel).or_default();
                for (message_id, body_hash) in entries {
                    let digest = mix(row.digest, &message_id.0.to_le_bytes());
                    row.digest = mix(digest, &body_hash.to_le_bytes());
                }
                (row.cursor, row.membership) = (Some(*cursor), *membership);
            }
            DiskWrite::QueueChange { channel, operation, change } => {
                let row = self.channels.entry(*channel).or_default();
                row.last_operation = *operation;
                row.change = Some((*operation, change.clone()));
            }
            DiskWrite::SettleChange { channel } => {
                self.channels.entry(*channel).or_default().change = None;
            }
        }
    }

    /// The device's place in every channel that it knows.
    #[must_use]
    pub fn cursors(&self) -> Cursors {
        let place = |(channel, row): (&ChannelId, &ChannelDisk)| Some((*channel, row.cursor?));
        self.channels.iter().filter_map(place).collect()
    }

    /// A hash over everything that the device holds of each channel, in order.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<ChannelId, u64> {
        let known = self.channels.iter().filter(|(_, row)| row.cursor.is_some());
        known.map(|(channel, row)| (*channel, row.digest)).collect()
    }

    /// Sends and changes that are not settled.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.channels.values().map(|row| row.outbox.len() + usize::from(row.change.is_some())).sum()
    }
}

impl ChannelDisk {
    /// The number of the next send under this membership: a new membership counts from 1.
    pub(super) fn next_client_id(&self, membership: MessageId) -> ClientId {
        if self.numbered == membership { self.last_client_id.next() } else { ClientId(1) }
    }
}
