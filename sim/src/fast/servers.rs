//! The chat servers.

use hubbub_chat::{
    ChatServer, DeviceId, ServerId, SessionId,
    frame::{ClientFrame, PeerFrame},
    server::{Input, Output, Registration, ServerConfig},
};

use super::{Asker, Engine, Lane, Payload, Seat, Sessions};
use crate::hosts::server_id;

impl Engine<'_> {
    pub(super) fn start_server(&mut self, index: usize) {
        let here = self.setup.hosts.chat(index);
        let (now, incarnation) = (self.clock(here), self.incarnations[here.0]);
        let name = self.setup.hosts.name(here);
        let config = ServerConfig {
            server: server_id(index),
            epoch: u64::from(incarnation),
            has_peers: self.setup.hosts.chat_count() > 1,
            design: self.setup.design.clone(),
            seed: self.setup.seed,
            registration: Some(Registration {
                holder: self.holder(Seat::Chat(index)),
                address: name.to_owned(),
                peer_address: name.to_owned(),
                region: self.setup.hosts.region(here).to_owned(),
                capacity: self.setup.design.session_limit,
            }),
        };
        self.servers[index].start(incarnation, ChatServer::new(config, now));
        self.sessions[index] = Sessions::default();
        self.plan_server(index);
    }

    pub(super) fn server_input(&mut self, index: usize, input: Input) {
        self.feed_server(index, input);
        self.drain_server(index);
    }

    /// Gives a chat server something without asking what it wants then.
    pub(super) fn feed_server(&mut self, index: usize, input: Input) {
        let now = self.clock(self.setup.hosts.chat(index));
        self.machine_events += 1;
        if let Some(machine) = &mut self.servers[index].machine {
            machine.handle_input(now, input);
        }
    }

    pub(super) fn wake_server(&mut self, index: usize, at: u64) {
        let now = self.clock(self.setup.hosts.chat(index));
        let Some(machine) = self.servers[index].wake(at) else { return };
        self.machine_events += 1;
        machine.handle_timeout(now);
        self.drain_server(index);
    }

    fn plan_server(&mut self, index: usize) {
        let process = &mut self.servers[index];
        let due = process.machine.as_ref().and_then(ChatServer::poll_timeout);
        if let Some(at) = process.plan(self.now, due.map(|(due, _)| due)) {
            self.wake_at(Seat::Chat(index), at);
        }
    }

    /// The machine and its sessions over polls in turns, until neither has anything to say.
    pub(super) fn drain_server(&mut self, index: usize) {
        loop {
            while let Some(output) =
                self.servers[index].machine.as_mut().and_then(ChatServer::poll_output)
            {
                for output in self.planted.server_output(output) {
                    self.server_output(index, output);
                }
            }
            if !self.drain_sessions(index) {
                break;
            }
        }
        self.plan_server(index);
    }

    fn server_output(&mut self, index: usize, output: Output) {
        match output {
            Output::Deliver { sessions, entry } => self.deliver(index, sessions, &entry),
            Output::Frame(session, frame) => self.say(index, session, frame),
            Output::Cut(session, reason) => self.cut(index, session, reason),
            Output::Peer(server, frame) => {
                let here = self.setup.hosts.chat(index);
                self.send_to_server_peer(here, server, frame);
            }
            Output::Request { id, request, .. } => {
                let incarnation = self.servers[index].incarnation;
                let asker = Asker { seat: Seat::Chat(index), incarnation, is_place: false };
                self.ask(asker, id, request);
            }
            // Servers are found by their ids, and nothing here asks over HTTP.
            Output::Members(_) | Output::ApiAnswer(..) => {}
            Output::Drained => self.drained(index),
        }
    }

    /// A frame for a chat server from another server. It may be lost.
    pub(super) fn send_to_server_peer(
        &mut self,
        here: crate::hosts::HostId,
        server: ServerId,
        frame: PeerFrame,
    ) {
        let server = server.0.saturating_sub(1) as usize;
        let there = self.setup.hosts.chat(server);
        self.transmit(here, there, Lane::Hosts(here, there), Payload::Peer { server, frame });
    }

    /// Sends something on a device's connection, unless it is gone or wedged.
    pub(super) fn send_to_device(&mut self, stream: u64, payload: Payload) {
        let Some(state) = self.streams.get(&stream).copied() else { return };
        if state.wedged[1] {
            return;
        }
        let Some(there) = self.devices.get(&state.device).map(|node| node.host) else { return };
        let here = self.setup.hosts.chat(state.server);
        self.transmit(here, there, Lane::Stream(stream, state.device, false), payload);
    }

    pub(super) fn open_arrives(&mut self, stream: u64, device: DeviceId) {
        let Some(server) = self.accept(stream) else { return };
        let Some(user) = self.devices.get(&device).map(|node| node.user) else { return };
        let session = SessionId(stream);
        let number = self.begin_stream_session(server, stream, device);
        self.send_to_device(stream, Payload::Opened { stream, number });
        self.server_input(server, Input::Attached { session, user, device });
    }

    /// The chat server that takes a connection on; one that is down may refuse it, and a black hole
    /// says nothing.
    pub(super) fn accept(&mut self, stream: u64) -> Option<usize> {
        let server = self.streams.get(&stream)?.server;
        if self.vanishes(self.setup.hosts.chat(server)) {
            return None;
        }
        let process = &self.servers[server];
        if process.machine.is_none() {
            if self.refuses(self.setup.hosts.chat(server)) {
                self.send_to_device(stream, Payload::Refused { stream });
            }
            return None;
        }
        let incarnation = process.incarnation;
        self.streams.get_mut(&stream)?.opened_by = Some(incarnation);
        Some(server)
    }

    pub(super) fn frame_arrives(&mut self, stream: u64, frame: ClientFrame) {
        if let Some((server, _)) = self.stream_arrival(stream) {
            self.server_input(server, Input::Frame(SessionId(stream), frame));
        }
    }

    /// The chat server at which something arrives on a connection, and whose it is. What arrives
    /// for a process that does not know the connection is answered with a close: the host has
    /// restarted since.
    pub(super) fn stream_arrival(&mut self, stream: u64) -> Option<(usize, DeviceId)> {
        let state = self.streams.get_mut(&stream)?;
        let process = &self.servers[state.server];
        process.machine.as_ref()?;
        if state.opened_by == Some(process.incarnation) {
            return Some((state.server, state.device));
        }
        state.wedged[1] = false;
        self.send_to_device(stream, Payload::CloseDevice { stream });
        None
    }

    pub(super) fn close_at_server(&mut self, stream: u64) {
        let Some(state) = self.streams.remove(&stream) else { return };
        self.network.forget(stream, state.device);
        if state.opened_by == Some(self.servers[state.server].incarnation) {
            self.close_exchange(state.server, stream);
            self.end_stream_session(state.server, SessionId(stream));
            self.server_input(state.server, Input::Closed(SessionId(stream)));
        }
    }

    pub(super) fn hint_arrives(&mut self, server: usize, frame: PeerFrame) {
        self.server_input(server, Input::Peer(frame));
    }
}
