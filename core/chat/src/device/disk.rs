//! What a device keeps: its place in every channel, and the sends that are not settled.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    entry::mix,
    frame::{Change, Cursors},
    ids::{ChannelId, ClientId, MessageId, OperationId},
    random::Random,
};

/// Everything that survives a restart of the device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceDisk {
    pub(super) channels: BTreeMap<ChannelId, ChannelDisk>,
    /// With `cursor = global`: the highest id that the device has, in whatever channel.
    pub(super) newest: MessageId,
}

/// What a device keeps of one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ChannelDisk {
    /// Everything up to here is applied; `None` before the first entry. With `cursor = global` the
    /// highest id that is applied.
    pub(super) cursor: Option<MessageId>,
    /// Where ids are no places of a log: the ids above `floor` that are applied.
    pub(super) ahead: BTreeSet<MessageId>,
    /// Where ids are no places: whatever is not above it counts as known.
    pub(super) floor: MessageId,
    /// The entry by which the user is a member, as far as the device knows.
    pub(super) membership: Option<MessageId>,
    /// Where ids are no places, and entries may come in any order: the id up to which `membership`
    /// takes account of the log.
    pub(super) membership_at: MessageId,
    /// A hash over everything applied: in order where ids are places of a log, else over the set,
    /// since two devices may meet the same entries in another order.
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
    /// Its first number, by which events name it whatever number it is sent under.
    pub(super) invoked_as: ClientId,
    pub(super) attempts: u32,
    /// Whether an attempt of it may have reached the store.
    pub(super) may_be_stored: bool,
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
    /// A send was accepted, has failed for good or was given up.
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
    /// Entries whose ids are no places of a log, and what follows from them, in one step.
    Gather(Gathered),
    /// Every send that waits under this membership gets a fresh number, in order, and its old one is
    /// forgotten (`retry = blind`).
    Renumber {
        /// The conversation.
        channel: ChannelId,
        /// The membership.
        membership: MessageId,
        /// The number of the oldest from now on.
        first: ClientId,
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

/// What a device learned of a channel where ids are no places of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// The conversation.
    pub channel: ChannelId,
    /// Id and body hash of each new entry.
    pub entries: Vec<(MessageId, u64)>,
    /// The new cursor; `None` when it stays.
    pub cursor: Option<MessageId>,
    /// From now on nothing up to here counts as new.
    pub floor: MessageId,
    /// The highest id that the device has, in whatever channel; it only rises.
    pub newest: MessageId,
    /// The user's own membership, if something was learned of it.
    pub standing: Option<Standing>,
}

/// A user's membership of a channel, as of an id. An older one changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The entry by which the user is a member; `None` when they are not.
    pub membership: Option<MessageId>,
    /// The id up to which the log was looked at.
    pub at: MessageId,
}

impl DeviceDisk {
    /// Carries out one durable step.
    pub fn write(&mut self, write: &DiskWrite) {
        match write {
            DiskWrite::Queue { channel, membership, client_id, body } => {
                let row = self.channels.entry(*channel).or_default();
                (row.numbered, row.last_client_id) = (*membership, *client_id);
                let body_hash = crate::entry::body_hash(body);
                let (body, invoked_as) = (body.clone(), *client_id);
                let (attempts, may_be_stored) = (0, false);
                let outgoing = Outgoing { body, body_hash, invoked_as, attempts, may_be_stored };
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
            DiskWrite::Gather(gathered) => {
                self.newest = self.newest.max(gathered.newest);
                self.channels.entry(gathered.channel).or_default().gather(gathered);
            }
            DiskWrite::Renumber { channel, membership, first } => {
                self.channels.entry(*channel).or_default().renumber(*membership, *first);
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

    /// With `cursor = global`: the highest id that the device has, in whatever channel; else zero.
    #[must_use]
    pub fn newest(&self) -> MessageId {
        self.newest
    }

    /// Where ids are no places of a log: how many ids the device remembers of a channel.
    #[must_use]
    pub fn ids_ahead(&self, channel: ChannelId) -> usize {
        self.channels.get(&channel).map_or(0, |row| row.ahead.len())
    }

    /// A hash over everything that the device holds of each channel: the same on two devices that
    /// hold the same. Where ids are places of a log it goes over the entries in order; elsewhere it
    /// is a sum over the entries, since live deliveries and pages come in any order.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<ChannelId, u64> {
        let holds = |row: &ChannelDisk| row.cursor.is_some() || !row.ahead.is_empty();
        let known = self.channels.iter().filter(|(_, row)| holds(row));
        known.map(|(channel, row)| (*channel, row.digest)).collect()
    }

    /// Sends and changes that are not settled.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.channels.values().map(|row| row.outbox.len() + usize::from(row.change.is_some())).sum()
    }
}

impl ChannelDisk {
    /// Whether an entry with this id counts as applied, where ids are no places of a log.
    pub(super) fn knows(&self, message_id: MessageId) -> bool {
        message_id <= self.floor || self.ahead.contains(&message_id)
    }

    fn gather(&mut self, gathered: &Gathered) {
        for (message_id, body_hash) in &gathered.entries {
            let pair = mix(crate::body_hash(""), &message_id.0.to_le_bytes());
            // FNV alone is too weak for a sum: similar inputs give similar hashes.
            let hash = Random::new(mix(pair, &body_hash.to_le_bytes())).next();
            self.digest = self.digest.wrapping_add(hash);
            self.ahead.insert(*message_id);
        }
        self.cursor = gathered.cursor.or(self.cursor);
        self.floor = self.floor.max(gathered.floor);
        self.ahead.retain(|message_id| *message_id > self.floor);
        if let Some(Standing { membership, at }) = gathered.standing
            && at >= self.membership_at
        {
            (self.membership, self.membership_at) = (membership, at);
        }
    }

    fn renumber(&mut self, membership: MessageId, first: ClientId) {
        let waits = |key: &(MessageId, ClientId)| key.0 == membership;
        let keys: Vec<_> = self.outbox.keys().copied().filter(waits).collect();
        let sends: Vec<_> = keys.iter().filter_map(|key| self.outbox.remove(key)).collect();
        let mut fresh = first;
        for outgoing in sends {
            self.outbox.insert((membership, fresh), outgoing);
            self.last_client_id = fresh;
            fresh = fresh.next();
        }
    }

    /// The number of the next send under this membership: a new membership counts from 1.
    pub(super) fn next_client_id(&self, membership: MessageId) -> ClientId {
        if self.numbered == membership { self.last_client_id.next() } else { ClientId(1) }
    }
}
