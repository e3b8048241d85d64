//! The devices and their hosts.

use std::collections::BTreeMap;

use hubbub_chat::{
    ChannelId, Device, DeviceId, MessageId, UserId,
    design::{CursorScope, Design},
    device::{DeviceDisk, DeviceEvent, DeviceInput, DeviceOutput},
    frame::ClientFrame,
};
use hubbub_history::{EventBody, Process as ProcessName, Source, device_event};

use super::{
    Engine, Happening, Lane, Payload, Stream, discovery::Route, links::Link, process::Process,
};
use crate::hosts::HostId;

/// A device: its disk, and its machine when it is up.
pub(super) struct DeviceNode {
    pub(super) user: UserId,
    pub(super) host: HostId,
    pub(super) disk: DeviceDisk,
    pub(super) process: Process<Device>,
    /// The name by which lines of the history know it.
    pub(super) name: ProcessName,
    pub(super) stream: Option<u64>,
    /// Whether its connection is open and greeted.
    pub(super) attached: bool,
    pub(super) route: Route,
    /// Whether its network works, as the history has it.
    pub(super) link: Link,
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
            attached: false,
            route: Route::default(),
            link: Link::default(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.process.machine.is_some()
    }

    /// Nothing is pending, and the device stands at the end of everything that its user may see.
    pub(super) fn is_settled(&self, heads: &Heads, design: &Design) -> bool {
        let synced = self.process.machine.as_ref().is_some_and(Device::is_synced);
        if !synced || self.disk.pending() > 0 {
            return false;
        }
        let heads = heads.get(&self.user).map_or(&[][..], Vec::as_slice);
        if design.cursor == CursorScope::Global {
            let newest = heads.iter().map(|(_, head)| *head).max().unwrap_or_default();
            return self.disk.newest() >= newest;
        }
        let cursors = self.disk.cursors();
        let is_there = |(channel, head): &(ChannelId, MessageId)| {
            cursors.get(channel).is_some_and(|cursor| cursor >= head)
        };
        heads.iter().all(is_there)
    }

    pub(super) fn final_event(&self) -> Option<EventBody> {
        let device = self.process.machine.as_ref()?.id();
        let (cursors, digests) = (self.disk.cursors(), self.disk.digests());
        Some(EventBody::Final { device, cursors, digests })
    }
}

/// The last entry that each user may see, per channel.
pub(super) type Heads = BTreeMap<UserId, Vec<(ChannelId, MessageId)>>;

impl Engine<'_> {
    pub(super) fn start_device(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let (design, disk) = (self.setup.design.clone(), node.disk.clone());
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
        let Some(host) = self.devices.get(&device).map(|node| node.host) else { return };
        let now = self.clock(host);
        self.machine_events += 1;
        if let Some(machine) =
            self.devices.get_mut(&device).and_then(|node| node.process.machine.as_mut())
        {
            machine.handle_input(now, input);
            self.drain_device(device, intended_ns);
        }
    }

    /// Something happened on a connection; an older connection of the device means nothing.
    pub(super) fn stream_input(&mut self, stream: u64, input: DeviceInput) {
        let Some(device) = self.streams.get(&stream).map(|state| state.device) else { return };
        if self.devices.get(&device).is_some_and(|node| node.stream == Some(stream)) {
            self.device_input(device, input, None);
        }
    }

    pub(super) fn wake_device(&mut self, device: DeviceId, at: u64) {
        let Some(host) = self.devices.get(&device).map(|node| node.host) else { return };
        let now = self.clock(host);
        let machine = self.devices.get_mut(&device).and_then(|node| node.process.wake(at));
        if let Some(machine) = machine {
            self.machine_events += 1;
            machine.handle_timeout(now);
            self.drain_device(device, None);
        }
    }

    fn plan_device(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let due = node.process.machine.as_ref().and_then(Device::poll_timeout);
        if let Some(at) = node.process.plan(self.now, due.map(|(due, _)| due)) {
            self.at(at, Happening::WakeDevice(device, at));
        }
    }

    fn drain_device(&mut self, device: DeviceId, intended_ns: Option<u64>) {
        while let Some(output) = self
            .devices
            .get_mut(&device)
            .and_then(|node| node.process.machine.as_mut())
            .and_then(Device::poll_output)
        {
            for output in self.planted.device_output(device, output) {
                self.device_output(device, output, intended_ns);
            }
        }
        self.plan_device(device);
    }

    fn device_output(&mut self, device: DeviceId, output: DeviceOutput, intended_ns: Option<u64>) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        match output {
            DeviceOutput::Persist(write) => node.disk.write(&write),
            DeviceOutput::Open { attempt, background } => {
                self.seek_server(device, attempt, background);
            }
            DeviceOutput::Frame(frame) => {
                self.heartbeats += u64::from(matches!(frame, ClientFrame::Heartbeat { .. }));
                if let Some(stream) = node.stream {
                    self.send_to_server(stream, Payload::ToServer { stream, frame });
                }
            }
            DeviceOutput::Close => {
                node.route.give_up();
                if let Some(stream) = node.stream.take() {
                    self.note_gone(stream);
                    self.send_to_server(stream, Payload::CloseServer { stream });
                }
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
        if begins {
            self.record_link(device);
        }
        let Some(node) = self.devices.get(&device) else { return };
        let stream = node.stream.and_then(|stream| self.streams.get(&stream));
        let server = stream.map(|stream| self.setup.hosts.chat(stream.server));
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
    }

    pub(super) fn close_at_device(&mut self, stream: u64) {
        self.stream_input(stream, DeviceInput::Closed);
        if let Some(state) = self.streams.remove(&stream) {
            self.network.forget(stream, state.device);
        }
    }

    /// Opens a connection to a chat server, counted from 0.
    pub(super) fn open_stream(&mut self, device: DeviceId, server: usize) {
        self.last_stream += 1;
        let stream = self.last_stream;
        self.streams.insert(stream, Stream::new(device, server));
        if let Some(node) = self.devices.get_mut(&device) {
            node.stream = Some(stream);
        }
        self.send_to_server(stream, Payload::Open { stream, device });
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
