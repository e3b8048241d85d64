//! `cursor = "global"`: everything above one id, in the order of the ids, whatever the channel.

use super::{StoreModel, sync::Reading};
use crate::{
    frame::Range,
    ids::{ChannelId, MessageId},
    ports::store::Sync,
    time::Wall,
};

impl StoreModel {
    /// A page is cut at one id for all channels: what has the same id beyond the cut is never read.
    pub(super) fn read_in_one_order(&mut self, wall: Wall, sync: &Sync) -> (Vec<Range>, bool) {
        let limit = sync.entries_max as usize;
        let mut readings: Vec<(ChannelId, Reading)> = Vec::new();
        while let Some(reading) =
            self.next_reading(wall, sync, readings.last().map(|(channel, _)| *channel), limit)
        {
            readings.push(reading);
        }
        let entries = readings.iter().flat_map(|(_, reading)| &reading.entries);
        let mut order: Vec<_> = entries.map(|entry| (entry.message_id, entry.channel)).collect();
        order.sort_unstable();
        let beyond = order.len() > limit || readings.iter().any(|(_, reading)| reading.more);
        let last = limit.checked_sub(1).and_then(|last| order.get(last)).copied();
        let Some(last) = last.filter(|_| beyond) else {
            let ranges = readings.into_iter().map(|(channel, reading)| {
                let head = reading.head;
                reading.into_range(channel, head)
            });
            return (ranges.collect(), beyond);
        };
        let cut = |(channel, mut reading): (ChannelId, Reading)| {
            reading.entries.retain(|entry| (entry.message_id, channel) <= last);
            let to = reading.head.min(last.0);
            let is_empty = reading.entries.is_empty() && reading.truncated == MessageId::ZERO;
            (!is_empty && to > reading.from).then(|| reading.into_range(channel, to))
        };
        (readings.into_iter().filter_map(cut).collect(), true)
    }
}
