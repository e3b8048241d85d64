//! Whether devices and their connections are there, as the harness knows it.

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, Source};

use super::Engine;

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
        let stream = node.stream.filter(|_| node.attached);
        if let Some(stream) = stream {
            if link { self.note_back(stream) } else { self.note_gone(stream) }
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
        let stream = node.stream.filter(|_| node.attached);
        match stream.and_then(|stream| self.streams.get(&stream)) {
            Some(state) => !state.broken && reaches(state.server),
            None => (0..hosts.chat_count()).any(reaches),
        }
    }

    /// A device's end of a connection is gone, or cut off.
    pub(super) fn note_gone(&mut self, stream: u64) {
        let now = self.now;
        if let Some(state) = self.streams.get_mut(&stream) {
            state.gone_since.get_or_insert(now);
        }
    }

    /// A device that was cut off can be reached again on the same connection.
    fn note_back(&mut self, stream: u64) {
        if let Some(state) = self.streams.get_mut(&stream) {
            state.gone_since = None;
        }
    }

    /// A chat server gives a session up, or dies with it.
    pub(super) fn note_forgotten(&mut self, stream: u64) {
        let Some(state) = self.streams.get_mut(&stream) else { return };
        if state.opened_by.is_none() {
            return;
        }
        if let Some(gone_ns) = state.gone_since.take() {
            let believed = self.now - gone_ns;
            let longest = &mut self.machines.believed_max_ns;
            *longest = (*longest).max(Some(believed));
        }
    }
}
