//! Ids are compared across channels, and the device keeps one number for all of them: the highest id
//! it has. Pages and live deliveries move it alike. A sync asks for what is above it, so what commits
//! below it, or was lost below it, in whatever channel, is never found.

use std::sync::Arc;

use super::{DeliveryPath, Device};
use crate::{
    device::{DiskWrite, disk::Gathered},
    entry::Entry,
    frame::Range,
    ids::{ChannelId, MessageId},
    time::Now,
};

impl Device {
    /// A live delivery is applied once, whatever its id: it is here.
    pub(super) fn take_newest(&mut self, now: Now, entry: Arc<Entry>, path: DeliveryPath) {
        let Entry { channel, message_id, .. } = *entry;
        let top = self.cursor(channel).unwrap_or_default();
        if self.knows(&entry) {
            return self.moved(now, channel, top, 1);
        }
        let cursor = top.max(message_id);
        let gathered = Gathered {
            channel,
            entries: vec![(message_id, entry.body_hash())],
            cursor: Some(cursor),
            floor: self.oldest_forgotten(channel),
            newest: message_id,
            standing: self.standing_at(&entry),
        };
        self.persist(DiskWrite::Gather(gathered));
        self.applied(now, &[entry], path);
        self.moved(now, channel, cursor, 1);
    }

    /// The number moves with the last range of the page: a device that dies before it reads the page
    /// again.
    pub(super) fn gather_newest(&mut self, now: Now, ranges: Vec<Range>) {
        let newest = ranges.iter().map(|range| range.to).max().unwrap_or_default();
        let last = ranges.len().saturating_sub(1);
        for (index, range) in ranges.into_iter().enumerate() {
            let top = self.cursor(range.channel).unwrap_or(range.from);
            self.tell_truncated(&range, top.max(range.from));
            let newest = if index == last { newest } else { MessageId::ZERO };
            self.gather_range(now, &range, top.max(range.to), range.to, newest);
        }
    }

    /// Remembered ids are bounded: when there is no room for another, the lowest counts as the end of
    /// what is known.
    fn oldest_forgotten(&self, channel: ChannelId) -> MessageId {
        let row = self.disk.channels.get(&channel);
        let full = row.filter(|row| row.ahead.len() >= self.ids_ahead_max());
        full.and_then(|row| row.ahead.first().copied()).unwrap_or_default()
    }
}
