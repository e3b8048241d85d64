//! What one at a time may be, nobody else is.

use std::{collections::BTreeMap, sync::Arc};

use super::{Checker, Finding, Violation};
use crate::{
    event::{Event, EventBody},
    explain::seconds,
    index::{Index, Moment},
};

/// `leases`: one case per time that a process begins to believe in a lease.
///
/// It holds the lease by its own belief until it says otherwise, until its host is down, or until
/// it starts anew. Where clocks differ, two holders overlap only if they surely do.
#[derive(Debug, Clone, Copy)]
pub struct Leases;

impl Checker for Leases {
    fn name(&self) -> &'static str {
        "leases"
    }

    fn holds_when(&self) -> &'static str {
        "by the harness's clock no two processes at once believe that they hold the same lease"
    }

    fn applies(&self, index: &Index<'_>) -> bool {
        let mut events = index.history().events().iter();
        events.any(|event| matches!(event.body, EventBody::Lease { .. }))
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let mut beliefs: Vec<Belief<'_>> = Vec::new();
        let mut open: BTreeMap<(&str, u64), usize> = BTreeMap::new();
        for event in index.history().events() {
            note(event, &mut beliefs, &mut open);
        }
        finding.judged = beliefs.len() as u64;
        beliefs.sort_by(|one, other| {
            (one.key, one.since.latest_ns(), one.since.seq).cmp(&(
                other.key,
                other.since.latest_ns(),
                other.since.seq,
            ))
        });
        for of_key in beliefs.chunk_by(|one, other| one.key == other.key) {
            check_key(of_key, &mut finding);
        }
        finding
    }
}

/// A stretch in which a process believes that it holds a lease.
struct Belief<'a> {
    key: &'a str,
    holder: u64,
    process: Arc<str>,
    incarnation: u32,
    since: Moment,
    until: Option<Moment>,
}

fn note<'a>(
    event: &'a Event,
    beliefs: &mut Vec<Belief<'a>>,
    open: &mut BTreeMap<(&'a str, u64), usize>,
) {
    let moment = Moment::of(event);
    match &event.body {
        EventBody::Lease { key, holder, held: true, .. } => {
            let process = event.process.0.clone();
            let incarnation = event.incarnation;
            let restarted =
                |one: &Belief<'_>| one.process == process && one.incarnation != incarnation;
            end(beliefs, open, moment, restarted);
            open.entry((key.as_str(), *holder)).or_insert_with(|| {
                let (key, holder, since) = (key.as_str(), *holder, moment);
                beliefs.push(Belief { key, holder, process, incarnation, since, until: None });
                beliefs.len() - 1
            });
        }
        EventBody::Lease { key, holder, held: false, .. } => {
            if let Some(at) = open.remove(&(key.as_str(), *holder)) {
                beliefs[at].until = Some(moment);
            }
        }
        EventBody::Truth { name, up: false, .. } => {
            end(beliefs, open, moment, |one| *one.process == **name);
        }
        _ => {}
    }
}

fn end<'a>(
    beliefs: &mut [Belief<'a>],
    open: &mut BTreeMap<(&'a str, u64), usize>,
    moment: Moment,
    is_over: impl Fn(&Belief<'a>) -> bool,
) {
    open.retain(|_, at| {
        let over = is_over(&beliefs[*at]);
        if over {
            beliefs[*at].until = Some(moment);
        }
        !over
    });
}

/// Of those that began before, the one that lasts longest stands for all.
fn check_key(beliefs: &[Belief<'_>], finding: &mut Finding) {
    let end = |belief: &Belief<'_>| {
        belief.until.map_or((u64::MAX, u64::MAX), |until| (until.earliest_ns(), until.seq))
    };
    let mut longest: Option<&Belief<'_>> = None;
    for belief in beliefs {
        let begin = (belief.since.latest_ns(), belief.since.seq);
        if let Some(other) = longest.filter(|other| end(other) > begin) {
            finding.add(|| violation(other, belief));
        }
        if longest.is_none_or(|other| end(other) < end(belief)) {
            longest = Some(belief);
        }
    }
}

fn violation(earlier: &Belief<'_>, later: &Belief<'_>) -> Violation {
    let summary = format!(
        "{} (holder {}) believed that it held the lease {} from {} on, while {} (holder {}) had \
         it since {}",
        later.process,
        later.holder,
        later.key,
        seconds(later.since.t_ns),
        earlier.process,
        earlier.holder,
        seconds(earlier.since.t_ns),
    );
    Violation::outside(later.since.seq, summary, Vec::new())
}
