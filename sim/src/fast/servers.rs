//! The chat servers' hosts.

use hubbub_chat::{
    ChatServer, DeviceId, RequestId, ServerId, SessionId,
    frame::{ClientFrame, PeerFrame},
    ports::Answer,
    server::{Input, Output, ServerConfig},
};

use super::{Engine, Happening, Lane, Payload, sessions::Sessions};

/// A chat server, when it is up.
pub(super) struct ServerHost {
    pub(super) machine: Option<ChatServer>,
    pub(super) incarnation: u32,
    /// What its process has between itself and HTTP requests.
    pub(super) sessions: Sessions,
    wake_at: Option<u64>,
}

impl ServerHost {
    pub(super) fn down() -> Self {
        Self { machine: None, incarnation: 0, sessions: Sessions::default(), wake_at: None }
    }
}

impl Engine<'_> {
    pub(super) fn start_server(&mut self, index: usize) {
        let now = self.clock();
        let host = &mut self.servers[index];
        host.incarnation += 1;
        let config = ServerConfig {
            server: ServerId(u32::try_from(index).unwrap_or(u32::MAX) + 1),
            epoch: u64::from(host.incarnation),
            has_peers: self.setup.hosts.chat_count() > 1,
            design: self.setup.design.clone(),
            seed: self.setup.seed,
        };
        host.machine = Some(ChatServer::new(config, now));
        host.sessions = Sessions::default();
        host.wake_at = None;
        self.plan_wake(index);
    }

    fn server_input(&mut self, index: usize, input: Input) {
        self.feed_server(index, input);
        self.drain_server(index);
    }

    /// Gives a chat server something without asking what it wants then.
    pub(super) fn feed_server(&mut self, index: usize, input: Input) {
        let now = self.clock();
        self.machine_events += 1;
        if let Some(machine) = &mut self.servers[index].machine {
            machine.handle_input(now, input);
        }
    }

    pub(super) fn wake_server(&mut self, index: usize) {
        let now = self.clock();
        if self.servers[index].wake_at != Some(self.now) {
            return;
        }
        self.servers[index].wake_at = None;
        self.machine_events += 1;
        if let Some(machine) = &mut self.servers[index].machine {
            machine.handle_timeout(now);
            self.drain_server(index);
        }
    }

    fn plan_wake(&mut self, index: usize) {
        let now = self.now;
        let host = &mut self.servers[index];
        let Some((due, _)) = host.machine.as_ref().and_then(ChatServer::poll_timeout) else {
            return;
        };
        let due = due.0.max(now);
        if host.wake_at.is_none_or(|planned| due < planned) {
            host.wake_at = Some(due);
            self.at(due, Happening::WakeServer(index));
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
        self.plan_wake(index);
    }

    fn server_output(&mut self, index: usize, output: Output) {
        let here = self.setup.hosts.chat(index);
        match output {
            Output::Deliver { sessions, entry } => self.deliver(index, sessions, &entry),
            Output::Frame(session, frame) => self.say(index, session, frame),
            Output::Cut(session, reason) => self.cut(index, session, reason),
            Output::Peer(server, frame) => {
                let server = server.0 as usize - 1;
                let there = self.setup.hosts.chat(server);
                self.transmit(
                    here,
                    there,
                    Lane::Hosts(here, there),
                    Payload::Peer { server, frame },
                );
            }
            Output::Request { id, request, .. } => {
                let incarnation = self.servers[index].incarnation;
                let payload = Payload::Request { server: index, incarnation, id, request };
                let there = self.setup.hosts.store();
                self.transmit(here, there, Lane::Hosts(here, there), payload);
            }
            Output::ApiAnswer(..) => {}
        }
    }

    /// Sends something on a device's connection, unless it is gone or wedged.
    pub(super) fn send_to_device(&mut self, stream: u64, payload: Payload) {
        let Some(state) = self.streams.get(&stream).copied() else { return };
        if state.wedged[1] {
            return;
        }
        let Some(there) = self.devices.get(&state.device).map(|node| node.host) else { return };
        let here = self.setup.hosts.chat(state.server);
        self.transmit(here, there, Lane::Stream(stream, false), payload);
    }

    pub(super) fn open_arrives(&mut self, stream: u64, device: hubbub_chat::DeviceId) {
        let Some(state) = self.streams.get_mut(&stream) else { return };
        let host = &self.servers[state.server];
        if host.machine.is_none() {
            return self.send_to_device(stream, Payload::Refused { stream });
        }
        state.opened_by = Some(host.incarnation);
        let server = state.server;
        let Some(user) = self.devices.get(&device).map(|node| node.user) else { return };
        let session = SessionId(stream);
        let number = self.begin_stream_session(server, stream, device);
        self.send_to_device(stream, Payload::Opened { stream, number });
        self.server_input(server, Input::Attached { session, user, device });
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
        let host = &self.servers[state.server];
        host.machine.as_ref()?;
        if state.opened_by == Some(host.incarnation) {
            return Some((state.server, state.device));
        }
        state.wedged[1] = false;
        self.send_to_device(stream, Payload::CloseDevice { stream });
        None
    }

    pub(super) fn close_at_server(&mut self, stream: u64) {
        let Some(state) = self.streams.remove(&stream) else { return };
        self.network.forget(stream);
        if state.opened_by == Some(self.servers[state.server].incarnation) {
            self.close_exchange(state.server, stream);
            self.end_stream_session(state.server, SessionId(stream));
            self.server_input(state.server, Input::Closed(SessionId(stream)));
        }
    }

    pub(super) fn answer_arrives(
        &mut self,
        server: usize,
        incarnation: u32,
        id: RequestId,
        answer: Answer,
    ) {
        if self.servers[server].incarnation == incarnation {
            self.server_input(server, Input::Answer(id, answer));
        }
    }

    pub(super) fn hint_arrives(&mut self, server: usize, frame: PeerFrame) {
        self.server_input(server, Input::Peer(frame));
    }
}
