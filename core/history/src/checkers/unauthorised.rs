//! Nobody gets what they may not see, not even to throw it away.

use hubbub_chat::{ChannelId, DeviceId, MessageId};

use super::{Checker, Finding, Violation, words};
use crate::{
    event::{Event, EventBody},
    index::Index,
};

/// `unauthorised`: one case per entry that reached or was stored by a device.
#[derive(Debug, Clone, Copy)]
pub struct Unauthorised;

impl Checker for Unauthorised {
    fn name(&self) -> &'static str {
        "unauthorised"
    }

    fn holds_when(&self) -> &'static str {
        "no device receives an entry from before its user came or after they went"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let mut seen = Vec::new();
        for event in index.history().events() {
            let Some(sight) = Sight::of(event) else { continue };
            match sight.is_allowed(index) {
                None => continue,
                Some(true) => {}
                Some(false) => seen.push(sight),
            }
            finding.judged += 1;
        }
        report(seen, &mut finding);
        finding
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sight {
    channel: ChannelId,
    place: MessageId,
    device: DeviceId,
    seq: u64,
    body_hash: u64,
}

impl Sight {
    fn of(event: &Event) -> Option<Self> {
        match event.body {
            EventBody::Receive { device, channel, message_id, body_hash, .. }
            | EventBody::Apply { device, channel, message_id, body_hash, .. } => {
                Some(Self { channel, place: message_id, device, seq: event.seq, body_hash })
            }
            _ => None,
        }
    }

    /// `None` when nothing is known of the device or, without lines of the store, of the channel,
    /// and where ids are no places when the order of the commits says otherwise than the ids.
    fn is_allowed(&self, index: &Index<'_>) -> Option<bool> {
        let user = index.owner(self.device)?;
        let log = index.channel(self.channel);
        let log = log.filter(|log| log.has_members());
        match log {
            Some(log) => log.saw(user, self.place, self.seq),
            None => index.has_entries().then_some(false),
        }
    }
}

/// One violation per entry, however many devices saw it and however often.
fn report(mut seen: Vec<Sight>, finding: &mut Finding) {
    seen.sort_unstable();
    let same_entry =
        |one: &Sight, other: &Sight| (one.channel, one.place) == (other.channel, other.place);
    for of_entry in seen.chunk_by(same_entry) {
        finding.add(|| {
            let Sight { channel, place, body_hash, .. } = of_entry[0];
            let mut had: Vec<DeviceId> = of_entry.iter().map(|sight| sight.device).collect();
            had.dedup();
            let seq = of_entry.iter().map(|sight| sight.seq).min().unwrap_or_default();
            let (devices, message) = (words::devices(&had), words::place(place));
            let summary =
                format!("{message} of {channel} reached {devices}, whose user may not see it");
            Violation::new(seq, channel, summary).of(place, body_hash).between(had, Vec::new())
        });
    }
}
