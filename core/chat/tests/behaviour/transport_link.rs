//! A device's side and a server's side of polls with a network between them that does what the
//! test says. Device and chat server are played by the test.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use hubbub_chat::{
    ChannelId, ClientId, Design, MessageId, Monotonic, Now, SessionId, UserId, Wall,
    device::DeviceInput,
    frame::{ClientFrame, Cursors, CutReason, PROTOCOL_VERSION, SendFrame, ServerFrame},
    time::nanoseconds,
    transport::{
        Call, CallBody, CallId, CallRefusal, ClientInput, ClientOutput, ExchangeId, PollAnswer,
        PollClient, PollSession, SessionInput, SessionOutput, session_number,
    },
};

pub(crate) const LATENCY: Duration = Duration::from_millis(10);

/// Something on the network.
#[derive(Debug, Clone)]
pub(crate) enum Packet {
    Request(Call),
    Answer(CallId, Reply),
    /// The device has closed the connection of a call.
    Close(CallId),
    /// The device is told that the connection of a call is gone.
    Gone(CallId),
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Poll(PollAnswer),
    Taken,
    Unknown,
    Refused,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Pass,
    /// It is lost, and nobody is told.
    Drop,
    /// It is lost, and both ends are told that the connection is closed.
    Reset,
    Delay(Duration),
    Twice,
}

type Rule = Box<dyn FnMut(&Packet) -> Fate>;

pub(crate) struct Link {
    pub(crate) client: PollClient,
    pub(crate) sessions: BTreeMap<u64, PollSession>,
    /// The session that was opened last.
    pub(crate) session: u64,
    /// What the device was told, with the time.
    pub(crate) told: Vec<(u64, DeviceInput)>,
    /// What the chat server was given.
    pub(crate) taken: Vec<ClientFrame>,
    /// Sessions that the chat server was told to be gone, with the time.
    pub(crate) silent: Vec<(u64, u64)>,
    pub(crate) refused: Vec<CallRefusal>,
    pub(crate) calls: Vec<Call>,
    design: Design,
    now: u64,
    order: u64,
    queue: BTreeMap<(u64, u64), Packet>,
    exchanges: BTreeMap<ExchangeId, CallId>,
    last_exchange: u64,
    epoch: u64,
    said: u64,
    rule: Rule,
}

impl Link {
    /// A device and a server without a session yet.
    pub(crate) fn new(design: Design) -> Self {
        Self {
            client: PollClient::new(design.clone()),
            sessions: BTreeMap::new(),
            session: 0,
            told: Vec::new(),
            taken: Vec::new(),
            silent: Vec::new(),
            refused: Vec::new(),
            calls: Vec::new(),
            design,
            now: 0,
            order: 0,
            queue: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            last_exchange: 0,
            epoch: 1,
            said: 0,
            rule: Box::new(|_| Fate::Pass),
        }
    }

    /// A session that is open and greeted.
    pub(crate) fn open(design: Design) -> Self {
        let mut link = Self::new(design);
        link.device(ClientInput::Open);
        link.run_for(Duration::from_millis(100));
        assert_eq!(link.taken.len(), 1, "the server has the greeting");
        link
    }

    pub(crate) fn rule(&mut self, rule: impl FnMut(&Packet) -> Fate + 'static) {
        self.rule = Box::new(rule);
    }

    pub(crate) fn heal(&mut self) {
        self.rule = Box::new(|_| Fate::Pass);
    }

    /// The device wants something.
    pub(crate) fn device(&mut self, input: ClientInput) {
        self.client.handle_input(self.clock(), input);
        self.drain_client();
    }

    /// The device sends a message of this number.
    pub(crate) fn send(&mut self, number: u64) {
        self.device(ClientInput::Frame(send_frame(number)));
    }

    /// The chat server says the next numbered thing; an urgent one ends a held poll.
    pub(crate) fn say(&mut self, urgent: bool) {
        self.said += 1;
        let frame = if urgent { notice(self.said) } else { alive(self.said) };
        self.server(SessionInput::Frame(frame));
    }

    pub(crate) fn said(&self) -> u64 {
        self.said
    }

    pub(crate) fn cut(&mut self, reason: CutReason) {
        self.server(SessionInput::Cut(reason));
    }

    fn server(&mut self, input: SessionInput) {
        let now = self.clock();
        if let Some(session) = self.sessions.get_mut(&self.session) {
            session.handle_input(now, input);
        }
        self.drain_sessions();
    }

    /// The server's process dies and starts again, with nothing; connections break.
    pub(crate) fn restart_server(&mut self) {
        self.epoch += 1;
        self.sessions.clear();
        let open: Vec<CallId> = std::mem::take(&mut self.exchanges).into_values().collect();
        for call in open {
            self.device(ClientInput::Failed(call));
        }
    }

    /// What the device received of the numbered things.
    pub(crate) fn received(&self) -> Vec<u64> {
        let frames = self.told.iter().filter_map(|(_, input)| match input {
            DeviceInput::Frame(frame) => number_of(frame),
            _ => None,
        });
        frames.collect()
    }

    /// The numbers of the sends that the chat server was given.
    pub(crate) fn taken_sends(&self) -> Vec<u64> {
        let number = |frame: &ClientFrame| match frame {
            ClientFrame::Send(frame) => Some(frame.client_id.0),
            _ => None,
        };
        self.taken.iter().filter_map(number).collect()
    }

    pub(crate) fn was_told(&self, wanted: &DeviceInput) -> bool {
        self.told.iter().any(|(_, input)| input == wanted)
    }

    /// The polls among the calls, the one that opened a session among them.
    pub(crate) fn polls(&self) -> usize {
        self.calls.iter().filter(|call| matches!(call.body, CallBody::Poll(_))).count()
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now + nanoseconds(duration);
        while self.step(end) {}
        self.now = end;
    }

    fn clock(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(self.now) }
    }

    fn step(&mut self, end: u64) -> bool {
        let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
        let client = self.client.poll_timeout().map(|(at, _)| at.0);
        let due = |session: &PollSession| session.poll_timeout().map(|(at, _)| at.0);
        let session = self.sessions.values().filter_map(due).min();
        let wakes = [arrival, client, session];
        let Some(at) = wakes.into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        let now = self.clock();
        if arrival == Some(at) {
            if let Some((_, packet)) = self.queue.pop_first() {
                self.arrive(packet);
            }
        } else if client == Some(at) {
            self.client.handle_timeout(now);
            self.drain_client();
        } else {
            self.sessions.values_mut().for_each(|session| session.handle_timeout(now));
            self.drain_sessions();
        }
        true
    }

    fn transmit(&mut self, packet: Packet) {
        match (self.rule)(&packet) {
            Fate::Pass => self.dispatch(packet, Duration::ZERO),
            Fate::Drop => {}
            Fate::Reset => self.reset(&packet),
            Fate::Delay(by) => self.dispatch(packet, by),
            Fate::Twice => {
                self.dispatch(packet.clone(), Duration::ZERO);
                self.dispatch(packet, Duration::from_millis(7));
            }
        }
    }

    fn dispatch(&mut self, packet: Packet, late: Duration) {
        self.order += 1;
        self.queue.insert((self.now + nanoseconds(LATENCY + late), self.order), packet);
    }

    fn reset(&mut self, packet: &Packet) {
        let call = match packet {
            Packet::Request(call) => call.id,
            Packet::Answer(call, _) | Packet::Close(call) | Packet::Gone(call) => *call,
        };
        self.close_exchanges(call);
        self.dispatch(Packet::Gone(call), Duration::ZERO);
    }

    /// The connections of all calls under way are closed, and both ends are told.
    pub(crate) fn break_connections(&mut self) {
        let open: Vec<CallId> = self.exchanges.values().copied().collect();
        for call in open {
            self.close_exchanges(call);
            self.device(ClientInput::Failed(call));
        }
    }

    /// The server is told that connections are closed; the device is not there any more.
    pub(crate) fn close_quietly(&mut self) {
        let open: Vec<CallId> = self.exchanges.values().copied().collect();
        open.into_iter().for_each(|call| self.close_exchanges(call));
    }

    fn close_exchanges(&mut self, call: CallId) {
        let now = self.clock();
        let here = self.exchanges.iter().filter(|(_, open)| **open == call);
        let exchanges: Vec<ExchangeId> = here.map(|(exchange, _)| *exchange).collect();
        for exchange in exchanges {
            self.exchanges.remove(&exchange);
            for session in self.sessions.values_mut() {
                session.handle_input(now, SessionInput::Closed(exchange));
            }
        }
        self.drain_sessions();
    }

    fn arrive(&mut self, packet: Packet) {
        match packet {
            Packet::Request(call) => self.request_arrives(call),
            Packet::Answer(call, reply) => {
                let body_bytes = 100;
                self.device(match reply {
                    Reply::Poll(answer) => ClientInput::Answered { call, answer, body_bytes },
                    Reply::Taken => ClientInput::Taken(call),
                    Reply::Unknown => ClientInput::UnknownSession(call),
                    Reply::Refused => ClientInput::Failed(call),
                });
            }
            Packet::Close(call) => self.close_exchanges(call),
            Packet::Gone(call) => self.device(ClientInput::Failed(call)),
        }
    }

    fn request_arrives(&mut self, call: Call) {
        let now = self.clock();
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        let number = match &call.body {
            CallBody::Poll(body) => body.session,
            CallBody::Frames(body) => Some(body.session),
        };
        let number = number.unwrap_or_else(|| {
            self.session = session_number(self.epoch, SessionId(self.last_exchange));
            let session = PollSession::new(self.session, &self.design, now);
            self.sessions.insert(self.session, session);
            self.session
        });
        let Some(session) = self.sessions.get_mut(&number) else {
            return self.transmit(Packet::Answer(call.id, Reply::Unknown));
        };
        self.exchanges.insert(exchange, call.id);
        session.handle_input(
            now,
            match call.body {
                CallBody::Poll(body) => SessionInput::Poll { exchange, body },
                CallBody::Frames(body) => SessionInput::Frames { exchange, body },
            },
        );
        self.drain_sessions();
    }

    fn drain_sessions(&mut self) {
        let numbers: Vec<u64> = self.sessions.keys().copied().collect();
        for number in numbers {
            while let Some(output) =
                self.sessions.get_mut(&number).and_then(PollSession::poll_output)
            {
                self.carry_out(number, output);
            }
        }
    }

    fn carry_out(&mut self, number: u64, output: SessionOutput) {
        match output {
            SessionOutput::Frame(frame) => self.taken.push(frame),
            SessionOutput::Overflowed => panic!("no test says so much"),
            SessionOutput::Silent => self.silent.push((number, self.now)),
            SessionOutput::Answer(exchange, answer) => {
                self.reply(exchange, Reply::Poll((*answer).clone()));
            }
            SessionOutput::Taken(exchange) => self.reply(exchange, Reply::Taken),
            SessionOutput::Refuse(exchange, reason) => {
                self.refused.push(reason);
                self.reply(exchange, Reply::Refused);
            }
            SessionOutput::Over => {
                self.sessions.remove(&number);
            }
        }
    }

    fn reply(&mut self, exchange: ExchangeId, reply: Reply) {
        if let Some(call) = self.exchanges.remove(&exchange) {
            self.transmit(Packet::Answer(call, reply));
        }
    }

    fn drain_client(&mut self) {
        let mut wanted = VecDeque::new();
        while let Some(output) = self.client.poll_output() {
            match output {
                ClientOutput::Device(input) => {
                    if input == DeviceInput::Opened {
                        wanted.push_back(hello());
                    }
                    self.told.push((self.now, input));
                }
                ClientOutput::Call(call) => {
                    self.calls.push(call.clone());
                    let sent = ClientInput::Sent { call: call.id, body_bytes: 100 };
                    self.client.handle_input(self.clock(), sent);
                    self.transmit(Packet::Request(call));
                }
                ClientOutput::Abandon(call) => self.transmit(Packet::Close(call)),
                other => panic!("polls have no stream: {other:?}"),
            }
            while let Some(frame) = wanted.pop_front() {
                self.client.handle_input(self.clock(), ClientInput::Frame(frame));
            }
        }
    }
}

pub(crate) fn hello() -> ClientFrame {
    ClientFrame::Hello {
        version: PROTOCOL_VERSION,
        cursors: Cursors::new(),
        newest: MessageId::ZERO,
    }
}

pub(crate) fn channel() -> ChannelId {
    ChannelId::direct(UserId(1), UserId(2))
}

pub(crate) fn send_frame(number: u64) -> ClientFrame {
    ClientFrame::Send(SendFrame {
        channel: channel(),
        membership: MessageId::ZERO,
        client_id: ClientId(number),
        oldest_pending: ClientId(1),
        body: "text".into(),
    })
}

pub(crate) fn heartbeat(cursor: u64) -> ClientFrame {
    ClientFrame::Heartbeat { cursors: Cursors::from([(channel(), MessageId(cursor))]) }
}

/// Something numbered that ends a held poll.
pub(crate) fn notice(number: u64) -> ServerFrame {
    ServerFrame::Error { field: number.to_string(), reason: String::new() }
}

/// Something numbered that does not.
pub(crate) fn alive(number: u64) -> ServerFrame {
    ServerFrame::Alive { cursors: Cursors::from([(channel(), MessageId(number))]) }
}

fn number_of(frame: &ServerFrame) -> Option<u64> {
    match frame {
        ServerFrame::Error { field, .. } => field.parse().ok(),
        ServerFrame::Alive { cursors } => cursors.get(&channel()).map(|cursor| cursor.0),
        _ => None,
    }
}
