//! The log follows the clock on the wall of whoever watches.

use hubbub_chat::MessageId;

use super::{Checker, Finding, Violation, words};
use crate::index::{Index, Moment, SentMessage};

/// `real-time`: one case per message that was sent after another was accepted in its channel.
#[derive(Debug, Clone, Copy)]
pub struct RealTime;

impl Checker for RealTime {
    fn name(&self) -> &'static str {
        "real-time"
    }

    fn holds_when(&self) -> &'static str {
        "a message that was accepted before another was sent in the same channel stands before it"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let mut sends: Vec<&SentMessage> =
            index.sends().iter().filter(|send| send.place.is_some()).collect();
        sends.sort_by_key(|send| send.channel);
        for in_channel in sends.chunk_by(|one, other| one.channel == other.channel) {
            check_channel(index, in_channel, &mut finding);
        }
        finding
    }
}

/// Goes through the channel's sends by the time at which they began. Those accepted before that
/// are summed up by the one that stands highest.
fn check_channel(index: &Index<'_>, sends: &[&SentMessage], finding: &mut Finding) {
    // Where all lines have one clock, their order is exact and their times may be equal.
    let key =
        |moment: Moment, t_ns: u64| (if index.clocks_differ() { t_ns } else { 0 }, moment.seq);
    let mut begun = Vec::new();
    let mut accepted = Vec::new();
    for send in sends {
        let Some(place) = send.place else { continue };
        begun.extend(send.invoked.map(|at| (key(at, at.earliest_ns()), at, place, *send)));
        accepted.extend(send.accepted.map(|at| (key(at, at.latest_ns()), place, *send)));
    }
    begun.sort_unstable_by_key(|(key, ..)| *key);
    accepted.sort_unstable_by_key(|(key, ..)| *key);
    let mut before = accepted.into_iter().peekable();
    let mut highest: Option<(MessageId, &SentMessage)> = None;
    for (begun_at, moment, place, send) in begun {
        while let Some((_, place, send)) = before.next_if(|(at, ..)| *at < begun_at) {
            if highest.is_none_or(|(high, _)| high < place) {
                highest = Some((place, send));
            }
        }
        let Some((high, earlier)) = highest else { continue };
        finding.judged += 1;
        if high >= place {
            finding.add(|| violation(send, moment, place, earlier));
        }
    }
}

fn violation(
    send: &SentMessage,
    moment: Moment,
    place: MessageId,
    earlier: &SentMessage,
) -> Violation {
    let summary = format!(
        "{} was sent by device {} after {} of device {} had been accepted, yet does not stand after it",
        words::message(send),
        send.device,
        earlier.place.map_or_else(String::new, words::place),
        earlier.device,
    );
    Violation::new(moment.seq, send.channel, summary)
        .of(place, send.body_hash)
        .between(vec![earlier.device, send.device], Vec::new())
}
