//! Something that a user does.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{ChannelId, DeviceId, UserId};

/// Something that a user does at a time, on one of their devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// When, since the schedule's beginning.
    pub at: Duration,
    /// Who.
    pub user: UserId,
    /// On which of the user's devices.
    pub device: DeviceId,
    /// What.
    pub what: What,
}

/// What a user does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Sends a message.
    Send {
        /// The conversation.
        channel: ChannelId,
        /// The text, different from every other text of the schedule.
        body: Arc<str>,
    },
    /// Goes out of a group.
    Leave {
        /// The group.
        channel: ChannelId,
    },
    /// Comes back into a group.
    Join {
        /// The group.
        channel: ChannelId,
    },
}

impl What {
    /// The conversation that it happens in.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        match self {
            Self::Send { channel, .. } | Self::Leave { channel } | Self::Join { channel } => {
                *channel
            }
        }
    }
}
