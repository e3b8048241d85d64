//! What faults make of the ports: of the store's and the registry's where requests come in, and of the
//! way to the registry where they are asked.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{
    ports::{Port, Request},
    random::Random,
    time::Monotonic,
};
use hubbub_scenario::FaultKind;
use hubbub_service::{
    backend::{Backend, Reply},
    net::Net,
};

use super::{
    net::{SimulatedNet, elapsed_ns},
    recording::Shared,
    struck::PortFault,
};
use crate::hosts::HostId;

/// The ports on the store's host.
pub(super) struct StruckPorts {
    pub(super) net: Arc<SimulatedNet>,
    pub(super) shared: Shared,
    pub(super) ports: Arc<dyn Backend>,
}

impl StruckPorts {
    /// Whether a port refuses everything at the moment.
    fn is_refused(&self, port: Port) -> bool {
        let kind = match port {
            Port::Store => FaultKind::StoreUnavailable,
            Port::Registry => FaultKind::RegistryUnavailable,
            Port::Routing | Port::Directory | Port::Presence | Port::Generator => return false,
        };
        !struck(&self.shared, &self.net, kind).is_empty()
    }
}

impl Backend for StruckPorts {
    fn submit(&self, request: Request, reply: Reply) {
        let port = request.port();
        if self.is_refused(port) {
            return reply(port.refused());
        }
        if port != Port::Store {
            return self.ports.submit(request, reply);
        }
        if !struck(&self.shared, &self.net, FaultKind::StoreAnswerLost).is_empty() {
            // It is done, and whoever asked hears nothing of it.
            return self.ports.submit(request, Box::new(|_| {}));
        }
        match latency(&struck(&self.shared, &self.net, FaultKind::StoreSlow)) {
            None => self.ports.submit(request, reply),
            Some(latency) => {
                let net = self.net.clone();
                self.ports.submit(
                    request,
                    Box::new(move |answer| {
                        let later = net.sleep_until(Monotonic(elapsed_ns()).after(latency));
                        // Requests that are under way are bounded where they are asked.
                        net.spawn(Box::pin(async move {
                            later.await;
                            reply(answer);
                        }));
                    }),
                );
            }
        }
    }
}

/// The ports as the processes of one host ask them.
pub(super) struct AskedPorts {
    pub(super) host: HostId,
    pub(super) shared: Shared,
    pub(super) ports: Arc<dyn Backend>,
}

impl AskedPorts {
    /// Whether a request gets lost on its way.
    fn is_lost(&self, request: &Request) -> bool {
        request.port() == Port::Registry
            && self.shared.with(|recording| {
                let faults = recording.struck.unheard(self.host);
                faults.iter().for_each(|fault| recording.count(*fault, 1));
                !faults.is_empty()
            })
    }
}

impl Backend for AskedPorts {
    fn submit(&self, request: Request, reply: Reply) {
        if !self.is_lost(&request) {
            self.ports.submit(request, reply);
        }
    }

    fn submit_by(&self, deadline: Monotonic, request: Request, reply: Reply) {
        if !self.is_lost(&request) {
            self.ports.submit_by(deadline, request, reply);
        }
    }
}

/// The faults of a kind that strike the request that is made now; each counts it.
pub(super) fn struck(shared: &Shared, net: &SimulatedNet, kind: FaultKind) -> Vec<PortFault> {
    let mut faults = shared.with(|recording| recording.struck.of_ports(kind));
    // Nothing is drawn where all are struck.
    faults
        .retain(|(_, fault)| fault.share >= 1.0 || Random::new(net.random()).unit() < fault.share);
    shared.with(|recording| faults.iter().for_each(|(id, _)| recording.count(*id, 1)));
    faults.into_iter().map(|(_, fault)| fault).collect()
}

/// By how much longer a request takes: the most that any of these asks for.
pub(super) fn latency(struck: &[PortFault]) -> Option<Duration> {
    struck.iter().map(|fault| fault.latency).max()
}
