//! The devices and their hosts.

use std::collections::BTreeMap;

use hubbub_chat::{
    ChannelId, Device, DeviceId, MessageId, UserId,
    device::{DeviceDisk, DeviceInput, DeviceOutput},
};
use hubbub_history::{EventBody, Source, device_event};

use super::{Engine, Happening, Lane, Payload, Stream};
use crate::hosts::HostId;

/// A device: its disk, and its machine when its host is up.
pub(super) struct DeviceNode {
    pub(super) user: UserId,
    pub(super) host: HostId,
    pub(super) disk: DeviceDisk,
    pub(super) machine: Option<Device>,
    pub(super) stream: Option<u64>,
    incarnation: u32,
    wake_at: Option<u64>,
}

impl DeviceNode {
    pub(super) fn new(user: UserId, host: HostId) -> Self {
        let disk = DeviceDisk::default();
        Self { user, host, disk, machine: None, stream: None, incarnation: 0, wake_at: None }
    }

    pub(super) fn is_settled(&self, heads: &BTreeMap<UserId, Vec<(ChannelId, MessageId)>>) -> bool {
        let cursors = self.disk.cursors();
        let is_there = |(channel, head): &(ChannelId, MessageId)| {
            cursors.get(channel).is_some_and(|cursor| cursor >= head)
        };
        let synced = self.machine.as_ref().is_some_and(Device::is_synced);
        let heads = heads.get(&self.user).map_or(&[][..], Vec::as_slice);
        synced && self.disk.pending() == 0 && heads.iter().all(is_there)
    }

    pub(super) fn final_event(&self) -> Option<EventBody> {
        let device = self.machine.as_ref()?.id();
        let (cursors, digests) = (self.disk.cursors(), self.disk.digests());
        Some(EventBody::Final { device, cursors, digests })
    }
}

impl Engine<'_> {
    pub(super) fn start_device(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let (design, disk) = (self.setup.design.clone(), node.disk.clone());
        node.incarnation += 1;
        node.machine = Some(Device::restore(node.user, device, design, disk, self.setup.seed));
        node.wake_at = None;
        self.plan_device_wake(device);
    }

    pub(super) fn device_input(
        &mut self,
        device: DeviceId,
        input: DeviceInput,
        intended_ns: Option<u64>,
    ) {
        let now = self.clock();
        self.machine_events += 1;
        if let Some(machine) = self.devices.get_mut(&device).and_then(|node| node.machine.as_mut())
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

    pub(super) fn wake_device(&mut self, device: DeviceId) {
        let now = self.clock();
        let Some(node) = self.devices.get_mut(&device) else { return };
        if node.wake_at != Some(self.now) {
            return;
        }
        node.wake_at = None;
        self.machine_events += 1;
        if let Some(machine) = &mut node.machine {
            machine.handle_timeout(now);
            self.drain_device(device, None);
        }
    }

    fn plan_device_wake(&mut self, device: DeviceId) {
        let now = self.now;
        let Some(node) = self.devices.get_mut(&device) else { return };
        let Some((due, _)) = node.machine.as_ref().and_then(Device::poll_timeout) else { return };
        let due = due.0.max(now);
        if node.wake_at.is_none_or(|planned| due < planned) {
            node.wake_at = Some(due);
            self.at(due, Happening::WakeDevice(device));
        }
    }

    fn drain_device(&mut self, device: DeviceId, intended_ns: Option<u64>) {
        while let Some(output) = self
            .devices
            .get_mut(&device)
            .and_then(|node| node.machine.as_mut())
            .and_then(Device::poll_output)
        {
            for output in self.planted.device_output(device, output) {
                self.device_output(device, output, intended_ns);
            }
        }
        self.plan_device_wake(device);
    }

    fn device_output(&mut self, device: DeviceId, output: DeviceOutput, intended_ns: Option<u64>) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        match output {
            DeviceOutput::Persist(write) => node.disk.write(&write),
            DeviceOutput::Open { attempt } => self.open_stream(device, attempt),
            DeviceOutput::Frame(frame) => {
                if let Some(stream) = node.stream {
                    self.send_to_server(stream, Payload::ToServer { stream, frame });
                }
            }
            DeviceOutput::Close => {
                if let Some(stream) = node.stream.take() {
                    self.send_to_server(stream, Payload::CloseServer { stream });
                }
            }
            DeviceOutput::Event(event) => {
                let (user, incarnation) = (node.user, node.incarnation - 1);
                let stream = node.stream.and_then(|stream| self.streams.get(&stream));
                let server = stream.map(|stream| self.setup.hosts.chat(stream.server));
                let server = server.map_or("", |host| self.setup.hosts.name(host));
                if let Some(body) = device_event(user, device, server, intended_ns, &event) {
                    let process = format!("device-{device}");
                    self.record(Source::Device, &process, incarnation, body);
                }
            }
        }
    }

    fn open_stream(&mut self, device: DeviceId, attempt: u32) {
        self.last_stream += 1;
        let (stream, server) = (self.last_stream, self.setup.server_for(device, attempt));
        let stream_state = Stream { device, server, opened_by: None, wedged: [false; 2] };
        self.streams.insert(stream, stream_state);
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
        self.transmit(here, there, Lane::Stream(stream, true), payload);
    }
}
