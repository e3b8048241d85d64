//! How a device and its server know what the device is missing; it follows from two knobs.

use crate::design::{CursorScope, Design, Ids};

/// What tells a device's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CursorRule {
    /// Ids are places of a log: whatever does not follow directly shows a hole.
    Sequence,
    /// Ids leave no holes to see: a cursor per channel, moved by the pages of a sync alone. Live
    /// deliveries are kept ahead of it, so the next page finds those that were lost. What commits
    /// below the cursor after a page has passed it is never found.
    ById,
    /// One number for everything, moved by pages and live deliveries: what commits below it, or was
    /// lost below it, is never found.
    Global,
}

impl CursorRule {
    pub(crate) fn of(design: &Design) -> Self {
        match (design.ids, design.cursor) {
            (Ids::ChannelSequence, _) => Self::Sequence,
            (_, CursorScope::PerChannel) => Self::ById,
            (_, CursorScope::Global) => Self::Global,
        }
    }
}
