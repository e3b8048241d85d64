//! What happens on a device, as a history or a measurement is told.

use std::sync::Arc;

use crate::{
    entry::Entry,
    frame::{Change, ChangeRefusal, CutReason, SendRefusal},
    ids::{ChannelId, ClientId, MessageId, OperationId},
    ports::presence::Status,
};

/// What happened on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceEvent {
    /// The user sent a message, and it is stored.
    Invoked(SendKey),
    /// The user's message could not be taken on.
    Refused {
        /// The conversation.
        channel: ChannelId,
        /// The hash of the body.
        body_hash: u64,
        /// Why.
        reason: LocalRefusal,
    },
    /// The message goes to the server, for the `attempt`-th time.
    Attempted {
        /// Which.
        send: SendKey,
        /// From 1.
        attempt: u32,
    },
    /// The message is safe, as the server says.
    Accepted {
        /// Which.
        send: SendKey,
        /// Its place, when the server tells it.
        message_id: Option<MessageId>,
    },
    /// The message was refused for good: it is not stored, and never will be.
    Failed {
        /// Which.
        send: SendKey,
        /// Why.
        reason: SendRefusal,
    },
    /// The device does not ask any more what became of the message, and sends it no more. It may be
    /// stored.
    GivenUp {
        /// Which.
        send: SendKey,
    },
    /// A change of membership was asked for, and is stored.
    ChangeInvoked(ChangeKey),
    /// A change of membership was made.
    ChangeAccepted(ChangeKey, MessageId),
    /// A change of membership was refused for good.
    ChangeFailed(ChangeKey, ChangeRefusal),
    /// An entry arrived, wanted or not.
    Received {
        /// The entry.
        entry: Arc<Entry>,
        /// How it came.
        path: DeliveryPath,
    },
    /// An entry was stored: the user has it.
    Applied {
        /// The entry.
        entry: Arc<Entry>,
        /// How it came.
        path: DeliveryPath,
    },
    /// A part of the log is gone: it was kept for as long as the design says. The device goes on
    /// behind it.
    Truncated {
        /// The conversation.
        channel: ChannelId,
        /// Everything above this place …
        from: MessageId,
        /// … up to here.
        to: MessageId,
    },
    /// The store has the device's cursor.
    Confirmed {
        /// The conversation.
        channel: ChannelId,
        /// Up to here.
        message_id: MessageId,
    },
    /// Another user is shown as online or offline now: for the first time, or not as before.
    Shown(Status),
    /// The connection is open and greeted.
    Attached,
    /// The first complete sync of this connection is done.
    Synced,
    /// The connection, the attempt at one, or the wait for the next is over. After
    /// `Cut(UnknownDevice)` the device stays down.
    Detached(DetachCause),
}

impl DeviceEvent {
    /// Whether a server took the connection and not the device: it is full, or hands its sessions
    /// over. Another may take it.
    #[must_use]
    pub fn turns_away(&self) -> bool {
        let away = [CutReason::Full, CutReason::Draining].map(DetachCause::Cut);
        matches!(self, Self::Detached(cause) if away.contains(cause))
    }
}

/// A send, as its device names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SendKey {
    /// The conversation.
    pub channel: ChannelId,
    /// The membership it is sent under.
    pub membership: MessageId,
    /// Its number.
    pub client_id: ClientId,
    /// The hash of its body.
    pub body_hash: u64,
}

/// A change of membership, as its device names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeKey {
    /// The group.
    pub channel: ChannelId,
    /// Its number.
    pub operation: OperationId,
    /// What to change.
    pub change: Change,
}

/// Why a device did not take on a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LocalRefusal {
    /// `outbox_max` sends wait in this channel.
    OutboxFull,
    /// The user is no member, as far as the device knows.
    NotMember,
    /// The body is longer than `message_bytes_max`.
    TooLarge,
    /// A change of this channel's membership is pending already.
    ChangePending,
    /// The device was logged out.
    LoggedOut,
}

/// How an entry came to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryPath {
    /// As a live delivery.
    Hint,
    /// In a page of a sync.
    Sync,
    /// As the acceptance of the device's own send.
    Accepted,
}

/// Why a device has no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DetachCause {
    /// It could not be opened, or not in time.
    Unreachable,
    /// It broke, or the other end closed it without a word.
    Closed,
    /// Nothing was heard for `Design::silence_limit`.
    Silent,
    /// The server ended it and said why.
    Cut(CutReason),
}
