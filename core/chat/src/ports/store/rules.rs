//! What a store has to know of the design.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::design::{
    CursorScope, Design, DirectKey, DirectQuery, Fanout, Ids, PushWhen, WriteOrder,
};

/// What a store has to know of the design. All its times are by the wall clock of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRules {
    /// Whether an append writes a copy per recipient.
    pub fanout: Fanout,
    /// What an entry's id is: given by the append, or before it.
    pub ids: Ids,
    /// What a sync reads above.
    pub cursor: CursorScope,
    /// When a message is owed to a user as a push.
    pub push_when: PushWhen,
    /// What the read of direct channels asks for.
    pub direct_query: DirectQuery,
    /// The key of the table of direct messages.
    pub direct_key: DirectKey,
    /// The order of the two writes of an append.
    pub write_order: WriteOrder,
    /// With `write_order = "inbox-first"`: how long after the inboxes the log is written.
    pub write_lag: Duration,
    /// How long after its acceptance a message may wait for a device before it is pushed.
    pub push_grace: Duration,
    /// How long after its acceptance a copy in an inbox is kept.
    pub retention: Duration,
    /// How long after its acceptance an entry of a log is kept.
    pub history_retention: Duration,
    /// After how long without a sign of life a device is logged out.
    pub device_expiry: Duration,
    /// Members that a group may have at most.
    pub group_limit: u32,
    /// Answers remembered per device and channel.
    pub answers_max: u32,
    /// Newest entries of a channel that a new device starts with.
    pub initial_history: u32,
    /// Copies kept in a user's inbox per channel; the oldest ones beyond it go.
    pub inbox_rows_max: u32,
    /// As in [`Design::planted`].
    #[cfg(feature = "planted-bugs")]
    #[serde(skip)]
    pub planted: Option<crate::planted::PlantedBug>,
}

impl From<&Design> for StoreRules {
    fn from(design: &Design) -> Self {
        Self {
            fanout: design.fanout,
            ids: design.ids,
            cursor: design.cursor,
            push_when: design.push_when,
            direct_query: design.direct_query,
            direct_key: design.direct_key,
            write_order: design.write_order,
            write_lag: design.write_lag,
            push_grace: design.push_grace,
            retention: design.retention,
            history_retention: design.history_retention,
            device_expiry: design.device_expiry,
            group_limit: design.group_limit,
            answers_max: design.inflight_max,
            initial_history: design.initial_history,
            inbox_rows_max: design.inbox_rows_max,
            #[cfg(feature = "planted-bugs")]
            planted: design.planted,
        }
    }
}
