//! The names of things: small, ordered and printable.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id! {
    /// A person with an account.
    UserId(u64)
}
id! {
    /// One device of a user. Issued at login and never used again, so that a device which loses
    /// its storage cannot be mistaken for its former self.
    DeviceId(u64)
}
id! {
    /// One live connection of a device to a chat server; unique within that server's process.
    SessionId(u64)
}
id! {
    /// A chat server process of the deployment.
    ServerId(u32)
}
id! {
    /// Names an entry of a channel's log: by default its place, 1, 2, 3 … without holes; with other
    /// `ids` a number that only orders. Zero means "before the first".
    MessageId(u64)
}
id! {
    /// The device's own number for a send, counting from 1 within a channel and a membership.
    ClientId(u64)
}
id! {
    /// The device's own number for a change of membership, counting up within a channel.
    OperationId(u64)
}
id! {
    /// Pairs a port's answer with its request; unique within one machine.
    RequestId(u64)
}

impl MessageId {
    /// Before the first message.
    pub const ZERO: Self = Self(0);

    /// Whether it is [`Self::ZERO`].
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The id that follows this one in the log; the last one stays the last.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The id before this one; zero stays zero.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl ClientId {
    /// A number that no send may have: none could follow it.
    pub const LAST: Self = Self(u64::MAX);

    /// The number of the send after this one; the last one stays the last.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A conversation. Its id follows from who opened it, so that opening it twice cannot make two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelId {
    /// Between two users, the lower id first. Prints as `direct-3-17`.
    Direct(UserId, UserId),
    /// A group: who created it and the creator's own number for it. Prints as `group-3-1`.
    Group(UserId, OperationId),
}

impl ChannelId {
    /// The direct channel of two users, in either order.
    #[must_use]
    pub fn direct(one: UserId, other: UserId) -> Self {
        Self::Direct(one.min(other), one.max(other))
    }

    /// The group that `creator` opened as their own number `number`.
    #[must_use]
    pub fn group(creator: UserId, number: u64) -> Self {
        Self::Group(creator, OperationId(number))
    }

    /// The two users of a direct channel; `None` for a group.
    #[must_use]
    pub fn pair(self) -> Option<[UserId; 2]> {
        match self {
            Self::Direct(one, other) => Some([one, other]),
            Self::Group(..) => None,
        }
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(one, other) => write!(formatter, "direct-{one}-{other}"),
            Self::Group(creator, number) => write!(formatter, "group-{creator}-{number}"),
        }
    }
}

/// Why a text is not a channel id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no channel id: expected `direct-<user>-<user>` (lower first) or `group-<user>-<number>`"
)]
pub struct ChannelIdError {
    text: String,
}

impl FromStr for ChannelId {
    type Err = ChannelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_channel(text).ok_or_else(|| ChannelIdError { text: text.chars().take(64).collect() })
    }
}

fn parse_channel(text: &str) -> Option<ChannelId> {
    let mut parts = text.split('-');
    let (kind, first, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (first, second) = (parse_number(first)?, parse_number(second)?);
    match kind {
        "direct" if first < second => Some(ChannelId::Direct(UserId(first), UserId(second))),
        "group" => Some(ChannelId::group(UserId(first), second)),
        _ => None,
    }
}

/// Digits only and no leading zero, so that every id has one spelling.
fn parse_number(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

impl Serialize for ChannelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChannelId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_channel_has_one_id_for_both_users() {
        let (ann, ben) = (UserId(17), UserId(3));
        assert_eq!(ChannelId::direct(ann, ben), ChannelId::direct(ben, ann));
        assert_eq!(ChannelId::direct(ann, ben).to_string(), "direct-3-17");
    }

    #[test]
    fn the_last_number_is_followed_by_itself() {
        assert_eq!(ClientId::LAST.next(), ClientId::LAST);
        assert_eq!(MessageId(u64::MAX).next(), MessageId(u64::MAX));
    }

    #[test]
    fn channel_ids_survive_their_text() {
        for text in ["direct-3-17", "group-3-1", "group-0-0"] {
            assert_eq!(text.parse::<ChannelId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "direct-17-3",
            "direct-3-3",
            "direct-03-17",
            "group-3",
            "group-3-1-1",
            "group-+3-1",
            "x-1-2",
        ] {
            assert!(text.parse::<ChannelId>().is_err(), "{text}");
        }
    }
}
