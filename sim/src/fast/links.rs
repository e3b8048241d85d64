//! Whether devices and their connections are there, as the harness knows it.

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, Source};

use super::{DeviceNode, Engine};

impl Engine<'_> {
    /// Says of every device whether its network works, where that has changed.
    pub(super) fn record_links(&mut self) {
        let devices: Vec<DeviceId> = self.devices.keys().copied().collect();
        devices.into_iter().for_each(|device| self.record_link(device));
    }

    /// Says whether a device's network works, if that has changed.
    pub(super) fn record_link(&mut self, device: DeviceId) {
        let link = self.has_link(device);
        let Some(node) = self.devices.get_mut(&device).filter(|node| node.link != link) else {
            return;
        };
        node.link = link;
        if link {
            self.held_sessions.relink(self.now, device);
        } else {
            self.held_sessions.unlink(self.now, device);
        }
        self.record_device(device);
    }

    /// Says how things stand with a device.
    pub(super) fn record_device(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get(&device) else { return };
        let body = EventBody::Truth {
            name: node.name.0.to_string(),
            up: node.is_up(),
            link: Some(node.link),
            logged_in: None,
            capacity: None,
        };
        self.record(Source::Harness, "harness", 0, body);
    }

    /// A device that is attached has a link as long as its connection carries what either end sends.
    /// Any other has one if a chat server can be reached at all. A device that is paused hears and
    /// says nothing.
    fn has_link(&self, device: DeviceId) -> bool {
        let Some(node) = self.devices.get(&device) else { return true };
        if self.paused.contains_key(&node.host) {
            return false;
        }
        let hosts = &self.setup.hosts;
        let reaches = |server: usize| {
            let there = hosts.chat(server);
            self.network.is_open(node.host, there, Some(device))
                && self.network.is_open(there, node.host, Some(device))
        };
        match node.transport.server.filter(|_| node.attached) {
            Some(server) => !self.is_broken(node) && reaches(server),
            None => (0..hosts.chat_count()).any(reaches),
        }
    }

    /// Whether something was lost on a connection that the device uses.
    fn is_broken(&self, node: &DeviceNode) -> bool {
        let is_broken = |stream| self.streams.get(&stream).is_some_and(|state| state.broken);
        node.stream.into_iter().chain(node.transport.lanes.streams()).any(is_broken)
    }
}
