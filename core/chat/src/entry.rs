//! An entry of a channel's log: a message or a change of membership.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, DeviceId, MessageId, UserId};

/// One place of a channel's log, as the store fixed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The conversation.
    pub channel: ChannelId,
    /// Its place in the log.
    pub message_id: MessageId,
    /// Who caused it.
    pub user: UserId,
    /// From which device.
    pub device: DeviceId,
    /// The device's own number: a `ClientId` for a message, an `OperationId` for a change.
    pub number: u64,
    /// When the store accepted it, in milliseconds since the Unix epoch by the store's clock.
    /// For people; it orders nothing.
    pub accepted_at_ms: u64,
    /// What it says.
    pub content: Content,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A message.
    Text(Arc<str>),
    /// The group was opened with these members, the creator among them.
    Created(Vec<UserId>),
    /// Users were brought in by a member.
    Invited(Vec<UserId>),
    /// The author came in by themselves.
    Joined,
    /// The author went.
    Left,
    /// Somebody was put out by the owner.
    Removed(UserId),
    /// The owner made another member the owner.
    HandedOver(UserId),
    /// The owner gave the group this name.
    Renamed(Arc<str>),
}

impl Entry {
    /// A hash of what the entry says, the same on every machine.
    #[must_use]
    pub fn body_hash(&self) -> u64 {
        self.content.body_hash()
    }
}

impl Content {
    /// A hash of the content, the same on every machine.
    #[must_use]
    pub fn body_hash(&self) -> u64 {
        let list = |tag: &str, users: &[UserId]| {
            users.iter().fold(body_hash(tag), |hash, user| mix(hash, &user.0.to_le_bytes()))
        };
        match self {
            Self::Text(body) => body_hash(body),
            Self::Created(users) => list("\0created", users),
            Self::Invited(users) => list("\0invited", users),
            Self::Joined => body_hash("\0joined"),
            Self::Left => body_hash("\0left"),
            Self::Removed(user) => list("\0removed", &[*user]),
            Self::HandedOver(user) => list("\0handed-over", &[*user]),
            Self::Renamed(name) => mix(body_hash("\0renamed"), name.as_bytes()),
        }
    }

    /// Whether this is a message and not a change of membership.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

/// FNV-1a over the text's bytes (Fowler, Noll and Vo; 64-bit parameters). It tells a repeated send
/// from a reused number and names a message in a history; it is no defence against forgery.
#[must_use]
pub fn body_hash(body: &str) -> u64 {
    mix(0xcbf2_9ce4_8422_2325, body.as_bytes())
}

/// Continues an FNV-1a hash with more bytes.
#[must_use]
pub fn mix(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(body_hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(body_hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(body_hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn contents_that_differ_hash_apart() {
        let user = UserId(7);
        let contents = [
            Content::Text("hello".into()),
            Content::Created(vec![user]),
            Content::Invited(vec![user]),
            Content::Joined,
            Content::Left,
            Content::Removed(user),
            Content::HandedOver(user),
            Content::Renamed("hello".into()),
        ];
        let hashes: std::collections::BTreeSet<u64> =
            contents.iter().map(Content::body_hash).collect();
        assert_eq!(hashes.len(), contents.len());
    }
}
