//! A group never has more members than it may.

use std::collections::BTreeSet;

use hubbub_chat::{ChannelId, MessageId, UserId};

use super::{Checker, Finding, Violation, words};
use crate::{
    event::Member,
    index::{ChannelLog, Index, LogEntry},
};

/// `group-limit`: one case per entry of a group's log by which somebody comes in.
#[derive(Debug, Clone, Copy)]
pub struct GroupLimit;

impl Checker for GroupLimit {
    fn name(&self) -> &'static str {
        "group-limit"
    }

    fn holds_when(&self) -> &'static str {
        "after no entry of its log does a group have more members than the limit"
    }

    fn applies(&self, index: &Index<'_>) -> bool {
        let is_group = |(channel, log): (&ChannelId, &ChannelLog<'_>)| {
            channel.pair().is_none() && log.entries().next().is_some()
        };
        index.bounds().group_limit > 0 && index.channels().iter().any(is_group)
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let limit = index.bounds().group_limit as usize;
        if limit == 0 {
            return finding;
        }
        let places = index.bounds().ids_are_places();
        for (channel, log) in index.channels().iter().filter(|(id, _)| id.pair().is_none()) {
            if places {
                check_group(*channel, log, log.entries(), limit, &mut finding);
            } else {
                check_group(*channel, log, log.commits().into_iter(), limit, &mut finding);
            }
        }
        finding
    }
}

fn check_group<'a, 'b: 'a>(
    channel: ChannelId,
    log: &'a ChannelLog<'b>,
    entries: impl Iterator<Item = (MessageId, &'a LogEntry<'b>)>,
    limit: usize,
    finding: &mut Finding,
) {
    let mut members: BTreeSet<UserId> = log.first_members().collect();
    for (id, entry) in entries {
        match entry.kind {
            Member::Message | Member::Unchanged => continue,
            Member::Leave(user) => {
                members.remove(user);
                continue;
            }
            Member::Enter(users) => members.extend(users),
        }
        finding.judged += 1;
        if members.len() > limit {
            finding.add(|| {
                let (place, count) = (words::place(id), members.len());
                let summary = format!(
                    "after {place}, {channel} has {count} members where {limit} are allowed"
                );
                Violation::new(entry.seq, channel, summary).of(id, entry.body_hash)
            });
        }
    }
}
