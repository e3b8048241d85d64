//! Faults that strike whoever asks a port or opens a connection, while they are under way.

use std::time::Duration;

use hubbub_chat::ports::{Port, Request};
use hubbub_scenario::FaultKind;

use super::{Asker, Engine};
use crate::{
    faults::{ActiveFault, Strike},
    hosts::HostId,
};

impl Engine<'_> {
    pub(super) fn trouble(&mut self, index: usize, on: bool) {
        self.troubles.retain(|other| *other != index);
        if on {
            self.troubles.push(index);
        }
    }

    /// Whether a fault of this kind is under way that strikes this one; each counts.
    fn meets(&mut self, kind: FaultKind, mut strikes: impl FnMut(&ActiveFault) -> bool) -> bool {
        let mut meets = false;
        for index in &self.troubles {
            let fault = &self.setup.faults[*index];
            if fault.kind == kind && strikes(fault) {
                self.network.count(fault.id, 1);
                meets = true;
            }
        }
        meets
    }

    /// Whether a fault of this kind strikes this one, as its share says.
    pub(super) fn draws(&mut self, kind: FaultKind) -> bool {
        if self.troubles.is_empty() {
            return false;
        }
        let mut random = self.of_troubles.clone();
        let meets = self.meets(kind, |fault| random.unit() < fault.share());
        self.of_troubles = random;
        meets
    }

    /// How much longer it takes because of faults of this kind.
    pub(super) fn longest(&mut self, kind: FaultKind) -> Option<Duration> {
        let mut longest = None;
        self.meets(kind, |fault| {
            longest = longest.max(Some(fault.latency()));
            true
        });
        longest
    }

    /// Whether a connection that is opened to this host is not answered.
    pub(super) fn vanishes(&mut self, host: HostId) -> bool {
        self.meets(FaultKind::BlackHole, |fault| fault.strike == Strike::Host(host))
    }

    /// Whether new connections to this host are not answered.
    pub(super) fn is_black_hole(&self, host: HostId) -> bool {
        let faults = self.troubles.iter().map(|index| &self.setup.faults[*index]);
        let mut holes = faults.filter(|fault| fault.kind == FaultKind::BlackHole);
        holes.any(|fault| fault.strike == Strike::Host(host))
    }

    /// Whether the registry hears nothing of this.
    pub(super) fn is_unheard(&mut self, asker: Asker, request: &Request) -> bool {
        let host = self.host_of(asker.seat);
        request.port() == Port::Registry
            && self.meets(FaultKind::LeaseLost, |fault| fault.strike == Strike::Host(host))
    }

    /// Whether the port refuses every request.
    pub(super) fn is_unavailable(&mut self, port: Port) -> bool {
        match port {
            Port::Store => self.meets(FaultKind::StoreUnavailable, |_| true),
            Port::Registry => self.meets(FaultKind::RegistryUnavailable, |_| true),
            Port::Routing | Port::Directory | Port::Presence | Port::Generator => false,
        }
    }
}
