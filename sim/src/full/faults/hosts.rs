//! Faults that stop and start the processes of hosts.

use std::collections::BTreeSet;

use hubbub_chat::{DeviceId, time::nanoseconds};
use hubbub_scenario::FaultKind;

use super::{Link, World};
use crate::{clock::WallClock, faults::ActiveFault, hosts::HostId, setup::Setup};

impl World<'_, '_> {
    /// A crash closes the host's connections. Before a power loss the host is cut off, so that nobody
    /// hears of it. Counts the sessions or the process that ended; the store's host counts the
    /// requests that it loses. A host that is down already stays so until this fault starts it.
    pub(super) fn stop(&mut self, fault: &ActiveFault, host: HostId) {
        let (setup, name) = (self.setup, self.setup.hosts.name(host).to_owned());
        let silent = fault.kind == FaultKind::PowerLoss;
        let devices = devices_on(setup, host);
        let was_down = self.shared.with(|recording| {
            if recording.struck.down.insert(host, (fault.id, silent)).is_some() {
                return true;
            }
            let ended = if setup.hosts.chat_index(host).is_some() {
                recording.attached_to(host)
            } else if setup.hosts.is_devices(host) {
                // They are counted as they were before their host went.
                devices.iter().filter(|device| recording.has_process(**device)).count() as u64
            } else {
                u64::from(host != setup.hosts.store())
            };
            recording.count(fault.id, ended);
            recording.harness(setup.host_event(host, false));
            recording.end_sessions(host);
            for device in &devices {
                recording.detach(*device);
                recording.record_device(*device);
            }
            false
        });
        if silent {
            self.strike(&all_links(setup, host), |link| link.cut(fault.id, true));
        }
        if was_down {
            return;
        }
        if host == setup.hosts.store() {
            let elapsed_ns = nanoseconds(self.sim.elapsed());
            let count = |fault| self.shared.with(|recording| recording.count(fault, 1));
            let wall = WallClock::new(setup, host).read(elapsed_ns, count);
            let lost = self.deployment.lose_unwritten(elapsed_ns, wall, silent);
            self.shared.with(|recording| recording.count(fault.id, lost));
        }
        self.sim.crash(name);
    }

    /// Starts a host that this fault has stopped.
    pub(super) fn start(&mut self, fault: &ActiveFault, host: HostId) {
        let name = self.setup.hosts.name(host).to_owned();
        if fault.kind == FaultKind::PowerLoss {
            self.strike(&all_links(self.setup, host), |link| link.cut(fault.id, false));
        }
        let devices = devices_on(self.setup, host);
        let is_started = self.shared.with(|recording| {
            let is_own = recording.struck.down.get(&host).is_some_and(|(by, _)| *by == fault.id);
            if is_own {
                recording.struck.down.remove(&host);
                recording.harness(self.setup.host_event(host, true));
                devices.iter().for_each(|device| recording.record_device(*device));
            }
            is_own
        });
        if is_started {
            self.sim.bounce(name);
        }
    }
}

fn all_links(setup: &Setup, host: HostId) -> Vec<Link> {
    let others = setup.hosts.iter().filter(|other| *other != host);
    others.flat_map(|other| [(host, other), (other, host)]).collect()
}

pub(super) fn devices_on(setup: &Setup, host: HostId) -> BTreeSet<DeviceId> {
    let here = setup.devices().filter(|(_, _, index)| setup.hosts.devices(*index) == host);
    here.map(|(_, device, _)| device).collect()
}
