//! Whether devices and their connections are there, as the harness knows it.

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, Source};

use super::{DeviceNode, Engine};

/// What a device's network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// What the device sends arrives.
    pub(super) sends: bool,
    /// What is sent to it arrives.
    pub(super) hears: bool,
}

impl Default for Link {
    fn default() -> Self {
        Self { sends: true, hears: true }
    }
}

impl Engine<'_> {
    /// Says of every device whether its network works, where that has changed.
    pub(super) fn record_links(&mut self) {
        let devices: Vec<DeviceId> = self.devices.keys().copied().collect();
        devices.into_iter().for_each(|device| self.record_link(device));
    }

    /// Says whether a device's network works, if that has changed.
    pub(super) fn record_link(&mut self, device: DeviceId) {
        let link = self.link_of(device);
        let Some(node) = self.devices.get_mut(&device).filter(|node| node.link != link) else {
            return;
        };
        node.link = link;
        if link.sends {
            self.held_sessions.relink(self.now, device);
        } else {
            self.held_sessions.unlink(self.now, device);
        }
        self.record_device(device);
    }

    /// What a device had sent reaches its server now, though the device itself may have no link, as
    /// when it is paused: for a moment it had one.
    pub(super) fn record_heard(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get_mut(&device) else { return };
        if node.link.sends || !node.is_up() {
            return;
        }
        let link = std::mem::replace(&mut node.link, Link { sends: true, hears: false });
        self.record_device(device);
        if let Some(node) = self.devices.get_mut(&device) {
            node.link = link;
        }
        self.record_device(device);
    }

    /// Says how things stand with a device.
    pub(super) fn record_device(&mut self, device: DeviceId) {
        let Some(node) = self.devices.get(&device) else { return };
        let body = EventBody::Truth {
            name: node.name.0.to_string(),
            up: node.is_up(),
            link: Some(node.link.sends),
            hears: Some(node.link.hears),
            logged_in: None,
            capacity: None,
        };
        self.record(Source::Harness, "harness", 0, body);
    }

    /// A device that is attached has a link as long as its connection carries what it sends. Any
    /// other has one if a chat server can be reached at all. A device that is paused hears and says
    /// nothing.
    fn link_of(&self, device: DeviceId) -> Link {
        let Some(node) = self.devices.get(&device) else { return Link::default() };
        if self.paused.contains_key(&node.host) {
            return Link { sends: false, hears: false };
        }
        let hosts = &self.setup.hosts;
        let path = |server: usize| {
            let there = hosts.chat(server);
            Link {
                sends: self.network.is_open(node.host, there, Some(device)),
                hears: self.network.is_open(there, node.host, Some(device)),
            }
        };
        match node.transport.server.filter(|_| node.attached) {
            Some(server) => {
                let path = path(server);
                let [up, down] = self.broken(node);
                Link { sends: path.sends && !up, hears: path.hears && !down }
            }
            None => {
                let works = (0..hosts.chat_count()).map(path).any(|path| path == Link::default());
                Link { sends: works, hears: works }
            }
        }
    }

    /// Whether something was lost on a connection that the device uses.
    /// Whether any of its connections lost something: towards the server, and towards the device.
    fn broken(&self, node: &DeviceNode) -> [bool; 2] {
        let streams = node.stream.into_iter().chain(node.transport.lanes.streams());
        let states = streams.filter_map(|stream| self.streams.get(&stream));
        states
            .fold([false; 2], |[up, down], state| [up || state.broken[0], down || state.broken[1]])
    }
}
