//! What the harness knows of hosts, devices and their connections.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use hubbub_chat::{DeviceId, SessionId};
use hubbub_history::EventBody;

use super::{
    gate::{Door, Gate},
    recording::Recording,
};
use crate::{hosts::HostId, links::Link};

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
    link: Link,
}

impl DeviceTruth {
    pub(super) fn new(host: HostId, gate: Arc<Gate>) -> Self {
        let link = Link::default();
        Self { host, gate, server: None, is_synced: false, has_received: false, link }
    }
}

/// A connection of a device.
pub(super) struct Stream {
    device: DeviceId,
    /// The host that it leads to.
    to: String,
    /// Whether it is beside the one on which the device's session lives: what the device is told
    /// does not come by it, nor do its heartbeats go by it.
    is_beside: bool,
    /// Whether it is of a network that the device has left.
    is_former: bool,
    /// Whether something was lost on it: from the device, and to it.
    is_broken: [bool; 2],
}

impl Stream {
    /// Nothing passes any more; says whether anything did before.
    fn kill(&mut self) -> bool {
        self.is_former = true;
        std::mem::replace(&mut self.is_broken, [true; 2]) != [true; 2]
    }

    /// Whether what was lost on it matters. One that is left from a former network and beside the
    /// session is given up when it is used, and keeps nobody from hearing of the device.
    fn counts(&self) -> bool {
        !(self.is_former && self.is_beside)
    }
}

impl Recording {
    /// A device has a connection, which ends there on its side.
    pub(super) fn open_stream(
        &mut self,
        device: DeviceId,
        local: SocketAddr,
        to: &str,
        is_beside: bool,
    ) {
        let to = to.to_owned();
        let stream = Stream { device, to, is_beside, is_former: false, is_broken: [false; 2] };
        self.streams.insert(local, stream);
    }

    /// The connections for which that is so, by their device and the host that they lead to.
    pub(super) fn streams_of(
        &self,
        is_meant: impl Fn(DeviceId, &str) -> bool,
    ) -> BTreeMap<DeviceId, Vec<SocketAddr>> {
        let mut streams: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (local, stream) in &self.streams {
            if is_meant(stream.device, &stream.to) {
                streams.entry(stream.device).or_default().push(*local);
            }
        }
        streams
    }

    /// A device leaves its network: nothing passes any more on the connections that it has now. Says
    /// which of them were alive.
    pub(super) fn kill_streams(&mut self, device: DeviceId) -> Vec<SocketAddr> {
        let own = self.streams.iter_mut().filter(|(_, stream)| stream.device == device);
        let dead = own.filter_map(|(local, stream)| stream.kill().then_some(*local)).collect();
        self.record_link(device);
        dead
    }

    /// A connection is of a network that its device has left.
    pub(super) fn kill_stream(&mut self, local: SocketAddr) {
        if let Some(stream) = self.streams.get_mut(&local) {
            stream.kill();
            let device = stream.device;
            self.record_link(device);
        }
    }

    /// Something was lost on a connection: on its way from the device (0), or to it (1).
    pub(super) fn break_stream(&mut self, local: SocketAddr, way: usize) {
        if let Some(stream) = self.streams.get_mut(&local) {
            stream.is_broken[way] = true;
            let device = stream.device;
            self.record_link(device);
        }
    }

    pub(super) fn close_stream(&mut self, device: DeviceId, local: SocketAddr) {
        self.streams.remove(&local);
        if self.has_given_up(device) {
            self.held_sessions.lose(self.now(), device);
        }
        self.record_link(device);
    }

    /// The chat server on a host takes on a session of a device, or, without one, has ended it.
    pub(super) fn note_session(
        &mut self,
        t_ns: u64,
        host: &str,
        session: SessionId,
        device: Option<DeviceId>,
    ) {
        // The machine of an API server has no sessions.
        let Some(server) = self.hosts.chat_named(host) else { return };
        let at = (server, session);
        match device {
            None => self.held_sessions.end(t_ns, at),
            Some(device) => {
                self.held_sessions.begin(at, device);
                if self.has_given_up(device) {
                    self.held_sessions.lose_one(t_ns, device, at);
                }
            }
        }
    }

    /// The process of a host is gone, and with it the sessions that it held.
    pub(super) fn end_sessions(&mut self, host: HostId) {
        if let Some(server) = self.hosts.chat_index(host) {
            self.held_sessions.end_all(self.now(), server);
        }
    }

    /// Whether a device is down, or its session would be on a connection and it has none. A session
    /// over polls has none between two of them: of such a one the device itself says when it is over.
    fn has_given_up(&self, device: DeviceId) -> bool {
        let has_none = || !self.streams.values().any(|stream| stream.device == device);
        !self.is_up(device) || (self.is_streaming && has_none())
    }

    /// Says of every device whether its network works, where that has changed.
    pub(super) fn record_links(&mut self) {
        let devices: Vec<DeviceId> = self.devices.keys().copied().collect();
        devices.into_iter().for_each(|device| self.record_link(device));
    }

    /// Says whether a device's network works, if that has changed.
    pub(super) fn record_link(&mut self, device: DeviceId) {
        let link = self.link_of(device);
        if let Some(truth) = self.devices.get_mut(&device).filter(|truth| truth.link != link) {
            truth.link = link;
            if link.sends {
                self.held_sessions.relink(self.now(), device);
            } else {
                self.held_sessions.unlink(self.now(), device);
            }
            self.record_device(device);
        }
    }

    /// Says how things stand with a device.
    pub(super) fn record_device(&mut self, device: DeviceId) {
        let up = self.is_up(device);
        let Some(truth) = self.devices.get(&device) else { return };
        let (link, hears) = (Some(truth.link.sends), Some(truth.link.hears));
        let name = format!("device-{device}");
        self.harness(EventBody::Truth { name, up, link, hears, logged_in: None, capacity: None });
    }

    /// Devices that are attached to a chat server.
    pub(super) fn attached_to(&self, server: HostId) -> u64 {
        self.devices.values().filter(|truth| truth.server == Some(server)).count() as u64
    }

    /// A device that has stopped is attached to nothing.
    pub(super) fn detach(&mut self, device: DeviceId) {
        self.held_sessions.lose(self.now(), device);
        if let Some(truth) = self.devices.get_mut(&device) {
            (truth.server, truth.is_synced) = (None, false);
        }
    }

    /// Whether every device is attached and has synced since.
    pub(super) fn is_everybody_synced(&self) -> bool {
        self.devices.values().all(|truth| truth.server.is_some() && truth.is_synced)
    }

    pub(super) fn is_up(&self, device: DeviceId) -> bool {
        let is_down = |truth: &DeviceTruth| self.is_down(truth.host);
        self.has_process(device) && !self.devices.get(&device).is_some_and(is_down)
    }

    /// Whether a device is up as far as it depends on the device alone.
    pub(super) fn has_process(&self, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|truth| truth.gate.is_up())
    }

    fn link_of(&self, device: DeviceId) -> Link {
        let Some(truth) = self.devices.get(&device) else { return Link::default() };
        let is_open = truth.gate.door() == Door::Open && truth.gate.off().is_empty();
        let (here, server) = (truth.host, truth.server.and_then(|it| self.hosts.chat_index(it)));
        let path = |to: usize| {
            let there = self.hosts.chat(to);
            // What does not answer new connections may serve those that it has.
            let answers = server.is_some() || self.struck.deaf(there).is_empty();
            let is_open = is_open && answers;
            Link {
                sends: is_open && self.struck.is_open((here, there)),
                hears: is_open && self.struck.is_open((there, here)),
            }
        };
        Link::of(server, self.hosts.chat_count(), self.broken(device), path)
    }

    /// Whether any of its connections lost something: from the device, and to it.
    fn broken(&self, device: DeviceId) -> [bool; 2] {
        let own = self.streams.values().filter(|it| it.device == device && it.counts());
        own.fold([false; 2], |[up, down], stream| {
            [up || stream.is_broken[0], down || stream.is_broken[1]]
        })
    }
}
