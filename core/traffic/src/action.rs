//! Something that a user does.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{ChannelId, DeviceId, UserId, device::DeviceInput, frame::Change};

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
    /// Comes into a group, for the first time or again.
    Join {
        /// The group.
        channel: ChannelId,
    },
    /// Asks for the statuses of friends, or of the members of a group.
    Look {
        /// Whose, in order, without the user's own: at least one, at most `LOOK_USERS_MAX`.
        users: Vec<UserId>,
    },
}

/// What a device is told when its user does this.
impl From<What> for DeviceInput {
    fn from(what: What) -> Self {
        match what {
            What::Send { channel, body } => Self::Send { channel, body },
            What::Leave { channel } => Self::Change { channel, change: Change::Leave },
            What::Join { channel } => Self::Change { channel, change: Change::Join },
            What::Look { users } => Self::Look { users },
        }
    }
}

impl What {
    /// The conversation that it happens in; a look happens in none.
    #[must_use]
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Send { channel, .. } | Self::Leave { channel } | Self::Join { channel } => {
                Some(*channel)
            }
            Self::Look { .. } => None,
        }
    }
}
