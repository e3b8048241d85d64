//! Which faults strike what at the moment, but for single devices, whose gates know.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_scenario::{Fault, FaultKind};

use crate::{faults::ActiveFault, hosts::HostId, links::LinkState};

/// Which faults strike what at the moment, each by its number in the schedule.
#[derive(Debug, Default)]
pub(super) struct Struck {
    pub(super) links: BTreeMap<(HostId, HostId), LinkState>,
    /// By how much longer messages over a link may take.
    pub(super) jitters: BTreeMap<(HostId, HostId), BTreeMap<u32, Duration>>,
    /// Hosts that are down, and whether they went without a word.
    pub(super) down: BTreeMap<HostId, (u32, bool)>,
    /// Hosts that do not answer new connections.
    deaf: BTreeMap<HostId, BTreeSet<u32>>,
    /// Hosts of which the registry hears nothing.
    unheard: BTreeMap<HostId, BTreeSet<u32>>,
    /// What strikes the store, the registry and the push gateway.
    pub(super) ports: BTreeMap<(FaultKind, u32), PortFault>,
}

/// How a fault strikes a port.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortFault {
    /// By how much longer each request takes.
    pub(super) latency: Duration,
    /// How many of the requests are struck, from 0 to 1.
    pub(super) share: f64,
}

impl PortFault {
    pub(super) fn of(fault: &Fault) -> Self {
        Self {
            latency: fault.latency.map(|latency| latency.0).unwrap_or_default(),
            share: fault.share.map_or(1.0, |share| share.share()),
        }
    }
}

impl Struck {
    /// Whether what is sent now is neither lost nor held.
    pub(super) fn is_open(&self, link: (HostId, HostId)) -> bool {
        self.links.get(&link).is_none_or(LinkState::is_open)
    }

    /// A fault that keeps a host from others without stopping it begins or ends.
    pub(super) fn strike_host(&mut self, fault: &ActiveFault, host: HostId, begins: bool) {
        let struck = match fault.kind {
            FaultKind::LeaseLost => &mut self.unheard,
            _ => &mut self.deaf,
        };
        let faults = struck.entry(host).or_default();
        match begins {
            true => drop(faults.insert(fault.id)),
            false => drop(faults.remove(&fault.id)),
        }
    }

    /// The faults by which a host does not answer new connections.
    pub(super) fn deaf(&self, host: HostId) -> Vec<u32> {
        self.deaf.get(&host).into_iter().flatten().copied().collect()
    }

    /// The faults by which the registry hears nothing of a host.
    pub(super) fn unheard(&self, host: HostId) -> Vec<u32> {
        self.unheard.get(&host).into_iter().flatten().copied().collect()
    }

    /// The faults of a kind that strike a port, by their numbers.
    pub(super) fn of_ports(&self, kind: FaultKind) -> Vec<(u32, PortFault)> {
        let all = (kind, 0)..=(kind, u32::MAX);
        self.ports.range(all).map(|((_, fault), how)| (*fault, *how)).collect()
    }
}
