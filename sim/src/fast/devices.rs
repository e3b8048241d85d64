//! The devices and their hosts.

use std::collections::BTreeMap;

use hubbub_chat::{
    ChannelId, Device, DeviceId, MessageId, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput, DeviceOutput},
    time::nanoseconds,
};
use hubbub_history::{EventBody, Source, device_event};

use super::{Engine, Happening, Lane, Payload, clients::DeviceTransport};
use crate::{hosts::HostId, setup::LEAD};

/// A device: its disk, and its machine when its host is up.
pub(super) struct DeviceNode {
    pub(super) user: UserId,
    pub(super) host: HostId,
    pub(super) disk: DeviceDisk,
    pub(super) machine: Option<Device>,
    pub(super) stream: Option<u64>,
    pub(super) transport: DeviceTransport,
    incarnation: u32,
    wake_at: Option<u64>,
}

impl DeviceNode {
    pub(super) fn new(user: UserId, host: HostId) -> Self {
        let disk = DeviceDisk::default();
        Self {
            user,
            host,
            disk,
            machine: None,
            stream: None,
            transport: DeviceTransport::default(),
            incarnation: 0,
            wake_at: None,
        }
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
        node.transport.start(&design);
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
        self.tell_device(device, input);
        self.drain_device(device, intended_ns);
    }

    /// Gives a device something without asking what it wants then.
    pub(super) fn tell_device(&mut self, device: DeviceId, input: DeviceInput) {
        let now = self.clock();
        self.machine_events += 1;
        if let Some(machine) = self.devices.get_mut(&device).and_then(|node| node.machine.as_mut())
        {
            machine.handle_input(now, input);
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
            node.transport.handle_timeout(now);
            self.drain_device(device, None);
        }
    }

    fn plan_device_wake(&mut self, device: DeviceId) {
        let now = self.now;
        let Some(node) = self.devices.get_mut(&device) else { return };
        let device_due = node.machine.as_ref().and_then(Device::poll_timeout).map(|(at, _)| at);
        let Some(due) = device_due.into_iter().chain(node.transport.poll_timeout()).min() else {
            return;
        };
        let due = due.0.max(now);
        if node.wake_at.is_none_or(|planned| due < planned) {
            node.wake_at = Some(due);
            self.at(due, Happening::WakeDevice(device));
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
        self.plan_device_wake(device);
    }

    fn drain_machine(&mut self, device: DeviceId, intended_ns: Option<u64>) {
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
    }

    fn device_output(&mut self, device: DeviceId, output: DeviceOutput, intended_ns: Option<u64>) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        match output {
            DeviceOutput::Persist(write) => node.disk.write(&write),
            DeviceOutput::Open { attempt, .. } => {
                self.connect(device, self.setup.server_for(device, attempt));
            }
            DeviceOutput::Frame(frame) => self.send_frame(device, frame),
            DeviceOutput::Close => self.disconnect(device),
            DeviceOutput::Event(event) => {
                let (user, incarnation) = (node.user, node.incarnation - 1);
                if self.now >= nanoseconds(LEAD) && matches!(event, DeviceEvent::Received { .. }) {
                    node.transport.has_received = true;
                }
                let server = node.transport.server.map(|server| self.setup.hosts.chat(server));
                let server = server.map_or("", |host| self.setup.hosts.name(host));
                if let Some(body) = device_event(user, device, server, intended_ns, &event) {
                    let process = format!("device-{device}");
                    self.record(Source::Device, &process, incarnation, body);
                }
            }
        }
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
