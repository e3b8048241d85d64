//! Keys of fixed length and big-endian numbers: their order is the order of the ids.

use std::ops::RangeInclusive;

use fjall::Slice;
use hubbub_chat::{
    ids::{ChannelId, DeviceId, MessageId, OperationId, UserId},
    time::Wall,
};

/// Bytes of a number.
const NUMBER: usize = 8;
/// Bytes of a channel: its kind and two numbers.
const CHANNEL: usize = 1 + 2 * NUMBER;
/// Bytes of the longest key, that of a copy.
const KEY_BYTES_MAX: usize = NUMBER + CHANNEL + NUMBER;

const DIRECT: u8 = 0;
const GROUP: u8 = 1;

pub(in crate::store) fn read_log(key: &[u8]) -> Option<(ChannelId, MessageId)> {
    let (channel, message_id) = key.split_at_checked(CHANNEL)?;
    Some((read_channel(channel)?, MessageId(read_number(message_id)?)))
}

pub(super) fn log(channel: ChannelId, message_id: MessageId) -> Slice {
    join::<{ CHANNEL + NUMBER }>(&[&channel_bytes(channel), &number(message_id.0)])
}

/// The places `first` to `last` of a channel's log.
pub(super) fn log_range(
    channel: ChannelId,
    first: MessageId,
    last: MessageId,
) -> RangeInclusive<Slice> {
    log(channel, first)..=log(channel, last)
}

pub(super) fn inbox(user: UserId, channel: ChannelId, message_id: MessageId) -> Slice {
    join::<{ NUMBER + CHANNEL + NUMBER }>(&[
        &number(user.0),
        &channel_bytes(channel),
        &number(message_id.0),
    ])
}

/// A user's copies `first` to `last`, in one channel.
pub(super) fn inbox_range(
    user: UserId,
    channel: ChannelId,
    first: MessageId,
    last: MessageId,
) -> RangeInclusive<Slice> {
    inbox(user, channel, first)..=inbox(user, channel, last)
}

/// Whose copy an inbox row is.
pub(super) fn read_inbox_user(key: &[u8]) -> Option<UserId> {
    Some(UserId(read_number(key.get(..NUMBER)?)?))
}

/// The place that an inbox row is a copy of.
pub(super) fn read_inbox(key: &[u8]) -> Option<(ChannelId, MessageId)> {
    read_log(key.get(NUMBER..)?)
}

/// The id at the end of a key of the log or of an inbox.
pub(super) fn read_message_id(key: &[u8]) -> Option<MessageId> {
    let (_, message_id) = key.split_at_checked(key.len().checked_sub(NUMBER)?)?;
    Some(MessageId(read_number(message_id)?))
}

/// The first key behind the stretch of the log or of an inbox that this key is in.
pub(super) fn behind_stretch(key: &[u8]) -> Slice {
    let stretch = &key[..key.len().saturating_sub(NUMBER)];
    Slice::from([stretch, &number(u64::MAX), &[0]].concat())
}

/// Everything from this key on.
pub(super) fn from(first: Slice) -> RangeInclusive<Slice> {
    first..=Slice::from([u8::MAX; KEY_BYTES_MAX + 1])
}

/// The first key behind this one.
pub(super) fn behind(key: &[u8]) -> Slice {
    Slice::from([key, &[0]].concat())
}

pub(super) fn channel(channel: ChannelId) -> Slice {
    Slice::from(channel_bytes(channel))
}

/// For a user's or a device's row about a channel.
pub(super) fn owner_channel(owner: u64, channel: ChannelId) -> Slice {
    owner_bytes(owner, &channel_bytes(channel))
}

/// All rows that a user or device has about channels.
pub(super) fn owner_channels(owner: u64) -> RangeInclusive<Slice> {
    owner_bytes(owner, &[0; CHANNEL])..=owner_bytes(owner, &[u8::MAX; CHANNEL])
}

/// The channel that such a row is about.
pub(super) fn read_owner_channel(key: &[u8]) -> Option<ChannelId> {
    read_channel(key.get(NUMBER..)?)
}

pub(super) fn user(user: UserId) -> Slice {
    Slice::from(number(user.0))
}

pub(super) fn device(device: DeviceId) -> Slice {
    Slice::from(number(device.0))
}

/// When something is due that is owed to a user in a channel.
pub(super) fn due(due: Wall, user: UserId, channel: ChannelId) -> Slice {
    join::<{ 2 * NUMBER + CHANNEL }>(&[&number(due.0), &number(user.0), &channel_bytes(channel)])
}

pub(super) fn read_due(key: &[u8]) -> Option<(UserId, ChannelId)> {
    let owed = key.get(NUMBER..)?;
    let (user, channel) = owed.split_at_checked(NUMBER)?;
    Some((UserId(read_number(user)?), read_channel(channel)?))
}

/// The last key that is due at this time.
pub(super) fn due_until(due: Wall) -> Slice {
    join::<{ 2 * NUMBER + CHANNEL }>(&[&number(due.0), &[u8::MAX; NUMBER + CHANNEL]])
}

fn owner_bytes(owner: u64, channel: &[u8; CHANNEL]) -> Slice {
    join::<{ NUMBER + CHANNEL }>(&[&number(owner), channel])
}

fn channel_bytes(channel: ChannelId) -> [u8; CHANNEL] {
    let (kind, first, second) = match channel {
        ChannelId::Direct(one, other) => (DIRECT, one.0, other.0),
        ChannelId::Group(creator, number) => (GROUP, creator.0, number.0),
    };
    let mut bytes = [0; CHANNEL];
    fill(&mut bytes, &[&[kind], &number(first), &number(second)]);
    bytes
}

fn read_channel(bytes: &[u8]) -> Option<ChannelId> {
    let (kind, numbers) = bytes.split_first()?;
    let (first, second) = numbers.split_at_checked(NUMBER)?;
    let (first, second) = (UserId(read_number(first)?), read_number(second)?);
    match *kind {
        DIRECT => Some(ChannelId::Direct(first, UserId(second))),
        GROUP => Some(ChannelId::Group(first, OperationId(second))),
        _ => None,
    }
}

fn number(value: u64) -> [u8; NUMBER] {
    value.to_be_bytes()
}

fn read_number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn join<const N: usize>(parts: &[&[u8]]) -> Slice {
    let mut bytes = [0; N];
    fill(&mut bytes, parts);
    Slice::from(bytes)
}

fn fill(bytes: &mut [u8], parts: &[&[u8]]) {
    let mut rest = bytes;
    for part in parts {
        let (here, after) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = after;
    }
    debug_assert!(rest.is_empty(), "a key has a fixed length");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels() -> Vec<ChannelId> {
        let numbers = [0, 1, 255, 256, u64::MAX];
        let pairs = numbers.into_iter().flat_map(|a| numbers.map(|b| (a, b)));
        let direct = pairs.clone().map(|(a, b)| ChannelId::Direct(UserId(a), UserId(b)));
        direct.chain(pairs.map(|(a, b)| ChannelId::group(UserId(a), b))).collect()
    }

    #[test]
    fn keys_sort_as_the_ids_do() {
        let ids = [0, 1, 255, 256, u64::MAX].map(MessageId);
        let places: Vec<_> =
            channels().into_iter().flat_map(|channel| ids.map(|id| (channel, id))).collect();
        let sorted = |mut places: Vec<(ChannelId, MessageId)>| {
            places.sort();
            places
        };
        let mut keys: Vec<Slice> = places.iter().map(|(channel, id)| log(*channel, *id)).collect();
        keys.sort();
        let read: Vec<_> = keys.iter().map(|key| read_log(key).unwrap()).collect();
        assert_eq!(read, sorted(places));
    }

    #[test]
    fn a_range_of_an_owner_holds_their_channels_and_nobody_elses() {
        for channel in channels() {
            assert!(owner_channels(7).contains(&owner_channel(7, channel)));
            assert!(!owner_channels(7).contains(&owner_channel(6, channel)));
            assert!(!owner_channels(7).contains(&owner_channel(8, channel)));
            assert_eq!(read_owner_channel(&owner_channel(7, channel)), Some(channel));
            let copy = inbox(UserId(7), channel, MessageId(9));
            assert_eq!(read_inbox(&copy), Some((channel, MessageId(9))));
        }
    }

    #[test]
    fn what_is_due_sorts_by_time_then_user_then_channel() {
        let mut rows: Vec<_> = channels()
            .into_iter()
            .flat_map(|channel| [0, 1, 256].map(|number| (Wall(number), channel)))
            .flat_map(|(at, channel)| [0, 1, 256].map(|user| (at, UserId(user), channel)))
            .collect();
        let key = |(at, user, channel): &(Wall, UserId, ChannelId)| due(*at, *user, *channel);
        let mut keys: Vec<Slice> = rows.iter().map(key).collect();
        keys.sort();
        rows.sort();
        assert_eq!(keys, rows.iter().map(key).collect::<Vec<_>>());
        let (at, user, channel) = rows[7];
        assert_eq!(read_due(&due(at, user, channel)), Some((user, channel)));
        let is_due = |row: &&(Wall, UserId, ChannelId)| key(row) <= due_until(Wall(1));
        assert!(rows.iter().filter(is_due).all(|(at, ..)| *at <= Wall(1)));
        assert_eq!(rows.iter().filter(is_due).count(), rows.len() * 2 / 3);
    }

    #[test]
    fn behind_a_stretch_comes_the_next_one() {
        let [one, next] = [ChannelId::group(UserId(1), 1), ChannelId::group(UserId(1), 2)];
        for id in [0, 7, u64::MAX].map(MessageId) {
            let behind = behind_stretch(&log(one, id));
            assert!(log(one, MessageId(u64::MAX)) < behind && behind < log(next, MessageId(0)));
            assert_eq!(read_message_id(&log(one, id)), Some(id));
            let behind = behind_stretch(&inbox(UserId(3), one, id));
            assert!(inbox(UserId(3), one, MessageId(u64::MAX)) < behind);
            assert!(behind < inbox(UserId(3), next, MessageId(0)));
            assert!(from(behind).contains(&inbox(UserId(u64::MAX), next, id)));
        }
        assert_eq!(read_inbox_user(&inbox(UserId(3), one, MessageId(9))), Some(UserId(3)));
    }

    #[test]
    fn other_bytes_are_no_key() {
        for bytes in [&[][..], &[0; 24], &[0; 26], &[2; 25]] {
            assert_eq!(read_log(bytes), None, "{bytes:?}");
        }
    }
}
