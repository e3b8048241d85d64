//! Push notifications: what a store owes to users, and what the notifier asks of the gateway of a
//! third party.

mod owed;

pub use owed::{Owed, Settlement, Stretch};

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, DeviceId, MessageId, UserId};

/// A push to one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRequest {
    /// Whom it is for.
    pub user: UserId,
    /// Which device the token belongs to.
    pub device: DeviceId,
    /// The device's token at the gateway.
    pub token: String,
    /// The conversation.
    pub channel: ChannelId,
    /// It stands for every message up to here.
    pub up_to: MessageId,
    /// A later push with the same one replaces this one on the device.
    pub collapse_id: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// What the gateway answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PushAnswer {
    /// It has taken the push on.
    Taken,
    /// The token is dead: the device will never be reached by it.
    DeadToken,
    /// Not now.
    Busy,
}

/// Messages that are owed to a user: no device has them, and their grace is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRow {
    /// The user.
    pub user: UserId,
    /// The conversation.
    pub channel: ChannelId,
    /// The last of the messages.
    pub up_to: MessageId,
    /// The user's tokens.
    pub tokens: Vec<(DeviceId, String)>,
}
