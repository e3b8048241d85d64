//! Violations, and which marks are about each.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{ChannelId, ClientId, DeviceId, MessageId};
use hubbub_history::{Event, checkers::Finding, checkers::Violation};

use super::{
    drawing::{Channels, Shown},
    marks::Sketched,
};

/// In the order of the history: the earliest says most about what went wrong.
pub(super) fn violations(
    findings: &[Finding],
    events: &[&Event],
    sketch: &[Sketched],
    channels: &mut Channels,
) -> Vec<Shown> {
    let mut by_channel: BTreeMap<ChannelId, Vec<usize>> = BTreeMap::new();
    let mut by_seq: BTreeMap<u64, usize> = BTreeMap::new();
    for (place, sketched) in sketch.iter().enumerate() {
        let of_stretches = sketched.stretches.iter().map(|stretch| stretch.channel);
        for channel in sketched.channel.into_iter().chain(of_stretches) {
            let places = by_channel.entry(channel).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        if let Some(seq) = sketched.mark.seq {
            by_seq.insert(seq, place);
        }
    }
    let shown = |violation: &Violation| {
        let of_channel = violation.channel.and_then(|it| by_channel.get(&it));
        let related = of_channel.into_iter().flatten().copied();
        let places = places(related.clone().map(|place| &sketch[place]), violation);
        let is_about = |place: &usize| is_about(&sketch[*place], violation, &places);
        let mut marks: Vec<usize> = related.clone().filter(is_about).collect();
        // An acceptance has neither the body nor, with some designs, a place. It has the number,
        // as the message's other marks have.
        let numbers: BTreeSet<(DeviceId, ClientId)> =
            marks.iter().filter_map(|place| sketch[*place].number).collect();
        let is_numbered =
            |place: &usize| sketch[*place].number.is_some_and(|it| numbers.contains(&it));
        marks.extend(related.filter(is_numbered));
        marks.extend(by_seq.get(&violation.seq));
        marks.sort_unstable();
        marks.dedup();
        let event = usize::try_from(violation.seq).ok().and_then(|seq| events.get(seq));
        Shown {
            checker: violation.checker.clone(),
            summary: violation.summary.clone(),
            channel: violation.channel.map(|it| channels.place(it)),
            id: violation.message_id.map(|it| it.to_string()),
            t: event.map_or(0, |event| event.t_ns),
            seq: violation.seq,
            had: violation.had.clone(),
            missing: violation.missing.clone(),
            marks,
        }
    };
    let mut violations: Vec<Shown> =
        findings.iter().flat_map(|finding| &finding.violations).map(shown).collect();
    violations.sort_by_key(|one| one.seq);
    violations
}

/// Where the message is in its log: at more places than one when it was appended again.
fn places<'run>(
    of_channel: impl Iterator<Item = &'run Sketched>,
    violation: &Violation,
) -> BTreeSet<MessageId> {
    let same = of_channel.filter(|sketched| has_body(sketched, violation));
    same.filter_map(|sketched| sketched.message_id).chain(violation.message_id).collect()
}

fn has_body(sketched: &Sketched, violation: &Violation) -> bool {
    let same_body = violation.body_hash.is_some() && sketched.body_hash == violation.body_hash;
    sketched.channel == violation.channel && same_body
}

/// By its body, by its places, or by what a page carried.
fn is_about(sketched: &Sketched, violation: &Violation, places: &BTreeSet<MessageId>) -> bool {
    let same_place = sketched.channel == violation.channel
        && sketched.message_id.is_some_and(|place| places.contains(&place));
    let carried = sketched.stretches.iter().any(|stretch| {
        let holds = |place: &MessageId| stretch.from < *place && *place <= stretch.to;
        Some(stretch.channel) == violation.channel && places.iter().any(holds)
    });
    has_body(sketched, violation) || same_place || carried
}
