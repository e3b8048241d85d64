//! What the harness knows of hosts, devices and their connections.

use std::{net::SocketAddr, sync::Arc};

use hubbub_chat::DeviceId;
use hubbub_history::EventBody;

use super::{
    gate::{Door, Gate},
    recording::Recording,
};
use crate::hosts::HostId;

/// How things stand with a device.
pub(super) struct DeviceTruth {
    pub(super) host: HostId,
    pub(super) gate: Arc<Gate>,
    /// The chat server that it is attached to.
    pub(super) server: Option<HostId>,
    /// Whether it has synced over that connection.
    pub(super) is_synced: bool,
    /// Whether it received something since devices were attached.
    pub(super) has_received: bool,
    /// Whether its network works, as the history has it.
    link: bool,
}

impl DeviceTruth {
    pub(super) fn new(host: HostId, gate: Arc<Gate>) -> Self {
        Self { host, gate, server: None, is_synced: false, has_received: false, link: true }
    }
}

impl Recording {
    /// A device has a connection, which ends there on its side.
    pub(super) fn open_stream(&mut self, device: DeviceId, local: SocketAddr) {
        self.streams.insert(local, (device, false));
    }

    /// Something was lost on a connection.
    pub(super) fn break_stream(&mut self, device: DeviceId, local: SocketAddr) {
        if let Some((_, is_broken)) = self.streams.get_mut(&local) {
            *is_broken = true;
            self.record_link(device);
        }
    }

    pub(super) fn close_stream(&mut self, device: DeviceId, local: SocketAddr) {
        self.streams.remove(&local);
        self.record_link(device);
    }

    /// Says of every device whether its network works, where that has changed.
    pub(super) fn record_links(&mut self) {
        let devices: Vec<DeviceId> = self.devices.keys().copied().collect();
        devices.into_iter().for_each(|device| self.record_link(device));
    }

    /// Says whether a device's network works, if that has changed.
    pub(super) fn record_link(&mut self, device: DeviceId) {
        let link = self.has_link(device);
        if let Some(truth) = self.devices.get_mut(&device).filter(|truth| truth.link != link) {
            truth.link = link;
            self.record_device(device);
        }
    }

    /// Says how things stand with a device.
    pub(super) fn record_device(&mut self, device: DeviceId) {
        let up = self.is_up(device);
        let Some(truth) = self.devices.get(&device) else { return };
        let (name, link) = (format!("device-{device}"), Some(truth.link));
        self.harness(EventBody::Truth {
            name,
            up,
            link,
            hears: None,
            logged_in: None,
            capacity: None,
        });
    }

    /// Says whether a host is up.
    pub(super) fn record_host(&mut self, host: HostId, up: bool) {
        let is_chat = self.hosts.chat_index(host).is_some();
        let body = EventBody::Truth {
            name: self.hosts.name(host).to_owned(),
            up,
            link: None,
            hears: None,
            logged_in: None,
            capacity: (up && is_chat).then_some(self.session_limit),
        };
        self.harness(body);
    }

    /// Devices that are attached to a chat server.
    pub(super) fn attached_to(&self, server: HostId) -> u64 {
        self.devices.values().filter(|truth| truth.server == Some(server)).count() as u64
    }

    /// A device that has stopped is attached to nothing.
    pub(super) fn detach(&mut self, device: DeviceId) {
        if let Some(truth) = self.devices.get_mut(&device) {
            (truth.server, truth.is_synced) = (None, false);
        }
    }

    /// Whether every device is attached and has synced since.
    pub(super) fn is_everybody_synced(&self) -> bool {
        self.devices.values().all(|truth| truth.server.is_some() && truth.is_synced)
    }

    pub(super) fn is_up(&self, device: DeviceId) -> bool {
        self.devices
            .get(&device)
            .is_some_and(|truth| truth.gate.is_up() && !self.is_down(truth.host))
    }

    /// A device that is attached has a link as long as its connection carries what either end sends.
    /// Any other has one if a chat server can be reached at all.
    fn has_link(&mut self, device: DeviceId) -> bool {
        let Some(truth) = self.devices.get(&device) else { return true };
        let (here, server, door) = (truth.host, truth.server, truth.gate.door());
        let servers: Vec<HostId> = match server {
            Some(server) => vec![server],
            None => (0..self.hosts.chat_count()).map(|index| self.hosts.chat(index)).collect(),
        };
        let struck = self.struck();
        let reaches =
            |there: &HostId| struck.is_open((here, *there)) && struck.is_open((*there, here));
        let is_open = door == Door::Open && servers.iter().any(reaches);
        is_open && (server.is_none() || !self.is_broken(device))
    }

    fn is_broken(&self, device: DeviceId) -> bool {
        self.streams.values().any(|(owner, is_broken)| *is_broken && *owner == device)
    }
}
