//! `cursor = "global"`: everything above one id, in the order of the ids, whatever the channel.

use hubbub_chat::{frame::Range, ids::MessageId, ports::store::Sync, time::Wall};

use super::{reading::Reading, state::State};
use crate::store::StoreError;

impl State {
    /// A page is cut at one id for all channels: what has the same id beyond the cut is never read.
    pub(super) fn read_in_one_order(
        &mut self,
        wall: Wall,
        sync: &Sync,
    ) -> Result<(Vec<Range>, bool), StoreError> {
        let limit = sync.entries_max as usize;
        let mut readings = Vec::new();
        for (channel, reader) in self.readers(sync.user)? {
            readings.extend(self.read(wall, sync, channel, &reader, limit)?);
        }
        Ok(cut(readings, limit))
    }
}

fn cut(readings: Vec<Reading>, limit: usize) -> (Vec<Range>, bool) {
    let entries = readings.iter().flat_map(|reading| &reading.entries);
    let mut order: Vec<_> = entries.map(|entry| (entry.message_id, entry.channel)).collect();
    order.sort_unstable();
    let beyond = order.len() > limit || readings.iter().any(|reading| reading.more);
    let last = limit.checked_sub(1).and_then(|last| order.get(last)).copied();
    let Some(last) = last.filter(|_| beyond) else {
        let whole = |reading: Reading| {
            let head = reading.head;
            reading.into_range(head)
        };
        return (readings.into_iter().map(whole).collect(), beyond);
    };
    let part = |mut reading: Reading| {
        let channel = reading.channel;
        reading.entries.retain(|entry| (entry.message_id, channel) <= last);
        let to = reading.head.min(last.0);
        let is_empty = reading.entries.is_empty() && reading.truncated == MessageId::ZERO;
        (!is_empty && to > reading.from).then(|| reading.into_range(to))
    };
    (readings.into_iter().filter_map(part).collect(), true)
}
