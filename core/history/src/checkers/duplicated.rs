//! Nothing comes twice, and nothing comes that was refused.

use hubbub_chat::{ChannelId, MessageId};

use super::{Checker, Finding, Violation, words};
use crate::index::{ChannelLog, Delivery, Index, Moment, SentMessage};

/// `duplicated`: one case per entry that a device stored, per message of a log and per send that was
/// refused for good. A user writes again what was refused, so an entry of it is one too many.
#[derive(Debug, Clone, Copy)]
pub struct Duplicated;

impl Checker for Duplicated {
    fn name(&self) -> &'static str {
        "duplicated"
    }

    fn holds_when(&self) -> &'static str {
        "no device stores a message twice, no send has two entries in a log, and a send that has \
         failed has none"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let same_stream = |one: &Delivery, other: &Delivery| {
            (one.device, one.channel) == (other.device, other.channel)
        };
        for stream in index.deliveries().chunk_by(same_stream) {
            finding.judged += stream.len() as u64;
            check_stream(index, stream, &mut finding);
        }
        for (channel, log) in index.channels() {
            finding.judged += log.messages().len() as u64;
            check_bodies(*channel, log, &mut finding);
            check_numbers(*channel, log, &mut finding);
        }
        for send in index.sends() {
            if let Some(failed) = send.failed {
                finding.judged += 1;
                check_failed(send, failed, &mut finding);
            }
        }
        finding
    }
}

/// A message is known by its body, anything else by its place: changes repeat their hashes.
fn check_stream(index: &Index<'_>, stream: &[Delivery], finding: &mut Finding) {
    let mut sorted: Vec<&Delivery> = stream.iter().collect();
    sorted.sort_unstable_by_key(|one| (one.body_hash, one.seq));
    for same_body in sorted.chunk_by(|one, other| one.body_hash == other.body_hash) {
        if same_body.len() == 1 {
            continue;
        }
        if index.is_message(same_body[0].channel, same_body[0].body_hash) {
            same_body[1..].iter().for_each(|again| add_repeat(same_body[0], again, finding));
            continue;
        }
        let mut places = same_body.to_vec();
        places.sort_unstable_by_key(|one| (one.message_id, one.seq));
        for pair in places.windows(2).filter(|pair| pair[0].message_id == pair[1].message_id) {
            add_repeat(pair[0], pair[1], finding);
        }
    }
}

fn add_repeat(first: &Delivery, again: &Delivery, finding: &mut Finding) {
    finding.add(|| {
        let Delivery { device, channel, message_id, body_hash, seq, .. } = *again;
        let place = words::place(message_id);
        let earlier = if first.message_id == message_id {
            "stored it before".to_owned()
        } else {
            format!("had it as {}", words::place(first.message_id))
        };
        let summary = format!("device {device} stored {place} of {channel} although it {earlier}");
        Violation::new(seq, channel, summary)
            .of(message_id, body_hash)
            .between(vec![device], Vec::new())
    });
}

fn check_bodies(channel: ChannelId, log: &ChannelLog<'_>, finding: &mut Finding) {
    for pair in log.messages().windows(2) {
        let ((hash, first), (next, again)) = (pair[0], pair[1]);
        if hash == next {
            add_entry(channel, log, [first, again], finding);
        }
    }
}

/// The same number twice with different bodies: one of them took the place of the other.
fn check_numbers(channel: ChannelId, log: &ChannelLog<'_>, finding: &mut Finding) {
    let mut numbers: Vec<_> = log
        .entries()
        .filter(|(_, entry)| entry.is_message())
        .map(|(place, entry)| {
            let membership = log.membership(place, entry);
            (entry.device, membership, entry.number, place, entry.body_hash)
        })
        .collect();
    numbers.sort_unstable();
    for pair in numbers.windows(2) {
        let (device, membership, number, first, hash) = pair[0];
        let (next_device, next_membership, next_number, again, next_hash) = pair[1];
        let same_number =
            (device, membership, number) == (next_device, next_membership, next_number);
        if same_number && hash != next_hash {
            add_entry(channel, log, [first, again], finding);
        }
    }
}

fn check_failed(send: &SentMessage, failed: Moment, finding: &mut Finding) {
    let Some(place) = send.place else { return };
    finding.add(|| {
        let SentMessage { device, channel, client_id, body_hash, .. } = *send;
        let summary = format!(
            "number {client_id} of device {device} has failed in {channel}, and yet it stands there \
             as {}",
            words::place(place),
        );
        Violation::new(failed.seq, channel, summary)
            .of(Some(place), body_hash)
            .between(vec![device], Vec::new())
    });
}

fn add_entry(
    channel: ChannelId,
    log: &ChannelLog<'_>,
    [first, again]: [MessageId; 2],
    finding: &mut Finding,
) {
    let Some(entry) = log.entry(again) else { return };
    finding.add(|| {
        let (device, number) = (entry.device, entry.number);
        let summary = format!(
            "number {number} of device {device} stands twice in {channel}: as {} and as {}",
            words::place(first),
            words::place(again),
        );
        Violation::new(entry.seq, channel, summary)
            .of(again, entry.body_hash)
            .between(vec![device], Vec::new())
    });
}
