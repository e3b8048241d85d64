//! Faults of the links between hosts.

use std::{collections::BTreeSet, time::Duration};

use hubbub_scenario::FaultKind;

use super::{Link, World};
use crate::{faults::ActiveFault, links::LinkState};

impl World<'_, '_> {
    pub(super) fn strike_links(&self, fault: &ActiveFault, links: &[Link], begins: bool) {
        match fault.kind {
            FaultKind::Blip => self.strike(links, |link| link.hold(fault.id, begins)),
            _ => self.strike(links, |link| link.cut(fault.id, begins)),
        }
    }

    /// Strikes links, or gives them back as far as no other fault strikes them.
    pub(super) fn strike(&self, links: &[Link], change: impl Fn(&mut LinkState)) {
        self.shared.with(|recording| {
            let states = &mut recording.struck.links;
            links.iter().for_each(|link| change(states.entry(*link).or_default()));
        });
        self.set_links(links);
    }

    /// Sets links to what all faults together make of them: a cut direction drops, whatever else
    /// holds; then a held pair holds; then messages pass. turmoil keeps one state per direction and
    /// every call overwrites it, so nothing may be set from one fault alone.
    fn set_links(&self, links: &[Link]) {
        let pairs: BTreeSet<Link> = links.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
        for (a, b) in pairs {
            let (cut, held) = self.shared.with(|recording| {
                let links = &recording.struck.links;
                let both = [(a, b), (b, a)].map(|link| links.get(&link));
                let is_cut = |state: Option<&LinkState>| state.is_some_and(|it| !it.cut.is_empty());
                let is_held = |state: &LinkState| !state.held.is_empty();
                (both.map(is_cut), both.into_iter().flatten().any(is_held))
            });
            let (a, b) = (self.setup.hosts.name(a), self.setup.hosts.name(b));
            if held {
                self.sim.hold(a, b);
            } else {
                self.sim.release(a, b);
            }
            if cut[0] {
                self.sim.partition_oneway(a, b);
            }
            if cut[1] {
                self.sim.partition_oneway(b, a);
            }
        }
    }

    /// Slows links, at least by `by` each message or, where they jitter, at most by so much more, or
    /// gives them back as far as no other fault slows them.
    pub(super) fn slow(&self, fault: &ActiveFault, links: &[Link], by: Duration, begins: bool) {
        // What a message takes at least makes none of them slower.
        let slows = begins && by > self.setup.cluster.latency_min.0;
        for link in links {
            let (slowest, jitter) = self.shared.with(|recording| {
                let struck = &mut recording.struck;
                let state = struck.links.entry(*link).or_default();
                let jitters = struck.jitters.entry(*link).or_default();
                match (fault.kind, begins) {
                    (FaultKind::Jitter, true) => drop(jitters.insert(fault.id, by)),
                    (FaultKind::Jitter, false) => drop(jitters.remove(&fault.id)),
                    (_, _) => state.slow(fault.id, slows.then_some(by)),
                }
                (state.slowest(), jitters.values().max().copied())
            });
            let (from, to) = (self.setup.hosts.name(link.0), self.setup.hosts.name(link.1));
            let (own, slowest) = (&self.setup.cluster, slowest.unwrap_or_default());
            let most = slowest.max(own.latency_max.0).saturating_add(jitter.unwrap_or_default());
            self.sim.set_link_latency(from, to, slowest.max(own.latency_min.0));
            self.sim.set_link_max_message_latency(from, to, most);
        }
    }
}
