//! Ids are places of a log: entries are applied in order, and whatever does not follow directly shows
//! that something is missing.

use std::sync::Arc;

use super::{DeliveryPath, Device};
use crate::{
    device::DiskWrite,
    entry::Entry,
    frame::Range,
    ids::{ChannelId, MessageId},
    time::Now,
};

impl Device {
    /// A live delivery: the next entry, one that is known, or one behind a hole.
    pub(super) fn take_next(&mut self, now: Now, entry: Arc<Entry>) {
        let cursor = self.cursor(entry.channel).unwrap_or_default();
        if self.is_next(&entry) {
            let before = self.membership(entry.channel);
            let membership = self.own_membership(&entry).unwrap_or(before);
            self.apply(now, &[entry], None, membership, DeliveryPath::Hint);
        } else if entry.message_id > cursor {
            self.ask_sync();
        } else {
            self.moved(now, entry.channel, cursor, 1);
        }
    }

    pub(super) fn is_next(&self, entry: &Entry) -> bool {
        self.cursor(entry.channel).unwrap_or_default().next() == entry.message_id
    }

    /// False when a range begins above the device's place.
    pub(super) fn take_ranges(&mut self, now: Now, ranges: Vec<Range>) -> bool {
        for range in ranges {
            // A channel that the device does not know may begin anywhere: where it joined, or with
            // the newest history.
            let cursor = self.cursor(range.channel).unwrap_or(range.from);
            if range.from > cursor {
                return false;
            }
            self.tell_truncated(&range, cursor);
            let Range { channel, membership, to, entries, .. } = range;
            let known_to = match planted!(self.design, KnownAppliedAgain) {
                true => cursor.previous(),
                false => cursor,
            };
            let (fresh, known): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.message_id > known_to);
            if !known.is_empty() {
                self.moved(now, channel, cursor, known.len());
            }
            if to > cursor {
                self.apply_range(now, channel, &fresh, to, membership);
            }
        }
        true
    }

    fn apply_range(
        &mut self,
        now: Now,
        channel: ChannelId,
        entries: &[Arc<Entry>],
        to: MessageId,
        membership: Option<MessageId>,
    ) {
        if entries.is_empty() {
            let entries = Vec::new();
            self.persist(DiskWrite::Apply { channel, entries, cursor: to, membership });
            self.moved(now, channel, to, 1);
        } else {
            self.apply(now, entries, Some(to), membership, DeliveryPath::Sync);
        }
    }

    /// Entries and cursor in one durable step, then everything that follows from them.
    pub(super) fn apply(
        &mut self,
        now: Now,
        entries: &[Arc<Entry>],
        to: Option<MessageId>,
        membership: Option<MessageId>,
        path: DeliveryPath,
    ) {
        let Some(last) = entries.last() else { return };
        let (channel, cursor) = (last.channel, to.unwrap_or(last.message_id));
        let rows = entries.iter().map(|entry| (entry.message_id, entry.body_hash())).collect();
        self.persist(DiskWrite::Apply { channel, entries: rows, cursor, membership });
        self.applied(now, entries, path);
        self.moved(now, channel, cursor, entries.len());
    }
}
