//! `write_order = "inbox-first"`: copies and answers come first, the log is written later.
//!
//! Until then the entry is in the memory of the store's process, which serves it like any other.

use std::{sync::Arc, time::Duration};

use super::{ChannelRow, StoreModel};
use crate::{
    entry::Entry,
    ids::{ChannelId, MessageId},
    ports::store::ChannelState,
    time::{Wall, nanoseconds},
};

/// An entry that its log does not have yet.
#[derive(Debug, Clone)]
pub(super) struct Unwritten {
    due: Wall,
    channel: ChannelId,
    message_id: MessageId,
    /// The channel without it.
    before: ChannelState,
}

impl ChannelRow {
    /// Puts the log's row of an entry off. The entry is about to be applied.
    pub(super) fn write_later(
        &mut self,
        wall: Wall,
        lag: Duration,
        entry: &Arc<Entry>,
    ) -> Unwritten {
        self.unwritten += 1;
        Unwritten {
            due: Wall(wall.0.saturating_add(nanoseconds(lag))),
            channel: entry.channel,
            message_id: entry.message_id,
            before: self.state.clone(),
        }
    }
}

impl StoreModel {
    /// Writes the rows whose time has come, in the order of their entries.
    pub(super) fn write_late(&mut self, wall: Wall) {
        while self.unwritten.front().is_some_and(|row| row.due <= wall)
            && let Some(written) = self.unwritten.pop_front()
        {
            if let Some(row) = self.channels.get_mut(&written.channel) {
                row.unwritten -= 1;
            }
        }
    }

    /// The store's process died at `wall`: what the logs did not have by then is gone, and its ids
    /// are given again. Copies in inboxes stay, and so do the answers. Returns how many entries were
    /// lost.
    pub fn lose_unwritten(&mut self, wall: Wall) -> usize {
        self.write_late(wall);
        if planted!(self.rules, AnswersForgotten) {
            let rows = self.devices.values_mut().flat_map(|row| row.channels.values_mut());
            rows.for_each(|row| row.window = None);
        }
        let lost = self.unwritten.len();
        while let Some(Unwritten { channel, message_id, before, .. }) = self.unwritten.pop_back() {
            if let Some(row) = self.channels.get_mut(&channel) {
                row.state = before;
                row.log.remove(message_id);
                row.unwritten -= 1;
            }
            if self.direct.get(&message_id) == Some(&channel) {
                self.direct.remove(&message_id);
            }
        }
        lost
    }
}
