//! What devices stored.

use hubbub_chat::{ChannelId, DeviceId, MessageId};

/// A device stored an entry.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The device.
    pub device: DeviceId,
    /// The conversation.
    pub channel: ChannelId,
    /// Its place.
    pub message_id: MessageId,
    /// The hash of what it says.
    pub body_hash: u64,
    /// The line's place in the history.
    pub seq: u64,
    /// Nanoseconds since the run began.
    pub t_ns: u64,
}

/// That a device holds a body: the first time that it stored it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    /// The conversation.
    pub channel: ChannelId,
    /// The hash of the body.
    pub body_hash: u64,
    /// The device.
    pub device: DeviceId,
    /// The line's place in the history.
    pub seq: u64,
    /// Where the device put it.
    pub message_id: MessageId,
    /// Nanoseconds since the run began.
    pub t_ns: u64,
}

/// All deliveries, in the two orders that checkers read them in.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    by_device: Vec<Delivery>,
    by_body: Vec<Holding>,
}

impl Deliveries {
    pub(super) fn new(mut by_device: Vec<Delivery>) -> Self {
        by_device.sort_unstable_by_key(|one| (one.device, one.channel, one.seq));
        let mut by_body: Vec<Holding> = by_device.iter().map(Holding::from).collect();
        by_body.sort_unstable();
        by_body.dedup_by_key(|one| (one.channel, one.body_hash, one.device));
        Self { by_device, by_body }
    }

    pub(super) fn all(&self) -> &[Delivery] {
        &self.by_device
    }

    /// What one device stored of one channel, in the order in which it did.
    pub(super) fn stream(&self, device: DeviceId, channel: ChannelId) -> &[Delivery] {
        between(&self.by_device, |one| (one.device, one.channel).cmp(&(device, channel)))
    }

    /// What one device stored, by channel and `seq`.
    pub(super) fn of_device(&self, device: DeviceId) -> &[Delivery] {
        between(&self.by_device, |one| one.device.cmp(&device))
    }

    /// Who holds a body, by device.
    pub(super) fn holders(&self, channel: ChannelId, body_hash: u64) -> &[Holding] {
        between(&self.by_body, |one| (one.channel, one.body_hash).cmp(&(channel, body_hash)))
    }
}

impl From<&Delivery> for Holding {
    fn from(delivery: &Delivery) -> Self {
        let Delivery { device, channel, message_id, body_hash, seq, t_ns } = *delivery;
        Self { channel, body_hash, device, seq, message_id, t_ns }
    }
}

/// The stretch of a sorted slice whose elements compare as equal.
fn between<T>(sorted: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> &[T] {
    let start = sorted.partition_point(|one| compare(one).is_lt());
    let length = sorted[start..].partition_point(|one| compare(one).is_eq());
    &sorted[start..start + length]
}
