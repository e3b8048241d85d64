//! A row: which table it is in, its key, and its value.

use std::fmt;

use fjall::Slice;
use hubbub_chat::ids::{ChannelId, MessageId};

use super::fjall::keys;

/// The tables of a store. Keys are big-endian, so that a range of keys is in the order of the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The format of this folder.
    Meta,
    /// (channel, message id) → entry.
    Log,
    /// channel → what was removed from its log at the end of its time.
    Truncations,
    /// (user, channel, message id) → a copy of the entry.
    Inbox,
    /// group → its members, as of its last change of membership.
    Groups,
    /// (user, channel) → how far each of the user's devices has read.
    Readers,
    /// (device, channel) → the remembered answers.
    Windows,
    /// (device, channel) → the last change of membership and what it came to.
    Operations,
    /// device → its user, whether it is logged in, and its last sign of life.
    Devices,
    /// user → their devices that are logged in, and the tokens by which those are reached.
    Users,
    /// user → when they were last active.
    Activity,
    /// (user, channel), there for each channel that a user wants no pushes for.
    Mutes,
    /// (user, channel) → the messages that are owed as pushes.
    Owed,
    /// (due time, user, channel), there for each row of `Owed`: when its oldest message is due.
    Due,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 14] = [
        Self::Meta,
        Self::Log,
        Self::Truncations,
        Self::Inbox,
        Self::Groups,
        Self::Readers,
        Self::Windows,
        Self::Operations,
        Self::Devices,
        Self::Users,
        Self::Activity,
        Self::Mutes,
        Self::Owed,
        Self::Due,
    ];

    /// The table's name on disk.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Log => "log",
            Self::Truncations => "truncations",
            Self::Inbox => "inbox",
            Self::Groups => "groups",
            Self::Readers => "readers",
            Self::Windows => "windows",
            Self::Operations => "operations",
            Self::Devices => "devices",
            Self::Users => "users",
            Self::Activity => "activity",
            Self::Mutes => "mutes",
            Self::Owed => "owed",
            Self::Due => "due",
        }
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A row to be written, or to be removed.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it belongs.
    pub table: Table,
    /// Its key.
    pub key: Slice,
    /// Its new value; `None` removes the row.
    pub value: Option<Slice>,
}

impl Row {
    /// The place in a channel's log that this row fills; `None` for every other row.
    #[must_use]
    pub fn place(&self) -> Option<(ChannelId, MessageId)> {
        match (self.table, &self.value) {
            (Table::Log, Some(_)) => keys::read_log(&self.key),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_indexed_in_their_order() {
        for (index, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table.index(), index, "{table}");
        }
    }
}
