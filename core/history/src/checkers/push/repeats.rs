//! The same push twice: only another start of the notifier may, and only with what was under way.

use hubbub_chat::{notifier::longest_pause, time::nanoseconds};

use super::{
    super::{Finding, Violation, words},
    Lines, PushCounts, Request,
};
use crate::{
    event::{Event, EventBody},
    explain::seconds,
    index::{Index, spans::put_off},
};

/// Why a push must not be asked for again.
#[derive(Clone, Copy)]
enum Wrong {
    SameStart,
    OtherCollapseId,
    /// The store had to have heard of it by then, in nanoseconds since the run began.
    Settled(u64),
}

/// Judges every first attempt that is not the first of its push.
pub(super) fn check(
    index: &Index<'_>,
    lines: &Lines<'_>,
    finding: &mut Finding,
    counts: &mut PushCounts,
) {
    let mut asked: Vec<(Request, &Event)> =
        lines.requests.iter().map(|(event, request)| (*request, *event)).collect();
    asked.sort_by_key(|(request, event)| (Request { attempt: 0, ..*request }, event.seq));
    let is_same = |one: &(Request, &Event), other: &(Request, &Event)| {
        Request { attempt: 0, ..one.0 } == Request { attempt: 0, ..other.0 }
    };
    for same in asked.chunk_by(is_same) {
        let mut seen: Vec<&Event> = Vec::new();
        let mut last: Option<(Request, &Event)> = None;
        for (request, event) in same {
            if request.attempt == 1 {
                // An answer is to the last that was asked: one that was taken before stays taken.
                seen.pop_if(|one| lines.is_declined(request, (one.t_ns, event.t_ns)));
                let settled_ns = last.and_then(|last| settled_ns(index, lines, last, event.t_ns));
                if let Some(wrong) = wrong(&seen, event, settled_ns) {
                    counts.repeated += 1;
                    finding.add(|| repeated(event, *request, wrong));
                }
                seen.push(event);
            }
            last = Some((*request, event));
        }
    }
}

fn wrong(seen: &[&Event], event: &Event, settled_ns: Option<u64>) -> Option<Wrong> {
    let is_same_start =
        |one: &&Event| (&one.process, one.incarnation) == (&event.process, event.incarnation);
    if seen.iter().any(is_same_start) {
        return Some(Wrong::SameStart);
    }
    if seen.first().is_some_and(|one| collapse_id(one) != collapse_id(event)) {
        return Some(Wrong::OtherCollapseId);
    }
    settled_ns.filter(|settled_ns| *settled_ns < event.t_ns).map(Wrong::Settled)
}

/// By when the store had to have heard of a push, if the gateway took it before `until_ns`. Its
/// notifier may not know that, if the answer was lost, and would ask again after a pause: what it asked
/// for last counts, and as long as no answer came it is not settled.
fn settled_ns(
    index: &Index<'_>,
    lines: &Lines<'_>,
    (request, event): (Request, &Event),
    until_ns: u64,
) -> Option<u64> {
    let settle_ns = index.bounds().push_settle_max_ns;
    let taken = lines.accepted.get(&request).filter(|_| settle_ns > 0)?;
    let first = taken.partition_point(|t_ns| *t_ns < event.t_ns);
    let taken_ns = *taken.get(first).filter(|t_ns| **t_ns <= until_ns)?;
    let pause_ns = nanoseconds(longest_pause(request.attempt.saturating_sub(1)));
    let bound_ns = settle_ns.saturating_add(pause_ns);
    Some(put_off(taken_ns, bound_ns, index.world().faults.before_pushes(), bound_ns))
}

fn collapse_id(event: &Event) -> Option<&str> {
    match &event.body {
        EventBody::Push { collapse_id, .. } => Some(collapse_id),
        _ => None,
    }
}

fn repeated(event: &Event, request: Request, wrong: Wrong) -> Violation {
    let Request { device, channel, up_to, .. } = request;
    let message = words::place(up_to);
    let how = match wrong {
        Wrong::SameStart => "by the same start of the notifier".to_owned(),
        Wrong::OtherCollapseId => "under another collapse id".to_owned(),
        Wrong::Settled(settled_ns) => {
            let (asked, settled) = (seconds(event.t_ns), seconds(settled_ns));
            format!("at {asked}, although the gateway had taken it and it was settled by {settled}")
        }
    };
    let summary =
        format!("the push to device {device} for {message} of {channel} was asked for again {how}");
    Violation::new(event.seq, channel, summary).of(up_to, None).between(vec![device], Vec::new())
}
