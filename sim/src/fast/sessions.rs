//! What stands between a chat server and the network: sessions over polls, and the intake of sends
//! that come by request beside a stream.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hubbub_chat::{
    DeviceId, SessionId,
    design::Transport,
    entry::Entry,
    frame::{CutReason, ServerFrame},
    server::Input,
    situation::Situations,
    transport::{
        CallBody, CallId, ExchangeId, FramesBody, PollBody, PollSession, SendIntake, SessionInput,
        SessionOutput, session_number,
    },
};

use super::{Engine, Happening, Payload, bytes::json_bytes, http::Reply};

/// What the HTTP side of a chat server's process knows.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    polled: BTreeMap<SessionId, Polled>,
    /// Of streams, with `http-send`.
    intakes: BTreeMap<SessionId, (DeviceId, SendIntake)>,
    by_number: BTreeMap<u64, SessionId>,
    /// Requests without an answer: on which connection each came, and what its device calls it.
    exchanges: BTreeMap<ExchangeId, (u64, CallId)>,
    /// The last request on each connection, and the session that it was for.
    last_on: BTreeMap<u64, (SessionId, ExchangeId)>,
    last_exchange: u64,
    /// Sessions that may have something to say.
    touched: BTreeSet<SessionId>,
    /// Of sessions that are over.
    situations: Situations,
}

#[derive(Debug)]
struct Polled {
    device: DeviceId,
    number: u64,
    machine: PollSession,
    wake_at: Option<u64>,
}

impl Sessions {
    /// The session of this number, when it is this device's.
    fn find(&self, device: DeviceId, number: u64) -> Option<SessionId> {
        let id = *self.by_number.get(&number)?;
        let polled = self.polled.get(&id).map(|polled| polled.device);
        let owner = polled.or_else(|| self.intakes.get(&id).map(|(device, _)| *device));
        (owner == Some(device)).then_some(id)
    }

    /// What its polled sessions passed through.
    pub(super) fn situations(&self) -> Situations {
        let mut situations = self.situations;
        self.polled.values().for_each(|polled| situations.add(polled.machine.situations()));
        situations
    }

    fn open_exchange(&mut self, stream: u64, call: CallId, id: SessionId) -> ExchangeId {
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        self.exchanges.insert(exchange, (stream, call));
        self.last_on.insert(stream, (id, exchange));
        exchange
    }

    fn forget(&mut self, id: SessionId) {
        let polled = self.polled.remove(&id);
        polled.iter().for_each(|polled| self.situations.add(polled.machine.situations()));
        let number = polled.map(|polled| polled.number);
        self.intakes.remove(&id);
        match number {
            Some(number) => drop(self.by_number.remove(&number)),
            None => self.by_number.retain(|_, known| *known != id),
        }
        self.touched.remove(&id);
    }
}

impl Engine<'_> {
    /// A stream has become a session of a chat server. Requests name it by what this returns.
    pub(super) fn begin_stream_session(
        &mut self,
        index: usize,
        stream: u64,
        device: DeviceId,
    ) -> u64 {
        let id = SessionId(stream);
        let number = session_number(u64::from(self.servers[index].incarnation), id);
        if self.setup.design.transport == Transport::HttpSend {
            let sessions = &mut self.sessions[index];
            sessions.intakes.insert(id, (device, SendIntake::default()));
            sessions.by_number.insert(number, id);
        }
        let is_used = self.devices.get(&device).is_some_and(|node| node.uses(stream));
        self.hold(id, device, index, is_used);
        number
    }

    /// A stream is a session no more: it is closed, or its chat server has cut it.
    pub(super) fn end_stream_session(&mut self, index: usize, id: SessionId) {
        self.held_sessions.end(self.now, (index, id));
        if self.setup.design.transport == Transport::HttpSend {
            self.sessions[index].forget(id);
        }
    }

    /// A device opens a connection for its calls.
    pub(super) fn connect_arrives(&mut self, stream: u64) {
        if self.accept(stream).is_some() {
            self.send_to_device(stream, Payload::Connected { stream });
        }
    }

    pub(super) fn call_arrives(&mut self, stream: u64, call: CallId, body: CallBody) {
        let Some((index, device)) = self.stream_arrival(stream) else { return };
        match body {
            CallBody::Poll(body) => self.poll_arrives(index, device, stream, call, body),
            CallBody::Frames(body) => self.frames_arrive(index, device, stream, call, body),
        }
        self.drain_server(index);
    }

    fn poll_arrives(
        &mut self,
        index: usize,
        device: DeviceId,
        stream: u64,
        call: CallId,
        body: PollBody,
    ) {
        let id = match body.session {
            Some(number) => self.sessions[index].find(device, number),
            None => self.open_polled_session(index, device, stream),
        };
        let Some(id) = id else { return self.send_reply(stream, call, Reply::Unknown) };
        let exchange = self.sessions[index].open_exchange(stream, call, id);
        self.session_input(index, id, SessionInput::Poll { exchange, body });
    }

    fn frames_arrive(
        &mut self,
        index: usize,
        device: DeviceId,
        stream: u64,
        call: CallId,
        body: FramesBody,
    ) {
        let sessions = &mut self.sessions[index];
        let Some(id) = sessions.find(device, body.session) else {
            return self.send_reply(stream, call, Reply::Unknown);
        };
        if let Some((_, intake)) = sessions.intakes.get_mut(&id) {
            let taken = intake.handle_frames(body);
            let reply = if taken.is_ok() { Reply::Taken } else { Reply::Refused };
            for frame in taken.into_iter().flatten() {
                self.feed_server(index, Input::Frame(id, frame));
            }
            return self.send_reply(stream, call, reply);
        }
        let exchange = sessions.open_exchange(stream, call, id);
        self.session_input(index, id, SessionInput::Frames { exchange, body });
    }

    fn open_polled_session(
        &mut self,
        index: usize,
        device: DeviceId,
        stream: u64,
    ) -> Option<SessionId> {
        let node = self.devices.get(&device)?;
        let (user, is_used) = (node.user, node.uses(stream));
        // Numbers of streams and of sessions come from one row, since a stream is a session too.
        self.last_stream += 1;
        let session = SessionId(self.last_stream);
        let now = self.clock(self.setup.hosts.chat(index));
        let number = session_number(u64::from(self.servers[index].incarnation), session);
        let machine = PollSession::new(number, &self.setup.design, now);
        let sessions = &mut self.sessions[index];
        sessions.by_number.insert(number, session);
        sessions.polled.insert(session, Polled { device, number, machine, wake_at: None });
        self.hold(session, device, index, is_used);
        self.feed_server(index, Input::Attached { session, user, device });
        Some(session)
    }

    fn hold(&mut self, id: SessionId, device: DeviceId, index: usize, is_used: bool) {
        self.held_sessions.begin((index, id), device);
        if !is_used {
            // The device has given up before its server heard of it. Its other sessions here and
            // elsewhere are lost already, or in use under their own numbers.
            self.held_sessions.lose_one(self.now, device, (index, id));
        }
    }

    /// A connection is closed: the request on it can't be answered any more.
    pub(super) fn close_exchange(&mut self, index: usize, stream: u64) {
        let sessions = &mut self.sessions[index];
        let Some((id, exchange)) = sessions.last_on.remove(&stream) else { return };
        sessions.exchanges.remove(&exchange);
        self.session_input(index, id, SessionInput::Closed(exchange));
        self.drain_server(index);
    }

    /// An entry goes to sessions; it is encoded once for all streams.
    pub(super) fn deliver(&mut self, index: usize, sessions: Vec<SessionId>, entry: &Arc<Entry>) {
        let frame = ServerFrame::Entry { entry: entry.clone() };
        let mut bytes = None;
        for id in sessions {
            if self.is_polled(index, id) {
                self.session_input(index, id, SessionInput::Frame(frame.clone()));
            } else {
                let bytes = *bytes.get_or_insert_with(|| json_bytes(&frame));
                self.send_frame_to_device(id, frame.clone(), bytes);
            }
        }
    }

    /// A chat server says something to a session.
    pub(super) fn say(&mut self, index: usize, id: SessionId, frame: ServerFrame) {
        if self.is_polled(index, id) {
            self.session_input(index, id, SessionInput::Frame(frame));
        } else {
            let bytes = json_bytes(&frame);
            self.send_frame_to_device(id, frame, bytes);
        }
    }

    /// A chat server ends a session and says why.
    pub(super) fn cut(&mut self, index: usize, id: SessionId, reason: CutReason) {
        if self.is_polled(index, id) {
            self.held_sessions.end(self.now, (index, id));
            return self.session_input(index, id, SessionInput::Cut(reason));
        }
        self.say(index, id, ServerFrame::Bye { reason });
        self.end_stream_session(index, id);
        let SessionId(stream) = id;
        self.send_to_device(stream, Payload::CloseDevice { stream });
    }

    fn is_polled(&self, index: usize, id: SessionId) -> bool {
        self.sessions[index].polled.contains_key(&id)
    }

    fn send_frame_to_device(&mut self, id: SessionId, frame: ServerFrame, bytes: u64) {
        let SessionId(stream) = id;
        self.send_to_device(stream, Payload::ToDevice { stream, frame, bytes });
    }

    fn session_input(&mut self, index: usize, id: SessionId, input: SessionInput) {
        let now = self.clock(self.setup.hosts.chat(index));
        let sessions = &mut self.sessions[index];
        if let Some(polled) = sessions.polled.get_mut(&id) {
            polled.machine.handle_input(now, input);
            sessions.touched.insert(id);
        }
    }

    /// Carries out what sessions want; false when none wants anything. The chat server has said all
    /// that it had to say by then, so that a held poll takes everything along.
    pub(super) fn drain_sessions(&mut self, index: usize) -> bool {
        let touched = std::mem::take(&mut self.sessions[index].touched);
        for id in &touched {
            let polled = |engine: &mut Self| {
                engine.sessions[index].polled.get_mut(id)?.machine.poll_output()
            };
            while let Some(output) = polled(self) {
                self.session_output(index, *id, output);
            }
            self.plan_session_wake(index, *id);
        }
        !touched.is_empty()
    }

    fn session_output(&mut self, index: usize, id: SessionId, output: SessionOutput) {
        match output {
            SessionOutput::Frame(frame) => self.feed_server(index, Input::Frame(id, frame)),
            SessionOutput::Overflowed => self.feed_server(index, Input::Overflowed(id)),
            SessionOutput::Silent => {
                self.held_sessions.end(self.now, (index, id));
                self.feed_server(index, Input::Closed(id));
            }
            SessionOutput::Answer(exchange, answer) => {
                self.answer_exchange(index, exchange, Reply::Poll(answer));
            }
            SessionOutput::Taken(exchange) => self.answer_exchange(index, exchange, Reply::Taken),
            SessionOutput::Refuse(exchange, _) => {
                self.answer_exchange(index, exchange, Reply::Refused);
            }
            SessionOutput::Over => self.sessions[index].forget(id),
        }
    }

    fn answer_exchange(&mut self, index: usize, exchange: ExchangeId, reply: Reply) {
        let open = self.sessions[index].exchanges.remove(&exchange);
        if let Some((stream, call)) = open {
            self.send_reply(stream, call, reply);
        }
    }

    fn send_reply(&mut self, stream: u64, call: CallId, reply: Reply) {
        let bytes = match &reply {
            Reply::Poll(answer) => json_bytes(&**answer),
            Reply::Taken | Reply::Unknown | Reply::Refused => 0,
        };
        self.send_to_device(stream, Payload::Reply { stream, call, reply, bytes });
    }

    fn plan_session_wake(&mut self, index: usize, id: SessionId) {
        let now = self.now;
        let Some(polled) = self.sessions[index].polled.get_mut(&id) else { return };
        let Some((due, _)) = polled.machine.poll_timeout() else { return };
        let due = due.0.max(now);
        if polled.wake_at.is_none_or(|planned| due < planned) {
            polled.wake_at = Some(due);
            self.at(due, Happening::WakeSession(index, id, due));
        }
    }

    pub(super) fn wake_session(&mut self, index: usize, id: SessionId, at: u64) {
        let now = self.clock(self.setup.hosts.chat(index));
        let sessions = &mut self.sessions[index];
        let Some(polled) = sessions.polled.get_mut(&id) else { return };
        if polled.wake_at != Some(at) {
            return;
        }
        polled.wake_at = None;
        polled.machine.handle_timeout(now);
        sessions.touched.insert(id);
        self.drain_server(index);
    }
}
