//! Ids are no places of a log, and there is a cursor per channel. It is moved by the pages of a sync
//! alone; live deliveries are remembered ahead of it until a page has passed them, so that the page
//! brings what was lost among them. What commits below the cursor after that is never found.

use std::sync::Arc;

use super::{DeliveryPath, Device};
use crate::{
    device::{
        DiskWrite,
        disk::{Gathered, Standing},
    },
    entry::Entry,
    frame::Range,
    ids::MessageId,
    time::Now,
};

impl Device {
    /// A live delivery above the cursor is applied once. When too many are ahead of the cursor it is
    /// left to the next page, which is asked for.
    pub(super) fn take_ahead(&mut self, now: Now, entry: Arc<Entry>, path: DeliveryPath) {
        if self.knows(&entry) {
            return;
        }
        if self.disk.ids_ahead(entry.channel) >= self.ids_ahead_max() {
            return self.ask_sync();
        }
        let gathered = Gathered {
            channel: entry.channel,
            entries: vec![(entry.message_id, entry.body_hash())],
            cursor: None,
            floor: MessageId::ZERO,
            newest: MessageId::ZERO,
            standing: self.standing_at(&entry),
        };
        self.persist(DiskWrite::Gather(gathered));
        self.applied(now, &[entry], path);
    }

    /// False when a range begins above the device's place.
    pub(super) fn gather_ranges(&mut self, now: Now, ranges: Vec<Range>) -> bool {
        for range in ranges {
            let cursor = self.cursor(range.channel).unwrap_or(range.from);
            if range.from > cursor {
                return false;
            }
            self.tell_truncated(&range, cursor);
            let to = range.to.max(cursor);
            self.gather_range(now, &range, to, to, MessageId::ZERO);
        }
        true
    }

    /// The new entries of a range, and the device's place behind it, in one durable step.
    pub(super) fn gather_range(
        &mut self,
        now: Now,
        range: &Range,
        cursor: MessageId,
        floor: MessageId,
        newest: MessageId,
    ) {
        let entries = range.entries.iter().filter(|entry| !self.knows(entry));
        let fresh: Vec<_> = entries.cloned().collect();
        let gathered = Gathered {
            channel: range.channel,
            entries: fresh.iter().map(|entry| (entry.message_id, entry.body_hash())).collect(),
            cursor: Some(cursor),
            floor,
            newest,
            standing: Some(Standing { membership: range.membership, at: range.to }),
        };
        self.persist(DiskWrite::Gather(gathered));
        self.applied(now, &fresh, DeliveryPath::Sync);
        self.moved(now, range.channel, cursor, range.entries.len());
    }

    pub(super) fn knows(&self, entry: &Entry) -> bool {
        let row = self.disk.channels.get(&entry.channel);
        row.is_some_and(|row| row.knows(entry.message_id))
    }

    /// A server sends a session no more than this without reading for it.
    pub(super) fn ids_ahead_max(&self) -> usize {
        self.design.session_unconfirmed_max as usize
    }

    pub(super) fn standing_at(&self, entry: &Entry) -> Option<Standing> {
        let membership = self.own_membership(entry)?;
        Some(Standing { membership, at: entry.message_id })
    }
}
