//! What a store has done, in rows and bytes: for comparing layouts.
//!
//! The size of a row is that of its key and its value. A user, a device and an id have 8 bytes, a
//! channel has 16. An entry is author, device, number and time (32 bytes) and what it says: the bytes
//! of its text, or 8 for each user it names. So a row of the log has 24 + 32 bytes and the text, and
//! a copy of it in an inbox has 8 more.

use serde::{Deserialize, Serialize};

use crate::entry::{Content, Entry};

const LOG_KEY_BYTES: u64 = 16 + 8;
const INBOX_KEY_BYTES: u64 = 8 + LOG_KEY_BYTES;
const ENTRY_BYTES: u64 = 32;
const USER_BYTES: u64 = 8;

/// A place in the queue, and the key of the row in the log.
const QUEUE_ROW_BYTES: u64 = 8 + LOG_KEY_BYTES;

/// Device and channel; number, hash, id, time and membership.
const ANSWER_ROW_BYTES: u64 = 24 + 40;

/// Device and channel; the place.
const CURSOR_ROW_BYTES: u64 = 24 + 8;

/// User and channel; when it is due, and the message.
const OWED_ROW_BYTES: u64 = 24 + 16;

/// What a store has done since it was made. Accounts, logins, tokens and mutes are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreCounts {
    /// Entries added to logs.
    pub appends: u64,
    /// Rows written: entries, copies or places in the shared queue, remembered answers, cursors and
    /// owed pushes.
    pub rows_written: u64,
    /// Their bytes.
    pub bytes_written: u64,
    /// Pages read.
    pub syncs: u64,
    /// Rows that pages were made of: copies and entries, and with `fanout = "channel-log"` the last
    /// entry of each of the reader's channels, to see whether there is something new.
    pub rows_read: u64,
    /// Stretches of rows that reads began: one per inbox, one per log, one per look into the shared
    /// queue.
    pub stretches_read: u64,
    /// Rows of the shared queue that readers looked through, for whomever they were.
    pub rows_looked_through: u64,
    /// Rows now in all inboxes together, or in the shared queue.
    pub inbox_rows: u64,
}

impl StoreCounts {
    pub(super) fn write_entry(&mut self, entry: &Entry) {
        self.appends += 1;
        self.write(LOG_KEY_BYTES + entry_bytes(entry));
    }

    pub(super) fn write_copies(&mut self, entry: &Entry, copies: u64) {
        self.rows_written += copies;
        self.bytes_written += copies * (INBOX_KEY_BYTES + entry_bytes(entry));
    }

    pub(super) fn write_queue_row(&mut self) {
        self.write(QUEUE_ROW_BYTES);
    }

    pub(super) fn write_answer(&mut self) {
        self.write(ANSWER_ROW_BYTES);
    }

    pub(super) fn write_cursor(&mut self) {
        self.write(CURSOR_ROW_BYTES);
    }

    pub(super) fn write_owed(&mut self) {
        self.write(OWED_ROW_BYTES);
    }

    fn write(&mut self, bytes: u64) {
        self.rows_written += 1;
        self.bytes_written += bytes;
    }
}

fn entry_bytes(entry: &Entry) -> u64 {
    ENTRY_BYTES
        + match &entry.content {
            Content::Text(text) | Content::Renamed(text) => text.len() as u64,
            Content::Created(users) | Content::Invited(users) => USER_BYTES * users.len() as u64,
            Content::Removed(_) | Content::HandedOver(_) => USER_BYTES,
            Content::Joined | Content::Left => 0,
        }
}
