//! Ids name one entry each, and later is larger.

use std::collections::BTreeSet;

use hubbub_chat::{ChannelId, MessageId, design::Ids};

use super::{Checker, Finding, Violation, words};
use crate::index::{ChannelLog, Index, LogEntry};

/// `ids`: one case per entry of a log.
///
/// A store that loses the end of its log may give the places of it anew, but not one that somebody
/// was told or was given an entry of. Snowflakes name an entry whatever its channel.
#[derive(Debug, Clone, Copy)]
pub struct MessageIds;

impl Checker for MessageIds {
    fn name(&self) -> &'static str {
        "ids"
    }

    fn holds_when(&self) -> &'static str {
        "no two entries of a channel have the same id, nor of any two channels if ids are \
         snowflakes, and an entry that is committed later has a larger one"
    }

    fn applies(&self, index: &Index<'_>) -> bool {
        index.has_entries()
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let places = index.bounds().ids_are_places();
        for (channel, log) in index.channels() {
            finding.judged += log.entries().count() as u64;
            check_uniqueness(index, *channel, log, places, &mut finding);
            if places {
                check_order(*channel, by_seq(log), &mut finding);
            } else {
                check_order(*channel, log.commits(), &mut finding);
            }
        }
        if index.bounds().ids == Ids::Snowflake {
            check_across_channels(index, &mut finding);
        }
        finding
    }
}

fn by_seq<'a, 'b>(log: &'b ChannelLog<'a>) -> Vec<(MessageId, &'b LogEntry<'a>)> {
    let mut entries: Vec<_> = log.entries().collect();
    entries.sort_by_key(|(_, entry)| entry.seq);
    entries
}

fn check_uniqueness(
    index: &Index<'_>,
    channel: ChannelId,
    log: &ChannelLog<'_>,
    places: bool,
    finding: &mut Finding,
) {
    let mut told: Option<BTreeSet<(MessageId, u64)>> = None;
    for (id, earlier) in log.replaced() {
        let told = told.get_or_insert_with(|| told_ids(index, channel));
        let held = index.holders(channel, earlier.body_hash).iter();
        let was_seen = told.contains(&(id, earlier.body_hash))
            || held.into_iter().any(|one| one.message_id == id);
        if places && !was_seen {
            continue;
        }
        finding.judged += u64::from(!places);
        finding.add(|| {
            let place = words::place(id);
            let summary = format!(
                "{place} of {channel} is two entries: number {} of device {} and, later, another",
                earlier.number, earlier.device,
            );
            let seq = log.entry(id).map_or(earlier.seq, |entry| entry.seq);
            Violation::new(seq, channel, summary).of(id, earlier.body_hash)
        });
    }
}

/// What senders of a channel were told: the id, and the body that it was given to.
fn told_ids(index: &Index<'_>, channel: ChannelId) -> BTreeSet<(MessageId, u64)> {
    let sends = index.sends().iter().filter(|send| send.channel == channel);
    sends.filter_map(|send| Some((send.told?, send.body_hash))).collect()
}

/// An id that is taken twice is left to [`check_uniqueness`].
fn check_order(
    channel: ChannelId,
    commits: Vec<(MessageId, &LogEntry<'_>)>,
    finding: &mut Finding,
) {
    let mut highest: Option<MessageId> = None;
    for (id, entry) in commits {
        if let Some(highest) = highest.filter(|highest| id < *highest) {
            finding.add(|| {
                let (later, earlier) = (words::place(id), words::place(highest));
                let summary = format!("{later} of {channel} was committed after {earlier}");
                Violation::new(entry.seq, channel, summary).of(id, entry.body_hash)
            });
        }
        highest = highest.max(Some(id));
    }
}

fn check_across_channels(index: &Index<'_>, finding: &mut Finding) {
    let of_channel = |(channel, log): (&ChannelId, &ChannelLog<'_>)| {
        let entries = log.entries().map(|(id, entry)| (id, *channel, entry.seq, entry.body_hash));
        entries.collect::<Vec<_>>()
    };
    let mut all: Vec<_> = index.channels().iter().flat_map(of_channel).collect();
    all.sort_unstable();
    for pair in all.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        finding.add(|| {
            let (mut first, mut later) = (pair[0], pair[1]);
            if later.2 < first.2 {
                std::mem::swap(&mut first, &mut later);
            }
            let (id, channel, seq, body_hash) = later;
            let place = words::place(id);
            let summary = format!("{place} of {channel} has the id of an entry of {}", first.1);
            Violation::new(seq, channel, summary).of(id, body_hash)
        });
    }
}
