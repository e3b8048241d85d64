//! What a line is about.

use hubbub_chat::{ChannelId, DeviceId, MessageId};

use crate::event::EventBody;

impl EventBody {
    /// The conversation that the line is about, if it is about one.
    #[must_use]
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::Send { channel, .. }
            | Self::Member { channel, .. }
            | Self::Entry { channel, .. }
            | Self::Receive { channel, .. }
            | Self::Apply { channel, .. }
            | Self::Cursor { channel, .. }
            | Self::Truncated { channel, .. }
            | Self::Push { channel, .. } => Some(*channel),
            Self::Run { .. }
            | Self::Phase { .. }
            | Self::Population(_)
            | Self::Session { .. }
            | Self::Synced { .. }
            | Self::Assigned { .. }
            | Self::Shown { .. }
            | Self::Lease { .. }
            | Self::Truth { .. }
            | Self::Fault { .. }
            | Self::Final { .. } => None,
        }
    }

    /// The device that the line is about, if it is about one. For an entry, its author's; for a
    /// status, the one that shows it; for a push, the one that it goes to.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Send { device, .. }
            | Self::Member { device, .. }
            | Self::Entry { device, .. }
            | Self::Receive { device, .. }
            | Self::Apply { device, .. }
            | Self::Cursor { device, .. }
            | Self::Truncated { device, .. }
            | Self::Session { device, .. }
            | Self::Synced { device, .. }
            | Self::Assigned { device, .. }
            | Self::Shown { device, .. }
            | Self::Push { device, .. }
            | Self::Final { device, .. } => Some(*device),
            Self::Run { .. }
            | Self::Phase { .. }
            | Self::Population(_)
            | Self::Lease { .. }
            | Self::Truth { .. }
            | Self::Fault { .. } => None,
        }
    }

    /// The place in the log that the line is about, if it is about one.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Self::Send { message_id, .. } | Self::Member { message_id, .. } => *message_id,
            Self::Entry { message_id, .. }
            | Self::Receive { message_id, .. }
            | Self::Apply { message_id, .. }
            | Self::Cursor { message_id, .. } => Some(*message_id),
            Self::Push { up_to, .. } => Some(*up_to),
            _ => None,
        }
    }

    /// The hash of the body that the line is about, if it is about one.
    #[must_use]
    pub fn body_hash(&self) -> Option<u64> {
        match self {
            Self::Send { body_hash, .. }
            | Self::Entry { body_hash, .. }
            | Self::Receive { body_hash, .. }
            | Self::Apply { body_hash, .. } => Some(*body_hash),
            _ => None,
        }
    }
}
