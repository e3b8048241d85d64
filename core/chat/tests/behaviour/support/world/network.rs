//! How messages travel in the world, and how the machines' outputs become messages.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use hubbub_chat::{
    ChatServer, Device, DeviceId, ServerId, SessionId,
    device::{DeviceInput, DeviceOutput},
    frame::{PeerFrame, ServerFrame},
    ports::{Answer, Outcome, Request},
    server::{Input, Output},
    time::nanoseconds,
};

use super::{Connection, DEVICE_LATENCY, Fate, Message, PORT_LATENCY, Stream, World};

impl World {
    pub(super) fn transmit(&mut self, message: Message) {
        self.sent.push((self.now, message.clone()));
        let wedged =
            |connection: &Connection, to_server: bool| connection.wedged[usize::from(!to_server)];
        if let Some((stream, to_server)) = message.lane()
            && self.connections.get(&stream).is_some_and(|connection| wedged(connection, to_server))
        {
            return;
        }
        match (self.rule)(&message) {
            Fate::Pass => self.dispatch(message, Duration::ZERO),
            Fate::Drop => {}
            Fate::Wedge => self.wedge(&message),
            Fate::Hold => self.held.push(message),
            Fate::Delay(by) => self.dispatch(message, by),
            Fate::Twice => {
                self.dispatch(message.clone(), Duration::ZERO);
                self.dispatch(message, Duration::ZERO);
            }
        }
    }

    fn wedge(&mut self, message: &Message) {
        if let Some((stream, to_server)) = message.lane()
            && let Some(connection) = self.connections.get_mut(&stream)
        {
            connection.wedged[usize::from(!to_server)] = true;
        }
    }

    pub(super) fn dispatch(&mut self, message: Message, late: Duration) {
        let lane = message.lane();
        let latency = if lane.is_some() { DEVICE_LATENCY } else { PORT_LATENCY };
        let mut at = self.now + nanoseconds(latency + late);
        if let Some(lane) = lane {
            let last = self.last_arrival.entry(lane).or_default();
            at = at.max(*last);
            *last = at;
        }
        self.order += 1;
        self.queue.insert((at, self.order), message);
    }

    pub(super) fn arrive(&mut self, message: Message) {
        match message {
            Message::Open { stream, device } => self.open_arrives(stream, device),
            Message::Opened { stream } => self.stream_input(stream, DeviceInput::Opened),
            Message::Unreachable { stream } => self.stream_input(stream, DeviceInput::Unreachable),
            Message::ToServer { stream, frame, .. } => {
                if let Some(server) = self.server_of(stream) {
                    self.server_input(server, Input::Frame(SessionId(stream), frame));
                }
            }
            Message::ToDevice { stream, frame, .. } => {
                self.stream_input(stream, DeviceInput::Frame(frame));
            }
            Message::CloseServer { stream } => {
                if let Some(server) = self.server_of(stream) {
                    self.server_input(server, Input::Closed(SessionId(stream)));
                }
            }
            Message::CloseDevice { stream } => self.stream_input(stream, DeviceInput::Closed),
            Message::Request { server, incarnation, id, request } => {
                let answer = self.ask(request);
                self.transmit(Message::Answer { server, incarnation, id, answer });
            }
            Message::Answer { server, incarnation, id, answer } => {
                if self.servers[server].incarnation == incarnation {
                    self.server_input(server, Input::Answer(id, answer));
                }
            }
            Message::Peer { server, frame } => self.server_input(server, Input::Peer(frame)),
        }
    }

    fn open_arrives(&mut self, stream: Stream, device: DeviceId) {
        let Some(connection) = self.connections.get_mut(&stream) else { return };
        let server = connection.server;
        if self.servers[server].machine.is_none() {
            return self.transmit(Message::Unreachable { stream });
        }
        connection.incarnation = Some(self.servers[server].incarnation);
        self.transmit(Message::Opened { stream });
        let (session, user) = (SessionId(stream), self.node(device).user);
        self.server_input(server, Input::Attached { session, user, device });
    }

    /// The chat server that knows this connection, if it still runs.
    fn server_of(&self, stream: Stream) -> Option<usize> {
        let connection = self.connections.get(&stream)?;
        let node = &self.servers[connection.server];
        (node.machine.is_some() && connection.incarnation == Some(node.incarnation))
            .then_some(connection.server)
    }

    fn ask(&mut self, request: Request) -> Answer {
        match request {
            Request::Routing(request) => Answer::Routing(Outcome::Ok(self.routing.handle(request))),
            Request::Store(request) => Answer::Store(Outcome::Ok(self.store(request))),
            Request::Registry(request) => {
                let answer = self.registry.handle(self.clock(), request);
                Answer::Registry(Outcome::Ok(answer))
            }
            Request::NextId => match self.generator.issue(self.clock()) {
                Ok(id) => Answer::NextId(Outcome::Ok(id)),
                Err(_) => Answer::NextId(Outcome::Refused),
            },
            other => other.port().refused(),
        }
    }

    /// An older connection of the device means nothing to it.
    pub(super) fn stream_input(&mut self, stream: Stream, input: DeviceInput) {
        let device = self.connections[&stream].device;
        if self.node(device).stream == Some(stream) {
            self.device_input(device, input);
        }
    }

    pub(crate) fn device_input(&mut self, device: DeviceId, input: DeviceInput) {
        let now = self.clock();
        if let Some(machine) = &mut self.node_mut(device).machine {
            machine.handle_input(now, input);
        }
        self.drain_device(device);
    }

    pub(super) fn drain_device(&mut self, device: DeviceId) {
        while let Some(output) =
            self.node_mut(device).machine.as_mut().and_then(Device::poll_output)
        {
            let now = self.now;
            let node = self.node_mut(device);
            match output {
                DeviceOutput::Persist(write) => node.disk.write(&write),
                DeviceOutput::Event(event) => node.events.push((now, event)),
                DeviceOutput::Open { .. } => self.open_stream(device),
                DeviceOutput::Frame(frame) => {
                    if let Some(stream) = node.stream {
                        self.transmit(Message::ToServer { stream, device, frame });
                    }
                }
                DeviceOutput::Close => {
                    if let Some(stream) = node.stream.take() {
                        self.transmit(Message::CloseServer { stream });
                    }
                }
            }
        }
    }

    fn open_stream(&mut self, device: DeviceId) {
        self.last_stream += 1;
        let stream = self.last_stream;
        let node = self.node_mut(device);
        node.stream = Some(stream);
        let server = node.server;
        let connection = Connection { device, server, incarnation: None, wedged: [false; 2] };
        self.connections.insert(stream, connection);
        self.transmit(Message::Open { stream, device });
    }

    pub(super) fn drain_server(&mut self, server: usize) {
        while let Some(output) =
            self.servers[server].machine.as_mut().and_then(ChatServer::poll_output)
        {
            match output {
                Output::Deliver { sessions, entry } => {
                    let unique: BTreeSet<_> = sessions.iter().collect();
                    assert_eq!(unique.len(), sessions.len(), "one session is named twice");
                    for session in sessions {
                        self.send_to_device(
                            session,
                            ServerFrame::Entry { entry: Arc::clone(&entry) },
                        );
                    }
                }
                Output::Frame(session, frame) => self.send_to_device(session, frame),
                Output::Cut(session, reason) => {
                    let device = self.connections[&session.0].device;
                    self.servers[server].cuts.push((device, reason));
                    self.send_to_device(session, ServerFrame::Bye { reason });
                    self.transmit(Message::CloseDevice { stream: session.0 });
                }
                Output::Peer(peer, frame) => self.send_to_peer(peer, frame),
                Output::Request { id, request, .. } => {
                    let incarnation = self.servers[server].incarnation;
                    self.transmit(Message::Request { server, incarnation, id, request });
                }
                Output::ApiAnswer(..) => {}
                Output::Members(members) => self.servers[server].members = members,
                Output::Drained => self.servers[server].drained_at = Some(self.now),
            }
        }
    }

    fn send_to_device(&mut self, session: SessionId, frame: ServerFrame) {
        let device = self.connections[&session.0].device;
        self.transmit(Message::ToDevice { stream: session.0, device, frame });
    }

    fn send_to_peer(&mut self, peer: ServerId, frame: PeerFrame) {
        self.transmit(Message::Peer { server: peer.0 as usize - 1, frame });
    }
}
