//! How the full engine carries out faults.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_chat::{DeviceId, time::nanoseconds};
use hubbub_history::FaultState as OnOff;
use hubbub_scenario::FaultKind;
use turmoil::Sim;

use super::{
    gate::Gate,
    hosts::Deployment,
    recording::{Recording, Shared},
};
use crate::{
    clock::WallClock,
    faults::{ActiveFault, Strike},
    hosts::HostId,
    links::LinkState,
    setup::Setup,
};

/// Which faults of the schedule come next, and which wait for something.
pub(super) struct FaultState {
    /// When, what, and of which fault; the next one last.
    due: Vec<(Duration, Turn, usize)>,
    /// Hosts that hand their sessions over, and the place of the fault that wants it.
    draining: BTreeMap<HostId, usize>,
}

/// What happens to a fault. At one time what ends comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Ends,
    /// Nothing of it is left.
    IsOver,
    Begins,
}

/// What faults strike.
pub(super) struct Struck<'run, 'sim> {
    pub(super) sim: &'run mut Sim<'sim>,
    pub(super) setup: &'run Setup,
    pub(super) shared: &'run Shared,
    pub(super) deployment: &'run Deployment,
}

type Link = (HostId, HostId);

impl FaultState {
    pub(super) fn new(setup: &Setup) -> Self {
        let turns = |(index, fault): (usize, &ActiveFault)| {
            // What was sent last is still on its slow way, and what follows waits behind it.
            let left = match fault.strike {
                Strike::Slow(_, by) => by,
                _ => Duration::ZERO,
            };
            let (ends, over) = (fault.until, fault.until.saturating_add(left));
            [
                (fault.at, Turn::Begins, index),
                (ends, Turn::Ends, index),
                (over, Turn::IsOver, index),
            ]
        };
        let mut due: Vec<_> = setup.faults.iter().enumerate().flat_map(turns).collect();
        due.sort_by_key(|turn| std::cmp::Reverse(*turn));
        Self { due, draining: BTreeMap::new() }
    }

    /// Begins and ends what is due, and ends the processes that have finished.
    pub(super) fn apply_due(&mut self, now: Duration, mut world: Struck<'_, '_>) {
        for host in world.shared.with(Recording::take_finished) {
            self.drained(host, &mut world);
        }
        while self.due.last().is_some_and(|(at, _, _)| *at <= now) {
            match self.due.pop() {
                Some((_, Turn::IsOver, index)) => world.is_over(&world.setup.faults[index]),
                Some((_, turn, index)) => self.apply(index, turn == Turn::Begins, &mut world),
                None => {}
            }
        }
    }

    fn apply(&mut self, index: usize, begins: bool, world: &mut Struck<'_, '_>) {
        let (setup, shared) = (world.setup, world.shared);
        let fault = &setup.faults[index];
        if begins {
            shared.with(|recording| recording.harness(fault.event(OnOff::On, None)));
        }
        match &fault.strike {
            Strike::Host(host) => self.strike_host(index, *host, begins, world),
            Strike::Slow(links, by) => world.slow(fault, links, begins.then_some(*by)),
            Strike::Links(links) if fault.kind == FaultKind::Blip => {
                world.strike(links, |link| link.hold(fault.id, begins));
            }
            Strike::Links(links) => world.strike(links, |link| link.cut(fault.id, begins)),
            Strike::Devices(devices) => world.strike_devices(fault, devices, begins),
            Strike::Rolling(_) | Strike::Port => {}
        }
        shared.with(Recording::record_links);
    }

    fn strike_host(
        &mut self,
        index: usize,
        host: HostId,
        begins: bool,
        world: &mut Struck<'_, '_>,
    ) {
        let fault = &world.setup.faults[index];
        match (fault.kind, begins) {
            (FaultKind::Crash | FaultKind::PowerLoss, true) => world.stop(fault, host),
            (FaultKind::Crash | FaultKind::PowerLoss, false) => world.start(fault, host),
            (FaultKind::Drain, true) => {
                self.draining.insert(host, index);
                world.shared.with(|recording| {
                    let sessions = recording.attached_to(host);
                    recording.count(fault.id, sessions);
                });
                world.deployment.ask_to_stop(host);
            }
            (FaultKind::Drain, false) => {
                self.drained(host, world);
                world.start(fault, host);
            }
            // Whoever reads the clock finds it wrong. A pause is the fast engine's.
            _ => {}
        }
    }

    /// A host has handed everything over, or has had its time: the process ends, cleanly.
    fn drained(&mut self, host: HostId, world: &mut Struck<'_, '_>) {
        if let Some(index) = self.draining.remove(&host) {
            world.stop(&world.setup.faults[index], host);
        }
    }
}

impl Struck<'_, '_> {
    fn is_over(&self, fault: &ActiveFault) {
        self.shared.with(|recording| {
            let affected = recording.affected(fault.id);
            recording.harness(fault.event(OnOff::Off, Some(affected)));
        });
    }

    /// Strikes links, or gives them back as far as no other fault strikes them.
    fn strike(&self, links: &[Link], change: impl Fn(&mut LinkState)) {
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

    /// Slows links by the most that any fault asks for, or gives them their own latency back.
    fn slow(&self, fault: &ActiveFault, links: &[Link], by: Option<Duration>) {
        for link in links {
            let slowest = self.shared.with(|recording| {
                let state = recording.struck.links.entry(*link).or_default();
                state.slow(fault.id, by);
                state.slowest()
            });
            let (from, to) = (self.setup.hosts.name(link.0), self.setup.hosts.name(link.1));
            let own = &self.setup.cluster;
            let (least, most) = match slowest {
                Some(slowest) => (slowest.max(own.latency_min.0), slowest.max(own.latency_max.0)),
                None => (own.latency_min.0, own.latency_max.0),
            };
            self.sim.set_link_latency(from, to, least);
            self.sim.set_link_max_message_latency(from, to, most);
        }
    }

    /// A crash closes the host's connections. Before a power loss the host is cut off, so that nobody
    /// hears of it. Counts the sessions or the process that ended; the store's host counts the
    /// requests that it loses.
    fn stop(&mut self, fault: &ActiveFault, host: HostId) {
        let (setup, name) = (self.setup, self.setup.hosts.name(host).to_owned());
        let silent = fault.kind == FaultKind::PowerLoss;
        let devices = devices_on(setup, host);
        self.shared.with(|recording| {
            let ended = if setup.hosts.chat_index(host).is_some() {
                recording.attached_to(host)
            } else if setup.hosts.is_devices(host) {
                devices.iter().filter(|device| recording.is_up(**device)).count() as u64
            } else {
                u64::from(host != setup.hosts.store())
            };
            recording.count(fault.id, ended);
            recording.harness(setup.host_event(host, false));
            recording.struck.down.insert(host, (fault.id, silent));
            recording.end_sessions(host);
            for device in &devices {
                recording.detach(*device);
                recording.record_device(*device);
            }
        });
        if silent {
            self.strike(&all_links(setup, host), |link| link.cut(fault.id, true));
        }
        if host == setup.hosts.store() {
            let elapsed_ns = nanoseconds(self.sim.elapsed());
            let count = |fault| self.shared.with(|recording| recording.count(fault, 1));
            let wall = WallClock::new(setup, host).read(elapsed_ns, count);
            self.deployment.lose_unwritten(wall);
        }
        self.sim.crash(name);
    }

    fn start(&mut self, fault: &ActiveFault, host: HostId) {
        let name = self.setup.hosts.name(host).to_owned();
        if fault.kind == FaultKind::PowerLoss {
            self.strike(&all_links(self.setup, host), |link| link.cut(fault.id, false));
        }
        let devices = devices_on(self.setup, host);
        self.shared.with(|recording| {
            recording.struck.down.remove(&host);
            recording.harness(self.setup.host_event(host, true));
            devices.iter().for_each(|device| recording.record_device(*device));
        });
        self.sim.bounce(name);
    }

    fn strike_devices(&self, fault: &ActiveFault, devices: &[DeviceId], begins: bool) {
        let gates = self.shared.with(|recording| {
            let gate =
                |device: &DeviceId| Some((*device, recording.devices.get(device)?.gate.clone()));
            devices.iter().filter_map(gate).collect::<Vec<_>>()
        });
        for (device, gate) in gates {
            match (fault.kind, begins) {
                (FaultKind::Crash | FaultKind::PowerLoss, true) => {
                    self.stop_device(fault, device, &gate);
                }
                (FaultKind::Crash | FaultKind::PowerLoss, false) => {
                    gate.start();
                    self.shared.with(|recording| recording.record_device(device));
                }
                (FaultKind::Blip, _) => gate.hold(fault.id, begins),
                _ => gate.cut(fault.id, begins),
            }
        }
    }

    fn stop_device(&self, fault: &ActiveFault, device: DeviceId, gate: &Gate) {
        let was_up = self.shared.with(|recording| recording.is_up(device));
        gate.stop(fault.kind == FaultKind::PowerLoss);
        self.shared.with(|recording| {
            recording.count(fault.id, u64::from(was_up));
            recording.detach(device);
            recording.record_device(device);
        });
    }
}

fn all_links(setup: &Setup, host: HostId) -> Vec<Link> {
    let others = setup.hosts.iter().filter(|other| *other != host);
    others.flat_map(|other| [(host, other), (other, host)]).collect()
}

fn devices_on(setup: &Setup, host: HostId) -> Vec<DeviceId> {
    let here = setup.devices().filter(|(_, _, index)| setup.hosts.devices(*index) == host);
    here.map(|(_, device, _)| device).collect()
}
