//! What a device and a chat server, and two chat servers, say to each other. The JSON spelling of
//! these types is the wire protocol; `docs/protocol.md` describes it.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    entry::Entry,
    ids::{ChannelId, ClientId, MessageId, OperationId, UserId},
    ports::presence::Status,
};

/// The version of the protocol that a device names in its `hello`.
pub const PROTOCOL_VERSION: u32 = 1;

/// A device's place in each of its channels.
pub type Cursors = BTreeMap<ChannelId, MessageId>;

/// From a device to its chat server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame of a session: where the device stands. The server registers the session,
    /// then answers with pages of everything above these cursors.
    Hello {
        /// `PROTOCOL_VERSION`.
        version: u32,
        /// The device's place in every channel it knows.
        cursors: Cursors,
        /// With `cursor = "global"`: the highest id that the device has, in whatever channel; 0
        /// otherwise.
        #[serde(default, skip_serializing_if = "MessageId::is_zero")]
        newest: MessageId,
    },
    /// A message.
    Send(SendFrame),
    /// A change of membership.
    Change(ChangeFrame),
    /// What the device has applied and stored since it last said so.
    Cursor {
        /// The channels that moved.
        cursors: Cursors,
    },
    /// The device met a hole: start again from here.
    Sync {
        /// The device's place in every channel it knows.
        cursors: Cursors,
        /// With `cursor = "global"`: the highest id that the device has, in whatever channel; 0
        /// otherwise.
        #[serde(default, skip_serializing_if = "MessageId::is_zero")]
        newest: MessageId,
    },
    /// How things stand now with these users, at most `LOOK_USERS_MAX`.
    Look {
        /// With whom.
        users: Vec<UserId>,
    },
    /// The device lives. Repeats every cursor that the server has not yet confirmed.
    Heartbeat {
        /// The unconfirmed cursors.
        cursors: Cursors,
    },
}

/// Users in one `look` at most.
pub const LOOK_USERS_MAX: usize = 500;

/// A numbered send. Its key is (device, channel, membership, client_id).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendFrame {
    /// The conversation.
    pub channel: ChannelId,
    /// The entry by which the user became a member; 0 in a direct channel. A send under an older
    /// membership is refused, so that it cannot appear after a leave and a new join.
    pub membership: MessageId,
    /// The device's number for this send under this membership, from 1.
    pub client_id: ClientId,
    /// The lowest number that the device still waits for. Everything below is settled.
    pub oldest_pending: ClientId,
    /// The text.
    pub body: Arc<str>,
}

/// A change of membership, numbered by the device within the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeFrame {
    /// The group.
    pub channel: ChannelId,
    /// The device's number for this change; counts up within the channel.
    pub operation: OperationId,
    /// What to change.
    pub change: Change,
}

/// A change of a group's membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Opens the group. The author is its owner and a member in any case.
    Create(Vec<UserId>),
    /// Brings users in. Any member may.
    Invite(Vec<UserId>),
    /// Comes in by oneself; groups are open to those who know their id.
    Join,
    /// Goes.
    Leave,
    /// Puts somebody out. Only the owner may.
    Remove(UserId),
    /// Makes another member the owner. Only the owner may.
    HandOver(UserId),
    /// Gives the group a name of at most `GROUP_NAME_BYTES_MAX` bytes. Only the owner may.
    Rename(Arc<str>),
}

/// Bytes of a group's name at most.
pub const GROUP_NAME_BYTES_MAX: usize = 128;

/// Why a send was not accepted. Nothing was stored unless the reason says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendRefusal {
    /// The number was used for another body; the first one stands.
    ClientIdReused,
    /// The number lies below the remembered window; it was settled long ago.
    TooOld,
    /// An earlier number is missing: go back to `expected` and send in order.
    Gap {
        /// The number that the store waits for.
        expected: ClientId,
    },
    /// A queue is full; try again later.
    Busy,
    /// The outcome is unknown: the store did not answer in time. Try again with the same number.
    Unavailable,
    /// The user is no member, or not under this membership. A foreign channel and one that does
    /// not exist look the same.
    NotMember,
    /// The body is longer than `limit` bytes.
    TooLarge {
        /// Bytes allowed.
        limit: u32,
    },
    /// The device was logged out or never logged in.
    UnknownDevice,
}

/// Why a change of membership was not made. Nothing was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeRefusal {
    /// The author is no member. A foreign channel and one that does not exist look the same.
    NotMember,
    /// Only the owner may do this.
    NotOwner,
    /// The group would have more members than `limit`.
    GroupLimit {
        /// Members allowed.
        limit: u32,
    },
    /// The number lies below the last one that the store saw from this device in this channel.
    TooOld,
    /// The group exists already, under another creation.
    Exists,
    /// The change makes no sense, such as leaving a direct channel or a group of unknown users.
    Invalid,
    /// A queue is full; try again later.
    Busy,
    /// The outcome is unknown: the store did not answer in time. Try again with the same number.
    Unavailable,
    /// The device was logged out or never logged in.
    UnknownDevice,
}

/// What became of a change of membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    /// It is in the log at this place. A change that found nothing to do (joining twice) is
    /// accepted at the place of the entry that did it.
    Accepted(MessageId),
    /// It was not made.
    Refused(ChangeRefusal),
}

/// From a chat server to a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The send is safe. On the device that sent it, this stands for the entry itself when
    /// `message_id` directly follows its cursor.
    Accepted {
        /// The conversation.
        channel: ChannelId,
        /// The membership of the send.
        membership: MessageId,
        /// The device's number.
        client_id: ClientId,
        /// Its place in the log; absent when the design accepts before the store knows.
        message_id: Option<MessageId>,
        /// When the store accepted it, in milliseconds since the Unix epoch.
        accepted_at_ms: u64,
    },
    /// The send was not accepted.
    Refused {
        /// The conversation.
        channel: ChannelId,
        /// The membership of the send.
        membership: MessageId,
        /// The device's number.
        client_id: ClientId,
        /// Why.
        reason: SendRefusal,
    },
    /// What became of a change of membership.
    Changed {
        /// The group.
        channel: ChannelId,
        /// The device's number.
        operation: OperationId,
        /// What became of it.
        outcome: ChangeOutcome,
    },
    /// The next entry of a channel: it directly follows the one before.
    Entry {
        /// The entry.
        entry: Arc<Entry>,
    },
    /// A part of a sync.
    Page {
        /// What is above the cursors, channel by channel.
        ranges: Vec<Range>,
        /// Whether another page follows.
        more: bool,
    },
    /// Statuses of friends, or of those who were asked for: the device shows them unless it has
    /// newer ones.
    Statuses {
        /// The statuses.
        statuses: Vec<Status>,
    },
    /// The answer to a heartbeat.
    Alive {
        /// Cursors that the store has written since the last answer.
        cursors: Cursors,
    },
    /// The last frame could not be read or makes no sense; the session lives.
    Error {
        /// Which field, or `frame` for the whole of it.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The session ends.
    Bye {
        /// Why.
        reason: CutReason,
    },
}

/// Everything in one channel that is visible to the device's user in `(from, to]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The conversation.
    pub channel: ChannelId,
    /// The entry by which the user is a member now; `None` when they are not.
    pub membership: Option<MessageId>,
    /// The range begins above this place.
    pub from: MessageId,
    /// The range ends with this place. A jump from the last entry to `to` is invisible to the user.
    pub to: MessageId,
    /// The visible entries, in order.
    pub entries: Vec<Arc<Entry>>,
    /// Everything from `from` up to here is gone: it was kept for as long as the design says. 0 when
    /// nothing is. Always written: pages also travel between processes, in a form without names.
    #[serde(default)]
    pub truncated: MessageId,
}

/// Why a session was ended by its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutReason {
    /// Too many entries without a cursor report, or a full outgoing queue.
    SlowConsumer,
    /// Nothing was heard for `Design::silence_limit`.
    Silent,
    /// The same device opened a newer session here.
    Replaced,
    /// The server is shutting down.
    Shutdown,
    /// Frames before `hello`, an unknown protocol version, or five malformed frames in a row.
    Protocol,
    /// The device was logged out or never logged in.
    UnknownDevice,
    /// The server hands its sessions over before it stops: ask discovery for another at once.
    Draining,
    /// The server has no lease, or holds as many sessions as it takes: ask discovery for another.
    Full,
}

/// From one chat server to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeerFrame {
    /// A live delivery that may be lost, duplicated or late. Its audience was fixed by the append.
    Hint {
        /// The entry.
        entry: Arc<Entry>,
        /// The users it is for, as far as they are attached to the receiving server.
        audience: Vec<UserId>,
    },
    /// From a presence server: statuses that the receiving server watches have changed. It may be
    /// lost, duplicated or late.
    Statuses(Vec<Status>),
}
