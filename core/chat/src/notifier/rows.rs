//! What the notifier remembers of the rows that it has taken up.

use std::time::Duration;

use crate::{
    ids::{ChannelId, MessageId, UserId},
    random::Random,
    time::Monotonic,
};

/// Rows that are remembered, at most. Those beyond it stay owed at the store and are taken up when
/// others are settled.
pub const ROWS_MAX: usize = 4096;

/// The pause after the first attempt that failed; it doubles with each.
pub const RETRY_BASE: Duration = Duration::from_secs(1);

/// The pause between two attempts, at most.
pub const RETRY_MAX: Duration = Duration::from_secs(60);

/// The longest pause after an attempt that follows on so many failures.
#[must_use]
pub fn longest_pause(failures: u32) -> Duration {
    RETRY_BASE.saturating_mul(1 << failures.min(16)).min(RETRY_MAX)
}

/// Whom something is owed to, and in which conversation.
pub(super) type RowKey = (UserId, ChannelId);

/// A row that was taken up.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The last message that the newest attempt stands for.
    pub(super) up_to: MessageId,
    /// Pushes of the newest attempt that are not answered.
    pub(super) open: usize,
    pub(super) settling: Settling,
    /// Of a push of the newest attempt nobody knows whether it arrived.
    pub(super) is_unknown: bool,
    /// Attempts that failed, in a row.
    pub(super) failures: u32,
    /// When the last of them failed.
    pub(super) failed_at: Option<Monotonic>,
    /// Not before then is it tried again.
    pub(super) again_at: Monotonic,
}

/// How far a row that the gateway took is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settling {
    /// No push of it was taken.
    None,
    /// One was, and the store has to be told.
    Wanted,
    /// The store is being told.
    Asked,
    /// The store knows.
    Done,
}

impl Row {
    pub(super) fn new() -> Self {
        Self {
            up_to: MessageId::ZERO,
            open: 0,
            settling: Settling::None,
            is_unknown: false,
            failures: 0,
            failed_at: None,
            again_at: Monotonic(0),
        }
    }

    /// Whether another attempt may be made.
    pub(super) fn is_ready(&self, now: Monotonic) -> bool {
        self.open == 0 && self.settling == Settling::None && self.again_at <= now
    }

    /// Whether a later message is due than the one whose push was taken. It does not wait until the
    /// store has heard of that push: its own stands for both.
    pub(super) fn is_outgrown(&self, due_up_to: MessageId) -> bool {
        self.open == 0 && self.settling != Settling::None && self.up_to < due_up_to
    }

    /// Whether a push of it is with the gateway, and none was taken yet.
    pub(super) fn is_pushed(&self) -> bool {
        self.open > 0 && self.settling == Settling::None
    }

    /// Whether it has to be remembered although it is not owed any more, or not due: what was taken
    /// would be pushed again, if the store were never told.
    pub(super) fn is_under_way(&self) -> bool {
        self.open > 0 || matches!(self.settling, Settling::Wanted | Settling::Asked)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.open == 0 && self.settling == Settling::Done
    }

    /// The second half of the pause is jitter, so that rows that failed together come apart.
    pub(super) fn back_off(&mut self, now: Monotonic, random: &mut Random) {
        let limit = longest_pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(now);
        self.again_at = now.after(limit / 2 + random.up_to(limit / 2));
    }
}
