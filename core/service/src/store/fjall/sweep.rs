//! The sweep: what is at the end of its time goes even where nobody asks for anything.
//!
//! It goes round all logs and all inboxes, looks at the first row of each, and removes what a request
//! for it would have removed. A removed row is a tombstone at first; the engine gives its space back
//! with its next compactions. Devices are left to the requests.

use fjall::Slice;
use hubbub_chat::time::Wall;

use super::{
    keys,
    retention::{REMOVALS_MAX, end_ms},
    state::State,
    values,
};
use crate::store::{StoreError, Table};

/// Milliseconds by the store's clock between two steps, so that many small batches pay no more than
/// a few large ones.
const STEP_MS: u64 = 100;

/// Rows after which a step ends, some milliseconds of work.
const STEP_ROWS_MAX: usize = 2 * REMOVALS_MAX;

/// Where the sweep is, and how far it goes in a step.
pub(super) struct Sweep {
    stretches_max: usize,
    next_ms: u64,
    /// Where it goes on in the logs and in the inboxes.
    positions: [Slice; 2],
}

impl Sweep {
    /// One that looks at `stretches_max` logs and as many inboxes in a step.
    pub(super) fn new(stretches_max: usize) -> Self {
        Self { stretches_max, next_ms: 0, positions: Default::default() }
    }

    /// Whether there is a step to take. A clock that was set back does not hold it up.
    fn is_due(&mut self, now_ms: u64) -> bool {
        let next_ms = now_ms.saturating_add(STEP_MS);
        let is_due = self.stretches_max > 0 && (now_ms >= self.next_ms || next_ms < self.next_ms);
        if is_due {
            self.next_ms = next_ms;
        }
        is_due
    }
}

impl State {
    /// Takes a step, if it is time. A row that cannot be read is passed over: whoever needs it is
    /// told.
    pub(super) fn sweep(&mut self, wall: Wall) {
        if !self.sweep.is_due(wall.milliseconds()) {
            return;
        }
        let mut removed = 0;
        for table in [Table::Log, Table::Inbox] {
            for _ in 0..self.sweep.stretches_max {
                if removed >= STEP_ROWS_MAX {
                    return;
                }
                match self.sweep_next(wall, table) {
                    Ok(Some(rows)) => removed += rows,
                    Ok(None) => break,
                    Err(error) => tracing::warn!(%error, "the sweep passes over a row"),
                }
            }
        }
    }

    /// Looks at the next log or inbox, and tells how many rows were removed from it; `None` behind
    /// the last one, from where it begins anew.
    fn sweep_next(&mut self, wall: Wall, table: Table) -> Result<Option<usize>, StoreError> {
        let index = usize::from(table == Table::Inbox);
        let position = std::mem::take(&mut self.sweep.positions[index]);
        let Some(first) = self.view.scan(table, keys::from(position)).next() else {
            return Ok(None);
        };
        let (key, bytes) = first?;
        self.sweep.positions[index] = keys::behind_stretch(&key);
        let (rules, now_ms) = (self.rules, wall.milliseconds());
        let kept = if table == Table::Log { rules.history_retention } else { rules.retention };
        if end_ms(values::decode_accepted_at(table, &bytes)?, kept) > now_ms {
            return Ok(Some(0));
        }
        let damaged = || values::damaged(table, &"a key is no place");
        let removed = match table {
            Table::Inbox => {
                let user = keys::read_inbox_user(&key).ok_or_else(damaged)?;
                let (channel, _) = keys::read_inbox(&key).ok_or_else(damaged)?;
                self.remove_old_copies(wall, user, channel)?.0
            }
            _ => {
                let (channel, _) = keys::read_log(&key).ok_or_else(damaged)?;
                self.remove_old_entries(wall, channel)?
            }
        };
        if removed == REMOVALS_MAX {
            // There may be more of it.
            self.sweep.positions[index] = key;
        }
        Ok(Some(removed))
    }
}
