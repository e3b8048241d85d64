//! Whether devices and their connections are there, as the harness knows it.

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, Source};

use super::Engine;

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
        let stream = node.stream.filter(|_| node.attached);
        if let Some(stream) = stream {
            if link.sends { self.note_back(stream) } else { self.note_gone(stream) }
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
        let stream = node.stream.filter(|_| node.attached);
        match stream.and_then(|stream| self.streams.get(&stream)) {
            Some(state) => {
                let path = path(state.server);
                let [up, down] = state.broken;
                Link { sends: path.sends && !up, hears: path.hears && !down }
            }
            None => {
                let paths = (0..hosts.chat_count()).map(path);
                let is_there = |path: Link| path.sends && path.hears;
                let works = paths.map(is_there).any(|works| works);
                Link { sends: works, hears: works }
            }
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
