//! Whom discovery sends devices to: no chat server that is known to be gone.

use std::collections::BTreeMap;

use super::super::{Finding, Violation};
use crate::{
    event::EventBody,
    explain::seconds,
    index::{
        Index, World,
        spans::{Span, put_off, united},
    },
};

/// When a chat server was down and discovery had to know.
type Gone<'world> = BTreeMap<&'world str, Vec<Span>>;

/// Judges each line in which a device is given a server while some server is gone.
pub(super) fn check(index: &Index<'_>, finding: &mut Finding) {
    let bounds = index.bounds();
    if bounds.lease_ttl_ns == 0 || bounds.request_timeout_ns == 0 {
        return;
    }
    // A look at the registry whose answer is lost holds the next one up for as long as a request
    // may take.
    let gone = gone(index.world(), bounds.takeover_ns().saturating_add(bounds.request_timeout_ns));
    for event in index.history().events() {
        let EventBody::Assigned { device, server: Some(server), .. } = &event.body else {
            continue;
        };
        let is_gone = |spans: &Vec<Span>| spans.iter().any(|span| span.contains(event.t_ns));
        if !gone.values().any(is_gone) {
            continue;
        }
        finding.judged += 1;
        if gone.get(server.as_str()).is_some_and(is_gone) {
            finding.add(|| {
                let summary = format!(
                    "device {device} was sent to {server} at {}, which had been gone for so long \
                     that discovery had to know",
                    seconds(event.t_ns),
                );
                Violation::outside(event.seq, summary, vec![*device])
            });
        }
    }
}

/// A fault beside the death puts off by when that is known, also one of devices: an answer may have
/// been on its way to them since before.
fn gone(world: &World, bound_ns: u64) -> Gone<'_> {
    let mut gone = Gone::new();
    for death in world.deaths.iter().filter(|death| death.name.starts_with("chat")) {
        let others: Vec<Span> = world.faults.beside(&death.name).collect();
        let known_ns = put_off(death.t_ns, bound_ns, &united(others), bound_ns);
        let back =
            world.returns.iter().find(|(name, t_ns)| *name == death.name && *t_ns >= death.t_ns);
        let until_ns = back.map_or(world.end_ns, |(_, t_ns)| *t_ns);
        if known_ns < until_ns {
            gone.entry(death.name.as_str()).or_default().push(Span::new(known_ns, until_ns));
        }
    }
    gone
}
