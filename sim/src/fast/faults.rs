//! How the fast engine carries out faults.

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, FaultState, Source};
use hubbub_scenario::FaultKind;

use super::{Engine, Payload, Stream, sessions::Sessions};
use crate::{
    faults::{ActiveFault, Strike},
    hosts::HostId,
};

impl Engine<'_> {
    pub(super) fn fault(&mut self, index: usize, on: bool) {
        let fault = self.setup.faults[index].clone();
        if on {
            self.record_fault(&fault, FaultState::On, None);
        }
        match &fault.strike {
            Strike::Host(host) if on => self.stop(&fault, *host),
            Strike::Host(host) => self.start(*host),
            Strike::Slow(links, by) => self.network.slow(links, fault.id, on.then_some(*by)),
            Strike::Links(links) if fault.kind == FaultKind::Blip => {
                self.network.hold(links, fault.id, on);
            }
            Strike::Links(links) => self.network.cut(links, fault.id, on),
        }
        if matches!(fault.strike, Strike::Links(_)) {
            self.relink();
        }
        if !on {
            self.release();
            let affected = self.network.affected(fault.id);
            self.record_fault(&fault, FaultState::Off, Some(affected));
        }
    }

    fn record_fault(&mut self, fault: &ActiveFault, state: FaultState, affected: Option<u64>) {
        let body = EventBody::Fault {
            id: fault.id,
            kind: fault.kind_name().to_owned(),
            state,
            target: fault.target.clone(),
            affected,
        };
        self.record(Source::Harness, "harness", 0, body);
    }

    /// A crash closes the host's connections; a power loss says nothing to anybody.
    fn stop(&mut self, fault: &ActiveFault, host: HostId) {
        self.record_truth(host, false);
        let silent = fault.kind == FaultKind::PowerLoss;
        if host == self.setup.hosts.store() {
            (self.store.up, self.store.down_by) = (false, Some(fault.id));
        } else if let Some(index) = self.setup.hosts.chat_index(host) {
            let ended = self.stop_server(index, silent);
            self.network.count(fault.id, ended);
        } else {
            let stopped = self.stop_devices(host, silent);
            self.network.count(fault.id, stopped);
        }
    }

    /// Links were cut or work again.
    fn relink(&mut self) {
        let Self { beliefs, devices, network, setup, now, .. } = self;
        beliefs.relink(*now, |device, server| {
            let there = setup.hosts.chat(server);
            devices.get(&device).is_some_and(|node| network.is_cut(node.host, there))
        });
    }

    fn stop_server(&mut self, index: usize, silent: bool) -> u64 {
        self.servers[index].machine = None;
        self.servers[index].sessions = Sessions::default();
        self.beliefs.end_all(self.now, index);
        let incarnation = Some(self.servers[index].incarnation);
        let here = |stream: &Stream| stream.server == index && stream.opened_by == incarnation;
        let streams = self.streams.iter().filter(|(_, stream)| here(stream));
        let streams: Vec<(u64, DeviceId)> =
            streams.map(|(stream, state)| (*stream, state.device)).collect();
        // A connection that its device has given up is gone already.
        let is_used = |(stream, device): &&(u64, DeviceId)| {
            let node = self.devices.get(device);
            node.is_some_and(|node| {
                node.stream == Some(*stream) || node.transport.lanes.has(*stream)
            })
        };
        let ended = streams.iter().filter(is_used).count() as u64;
        for (stream, _) in &streams {
            if silent {
                if let Some(state) = self.streams.get_mut(stream) {
                    state.wedged[1] = true;
                }
            } else {
                self.send_to_device(*stream, Payload::CloseDevice { stream: *stream });
            }
        }
        ended
    }

    fn stop_devices(&mut self, host: HostId, silent: bool) -> u64 {
        let mut stopped = 0;
        let devices: Vec<DeviceId> = self.devices.keys().copied().collect();
        for device in devices {
            let Some(node) = self.devices.get_mut(&device).filter(|node| node.host == host) else {
                continue;
            };
            node.machine = None;
            stopped += 1;
            node.transport.stop();
            let mut streams = node.transport.lanes.take();
            streams.extend(node.stream.take());
            streams.into_iter().for_each(|stream| self.end_stream(stream, silent));
            self.beliefs.lose(self.now, device);
        }
        stopped
    }

    fn end_stream(&mut self, stream: u64, silent: bool) {
        if silent {
            if let Some(state) = self.streams.get_mut(&stream) {
                state.wedged = [true; 2];
            }
        } else {
            self.send_to_server(stream, Payload::CloseServer { stream });
        }
    }

    fn start(&mut self, host: HostId) {
        self.record_truth(host, true);
        if host == self.setup.hosts.store() {
            self.store.restart();
        } else if let Some(index) = self.setup.hosts.chat_index(host) {
            self.start_server(index);
        } else {
            let here = self.devices.iter().filter(|(_, node)| node.host == host);
            let devices: Vec<DeviceId> = here.map(|(device, _)| *device).collect();
            devices.into_iter().for_each(|device| self.start_device(device));
        }
    }

    fn record_truth(&mut self, host: HostId, up: bool) {
        let name = self.setup.hosts.name(host).to_owned();
        self.record(Source::Harness, "harness", 0, EventBody::Truth { name, up });
    }
}
