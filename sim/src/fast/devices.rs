//! The devices and their hosts.

use std::collections::BTreeSet;

use hubbub_chat::{
    Design, Device, DeviceId, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput, DeviceOutput},
    time::nanoseconds,
    transport::ClientInput,
};
use hubbub_history::{EventBody, Process as ProcessName, Source, device_event};

use super::{
    Engine, Happening, Lane, Payload, clients::DeviceTransport, discovery::Route, process::Process,
};
use crate::{
    ending::{Heads, has_all},
    hosts::HostId,
    links::Link,
    setup::LEAD,
};

/// A device: its disk, and its machine when it is up.
pub(super) struct DeviceNode {
    pub(super) user: UserId,
    pub(super) host: HostId,
    pub(super) disk: DeviceDisk,
    pub(super) process: Process<Device>,
    /// The name by which lines of the history know it.
    pub(super) name: ProcessName,
    pub(super) stream: Option<u64>,
    pub(super) transport: DeviceTransport,
    /// Whether its connection is open and greeted.
    pub(super) attached: bool,
    pub(super) route: Route,
    /// Whether its network works, as the history has it.
    pub(super) link: Link,
    /// The faults that keep its process down, beside those of its host.
    pub(super) down_by: BTreeSet<u32>,
    /// The faults that have it in airplane mode.
    pub(super) offline_by: BTreeSet<u32>,
}

impl DeviceNode {
    pub(super) fn new(user: UserId, device: DeviceId, host: HostId) -> Self {
        Self {
            user,
            host,
            disk: DeviceDisk::default(),
            process: Process::down(),
            name: ProcessName(format!("device-{device}").into()),
            stream: None,
            transport: DeviceTransport::default(),
            attached: false,
            route: Route::default(),
            link: Link::default(),
            down_by: BTreeSet::new(),
            offline_by: BTreeSet::new(),
        }
    }

    /// Whether this is one of its connections.
    pub(super) fn uses(&self, stream: u64) -> bool {
        self.stream == Some(stream) || self.transport.lanes.has(stream)
    }

    /// All of its connections.
    pub(super) fn streams(&self) -> impl Iterator<Item = u64> {
        self.stream.into_iter().chain(self.transport.lanes.streams())
    }

    /// The connection on which its session lives: what it is told comes by it, and its heartbeats go.
    pub(super) fn session_stream(&self) -> Option<u64> {
        self.stream.or(self.transport.lanes.receiving())
    }

    pub(super) fn is_up(&self) -> bool {
        self.process.machine.is_some()
    }

    /// The device has synced, nothing is pending, and it has everything that its user may see.
    pub(super) fn is_settled(&self, heads: &Heads, design: &Design) -> bool {
        let is_synced = self.process.machine.as_ref().is_some_and(Device::is_synced);
        is_synced && has_all(&self.disk, self.user, heads, design)
    }
}

impl Engine<'_> {
    pub(super) fn start_device(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let (design, disk) = (self.setup.design.clone(), node.disk.clone());
        node.transport.start(&design);
        let machine = Device::restore(node.user, device, design, disk, self.setup.seed);
        node.process.start(node.process.incarnation + 1, machine);
        node.route.restart();
        self.plan_device(device);
    }

    pub(super) fn device_input(
        &mut self,
        device: DeviceId,
        input: DeviceInput,
        intended_ns: Option<u64>,
    ) {
        self.feed_device(device, input);
        self.drain_device(device, intended_ns);
    }

    /// Gives a device something without asking what it wants then.
    pub(super) fn feed_device(&mut self, device: DeviceId, input: DeviceInput) {
        let Some(host) = self.devices.get(&device).map(|node| node.host) else { return };
        let now = self.clock(host);
        self.machine_events += 1;
        if let Some(machine) =
            self.devices.get_mut(&device).and_then(|node| node.process.machine.as_mut())
        {
            machine.handle_input(now, input);
        }
    }

    pub(super) fn wake_device(&mut self, device: DeviceId, at: u64) {
        let Some(host) = self.devices.get(&device).map(|node| node.host) else { return };
        let now = self.clock(host);
        let Some(node) = self.devices.get_mut(&device) else { return };
        if let Some(machine) = node.process.wake(at) {
            machine.handle_timeout(now);
            node.transport.handle_timeout(now);
            self.machine_events += 1;
            self.drain_device(device, None);
        }
    }

    fn plan_device(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let of_machine = node.process.machine.as_ref().and_then(Device::poll_timeout);
        let of_transport = node.transport.poll_timeout();
        let due = of_machine.map(|(due, _)| due).into_iter().chain(of_transport).min();
        if let Some(at) = node.process.plan(self.now, due) {
            self.at(at, Happening::WakeDevice(device, at));
        }
    }

    /// First all that the device wants, then one thing that its transport wants, and so on.
    pub(super) fn drain_device(&mut self, device: DeviceId, intended_ns: Option<u64>) {
        loop {
            self.drain_machine(device, intended_ns);
            if !self.step_client(device) {
                break;
            }
        }
        self.plan_device(device);
    }

    fn drain_machine(&mut self, device: DeviceId, intended_ns: Option<u64>) {
        while let Some(output) = self
            .devices
            .get_mut(&device)
            .and_then(|node| node.process.machine.as_mut())
            .and_then(Device::poll_output)
        {
            match &mut self.planted {
                None => self.device_output(device, output, intended_ns),
                Some(planted) => {
                    for output in planted.device_output(device, output) {
                        self.device_output(device, output, intended_ns);
                    }
                }
            }
        }
    }

    fn device_output(&mut self, device: DeviceId, output: DeviceOutput, intended_ns: Option<u64>) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        match output {
            DeviceOutput::Persist(write) => node.disk.write(&write),
            DeviceOutput::Open { attempt, background } => {
                self.seek_server(device, attempt, background);
            }
            DeviceOutput::Frame(frame) => self.client_input(device, ClientInput::Frame(frame)),
            DeviceOutput::Close => {
                node.route.give_up();
                self.disconnect(device);
            }
            DeviceOutput::Event(event) => self.device_event(device, &event, intended_ns),
        }
    }

    fn device_event(&mut self, device: DeviceId, event: &DeviceEvent, intended_ns: Option<u64>) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        // That the network works is said before a session begins and after one has ended.
        let (begins, ends) =
            (matches!(event, DeviceEvent::Attached), matches!(event, DeviceEvent::Detached(_)));
        node.attached = (node.attached || begins) && !ends;
        if begins || ends {
            node.route.arrive();
        }
        if event.turns_away() {
            node.route.turn_away(node.transport.server);
        }
        if self.now >= nanoseconds(LEAD) && matches!(event, DeviceEvent::Received { .. }) {
            node.transport.has_received = true;
        }
        if begins {
            self.record_link(device);
        }
        let Some(node) = self.devices.get(&device) else { return };
        let server = node.transport.server.map(|server| self.setup.hosts.chat(server));
        let server = server.map_or("", |host| self.setup.hosts.name(host));
        if let Some(body) = device_event(node.user, device, server, intended_ns, event) {
            self.record_of_device(Source::Device, device, body);
        }
        if ends {
            self.record_link(device);
        }
    }

    /// A line about a device, written by its process.
    pub(super) fn record_of_device(&mut self, source: Source, device: DeviceId, body: EventBody) {
        let Some(node) = self.devices.get(&device) else { return };
        let incarnation = node.process.incarnation.saturating_sub(1);
        self.history.push(self.now, source, node.name.clone(), incarnation, body);
        self.trace_event();
    }

    /// Sends something on a connection, unless it is gone or wedged.
    pub(super) fn send_to_server(&mut self, stream: u64, payload: Payload) {
        let Some(state) = self.streams.get(&stream).copied() else { return };
        if state.wedged[0] {
            return;
        }
        let Some(here) = self.devices.get(&state.device).map(|node| node.host) else { return };
        let there = self.setup.hosts.chat(state.server);
        self.transmit(here, there, Lane::Stream(stream, state.device, true), payload);
    }
}
