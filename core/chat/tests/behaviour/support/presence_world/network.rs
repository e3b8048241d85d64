//! How messages travel in the world of presence, and how outputs become messages.

use std::time::Duration;

use hubbub_chat::{
    DeviceId, ServerId, SessionId,
    device::{DeviceEvent, DeviceInput, DeviceOutput},
    frame::{ClientFrame, PeerFrame, ServerFrame},
    ports::{Answer, Outcome, Request, routing::RoutingAnswer},
    presence::{CallId, PresenceInput, PresenceOutput},
    server::{Input, Output},
    time::nanoseconds,
};

use super::{PresenceWorld, Way, Wire};

/// One way between a device and a chat server, and between servers.
const DEVICE_LATENCY: Duration = Duration::from_millis(10);
const SERVER_LATENCY: Duration = Duration::from_millis(1);

impl PresenceWorld {
    fn transmit(&mut self, wire: Wire) {
        self.sent.push((self.now, wire.clone()));
        if !self.link_carries(&wire) {
            return;
        }
        let late = match (self.rule)(&wire) {
            Way::Pass => Duration::ZERO,
            Way::Lose => return,
            Way::Late(late) => late,
        };
        let latency = if device_of(&wire).is_some() { DEVICE_LATENCY } else { SERVER_LATENCY };
        self.order += 1;
        self.queue.insert((self.now + nanoseconds(latency + late), self.order), wire);
    }

    fn link_carries(&self, wire: &Wire) -> bool {
        let Some(device) = device_of(wire) else { return true };
        matches!(wire, Wire::Unreachable(_) | Wire::Open(_)) || self.phone(device).link_up
    }

    pub(super) fn arrive(&mut self, wire: Wire) {
        if !self.link_carries(&wire) {
            return;
        }
        match wire {
            Wire::Open(device) => self.open(device),
            Wire::Opened(device, session) => {
                self.phone_mut(device).session = Some(session);
                self.device_input(device, DeviceInput::Opened);
            }
            Wire::Unreachable(device) => self.device_input(device, DeviceInput::Unreachable),
            Wire::ToChat(device, session, frame) => {
                let server = self.phone(device).server;
                if matches!(frame, ClientFrame::Hello { .. } | ClientFrame::Heartbeat { .. }) {
                    let now = self.now;
                    self.phone_mut(device).heard.push(now);
                }
                self.chat_input(server, Input::Frame(SessionId(session), frame));
            }
            Wire::ToDevice(device, session, frame) => {
                if self.phone(device).session == Some(session) {
                    self.frame_arrives(device, frame);
                }
            }
            Wire::CloseChat(device, session) => {
                let server = self.phone(device).server;
                self.chat_input(server, Input::Closed(SessionId(session)));
            }
            Wire::CloseDevice(device, session) => {
                if self.phone(device).session == Some(session) {
                    self.phone_mut(device).session = None;
                    self.device_input(device, DeviceInput::Closed);
                }
            }
            Wire::Ask { to, call, request, .. } => {
                self.presence_input(to, PresenceInput::Request { from: call, request });
            }
            Wire::Publish { to, statuses, .. } => {
                self.chat_input(to, Input::Peer(PeerFrame::Statuses(statuses)));
            }
            Wire::ChatPort { chat, incarnation, id, request } => {
                let answer = self.serve(request);
                self.transmit(Wire::ChatAnswer { chat, incarnation, id, answer });
            }
            Wire::PresencePort { presence, incarnation, id, request } => {
                let answer = self.serve(request);
                self.transmit(Wire::PresenceAnswer { presence, incarnation, id, answer });
            }
            Wire::ChatAnswer { chat, incarnation, id, answer } => {
                if self.chats.get(&chat).is_some_and(|(living, _)| *living == incarnation) {
                    self.chat_input(chat, Input::Answer(id, answer));
                }
            }
            Wire::PresenceAnswer { presence, incarnation, id, answer } => {
                if self.presence.get(&presence).is_some_and(|(living, _)| *living == incarnation) {
                    self.presence_input(presence, PresenceInput::Answer(id, answer));
                }
            }
        }
    }

    fn open(&mut self, device: DeviceId) {
        let phone = self.phone(device);
        if !phone.link_up || phone.logged_out {
            return self.transmit(Wire::Unreachable(device));
        }
        let (server, user) = (phone.server, phone.user);
        self.sessions += 1;
        let session = self.sessions;
        self.chat_input(server, Input::Attached { session: SessionId(session), user, device });
        self.transmit(Wire::Opened(device, session));
    }

    fn frame_arrives(&mut self, device: DeviceId, frame: ServerFrame) {
        let phone = self.phone_mut(device);
        match &frame {
            ServerFrame::Statuses { statuses } => phone.told.extend(statuses.iter().copied()),
            ServerFrame::Error { .. } => phone.errors.push(frame.clone()),
            _ => {}
        }
        self.device_input(device, DeviceInput::Frame(frame));
    }

    fn serve(&mut self, request: Request) -> Answer {
        let wall = self.clock().wall;
        match request {
            Request::Store(request) => {
                Answer::Store(Outcome::Ok(self.store.handle(wall, request).answer))
            }
            Request::Directory(request) => {
                Answer::Directory(Outcome::Ok(self.directory.handle(request)))
            }
            Request::Routing(_) => Answer::Routing(Outcome::Ok(RoutingAnswer::Routes(Vec::new()))),
            other => other.port().refused(),
        }
    }

    pub(super) fn device_input(&mut self, device: DeviceId, input: DeviceInput) {
        let now = self.clock();
        self.phone_mut(device).machine.handle_input(now, input);
        self.drain_device(device);
    }

    pub(super) fn wake_device(&mut self, device: DeviceId) {
        let now = self.clock();
        self.phone_mut(device).machine.handle_timeout(now);
        self.drain_device(device);
    }

    fn drain_device(&mut self, device: DeviceId) {
        while let Some(output) = self.phone_mut(device).machine.poll_output() {
            let (now, phone) = (self.now, self.phone_mut(device));
            match output {
                DeviceOutput::Open { .. } => self.transmit(Wire::Open(device)),
                DeviceOutput::Frame(frame) => {
                    if let Some(session) = phone.session {
                        self.transmit(Wire::ToChat(device, session, frame));
                    }
                }
                DeviceOutput::Close => {
                    if let Some(session) = phone.session.take() {
                        self.transmit(Wire::CloseChat(device, session));
                    }
                }
                DeviceOutput::Event(DeviceEvent::Shown(status)) => phone.shown.push((now, status)),
                DeviceOutput::Event(_) | DeviceOutput::Persist(_) => {}
            }
        }
    }

    pub(crate) fn chat_input(&mut self, server: ServerId, input: Input) {
        let now = self.clock();
        if let Some((_, machine)) = self.chats.get_mut(&server) {
            machine.handle_input(now, input);
        }
        self.drain_chat(server);
    }

    pub(super) fn wake_chat(&mut self, server: ServerId) {
        let now = self.clock();
        if let Some((_, machine)) = self.chats.get_mut(&server) {
            machine.handle_timeout(now);
        }
        self.drain_chat(server);
    }

    fn drain_chat(&mut self, server: ServerId) {
        loop {
            let Some((incarnation, machine)) = self.chats.get_mut(&server) else { return };
            let incarnation = *incarnation;
            let Some(output) = machine.poll_output() else { return };
            match output {
                Output::Frame(SessionId(session), frame) => {
                    self.send_device(server, session, frame)
                }
                Output::Cut(SessionId(session), reason) => {
                    self.send_device(server, session, ServerFrame::Bye { reason });
                    if let Some(device) = self.device_with(server, session) {
                        self.transmit(Wire::CloseDevice(device, session));
                    }
                }
                Output::Request { id, request: Request::Presence(to, request), .. } => {
                    self.order += 1;
                    let call = CallId(self.order);
                    self.calls.insert(call, (server, incarnation, id));
                    self.transmit(Wire::Ask { chat: server, to, call, request });
                }
                Output::Request { id, request, .. } => {
                    self.transmit(Wire::ChatPort { chat: server, incarnation, id, request });
                }
                Output::Deliver { .. }
                | Output::Peer(..)
                | Output::ApiAnswer(..)
                | Output::Members(_)
                | Output::Drained => {}
            }
        }
    }

    fn send_device(&mut self, server: ServerId, session: u64, frame: ServerFrame) {
        if let Some(device) = self.device_with(server, session) {
            self.transmit(Wire::ToDevice(device, session, frame));
        }
    }

    fn device_with(&self, server: ServerId, session: u64) -> Option<DeviceId> {
        let has = |phone: &super::Phone| phone.server == server && phone.session == Some(session);
        self.phones.iter().find(|(_, phone)| has(phone)).map(|(device, _)| *device)
    }

    pub(crate) fn presence_input(&mut self, server: ServerId, input: PresenceInput) {
        let now = self.clock();
        if let Some((_, machine)) = self.presence.get_mut(&server) {
            machine.handle_input(now, input);
        }
        self.drain_presence(server);
    }

    pub(super) fn wake_presence(&mut self, server: ServerId) {
        let now = self.clock();
        if let Some((_, machine)) = self.presence.get_mut(&server) {
            machine.handle_timeout(now);
        }
        self.drain_presence(server);
    }

    fn drain_presence(&mut self, server: ServerId) {
        loop {
            let Some((incarnation, machine)) = self.presence.get_mut(&server) else { return };
            let incarnation = *incarnation;
            let Some(output) = machine.poll_output() else { return };
            match output {
                PresenceOutput::Answer(call, answer) => {
                    if let Some((chat, incarnation, id)) = self.calls.remove(&call) {
                        let answer = Answer::Presence(Outcome::Ok(answer));
                        self.transmit(Wire::ChatAnswer { chat, incarnation, id, answer });
                    }
                }
                PresenceOutput::Publish(to, statuses) => {
                    self.transmit(Wire::Publish { to, statuses });
                }
                PresenceOutput::Request { id, request, .. } => {
                    let wire = Wire::PresencePort { presence: server, incarnation, id, request };
                    self.transmit(wire);
                }
            }
        }
    }
}

/// The device at whose link a message travels.
fn device_of(wire: &Wire) -> Option<DeviceId> {
    match wire {
        Wire::ToChat(device, ..)
        | Wire::ToDevice(device, ..)
        | Wire::Open(device)
        | Wire::Opened(device, _)
        | Wire::Unreachable(device)
        | Wire::CloseChat(device, _)
        | Wire::CloseDevice(device, _) => Some(*device),
        _ => None,
    }
}
