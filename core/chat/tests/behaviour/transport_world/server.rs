//! A chat server and what stands between it and the network: a session over polls, or a stream with
//! an intake for sends beside it.

use std::collections::BTreeMap;

use hubbub_chat::{
    ChatServer, Design, DeviceId, Monotonic, Now, ServerId, SessionId, UserId,
    frame::{ClientFrame, ServerFrame},
    ports::{
        Answer, Outcome, Request,
        store::{StoreModel, StoreRequest, StoreRules},
    },
    server::{Input, Output, ServerConfig},
    transport::{
        Call, CallBody, CallId, ExchangeId, FramesBody, PollBody, PollSession, SendIntake,
        SessionInput, SessionOutput, session_number,
    },
};

use super::{Packet, Stream, ToDevice};

pub(crate) struct Server {
    machine: ChatServer,
    store: StoreModel,
    design: Design,
    epoch: u64,
    last_session: u64,
    last_exchange: u64,
    sessions: BTreeMap<SessionId, Served>,
    by_number: BTreeMap<u64, SessionId>,
    by_stream: BTreeMap<Stream, SessionId>,
    exchanges: BTreeMap<ExchangeId, (DeviceId, CallId, SessionId)>,
    replies: Vec<(DeviceId, ToDevice)>,
}

struct Served {
    device: DeviceId,
    kind: Kind,
}

enum Kind {
    Polls(Box<PollSession>),
    Stream(Stream, SendIntake),
}

impl Server {
    pub(crate) fn new(design: Design, now: Now) -> Self {
        Self {
            machine: machine(&design, 1, now),
            store: StoreModel::new(StoreRules::from(&design)),
            design,
            epoch: 1,
            last_session: 0,
            last_exchange: 0,
            sessions: BTreeMap::new(),
            by_number: BTreeMap::new(),
            by_stream: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            replies: Vec::new(),
        }
    }

    pub(crate) fn register(&mut self, now: Now, user: UserId, device: DeviceId) {
        self.store.handle(now.wall, StoreRequest::Register { user, device: Some(device) });
    }

    pub(crate) fn session_count(&self) -> usize {
        self.machine.session_count()
    }

    /// Everything but the store is gone.
    pub(crate) fn restart(&mut self, now: Now) -> Vec<(DeviceId, ToDevice)> {
        self.epoch += 1;
        self.machine = machine(&self.design, self.epoch, now);
        self.last_session = 0;
        self.by_number.clear();
        self.by_stream.clear();
        let calls = std::mem::take(&mut self.exchanges).into_values();
        let failed = calls.map(|(device, call, _)| (device, ToDevice::Failed(call)));
        let closed = std::mem::take(&mut self.sessions).into_values().filter_map(|served| {
            match served.kind {
                Kind::Stream(stream, _) => Some((served.device, ToDevice::Closed(stream))),
                Kind::Polls(_) => None,
            }
        });
        failed.chain(closed).collect()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Monotonic> {
        let machine = self.machine.poll_timeout().map(|(at, _)| at);
        let sessions = self.sessions.values().filter_map(|served| match &served.kind {
            Kind::Polls(session) => session.poll_timeout().map(|(at, _)| at),
            Kind::Stream(..) => None,
        });
        machine.into_iter().chain(sessions).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Now) {
        self.machine.handle_timeout(now);
        for served in self.sessions.values_mut() {
            if let Kind::Polls(session) = &mut served.kind {
                session.handle_timeout(now);
            }
        }
    }

    pub(crate) fn arrive(&mut self, now: Now, user: UserId, device: DeviceId, packet: Packet) {
        match packet {
            Packet::Open(stream) => {
                let id =
                    self.attach(now, user, device, |_| Kind::Stream(stream, SendIntake::default()));
                self.by_stream.insert(stream, id);
                let number = session_number(self.epoch, id);
                self.replies.push((device, ToDevice::Opened(stream, number)));
            }
            Packet::ToServer(stream, frame) => {
                if let Some(id) = self.by_stream.get(&stream) {
                    self.machine.handle_input(now, Input::Frame(*id, frame));
                }
            }
            Packet::CloseServer(stream) => {
                if let Some(id) = self.by_stream.remove(&stream) {
                    self.machine.handle_input(now, Input::Closed(id));
                    self.forget(id);
                }
            }
            Packet::Call(Call { id, body: CallBody::Poll(body), .. }) => {
                self.poll(now, user, device, id, body);
            }
            Packet::Call(Call { id, body: CallBody::Frames(body), .. }) => {
                self.take_frames(now, device, id, body);
            }
            Packet::CloseCall(call) => self.close_call(now, device, call),
            Packet::ToDevice(_) => {}
        }
    }

    fn poll(&mut self, now: Now, user: UserId, device: DeviceId, call: CallId, body: PollBody) {
        let id = match body.session {
            Some(number) => self.session_of(device, number),
            None => {
                let design = self.design.clone();
                Some(self.attach(now, user, device, |number| {
                    Kind::Polls(Box::new(PollSession::new(number, &design, now)))
                }))
            }
        };
        self.pass_on(now, device, call, id, |exchange| SessionInput::Poll { exchange, body });
    }

    fn take_frames(&mut self, now: Now, device: DeviceId, call: CallId, body: FramesBody) {
        let id = self.session_of(device, body.session);
        if let Some(id) = id
            && let Some(Served { kind: Kind::Stream(_, intake), .. }) = self.sessions.get_mut(&id)
        {
            match intake.handle_frames(body) {
                Ok(frames) => self.give(now, id, frames),
                Err(reason) => panic!("a client that speaks the protocol: {reason:?}"),
            }
            return self.replies.push((device, ToDevice::Taken(call)));
        }
        self.pass_on(now, device, call, id, |exchange| SessionInput::Frames { exchange, body });
    }

    fn pass_on(
        &mut self,
        now: Now,
        device: DeviceId,
        call: CallId,
        id: Option<SessionId>,
        input: impl FnOnce(ExchangeId) -> SessionInput,
    ) {
        let Some(id) = id else { return self.replies.push((device, ToDevice::Unknown(call))) };
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        self.exchanges.insert(exchange, (device, call, id));
        self.session_input(now, id, input(exchange));
    }

    fn close_call(&mut self, now: Now, device: DeviceId, call: CallId) {
        let here = self.exchanges.iter().find(|(_, open)| (open.0, open.1) == (device, call));
        if let Some((exchange, id)) = here.map(|(exchange, (.., id))| (*exchange, *id)) {
            self.exchanges.remove(&exchange);
            self.session_input(now, id, SessionInput::Closed(exchange));
        }
    }

    /// The session of this number, when it is this device's.
    fn session_of(&self, device: DeviceId, number: u64) -> Option<SessionId> {
        let id = *self.by_number.get(&number)?;
        (self.sessions.get(&id)?.device == device).then_some(id)
    }

    fn attach(
        &mut self,
        now: Now,
        user: UserId,
        device: DeviceId,
        kind: impl FnOnce(u64) -> Kind,
    ) -> SessionId {
        self.last_session += 1;
        let id = SessionId(self.last_session);
        let number = session_number(self.epoch, id);
        self.by_number.insert(number, id);
        self.sessions.insert(id, Served { device, kind: kind(number) });
        self.machine.handle_input(now, Input::Attached { session: id, user, device });
        id
    }

    fn session_input(&mut self, now: Now, id: SessionId, input: SessionInput) {
        if let Some(Served { kind: Kind::Polls(session), .. }) = self.sessions.get_mut(&id) {
            session.handle_input(now, input);
        }
    }

    fn give(&mut self, now: Now, id: SessionId, frames: impl IntoIterator<Item = ClientFrame>) {
        for frame in frames {
            self.machine.handle_input(now, Input::Frame(id, frame));
        }
    }

    /// The machine and the sessions in turns, until neither has anything to say.
    pub(crate) fn drain(&mut self, now: Now) -> Vec<(DeviceId, ToDevice)> {
        loop {
            while let Some(output) = self.machine.poll_output() {
                self.carry_out(now, output);
            }
            let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
            let quiet = ids.into_iter().filter(|id| self.drain_session(now, *id)).count() == 0;
            if quiet {
                return std::mem::take(&mut self.replies);
            }
        }
    }

    fn drain_session(&mut self, now: Now, id: SessionId) -> bool {
        let mut spoke = false;
        while let Some(Served { kind: Kind::Polls(session), .. }) = self.sessions.get_mut(&id)
            && let Some(output) = session.poll_output()
        {
            spoke = true;
            match output {
                SessionOutput::Frame(frame) => self.give(now, id, [frame]),
                SessionOutput::Overflowed => {
                    self.machine.handle_input(now, Input::Overflowed(id));
                }
                SessionOutput::Silent => self.machine.handle_input(now, Input::Closed(id)),
                SessionOutput::Answer(exchange, answer) => {
                    let answer = (*answer).clone();
                    self.reply(exchange, |call| ToDevice::Answered(call, answer));
                }
                SessionOutput::Taken(exchange) => self.reply(exchange, ToDevice::Taken),
                SessionOutput::Refuse(exchange, _) => self.reply(exchange, ToDevice::Failed),
                SessionOutput::Over => self.forget(id),
            }
        }
        spoke
    }

    fn reply(&mut self, exchange: ExchangeId, reply: impl FnOnce(CallId) -> ToDevice) {
        if let Some((device, call, _)) = self.exchanges.remove(&exchange) {
            self.replies.push((device, reply(call)));
        }
    }

    fn carry_out(&mut self, now: Now, output: Output) {
        match output {
            Output::Deliver { sessions, entry } => {
                for id in sessions {
                    self.say(now, id, ServerFrame::Entry { entry: entry.clone() });
                }
            }
            Output::Frame(id, frame) => self.say(now, id, frame),
            Output::Cut(id, reason) => match self.sessions.get_mut(&id) {
                Some(Served { kind: Kind::Polls(session), .. }) => {
                    session.handle_input(now, SessionInput::Cut(reason));
                }
                Some(Served { kind: Kind::Stream(stream, _), device }) => {
                    let (stream, device) = (*stream, *device);
                    let bye = ToDevice::Frame(stream, ServerFrame::Bye { reason });
                    self.replies.extend([(device, bye), (device, ToDevice::Closed(stream))]);
                    self.forget(id);
                }
                None => {}
            },
            Output::Request { id, request: Request::Store(request), .. } => {
                let answer = self.store.handle(now.wall, request).answer;
                let answer = Answer::Store(Outcome::Ok(answer));
                self.machine.handle_input(now, Input::Answer(id, answer));
            }
            Output::Request { id, request, .. } => {
                let refused = request.port().refused();
                self.machine.handle_input(now, Input::Answer(id, refused));
            }
            Output::Peer(..) | Output::ApiAnswer(..) | Output::Members(_) | Output::Drained => {}
        }
    }

    fn say(&mut self, now: Now, id: SessionId, frame: ServerFrame) {
        match self.sessions.get_mut(&id) {
            Some(Served { kind: Kind::Polls(session), .. }) => {
                session.handle_input(now, SessionInput::Frame(frame));
            }
            Some(Served { kind: Kind::Stream(stream, _), device }) => {
                self.replies.push((*device, ToDevice::Frame(*stream, frame)));
            }
            None => {}
        }
    }

    fn forget(&mut self, id: SessionId) {
        self.sessions.remove(&id);
        self.by_number.remove(&session_number(self.epoch, id));
        self.by_stream.retain(|_, session| *session != id);
    }
}

fn machine(design: &Design, epoch: u64, now: Now) -> ChatServer {
    let design = design.clone();
    let config = ServerConfig {
        server: ServerId(1),
        epoch,
        has_peers: false,
        registration: None,
        design,
        seed: 1,
    };
    ChatServer::new(config, now)
}
