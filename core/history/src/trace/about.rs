//! What a message over the network is about.

use hubbub_chat::{
    ChannelId, ClientId, DeviceId, Entry, MessageId, UserId,
    frame::{Cursors, Range},
};
use serde::{Deserialize, Serialize};

/// What a message over the network is about, as far as it is about one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct About {
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// The author of a chat message, or the user that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The author's device, or the device that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The device's number for its send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The hash of the body, as in the history.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::hash_text::optional")]
    pub body_hash: Option<u64>,
    /// The stretches of logs that it carries or reports, when that is not one entry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stretches: Vec<Stretch>,
}

/// A stretch of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// The conversation.
    pub channel: ChannelId,
    /// It begins above this place.
    pub from: MessageId,
    /// It ends with this place.
    pub to: MessageId,
}

impl About {
    /// Whether it is about nothing in particular.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// About an entry of a log.
    pub(super) fn entry(entry: &Entry) -> Self {
        let is_text = entry.content.is_text();
        Self {
            channel: Some(entry.channel),
            user: Some(entry.user),
            device: Some(entry.device),
            message_id: Some(entry.message_id),
            client_id: is_text.then_some(ClientId(entry.number)),
            body_hash: Some(entry.body_hash()),
            stretches: Vec::new(),
        }
    }

    /// About one conversation.
    pub(super) fn channel(channel: ChannelId) -> Self {
        Self { channel: Some(channel), ..Self::default() }
    }

    /// About what was read of several logs. Those of which nothing was read are left out.
    pub(super) fn ranges(ranges: &[Range]) -> Self {
        let read = ranges.iter().filter(|range| range.to > range.from);
        let stretch = |range: &Range| {
            let Range { channel, from, to, .. } = *range;
            Stretch { channel, from, to }
        };
        Self::stretches(read.map(stretch).collect())
    }

    /// About places in several logs.
    pub(super) fn cursors(cursors: &Cursors) -> Self {
        let stretch = |(channel, place): (&ChannelId, &MessageId)| Stretch {
            channel: *channel,
            from: place.previous(),
            to: *place,
        };
        Self::stretches(cursors.iter().map(stretch).collect())
    }

    /// One stretch is in one conversation, which is said as such.
    pub(super) fn stretches(stretches: Vec<Stretch>) -> Self {
        let channel = match stretches.as_slice() {
            [one] => Some(one.channel),
            _ => None,
        };
        Self { channel, stretches, ..Self::default() }
    }
}
