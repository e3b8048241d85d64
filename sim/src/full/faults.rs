//! How the full engine carries out faults.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_history::{EventBody, FaultState as OnOff};
use hubbub_scenario::FaultKind;
use turmoil::Sim;

use super::recording::{Recording, Shared};
use crate::{
    faults::{ActiveFault, Strike},
    hosts::HostId,
    setup::Setup,
};

/// Which faults of the schedule come next.
pub(super) struct FaultState {
    /// When, whether it begins, and which; the next one last.
    due: Vec<(Duration, bool, usize)>,
}

type Link = (HostId, HostId);

impl FaultState {
    pub(super) fn new(setup: &Setup) -> Self {
        let begins = setup.faults.iter().enumerate().map(|(index, fault)| (fault.at, true, index));
        let ends =
            setup.faults.iter().enumerate().map(|(index, fault)| (fault.until, false, index));
        let mut due: Vec<_> = begins.chain(ends).collect();
        due.sort_by_key(|(at, begins, index)| std::cmp::Reverse((*at, *begins, *index)));
        Self { due }
    }

    /// Begins and ends what is due.
    pub(super) fn apply_due(
        &mut self,
        now: Duration,
        sim: &mut Sim<'_>,
        setup: &Setup,
        shared: &Shared,
    ) {
        while self.due.last().is_some_and(|(at, _, _)| *at <= now) {
            if let Some((_, begins, index)) = self.due.pop() {
                apply(&setup.faults[index], begins, sim, setup, shared);
            }
        }
    }
}

fn apply(fault: &ActiveFault, begins: bool, sim: &mut Sim<'_>, setup: &Setup, shared: &Shared) {
    if begins {
        shared.with(|recording| record(recording, fault, OnOff::On, None));
    }
    match &fault.strike {
        Strike::Host(host) if begins => stop(fault, *host, sim, setup, shared),
        Strike::Host(host) => start(fault, *host, sim, setup, shared),
        Strike::Slow(links, by) => slow(fault, links, begins.then_some(*by), sim, setup, shared),
        Strike::Links(links) if fault.kind == FaultKind::Blip => {
            strike(fault, links, begins, held, sim, setup, shared);
        }
        Strike::Links(links) => strike(fault, links, begins, cut, sim, setup, shared),
    }
    if !begins {
        shared.with(|recording| {
            let affected = recording.affected(fault.id);
            record(recording, fault, OnOff::Off, Some(affected));
        });
    }
}

fn record(recording: &mut Recording, fault: &ActiveFault, state: OnOff, affected: Option<u64>) {
    recording.harness(EventBody::Fault {
        id: fault.id,
        kind: fault.kind_name().to_owned(),
        state,
        target: fault.target.clone(),
        affected,
    });
}

/// Which links are struck in one way, and by which faults.
type Struck = BTreeMap<Link, BTreeSet<u32>>;

/// Strikes links, or gives back those that no other fault strikes in this way.
fn strike(
    fault: &ActiveFault,
    links: &[Link],
    begins: bool,
    way: fn(&mut Recording) -> &mut Struck,
    sim: &Sim<'_>,
    setup: &Setup,
    shared: &Shared,
) {
    shared.with(|recording| {
        for link in links {
            toggle(way(recording).entry(*link).or_default(), fault.id, begins);
        }
    });
    set_links(links, sim, setup, shared);
}

fn cut(recording: &mut Recording) -> &mut Struck {
    &mut recording.struck().cut
}

fn held(recording: &mut Recording) -> &mut Struck {
    &mut recording.struck().held
}

fn toggle(faults: &mut BTreeSet<u32>, fault: u32, on: bool) {
    if on {
        faults.insert(fault);
    } else {
        faults.remove(&fault);
    }
}

/// Sets links to what all faults together make of them: a cut direction drops, whatever else
/// holds; then a held pair holds; then messages pass. turmoil keeps one state per direction and
/// every call overwrites it, so nothing may be set from one fault alone.
fn set_links(links: &[Link], sim: &Sim<'_>, setup: &Setup, shared: &Shared) {
    let pairs: BTreeSet<Link> = links.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
    for (a, b) in pairs {
        let (cut, held) = shared.with(|recording| {
            let struck = recording.struck();
            let is_struck =
                |links: &Struck, link| links.get(&link).is_some_and(|faults| !faults.is_empty());
            let both = [(a, b), (b, a)];
            let cut = both.map(|link| is_struck(&struck.cut, link));
            (cut, both.into_iter().any(|link| is_struck(&struck.held, link)))
        });
        let (a, b) = (setup.hosts.name(a), setup.hosts.name(b));
        if held {
            sim.hold(a, b);
        } else {
            sim.release(a, b);
        }
        if cut[0] {
            sim.partition_oneway(a, b);
        }
        if cut[1] {
            sim.partition_oneway(b, a);
        }
    }
}

/// Slows links by the most that any fault asks for, or gives them their own latency back.
fn slow(
    fault: &ActiveFault,
    links: &[Link],
    by: Option<Duration>,
    sim: &Sim<'_>,
    setup: &Setup,
    shared: &Shared,
) {
    for link in links {
        let slowest = shared.with(|recording| {
            let faults = recording.struck().slow.entry(*link).or_default();
            match by {
                Some(by) => faults.insert(fault.id, by),
                None => faults.remove(&fault.id),
            };
            faults.values().max().copied()
        });
        let (from, to) = (setup.hosts.name(link.0), setup.hosts.name(link.1));
        let own = &setup.cluster;
        let (least, most) = match slowest {
            Some(slowest) => (slowest.max(own.latency_min.0), slowest.max(own.latency_max.0)),
            None => (own.latency_min.0, own.latency_max.0),
        };
        sim.set_link_latency(from, to, least);
        sim.set_link_max_message_latency(from, to, most);
    }
}

/// A crash closes the host's connections. Before a power loss the host is cut off, so that nobody
/// hears of it.
fn stop(fault: &ActiveFault, host: HostId, sim: &mut Sim<'_>, setup: &Setup, shared: &Shared) {
    let name = setup.hosts.name(host).to_owned();
    let silent = fault.kind == FaultKind::PowerLoss;
    shared.with(|recording| {
        recording.harness(EventBody::truth(name.clone(), false));
        recording.struck().down.insert(host, (fault.id, silent));
        if setup.hosts.chat_index(host).is_some() {
            let ended = recording.attached_to(&name);
            recording.count(fault.id, ended);
        }
        if setup.hosts.is_devices(host) {
            let devices = devices_on(setup, host);
            recording.count(fault.id, devices.len() as u64);
            recording.detach(&devices);
        }
    });
    if silent {
        strike(fault, &all_links(setup, host), true, cut, sim, setup, shared);
    }
    sim.crash(name);
}

fn start(fault: &ActiveFault, host: HostId, sim: &mut Sim<'_>, setup: &Setup, shared: &Shared) {
    let name = setup.hosts.name(host).to_owned();
    if fault.kind == FaultKind::PowerLoss {
        strike(fault, &all_links(setup, host), false, cut, sim, setup, shared);
    }
    shared.with(|recording| {
        recording.struck().down.remove(&host);
        recording.harness(EventBody::truth(name.clone(), true));
    });
    sim.bounce(name);
}

fn all_links(setup: &Setup, host: HostId) -> Vec<Link> {
    let others = setup.hosts.iter().filter(|other| *other != host);
    others.flat_map(|other| [(host, other), (other, host)]).collect()
}

fn devices_on(setup: &Setup, host: HostId) -> Vec<hubbub_chat::DeviceId> {
    let here = setup.devices().filter(|(_, _, index)| setup.hosts.devices(*index) == host);
    here.map(|(_, device, _)| device).collect()
}
