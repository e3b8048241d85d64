//! How the full engine carries out faults.

mod devices;
mod due;
mod hosts;
mod links;

use std::{collections::BTreeMap, time::Duration};

use hubbub_history::FaultState as OnOff;
use hubbub_scenario::FaultKind;
use turmoil::Sim;

use super::{
    hosts::Deployment,
    recording::{Recording, Shared},
    struck::PortFault,
};
use crate::{
    faults::{ActiveFault, Strike},
    hosts::HostId,
    setup::Setup,
};
use due::{Due, Part, Turn};

/// Which faults of the schedule come next, and which wait for something.
pub(super) struct FaultState {
    /// The next one last.
    due: Vec<Due>,
    /// Hosts that hand their sessions over, and the place of the fault that wants it.
    draining: BTreeMap<HostId, usize>,
}

/// What faults strike.
pub(super) struct World<'run, 'sim> {
    pub(super) sim: &'run mut Sim<'sim>,
    pub(super) setup: &'run Setup,
    pub(super) shared: &'run Shared,
    pub(super) deployment: &'run Deployment,
}

type Link = (HostId, HostId);

impl FaultState {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { due: due::all(setup), draining: BTreeMap::new() }
    }

    /// Begins and ends what is due, and ends the processes that have finished.
    pub(super) fn apply_due(&mut self, now: Duration, mut world: World<'_, '_>) {
        for host in world.shared.with(Recording::take_finished) {
            self.drained(host, &mut world);
        }
        while self.due.last().is_some_and(|due| due.at <= now) {
            let Some(due) = self.due.pop() else { return };
            self.apply(due, &mut world);
        }
    }

    fn apply(&mut self, due: Due, world: &mut World<'_, '_>) {
        let (setup, begins) = (world.setup, due.turn == Turn::Begins);
        let fault = &setup.faults[due.fault];
        match (due.part, due.turn) {
            (_, Turn::IsOver) => return world.is_over(fault),
            (Part::Whole, _) => {
                if begins {
                    world.shared.with(|it| it.harness(fault.event(OnOff::On, None)));
                }
                self.strike(due.fault, begins, world);
            }
            (Part::Host(host), _) => self.drain(due.fault, host, begins, world),
            (Part::Episode(device, kind), _) => {
                world.strike_device(fault, device, kind, begins);
            }
        }
        world.shared.with(Recording::record_links);
    }

    fn strike(&mut self, index: usize, begins: bool, world: &mut World<'_, '_>) {
        let fault = &world.setup.faults[index];
        match &fault.strike {
            Strike::Host(host) => self.strike_host(index, *host, begins, world),
            Strike::Slow(links, by) => world.slow(fault, links, *by, begins),
            Strike::Links(links) => world.strike_links(fault, links, begins),
            Strike::Devices(devices) => world.strike_devices(fault, devices, begins),
            Strike::Port => world.strike_port(fault, begins),
            // Its hosts have turns of their own.
            Strike::Rolling(_) => {}
        }
    }

    fn strike_host(&mut self, index: usize, host: HostId, begins: bool, world: &mut World<'_, '_>) {
        let fault = &world.setup.faults[index];
        match (fault.kind, begins) {
            (FaultKind::Crash | FaultKind::PowerLoss, true) => self.stop(fault, host, world),
            (FaultKind::Crash | FaultKind::PowerLoss, false) => world.start(fault, host),
            (FaultKind::Restart, _) => {
                self.stop(fault, host, world);
                world.start(fault, host);
            }
            (FaultKind::Drain, _) => self.drain(index, host, begins, world),
            (FaultKind::BlackHole | FaultKind::LeaseLost, _) => {
                world.shared.with(|it| it.struck.strike_host(fault, host, begins));
            }
            (FaultKind::ReconnectStorm, true) => world.end_streams_of(fault, host),
            (FaultKind::ReconnectStorm, false) => {}
            // Whoever reads the clock finds it wrong.
            (FaultKind::Skew | FaultKind::ClockStep, _) => {}
            // Those are the fast engine's, and a scenario with one is refused before.
            (FaultKind::Pause | FaultKind::Slow, _) => {}
            // Those have other targets.
            (
                FaultKind::Partition
                | FaultKind::PartitionOneWay
                | FaultKind::Blip
                | FaultKind::Latency
                | FaultKind::Jitter
                | FaultKind::Reorder
                | FaultKind::HintLoss
                | FaultKind::HintDuplication
                | FaultKind::RollingRestart
                | FaultKind::StoreUnavailable
                | FaultKind::StoreSlow
                | FaultKind::StoreAnswerLost
                | FaultKind::RegistryUnavailable
                | FaultKind::GatewayFailing
                | FaultKind::GatewaySlow
                | FaultKind::AirplaneMode
                | FaultKind::SwitchedNetwork
                | FaultKind::Churn,
                _,
            ) => {}
        }
    }

    /// A host dies, whether it was handing its sessions over or not.
    fn stop(&mut self, fault: &ActiveFault, host: HostId, world: &mut World<'_, '_>) {
        self.draining.remove(&host);
        world.stop(fault, host);
    }

    fn drain(&mut self, index: usize, host: HostId, begins: bool, world: &mut World<'_, '_>) {
        let fault = &world.setup.faults[index];
        if !begins {
            self.drained(host, world);
            return world.start(fault, host);
        }
        if world.shared.with(|recording| recording.is_down(host)) {
            return;
        }
        self.draining.insert(host, index);
        world.shared.with(|recording| {
            let sessions = recording.attached_to(host);
            recording.count(fault.id, sessions);
        });
        world.deployment.ask_to_stop(host);
    }

    /// A host has handed everything over, or has had its time: the process ends, cleanly.
    fn drained(&mut self, host: HostId, world: &mut World<'_, '_>) {
        if let Some(index) = self.draining.remove(&host) {
            world.stop(&world.setup.faults[index], host);
        }
    }
}

impl World<'_, '_> {
    fn is_over(&self, fault: &ActiveFault) {
        self.shared.with(|recording| {
            let affected = recording.affected(fault.id);
            recording.harness(fault.event(OnOff::Off, Some(affected)));
        });
    }

    fn strike_port(&self, fault: &ActiveFault, begins: bool) {
        self.shared.with(|recording| {
            let ports = &mut recording.struck.ports;
            match begins {
                true => drop(ports.insert((fault.kind, fault.id), PortFault::of(&fault.fault))),
                false => drop(ports.remove(&(fault.kind, fault.id))),
            }
        });
    }

    /// Ends the connections of devices that lead to the host or begin there.
    fn end_streams_of(&self, fault: &ActiveFault, host: HostId) {
        let (name, here) = (self.setup.hosts.name(host), hosts::devices_on(self.setup, host));
        self.end_streams(fault, |device, to| to == name || here.contains(&device));
    }
}
