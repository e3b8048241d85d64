//! The lives of hosts and processes: how they start, stop, pause and are drained.

use hubbub_chat::{ChatServer, DeviceId, server::Input};
use hubbub_history::Source;
use hubbub_scenario::FaultKind;

use super::{Engine, Happening, Payload, Seat, Stream};
use crate::hosts::HostId;

/// How long a chat server that is drained may take before it is stopped as it is.
pub(super) const DRAIN_MAX_NS: u64 = 20_000_000_000;

impl Engine<'_> {
    /// Does something for every machine of every role, in a fixed order.
    pub(super) fn every_seat(&mut self, mut act: impl FnMut(&mut Self, Seat)) {
        for index in 0..self.servers.len() {
            act(self, Seat::Chat(index));
        }
        for index in 0..self.presence.len() {
            act(self, Seat::Presence(index));
        }
        for index in 0..self.notifiers.len() {
            act(self, Seat::Notify(index));
        }
        for index in 0..self.apis.len() {
            act(self, Seat::Api(index));
        }
        act(self, Seat::Generator);
    }

    /// A host starts, and with it every role that it plays. Devices on it start as well.
    pub(super) fn start_host(&mut self, host: HostId) {
        self.down_by.remove(&host);
        self.incarnations[host.0] += 1;
        self.record_host(host, true);
        if host == self.setup.hosts.store() {
            let now = self.clock(host);
            self.store.restart(now, self.setup);
        }
        self.every_seat(|engine, seat| {
            if engine.host_of(seat) == host {
                engine.start_seat(seat);
            }
        });
        for device in self.devices_on(host) {
            self.start_one_device(device);
        }
    }

    pub(super) fn start_seat(&mut self, seat: Seat) {
        match seat {
            Seat::Chat(index) => self.start_server(index),
            Seat::Presence(index) => self.start_presence(index),
            Seat::Notify(index) => self.start_notifier(index),
            Seat::Api(index) => self.start_api(index),
            Seat::Generator if self.setup.generator().is_some() => self.start_generator(),
            Seat::Generator => {}
        }
    }

    /// A host dies with every role that it plays. A crash closes its connections; a power loss says
    /// nothing to anybody. `fault` is told of the connections and processes that ended, and of the
    /// requests that are lost meanwhile.
    pub(super) fn stop_host(&mut self, host: HostId, silent: bool, fault: u32) {
        self.record_host(host, false);
        self.down_by.insert(host, fault);
        if host == self.setup.hosts.store() {
            self.lose_group(silent, fault);
            let now = self.clock(host);
            self.store.stop(now);
        }
        let mut ended = 0;
        self.every_seat(|engine, seat| {
            if engine.host_of(seat) == host {
                ended += engine.stop_seat(seat, silent);
            }
        });
        for device in self.devices_on(host) {
            ended += self.stop_one_device(device, silent);
        }
        self.network.count(fault, ended);
        if let Some(paused) = self.paused.get_mut(&host) {
            paused.deferred.clear();
        }
    }

    /// How much ended with it: the connections of a chat server, and each process of another role
    /// that has a host of its own. The store's host counts the requests that it loses.
    fn stop_seat(&mut self, seat: Seat, silent: bool) -> u64 {
        self.beliefs.remove(&seat);
        let was_up = self.is_up(seat) && self.host_of(seat) != self.setup.hosts.store();
        match seat {
            Seat::Chat(index) => return self.stop_server(index, silent),
            Seat::Presence(index) => {
                if let Some(node) = self.presence[index].stop() {
                    self.machines.presence.push(node.server.counts());
                    self.situations.add(node.server.situations());
                    self.situations.add(node.place.situations());
                }
            }
            Seat::Notify(index) => {
                let stopped = self.notifiers[index].stop();
                stopped.iter().for_each(|machine| self.situations.add(machine.situations()));
            }
            Seat::Api(index) => {
                let stopped = self.apis[index].stop();
                stopped.iter().for_each(|node| self.situations.add(node.discovery.situations()));
            }
            Seat::Generator => {
                let stopped = self.generator.stop();
                stopped.iter().for_each(|machine| self.situations.add(machine.situations()));
            }
        }
        u64::from(was_up)
    }

    /// Whether whoever connects to a host hears that nobody is there. A machine without power says
    /// nothing; only a process that has died is missed by its host.
    pub(super) fn refuses(&mut self, host: HostId) -> bool {
        let Some(fault) = self.down_by.get(&host) else { return true };
        self.network.count(*fault, 1);
        let struck = self.setup.faults.iter().find(|it| it.id == *fault);
        struck.is_none_or(|fault| fault.kind != FaultKind::PowerLoss)
    }

    /// At the end of the run, what every machine has counted and passed through.
    pub(super) fn count_machines(&mut self) {
        self.every_seat(|engine, seat| {
            engine.stop_seat(seat, true);
        });
        for node in self.devices.values_mut() {
            let stopped = node.process.stop();
            stopped.iter().for_each(|machine| self.situations.add(machine.situations()));
        }
        self.situations.add(self.store.situations());
        self.machines.store_before = self.store.counts_before;
        self.machines.store = self.store.counts();
        self.machines.believed_max_ns = self.held_sessions.longest();
    }

    fn stop_server(&mut self, index: usize, silent: bool) -> u64 {
        let incarnation = Some(self.servers[index].incarnation);
        let Some(machine) = self.servers[index].stop() else { return 0 };
        self.machines.servers.push(machine.counts());
        self.situations.add(machine.situations());
        let sessions = std::mem::take(&mut self.sessions[index]);
        self.situations.add(sessions.situations());
        self.held_sessions.end_all(self.now, index);
        let here = |stream: &Stream| stream.server == index && stream.opened_by == incarnation;
        let streams = self.streams.iter().filter(|(_, stream)| here(stream));
        let streams: Vec<(u64, DeviceId)> =
            streams.map(|(stream, state)| (*stream, state.device)).collect();
        // A connection that its device has given up is gone already.
        let is_used = |(stream, device): &&(u64, DeviceId)| {
            self.devices.get(device).is_some_and(|node| node.uses(*stream))
        };
        let ended = streams.iter().filter(is_used).count() as u64;
        for (stream, _) in &streams {
            if silent {
                if let Some(state) = self.streams.get_mut(stream) {
                    state.wedged[1] = true;
                }
            } else {
                self.send_to_device(*stream, Payload::CloseDevice { stream: *stream });
            }
        }
        ended
    }

    pub(super) fn devices_on(&self, host: HostId) -> Vec<DeviceId> {
        let here = self.devices.iter().filter(|(_, node)| node.host == host);
        here.map(|(device, _)| *device).collect()
    }

    /// The processes of devices are gone until the fault is over.
    pub(super) fn stop_devices(&mut self, devices: &[DeviceId], silent: bool, fault: u32) {
        let mut stopped = 0;
        for device in devices {
            if let Some(node) = self.devices.get_mut(device) {
                node.down_by.insert(fault);
            }
            stopped += self.stop_one_device(*device, silent);
        }
        self.network.count(fault, stopped);
    }

    pub(super) fn start_devices(&mut self, devices: &[DeviceId], fault: u32) {
        for device in devices {
            if let Some(node) = self.devices.get_mut(device) {
                node.down_by.remove(&fault);
            }
            self.start_one_device(*device);
        }
    }

    fn stop_one_device(&mut self, device: DeviceId, silent: bool) -> u64 {
        let Some(node) = self.devices.get_mut(&device) else { return 0 };
        let Some(machine) = node.process.stop() else { return 0 };
        self.situations.add(machine.situations());
        node.attached = false;
        node.route.give_up();
        node.transport.stop();
        let mut streams = node.transport.lanes.take();
        streams.extend(node.stream.take());
        self.held_sessions.lose(self.now, device);
        self.record_device(device);
        for stream in streams {
            if silent {
                if let Some(state) = self.streams.get_mut(&stream) {
                    state.wedged = [true; 2];
                }
            } else {
                self.send_to_server(stream, Payload::CloseServer { stream });
            }
        }
        1
    }

    /// Whether the device is down, and nothing keeps it there.
    pub(super) fn may_start(&self, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|node| {
            !node.is_up() && node.down_by.is_empty() && !self.down_by.contains_key(&node.host)
        })
    }

    fn start_one_device(&mut self, device: DeviceId) {
        if self.may_start(device) {
            self.start_device(device);
            self.record_device(device);
        }
    }

    /// Asks a chat server to hand its sessions over, and gives it a time to do so.
    pub(super) fn drain(&mut self, host: HostId, fault: u32) {
        let Some(index) = self.setup.hosts.chat_index(host) else { return };
        let machine = self.servers[index].machine.as_ref();
        let sessions = machine.map_or(0, ChatServer::session_count) as u64;
        self.network.count(fault, sessions);
        self.draining.insert(index, fault);
        self.at(self.now + DRAIN_MAX_NS, Happening::DrainLimit(index, fault));
        self.server_input(index, Input::Drain);
    }

    /// It has handed everything over, or has had its time: the process ends, cleanly.
    pub(super) fn drained(&mut self, index: usize) {
        let host = self.setup.hosts.chat(index);
        if let Some(fault) = self.draining.remove(&index) {
            self.stop_host(host, false, fault);
        }
    }

    /// The time is over: the chat server starts again, whatever it still had.
    pub(super) fn undrain(&mut self, host: HostId, fault: u32) {
        if let Some(index) = self.setup.hosts.chat_index(host) {
            self.drain_limit(index, fault);
        }
        self.start_host(host);
    }

    pub(super) fn drain_limit(&mut self, index: usize, fault: u32) {
        if self.draining.get(&index) == Some(&fault) {
            self.drained(index);
        }
    }

    pub(super) fn pause(&mut self, host: HostId, fault: u32) {
        self.paused.entry(host).or_default().faults.insert(fault);
    }

    /// What had to wait happens now, in its order.
    pub(super) fn resume(&mut self, host: HostId, fault: u32) {
        let Some(paused) = self.paused.get_mut(&host) else { return };
        paused.faults.remove(&fault);
        if paused.faults.is_empty()
            && let Some(paused) = self.paused.remove(&host)
        {
            paused.deferred.into_iter().for_each(|happening| self.at(self.now, happening));
        }
    }

    /// Puts off what would happen on a host that is paused.
    pub(super) fn defer(&mut self, happening: Happening) -> Option<Happening> {
        if self.paused.is_empty() {
            return Some(happening);
        }
        let Some(host) = self.place_of(&happening) else { return Some(happening) };
        let Some(paused) = self.paused.get_mut(&host) else { return Some(happening) };
        for fault in &paused.faults {
            self.network.count(*fault, 1);
        }
        paused.deferred.push(happening);
        None
    }

    /// The host on which something happens, unless it happens to the world.
    pub(super) fn place_of(&self, happening: &Happening) -> Option<HostId> {
        let of_device = |device: &DeviceId| self.devices.get(device).map(|node| node.host);
        match happening {
            Happening::Action(index) => of_device(&self.setup.actions[*index].device),
            Happening::Arrival(host, _) => Some(*host),
            Happening::Wake(seat, _) => Some(self.host_of(*seat)),
            Happening::WakeDevice(device, _) | Happening::Fallback(device, _) => of_device(device),
            Happening::WakeSession(index, ..) => Some(self.setup.hosts.chat(*index)),
            Happening::Severed { device, .. } => of_device(device),
            Happening::StoreTurn(_) | Happening::Synced(_) => Some(self.setup.hosts.store()),
            Happening::Turn(host, _) => Some(*host),
            Happening::Attached
            | Happening::Start(_)
            | Happening::StartDevices
            | Happening::Push(..)
            | Happening::Fault(..)
            | Happening::FaultOver(_)
            | Happening::Rolling(..)
            | Happening::Episode { .. }
            | Happening::Custom(..)
            | Happening::HostStrike(..)
            | Happening::DrainLimit(..)
            | Happening::LeaseCheck
            | Happening::Heal
            | Happening::SettleCheck => None,
        }
    }

    pub(super) fn record_host(&mut self, host: HostId, up: bool) {
        let body = self.setup.host_event(host, up);
        self.record(Source::Harness, "harness", 0, body);
    }
}
