//! Rows at the end of their time, found from the first one on.

use std::{ops::RangeInclusive, time::Duration};

use fjall::Slice;
use hubbub_chat::{ids::MessageId, time::Wall};

use super::{keys, values, view::View};
use crate::store::{StoreError, Table};

/// Rows that one access to a log or an inbox removes at most, so that no request pays for a long
/// silence. The model has the same bound.
pub(super) const REMOVALS_MAX: usize = 256;

/// The first rows of a log or an inbox as far as they are at the end of their time.
pub(super) struct OldRows {
    pub(super) keys: Vec<Slice>,
    /// The last of them; zero when there is none.
    pub(super) last: MessageId,
    /// When the next row is at the end of its time, in milliseconds; `None` when there is none.
    pub(super) next_ms: Option<u64>,
}

/// When something accepted at `accepted_at_ms` is at the end of its time, in milliseconds.
pub(super) fn end_ms(accepted_at_ms: u64, kept: Duration) -> u64 {
    accepted_at_ms.saturating_add(u64::try_from(kept.as_millis()).unwrap_or(u64::MAX))
}

/// Finds what is to be removed. A row behind a younger one waits for it, so that what is gone is
/// one stretch.
pub(super) fn find_old_rows(
    view: &View,
    table: Table,
    keys: RangeInclusive<Slice>,
    wall: Wall,
    kept: Duration,
) -> Result<OldRows, StoreError> {
    let mut old = OldRows { keys: Vec::new(), last: MessageId::ZERO, next_ms: None };
    for row in view.scan(table, keys) {
        let (key, bytes) = row?;
        let end = end_ms(values::decode_accepted_at(table, &bytes)?, kept);
        if end > wall.milliseconds() || old.keys.len() == REMOVALS_MAX {
            old.next_ms = Some(end);
            break;
        }
        old.last = read_message_id(table, &key)?;
        old.keys.push(key);
    }
    Ok(old)
}

pub(super) fn read_message_id(table: Table, key: &[u8]) -> Result<MessageId, StoreError> {
    keys::read_message_id(key).ok_or_else(|| values::damaged(table, &"a key is no place"))
}
