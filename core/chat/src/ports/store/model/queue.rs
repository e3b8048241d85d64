//! `fanout = "shared-queue"`: one queue for everybody, in which each reader looks for what is theirs.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{REMOVALS_MAX, StoreModel, end_ms};
use crate::{
    entry::Entry,
    ids::{ChannelId, MessageId},
    ports::store::Sync,
    time::Wall,
};

/// Rows of the queue at most. The oldest one goes, and whoever has not read it finds it in the log.
const QUEUE_ROWS_MAX: usize = 1_000_000;

/// The queue: an entry's place and nothing of whom it is for.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedQueue {
    /// How many rows are gone.
    gone: u64,
    rows: VecDeque<Queued>,
}

#[derive(Debug, Clone, Copy)]
struct Queued {
    channel: ChannelId,
    message_id: MessageId,
    accepted_at_ms: u64,
}

impl SharedQueue {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn add(&mut self, wall: Wall, entry: &Arc<Entry>, kept: Duration) {
        let Entry { channel, message_id, accepted_at_ms, .. } = **entry;
        self.remove_old(wall, kept);
        self.rows.push_back(Queued { channel, message_id, accepted_at_ms });
        if self.rows.len() > QUEUE_ROWS_MAX {
            self.remove_first();
        }
    }

    pub(super) fn remove_old(&mut self, wall: Wall, kept: Duration) -> usize {
        let now_ms = wall.milliseconds();
        let mut removed = 0;
        while removed < REMOVALS_MAX
            && self.rows.front().is_some_and(|row| end_ms(row.accepted_at_ms, kept) <= now_ms)
        {
            self.remove_first();
            removed += 1;
        }
        removed
    }

    fn remove_first(&mut self) {
        self.rows.pop_front();
        self.gone += 1;
    }

    /// The place of the first row that is still there, from `position` on, and that and all others.
    fn from(&self, position: u64) -> (u64, impl Iterator<Item = &Queued>) {
        let first = position.max(self.gone);
        let skipped = usize::try_from(first - self.gone).unwrap_or(usize::MAX);
        (first, self.rows.iter().skip(skipped))
    }
}

impl StoreModel {
    /// Looks through everything above the reader's position until there is a page of theirs, and
    /// moves the position over what they have or may not see. The page itself is read from the logs.
    pub(super) fn look_through_queue(&mut self, wall: Wall, sync: &Sync) {
        self.queue.remove_old(wall, self.rules.retention);
        let Some(device) = self.devices.get(&sync.device) else { return };
        let (mut position, rows) = self.queue.from(device.position);
        let (mut looked, mut theirs) = (0, 0);
        for row in rows {
            looked += 1;
            let unread = row.message_id > self.start(sync, device, row.channel)
                && self.channels[&row.channel].state.is_visible(sync.user, row.message_id);
            if unread {
                theirs += 1;
            } else if theirs == 0 {
                position += 1;
            }
            if theirs > sync.entries_max {
                break;
            }
        }
        self.counts.rows_looked_through += looked;
        self.counts.stretches_read += 1;
        if let Some(device) = self.devices.get_mut(&sync.device) {
            device.position = position;
        }
    }
}
