//! All devices agree on each place, go through the places upwards, and leave none out.

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use super::{Checker, Finding, Violation, words};
use crate::{
    hash_text,
    index::{ChannelLog, Delivery, Index},
};

/// `order`: one case per entry that a device stored.
///
/// Where ids are no places, only the first part is judged. Such a log may grow anywhere, so there is
/// no telling a hole from an entry that is still to come: that every device holds what the log has
/// in the end is the business of `accepted-lost`. And a device shows messages by their ids, whenever
/// it stored them: whether the ids keep the order is the business of `ids`, `real-time` and
/// `causality`.
#[derive(Debug, Clone, Copy)]
pub struct Order;

impl Checker for Order {
    fn name(&self) -> &'static str {
        "order"
    }

    fn holds_when(&self) -> &'static str {
        "all devices hold the same entry under an id; where ids are places, they store entries in \
         the order of their places and leave out none that their user may see"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        finding.judged = index.deliveries().len() as u64;
        check_agreement(index, &mut finding);
        if index.bounds().ids_are_places() {
            check_places(index, &mut finding);
        }
        finding
    }
}

fn check_places(index: &Index<'_>, finding: &mut Finding) {
    let mut holes = Vec::new();
    for (device, channel) in streams(index) {
        let stream = index.stream(device, channel);
        check_rising(stream, finding);
        find_holes(index, device, channel, stream, &mut holes);
    }
    report_holes(holes, finding);
}

fn check_agreement(index: &Index<'_>, finding: &mut Finding) {
    let mut all: Vec<&Delivery> = index.deliveries().iter().collect();
    all.sort_unstable_by_key(|one| (one.channel, one.message_id, one.device, one.seq));
    let same_place = |one: &&Delivery, other: &&Delivery| {
        (one.channel, one.message_id) == (other.channel, other.message_id)
    };
    for at_place in all.chunk_by(same_place) {
        let (channel, message_id) = (at_place[0].channel, at_place[0].message_id);
        let entry = index.channel(channel).and_then(|log| log.entry(message_id));
        if entry.is_none() && index.has_entries() {
            add_phantom(at_place, finding);
            continue;
        }
        let first = at_place.iter().min_by_key(|one| one.seq).map(|one| one.body_hash);
        let agreed = entry.map(|entry| entry.body_hash).or(first).unwrap_or_default();
        if at_place.iter().any(|one| one.body_hash != agreed) {
            add_disagreement(at_place, agreed, entry.is_some(), finding);
        }
    }
}

fn add_phantom(at_place: &[&Delivery], finding: &mut Finding) {
    finding.add(|| {
        let Delivery { channel, message_id, body_hash, seq, .. } = *at_place[0];
        let had = devices_of(at_place);
        let (devices, place) = (words::devices(&had), words::place(message_id));
        let summary = format!("{place} of {channel} is in no log, yet {devices} stored it");
        Violation::new(seq, channel, summary).of(message_id, body_hash).between(had, Vec::new())
    });
}

fn add_disagreement(at_place: &[&Delivery], agreed: u64, in_log: bool, finding: &mut Finding) {
    finding.add(|| {
        let (same, other): (Vec<&Delivery>, Vec<&Delivery>) =
            at_place.iter().copied().partition(|one| one.body_hash == agreed);
        let (had, missing) = (devices_of(&same), devices_of(&other));
        let Delivery { channel, message_id, body_hash, seq, .. } = *other[0];
        let log = if in_log { "as the log does" } else { "and came first" };
        let summary = format!(
            "{} of {channel} differs: {} {} the body {} {log}, {} {} {}",
            words::place(message_id),
            words::devices(&had),
            words::has(&had),
            hash_text::text(agreed),
            words::devices(&missing),
            words::has(&missing),
            hash_text::text(body_hash),
        );
        Violation::new(seq, channel, summary).of(message_id, agreed).between(had, missing)
    });
}

/// The devices, each once, of deliveries that are sorted by device.
fn devices_of(deliveries: &[&Delivery]) -> Vec<DeviceId> {
    let mut devices: Vec<DeviceId> = deliveries.iter().map(|one| one.device).collect();
    devices.dedup();
    devices
}

/// Every device and channel of which something is said.
fn streams(index: &Index<'_>) -> Vec<(DeviceId, ChannelId)> {
    let stored = index.deliveries().iter().map(|one| (one.device, one.channel));
    let mut streams: Vec<_> = stored.chain(index.final_cursors().keys().copied()).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}

/// A place that comes a second time is left to `duplicated`.
fn check_rising(stream: &[Delivery], finding: &mut Finding) {
    let mut last: Option<&Delivery> = None;
    let mut first_stored: Option<Vec<(MessageId, u64)>> = None;
    for one in stream {
        if let Some(before) = last.filter(|before| before.message_id >= one.message_id) {
            let first_stored = first_stored.get_or_insert_with(|| by_place(stream));
            let at = first_stored.partition_point(|(place, _)| *place < one.message_id);
            if first_stored[at].1 == one.seq {
                add_backwards(before, one, finding);
            }
            continue;
        }
        last = Some(one);
    }
}

fn by_place(stream: &[Delivery]) -> Vec<(MessageId, u64)> {
    let mut places: Vec<_> = stream.iter().map(|one| (one.message_id, one.seq)).collect();
    places.sort_unstable();
    places
}

fn add_backwards(before: &Delivery, one: &Delivery, finding: &mut Finding) {
    finding.add(|| {
        let Delivery { device, channel, message_id, body_hash, seq, .. } = *one;
        let summary = format!(
            "device {device} stored {} of {channel} after {}",
            words::place(message_id),
            words::place(before.message_id),
        );
        Violation::new(seq, channel, summary)
            .of(message_id, body_hash)
            .between(vec![device], Vec::new())
    });
}

struct Hole {
    channel: ChannelId,
    place: MessageId,
    device: DeviceId,
    /// The line by which the device went past the place.
    seq: u64,
}

/// Finds the places below the device's highest that it should hold and does not.
fn find_holes(
    index: &Index<'_>,
    device: DeviceId,
    channel: ChannelId,
    stream: &[Delivery],
    holes: &mut Vec<Hole>,
) {
    let (Some(user), Some(log)) = (index.owner(device), index.channel(channel)) else { return };
    let held = by_place(stream);
    let cursor = index.final_cursors().get(&(device, channel)).copied();
    let highest = held.last().map(|(place, _)| *place).max(cursor).unwrap_or_default();
    let floor = index.floor(device, channel);
    let last_seq = index.history().events().last().map_or(0, |event| event.seq);
    for place in visible_places(log, user, floor, highest) {
        let after = held.partition_point(|(one, _)| *one < place);
        let holds = held.get(after).is_some_and(|(one, _)| *one == place);
        if !holds && !index.is_truncated(device, channel, place) {
            let seq = held.get(after).map_or(last_seq, |(_, seq)| *seq);
            holes.push(Hole { channel, place, device, seq });
        }
    }
}

fn visible_places<'a>(
    log: &'a ChannelLog<'_>,
    user: UserId,
    floor: MessageId,
    highest: MessageId,
) -> impl Iterator<Item = MessageId> + 'a {
    let places = log.places();
    log.visible(user).iter().flat_map(move |interval| {
        let first = interval.first.max(floor);
        let last = interval.last.map_or(highest, |last| last.min(highest));
        let start = places.partition_point(|place| *place < first);
        places[start..].iter().copied().take_while(move |place| *place <= last)
    })
}

/// One violation per place, however many devices left it out.
fn report_holes(mut holes: Vec<Hole>, finding: &mut Finding) {
    holes.sort_unstable_by_key(|hole| (hole.channel, hole.place, hole.device));
    let same_place =
        |one: &Hole, other: &Hole| (one.channel, one.place) == (other.channel, other.place);
    for at_place in holes.chunk_by(same_place) {
        finding.add(|| {
            let Hole { channel, place, .. } = at_place[0];
            let seq = at_place.iter().map(|hole| hole.seq).min().unwrap_or_default();
            let missing: Vec<DeviceId> = at_place.iter().map(|hole| hole.device).collect();
            let (devices, message) = (words::devices(&missing), words::place(place));
            let summary = format!("{devices} left out {message} of {channel} and went on past it");
            Violation::new(seq, channel, summary).of(place, None).between(Vec::new(), missing)
        });
    }
}
