//! The history store: each channel's log, who may see what of it, inboxes and cursors.
//!
//! The log of a channel is the one authority: an append is the commit point of a send, and the
//! same sequence holds every change of membership.

mod channel;
mod model;
mod rules;
mod window;

pub use channel::{ChannelState, Decision, Interval};
pub use model::{StoreCounts, StoreModel};
pub use rules::StoreRules;
pub use window::{Judgement, SendWindow};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    entry::Entry,
    frame::{Change, ChangeRefusal, Cursors, Range, SendRefusal},
    ids::{ChannelId, ClientId, DeviceId, MessageId, OperationId, UserId},
    ports::push::PushRow,
};

/// What the store is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreRequest {
    /// A user signed up, or one of their devices logged in. Repeating it changes nothing.
    Register {
        /// The user.
        user: UserId,
        /// The device that logged in, if any.
        device: Option<DeviceId>,
    },
    /// A device logged out: it is refused from now on.
    Forget {
        /// The device.
        device: DeviceId,
    },
    /// A message.
    Append(Append),
    /// A change of membership.
    Change(ChangeRequest),
    /// What is above a device's cursors.
    Sync(Sync),
    /// Cursors that devices reported.
    Cursors(Vec<CursorReport>),
    /// When users were last active, in milliseconds since the Unix epoch. An older time changes
    /// nothing.
    WriteActivity(Vec<(UserId, u64)>),
    /// When these users were last active.
    ReadActivity(Vec<UserId>),
    /// The token at the push gateway by which a device is reached; `None` when it is dead or taken
    /// back.
    PushToken {
        /// The user.
        user: UserId,
        /// The device.
        device: DeviceId,
        /// The token.
        token: Option<String>,
    },
    /// Whether a user wants no pushes for a channel.
    Mute {
        /// The user.
        user: UserId,
        /// The conversation.
        channel: ChannelId,
        /// Whether it is muted.
        muted: bool,
    },
    /// Messages are to be pushed to these users at once, whoever has them (`push_when =
    /// presence-offline`).
    PushNow {
        /// The conversation.
        channel: ChannelId,
        /// The message.
        message_id: MessageId,
        /// The users.
        users: Vec<UserId>,
    },
    /// What is owed and due, by the store's clock, the oldest first.
    PushDue {
        /// Rows at most.
        rows_max: u32,
    },
    /// A push was taken on: everything up to here is settled.
    PushSettled {
        /// The user.
        user: UserId,
        /// The conversation.
        channel: ChannelId,
        /// The last message that the push stands for.
        up_to: MessageId,
    },
    /// The last entry that each user may see, per channel, and who is not logged in.
    Heads {
        /// The users.
        users: Vec<UserId>,
        /// The devices that are attached as theirs.
        devices: Vec<DeviceId>,
    },
}

impl StoreRequest {
    /// Whether it changes nothing that its asker would have to know of, so that its answer need not
    /// wait until something is on disk.
    #[must_use]
    pub fn is_read(&self) -> bool {
        // What a read removes or renews on its way, the next one does as well.
        matches!(self, Self::Sync(_) | Self::Heads { .. } | Self::ReadActivity(_))
    }
}

/// A conditional append: it happens once however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Append {
    /// The author.
    pub user: UserId,
    /// The author's device.
    pub device: DeviceId,
    /// The conversation.
    pub channel: ChannelId,
    /// The entry by which the author is a member; 0 in a direct channel.
    pub membership: MessageId,
    /// The device's number.
    pub client_id: ClientId,
    /// The lowest number that the device still waits for.
    pub oldest_pending: ClientId,
    /// The text.
    pub body: Arc<str>,
    /// The id that the chat server gave it, where ids are not places of the log; 0 otherwise.
    pub given_id: MessageId,
}

/// A change of membership, made or refused once however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// The author.
    pub user: UserId,
    /// The author's device.
    pub device: DeviceId,
    /// The group.
    pub channel: ChannelId,
    /// The device's number within the channel.
    pub operation: OperationId,
    /// What to change.
    pub change: Change,
    /// As in [`Append::given_id`].
    pub given_id: MessageId,
}

/// A read of everything above a device's cursors, one page at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    /// The reader.
    pub user: UserId,
    /// The reader's device.
    pub device: DeviceId,
    /// Where the device stands; channels that it does not name are read from where it may begin.
    pub cursors: Cursors,
    /// With `cursor = "global"`: everything above this id is read, in whatever channel; 0 otherwise.
    pub newest: MessageId,
    /// Entries in the page at most.
    pub entries_max: u32,
}

/// A device has stored everything up to here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorReport {
    /// The device's user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// The conversation.
    pub channel: ChannelId,
    /// The last entry that the device holds.
    pub message_id: MessageId,
}

/// What the store answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreAnswer {
    /// To every request that has no other answer.
    Done,
    /// To `ReadActivity`: those of whom something is known.
    Activity(Vec<(UserId, u64)>),
    /// To `PushDue`.
    PushDue(Vec<PushRow>),
    /// To `Append`: in the log and on disk.
    Appended(Appended),
    /// To `Append` and `Change`, where ids are given before: the id is zero, or an entry has it
    /// already. Nothing was stored or remembered; ask again with a new id.
    IdTaken,
    /// To `Append`: nothing was stored.
    AppendRefused(SendRefusal),
    /// To `Change`: in the log and on disk.
    Changed(Changed),
    /// To `Change`: nothing was stored.
    ChangeRefused(ChangeRefusal),
    /// To `Sync`.
    Page {
        /// What is above the cursors.
        ranges: Vec<Range>,
        /// Whether there is more.
        more: bool,
    },
    /// To `Sync`: the device was logged out or never logged in.
    UnknownDevice,
    /// To `Heads`.
    Heads {
        /// Per user, the last entry that they may see in each of their channels.
        heads: UserHeads,
        /// Those of the devices that were logged out or never logged in.
        logged_out: Vec<DeviceId>,
    },
}

/// Per user, the last entry that they may see in each of their channels.
pub type UserHeads = Vec<(UserId, Vec<(ChannelId, MessageId)>)>;

/// An append that is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appended {
    /// Its place.
    pub message_id: MessageId,
    /// When it was first accepted, in milliseconds since the Unix epoch by the store's clock.
    pub accepted_at_ms: u64,
    /// The members who may see it there; empty in a repeated answer.
    pub audience: Vec<UserId>,
    /// Whether this is the first answer given again.
    pub repeat: bool,
}

/// A change of membership that is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its place.
    pub message_id: MessageId,
    /// The entry and who may see it; absent when nothing new was written.
    pub written: Option<(Arc<Entry>, Vec<UserId>)>,
}

/// A store's answer, and the entry that it added to a log on the way, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// For the asker.
    pub answer: StoreAnswer,
    /// For whoever records what was committed.
    pub committed: Option<Arc<Entry>>,
}

impl From<StoreAnswer> for Handled {
    fn from(answer: StoreAnswer) -> Self {
        Self { answer, committed: None }
    }
}
