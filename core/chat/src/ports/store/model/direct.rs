//! Two naive tables of direct messages: one that is read without naming a reader, and one whose key
//! is the message id alone.

use std::sync::Arc;

use super::StoreModel;
use crate::{
    design::DirectQuery,
    entry::Entry,
    frame::Range,
    ids::{ChannelId, MessageId},
    ports::store::Sync,
};

impl StoreModel {
    /// With `direct_key = "id"`: whatever direct message is under this id goes.
    pub(super) fn overwrite_direct(&mut self, channel: ChannelId, message_id: MessageId) {
        let before = self.direct.insert(message_id, channel);
        if let Some(row) = before.and_then(|before| self.channels.get_mut(&before)) {
            row.log.remove(message_id);
        }
    }

    /// The `cur_max_message_id` of the printed query: the highest cursor of the device's direct
    /// channels, those of others that it was given among them.
    pub(super) fn highest_direct(&self, sync: &Sync) -> MessageId {
        let device = self.devices.get(&sync.device);
        if self.rules.direct_query == DirectQuery::ByChannel {
            return MessageId::ZERO;
        }
        let named = sync.cursors.iter().map(|(channel, cursor)| (channel, *cursor));
        let written = device.into_iter().flat_map(|device| &device.channels);
        let written = written.map(|(channel, row)| (channel, row.cursor));
        let direct = named.chain(written).filter(|(channel, _)| channel.pair().is_some());
        direct.map(|(_, cursor)| cursor).max().unwrap_or_default().max(sync.newest)
    }

    /// `message_id > cur_max_message_id` and nothing else: the direct messages of everybody else, in
    /// the order of their ids, as far as the page has room. Whether there is more.
    pub(super) fn read_direct_of_others(
        &mut self,
        sync: &Sync,
        above: MessageId,
        ranges: &mut Vec<Range>,
    ) -> bool {
        let taken: usize = ranges.iter().map(|range| range.entries.len()).sum();
        let limit = (sync.entries_max as usize).saturating_sub(taken);
        let foreign =
            |channel: &ChannelId| channel.pair().is_some_and(|pair| !pair.contains(&sync.user));
        let rows = self.channels.iter().filter(|(channel, _)| foreign(channel));
        let mut found: Vec<&Arc<Entry>> = rows
            .flat_map(|(_, row)| row.log.range(above.next(), MessageId(u64::MAX)).take(limit + 1))
            .collect();
        found.sort_unstable_by_key(|entry| (entry.message_id, entry.channel));
        let more = found.len() > limit;
        found.truncate(limit);
        found.sort_by_key(|entry| entry.channel);
        self.counts.rows_read += found.len() as u64;
        for entries in found.chunk_by(|one, next| one.channel == next.channel) {
            let channel = entries[0].channel;
            let from = sync.cursors.get(&channel).copied().unwrap_or(above);
            let to = entries.last().map_or(from, |entry| entry.message_id);
            let (entries, membership) = (entries.iter().copied().cloned().collect(), None);
            let truncated = MessageId::ZERO;
            ranges.push(Range { channel, membership, from, to, entries, truncated });
        }
        more
    }
}
