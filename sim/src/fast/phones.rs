//! What befalls devices that are carried around: no network, another network, all at once.

use hubbub_chat::{DeviceId, time::nanoseconds, transport::ClientInput};
use hubbub_scenario::FaultKind;

use super::{Engine, Happening, Payload};
use crate::{churn::episodes, faults::ActiveFault, hosts::HostId};

impl Engine<'_> {
    /// A device goes into airplane mode, or out of it.
    pub(super) fn airplane(&mut self, device: DeviceId, fault: u32, on: bool) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        if !on {
            node.offline_by.remove(&fault);
            return self.record_link(device);
        }
        node.offline_by.insert(fault);
        let (host, asking) = (node.host, node.route.asking());
        if let Some(number) = asking {
            let told = Payload::Told { number, device, assignment: None };
            self.at(self.now, Happening::Arrival(host, told));
        }
        let ended = self.sever(device) + u64::from(asking.is_some());
        self.network.count(fault, ended);
        self.record_link(device);
    }

    /// Whether the device has no network to open a connection on; what is in the way counts.
    pub(super) fn has_no_network(&mut self, device: DeviceId) -> bool {
        let Some(node) = self.devices.get(&device) else { return true };
        for fault in &node.offline_by {
            self.network.count(*fault, 1);
        }
        !node.offline_by.is_empty()
    }

    /// A device changes to another network: what is open is dead, and nobody is told.
    pub(super) fn switch_network(&mut self, device: DeviceId, fault: u32) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        let mut died = u64::from(node.route.miss_answer());
        let open: Vec<u64> = node.streams().collect();
        for stream in open {
            let Some(state) = self.streams.get_mut(&stream) else { continue };
            state.wedged = [true; 2];
            state.broken = [true; 2];
            died += u64::from(self.former.insert(stream));
        }
        self.network.count(fault, died);
        self.record_link(device);
    }

    /// Closes the connections of a device at both ends, and says how many there were. The server
    /// hears of it as soon as the network lets it.
    fn sever(&mut self, device: DeviceId) -> u64 {
        let Some(node) = self.devices.get(&device) else { return 0 };
        let open: Vec<u64> =
            node.streams().filter(|stream| self.streams.contains_key(stream)).collect();
        for stream in &open {
            self.at(self.now, Happening::Severed { device, stream: *stream });
            self.send_to_server(*stream, Payload::CloseServer { stream: *stream });
        }
        open.len() as u64
    }

    /// A connection is closed under its device.
    pub(super) fn severed(&mut self, device: DeviceId, stream: u64) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        if node.transport.lanes.has(stream) {
            return self.lane_closed(device, stream);
        }
        if node.stream == Some(stream) {
            node.stream = None;
            self.client_input(device, ClientInput::StreamClosed);
            self.drain_device(device, None);
        }
    }

    /// All connections of these devices are closed at once.
    pub(super) fn storm(&mut self, devices: &[DeviceId], fault: u32) {
        let closed = devices.iter().map(|device| self.sever(*device)).sum();
        self.network.count(fault, closed);
    }

    /// The devices that live on a host, or that have a connection to the chat server there.
    pub(super) fn devices_at(&self, host: HostId) -> Vec<DeviceId> {
        let Some(server) = self.setup.hosts.chat_index(host) else { return self.devices_on(host) };
        let here = |stream: u64| self.streams.get(&stream).is_some_and(|it| it.server == server);
        let devices = self.devices.iter().filter(|(_, node)| node.streams().any(here));
        devices.map(|(device, _)| *device).collect()
    }

    /// Plans what devices go through that come and go.
    pub(super) fn churn(&mut self, index: usize, fault: &ActiveFault, devices: &[DeviceId]) {
        for device in devices {
            for spell in episodes(self.setup.seed, fault.id, *device, fault.at..fault.until) {
                for (at, on) in [(spell.from, true), (spell.until, false)] {
                    let (device, kind) = (*device, spell.kind);
                    let happening = Happening::Spell { fault: index, device, kind, on };
                    self.at(nanoseconds(at), happening);
                }
            }
        }
    }

    pub(super) fn spell(&mut self, index: usize, device: DeviceId, kind: FaultKind, on: bool) {
        let fault = &self.setup.faults[index];
        self.strike_devices(fault, kind, &[device], on);
        self.record_link(device);
        if !on {
            self.release();
        }
    }
}
