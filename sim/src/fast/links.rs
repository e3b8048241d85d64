//! Whether devices and their connections are there, as the harness knows it.

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, Source};

use super::{DeviceNode, Engine};
use crate::links::Link;

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

    /// A device that is paused hears and says nothing, nor does one in airplane mode, or one that
    /// holds on to a connection of a network that it has left.
    fn link_of(&self, device: DeviceId) -> Link {
        let Some(node) = self.devices.get(&device) else { return Link::default() };
        const NONE: Link = Link { sends: false, hears: false };
        let is_of_former = |stream: u64| self.former.contains(&stream);
        if self.paused.contains_key(&node.host)
            || !node.offline_by.is_empty()
            || node.session_stream().is_some_and(is_of_former)
        {
            return NONE;
        }
        let hosts = &self.setup.hosts;
        let path = |server: usize| {
            let there = hosts.chat(server);
            if !node.attached && self.is_black_hole(there) {
                return NONE;
            }
            Link {
                sends: self.network.is_open(node.host, there, Some(device)),
                hears: self.network.is_open(there, node.host, Some(device)),
            }
        };
        let server = node.transport.server.filter(|_| node.attached);
        Link::of(server, hosts.chat_count(), self.broken(node), path)
    }

    /// Whether any of its connections lost something: towards the server, and towards the device.
    fn broken(&self, node: &DeviceNode) -> [bool; 2] {
        // A lane for sends that is left from a former network is given up when it is used, and keeps
        // nobody from hearing of the device.
        let session = node.session_stream();
        let counts = |stream: &u64| Some(*stream) == session || !self.former.contains(stream);
        let states = node.streams().filter(counts).filter_map(|stream| self.streams.get(&stream));
        states
            .fold([false; 2], |[up, down], state| [up || state.broken[0], down || state.broken[1]])
    }
}
