//! A user's inbox, channel by channel.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{REMOVALS_MAX, end_ms};
use crate::{entry::Entry, ids::MessageId, time::Wall};

/// A user's copies of one channel's entries. Without copies it says that the channel is the user's.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    /// Copies up to here are gone.
    pub(super) floor: MessageId,
    /// The highest id that was ever copied.
    pub(super) last: MessageId,
    rows: VecDeque<Copied>,
    /// Before this time nothing is to be removed.
    removal_ms: u64,
}

/// A copy. It shares the entry's memory.
#[derive(Debug, Clone)]
struct Copied {
    message_id: MessageId,
    entry: Arc<Entry>,
}

impl Default for Inbox {
    fn default() -> Self {
        let (floor, last) = (MessageId::ZERO, MessageId::ZERO);
        Self { floor, last, rows: VecDeque::new(), removal_ms: u64::MAX }
    }
}

impl Inbox {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a copy, and removes what is too old or too much. A copy that comes late, below the floor,
    /// is left out: everybody has passed it, or there are enough above it.
    pub(super) fn add(&mut self, wall: Wall, entry: &Arc<Entry>, kept: Duration, rows_max: u32) {
        let message_id = entry.message_id;
        self.remove_old(wall, kept);
        let copied = Copied { message_id, entry: entry.clone() };
        if self.rows.back().map_or(self.floor, |last| last.message_id) < message_id {
            self.rows.push_back(copied);
        } else if message_id > self.floor {
            match self.rows.binary_search_by_key(&message_id, |row| row.message_id) {
                Ok(index) => self.rows[index] = copied,
                Err(index) => self.rows.insert(index, copied),
            }
        }
        self.last = self.last.max(message_id);
        self.removal_ms = self.removal_ms.min(end_ms(entry.accepted_at_ms, kept));
        while self.rows.len() > rows_max as usize {
            self.remove_first();
        }
    }

    /// Removes the first copies as far as they are at the end of their time, `REMOVALS_MAX` at most.
    pub(super) fn remove_old(&mut self, wall: Wall, kept: Duration) -> usize {
        let now_ms = wall.milliseconds();
        let mut removed = 0;
        while self.removal_ms <= now_ms && removed < REMOVALS_MAX {
            let Some(first) = self.rows.front() else {
                self.removal_ms = u64::MAX;
                break;
            };
            self.removal_ms = end_ms(first.entry.accepted_at_ms, kept);
            if self.removal_ms <= now_ms {
                self.remove_first();
                removed += 1;
            }
        }
        removed
    }

    /// Removes what every device has passed.
    pub(super) fn remove_to(&mut self, place: MessageId) {
        self.floor = self.floor.max(place);
        while self.rows.front().is_some_and(|first| first.message_id <= place) {
            self.rows.pop_front();
        }
    }

    pub(super) fn above(&self, from: MessageId) -> impl Iterator<Item = &Arc<Entry>> {
        let first = self.rows.partition_point(|row| row.message_id <= from);
        self.rows.range(first..).map(|row| &row.entry)
    }

    fn remove_first(&mut self) {
        if let Some(first) = self.rows.pop_front() {
            self.floor = self.floor.max(first.message_id);
        }
    }
}
