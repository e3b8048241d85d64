//! What the rows hold, in postcard.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use fjall::Slice;
use hubbub_chat::{
    design::{Fanout, Ids},
    entry::{Content, Entry},
    frame::ChangeRefusal,
    ids::{ChannelId, DeviceId, MessageId, OperationId, UserId},
    ports::store::ChannelState,
    time::Wall,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::store::{StoreError, Table};

/// The row of `Table::Meta`. The version comes first in every format.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct FormatRow {
    pub(super) version: u32,
    pub(super) fanout: Fanout,
    pub(super) ids: Ids,
}

/// An entry without its place, which is the key.
#[derive(Debug, Serialize, Deserialize)]
struct EntryRow {
    user: UserId,
    device: DeviceId,
    number: u64,
    accepted_at_ms: u64,
    content: Content,
}

/// How far a user's devices have read a channel. It is there for every channel that the user ever
/// was a member of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct ReaderRow {
    /// Copies up to here are gone: every device of the user has read this far, they were at the end
    /// of their time, or there were more than `inbox_rows_max`.
    pub(super) floor: MessageId,
    /// Logged-in devices only.
    pub(super) cursors: BTreeMap<DeviceId, MessageId>,
}

impl ReaderRow {
    pub(super) fn cursor(&self, device: DeviceId) -> MessageId {
        self.cursors.get(&device).copied().unwrap_or_default()
    }

    /// What every one of these devices has read; zero when there is none.
    pub(super) fn passed(&self, devices: &BTreeSet<DeviceId>) -> MessageId {
        devices.iter().map(|device| self.cursor(*device)).min().unwrap_or_default()
    }
}

/// The last change of membership that a device asked for in a group, and what it came to: its
/// entry, or why it was not made.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct OperationRow {
    pub(super) operation: OperationId,
    pub(super) outcome: Result<MessageId, ChangeRefusal>,
}

/// A device that ever logged in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct DeviceRow {
    pub(super) user: UserId,
    pub(super) is_live: bool,
    /// Its last sign of life, or one shortly before.
    pub(super) seen: Wall,
}

/// A user and their devices that are logged in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct UserRow {
    pub(super) devices: BTreeSet<DeviceId>,
    pub(super) tokens: BTreeMap<DeviceId, String>,
}

/// What was removed from a log.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct TruncationRow {
    /// Everything up to here counts as gone.
    pub(super) truncated: MessageId,
}

pub(super) fn encode<T: Serialize>(table: Table, value: &T) -> Result<Slice, StoreError> {
    postcard::to_stdvec(value).map(Slice::from).map_err(|error| damaged(table, &error))
}

pub(super) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|error| damaged(table, &error))
}

pub(super) fn damaged(table: Table, reason: &dyn ToString) -> StoreError {
    StoreError::Damaged { table, reason: reason.to_string() }
}

pub(super) fn encode_entry(entry: &Entry) -> Result<Slice, StoreError> {
    let Entry { user, device, number, accepted_at_ms, ref content, .. } = *entry;
    let row = EntryRow { user, device, number, accepted_at_ms, content: content.clone() };
    encode(Table::Log, &row)
}

pub(super) fn decode_entry(
    table: Table,
    place: Option<(ChannelId, MessageId)>,
    bytes: &[u8],
) -> Result<Arc<Entry>, StoreError> {
    let (channel, message_id) = place.ok_or_else(|| damaged(table, &"a key is no place"))?;
    let EntryRow { user, device, number, accepted_at_ms, content } = decode(table, bytes)?;
    Ok(Arc::new(Entry { channel, message_id, user, device, number, accepted_at_ms, content }))
}

/// When the entry of a row was accepted.
pub(super) fn decode_accepted_at(table: Table, bytes: &[u8]) -> Result<u64, StoreError> {
    /// As an [`EntryRow`] begins.
    type Head = (UserId, DeviceId, u64, u64);
    let head = postcard::take_from_bytes::<Head>(bytes).map_err(|error| damaged(table, &error))?;
    let (_, _, _, accepted_at_ms) = head.0;
    Ok(accepted_at_ms)
}

/// A group's state as a row of `Table::Groups` keeps it: as of the last change of membership.
/// Messages since then moved nothing but the head, which the log itself knows.
pub(super) fn encode_group(state: &ChannelState) -> Result<Slice, StoreError> {
    encode(Table::Groups, state)
}

pub(super) fn decode_group(bytes: &[u8], head: MessageId) -> Result<ChannelState, StoreError> {
    let state: ChannelState = decode(Table::Groups, bytes)?;
    Ok(state.at_head(head))
}

/// A direct channel has no row: its log and its id say everything.
pub(super) fn direct_state(channel: ChannelId, head: MessageId) -> ChannelState {
    ChannelState::new(channel).at_head(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(channel: ChannelId, number: u64, content: Content) -> Arc<Entry> {
        let (user, device) = (UserId(1), DeviceId(1));
        let message_id = MessageId(number);
        Arc::new(Entry { channel, message_id, user, device, number, accepted_at_ms: 5, content })
    }

    #[test]
    fn a_group_comes_back_at_the_head_of_its_log() {
        let channel = ChannelId::group(UserId(1), 1);
        let mut state = ChannelState::new(channel);
        state.apply(&entry(channel, 1, Content::Created(vec![UserId(1), UserId(2), UserId(3)])));
        state.apply(&entry(channel, 2, Content::Removed(UserId(3))));
        let row = encode_group(&state).unwrap();
        for number in 3..=9 {
            state.apply(&entry(channel, number, Content::Text("hello".into())));
        }
        assert_eq!(decode_group(&row, MessageId(9)).unwrap(), state);
    }

    #[test]
    fn a_direct_channel_comes_back_from_its_id_and_head() {
        let channel = ChannelId::direct(UserId(1), UserId(2));
        let mut state = ChannelState::new(channel);
        state.apply(&entry(channel, 1, Content::Text("hello".into())));
        assert_eq!(direct_state(channel, MessageId(1)), state);
    }

    #[test]
    fn an_entry_survives_its_row() {
        let entry = entry(ChannelId::group(UserId(1), 1), 3, Content::Text("tüür".into()));
        let place = Some((entry.channel, entry.message_id));
        let bytes = encode_entry(&entry).unwrap();
        assert_eq!(decode_entry(Table::Log, place, &bytes).unwrap(), entry);
        assert_eq!(decode_accepted_at(Table::Log, &bytes).unwrap(), entry.accepted_at_ms);
        let damaged = decode_entry(Table::Log, place, &bytes[..3]).unwrap_err();
        assert!(damaged.to_string().contains("the table log is damaged"), "{damaged}");
    }
}
