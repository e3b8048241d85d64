//! A user sees the same on all their devices.

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use super::{Checker, Finding, Violation, words};
use crate::index::{Delivery, Index};

/// `converged`: one case per user with several devices and channel of which one holds something.
#[derive(Debug, Clone, Copy)]
pub struct Converged;

impl Checker for Converged {
    fn name(&self) -> &'static str {
        "converged"
    }

    fn holds_when(&self) -> &'static str {
        "at the end all devices of a user hold the same, as far as all of them may see it"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        for (user, devices) in index.users() {
            if devices.len() > 1 {
                check_user(index, *user, devices, &mut finding);
            }
        }
        finding
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    channel: ChannelId,
    place: MessageId,
    body_hash: u64,
    device: DeviceId,
    seq: u64,
}

fn check_user(index: &Index<'_>, user: UserId, devices: &[DeviceId], finding: &mut Finding) {
    let mut held: Vec<Held> =
        devices.iter().flat_map(|device| index.all_of(*device)).map(Held::from).collect();
    held.sort_unstable();
    held.dedup_by_key(|one| (one.channel, one.place, one.body_hash, one.device));
    for in_channel in held.chunk_by(|one, other| one.channel == other.channel) {
        finding.judged += 1;
        let channel = in_channel[0].channel;
        let floors = devices.iter().map(|device| index.floor(*device, channel));
        let floor = floors.max().unwrap_or_default();
        // One id may belong to several entries where ids are no places: each is one of its own.
        let places = index.bounds().ids_are_places();
        let same = |one: &Held, other: &Held| {
            one.place == other.place && (places || one.body_hash == other.body_hash)
        };
        for at_place in in_channel.chunk_by(same) {
            let place = at_place[0].place;
            let gone = |device: &DeviceId| index.is_truncated(*device, channel, place);
            if place >= floor && !devices.iter().any(gone) && is_clear(index, user, at_place[0]) {
                check_place(user, devices, at_place, finding);
            }
        }
    }
}

/// Whether nobody can dispute that the user may see it, or may not.
fn is_clear(index: &Index<'_>, user: UserId, held: Held) -> bool {
    index.channel(held.channel).is_none_or(|log| log.sees(user, held.place).is_some())
}

/// All devices, each once, with one body.
fn check_place(user: UserId, devices: &[DeviceId], at_place: &[Held], finding: &mut Finding) {
    let one_body = at_place.iter().all(|one| one.body_hash == at_place[0].body_hash);
    if one_body && at_place.len() == devices.len() {
        return;
    }
    finding.add(|| {
        let Held { channel, place, body_hash, .. } = at_place[0];
        let with_body = at_place.iter().filter(|one| one.body_hash == body_hash);
        let had: Vec<DeviceId> = with_body.map(|one| one.device).collect();
        let mut missing = devices.to_vec();
        missing.retain(|device| !had.contains(device));
        let seq = at_place.iter().map(|one| one.seq).max().unwrap_or_default();
        let lacks = if one_body { "lacks" } else { "has otherwise" };
        let summary = format!(
            "user {user} sees different things: {} has {} of {channel}, which {} {lacks}",
            words::devices(&had),
            words::place(place),
            words::devices(&missing),
        );
        Violation::new(seq, channel, summary).of(place, body_hash).between(had, missing)
    });
}

impl From<&Delivery> for Held {
    fn from(delivery: &Delivery) -> Self {
        let Delivery { device, channel, message_id, body_hash, seq, .. } = *delivery;
        Self { channel, place: message_id, body_hash, device, seq }
    }
}
