//! One chat server alone, whose sessions and ports the test plays itself.

use std::time::Duration;

use hubbub_chat::{
    ChatServer, ClientId, Design, DeviceId, MessageId, Monotonic, Now, RequestId, ServerId,
    SessionId, UserId, Wall,
    frame::{ClientFrame, Cursors, CutReason, PROTOCOL_VERSION, SendFrame, ServerFrame},
    ports::{
        Answer, Outcome, Request,
        store::{StoreAnswer, StoreModel, StoreRequest, StoreRules},
    },
    server::{Input, Output, Registration, ServerConfig},
};

use super::{direct, world::WALL_START_S};

pub(crate) struct Bench {
    pub(crate) server: ChatServer,
    pub(crate) store: StoreModel,
    now: Now,
}

impl Bench {
    pub(crate) fn new(design: Design, has_peers: bool) -> Self {
        Self::with(design, has_peers, None)
    }

    /// A server that takes a lease of its id.
    pub(crate) fn registered(design: Design) -> Self {
        let registration = Registration {
            holder: 1,
            address: "chat-1:80".into(),
            peer_address: "chat-1:81".into(),
            region: String::new(),
            capacity: design.session_limit,
        };
        Self::with(design, false, Some(registration))
    }

    fn with(design: Design, has_peers: bool, registration: Option<Registration>) -> Self {
        let now = Now { monotonic: Monotonic(0), wall: Wall(WALL_START_S * 1_000_000_000) };
        let store = StoreModel::new(StoreRules::from(&design));
        let config = ServerConfig {
            server: ServerId(1),
            epoch: 1,
            has_peers,
            design,
            seed: 1,
            registration,
        };
        Self { server: ChatServer::new(config, now), store, now }
    }

    pub(crate) fn now(&self) -> Now {
        self.now
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<Output> {
        self.server.handle_input(self.now, input);
        self.drain()
    }

    pub(crate) fn frame(&mut self, session: u64, frame: ClientFrame) -> Vec<Output> {
        self.input(Input::Frame(SessionId(session), frame))
    }

    /// The device of session 1 sends its message of this number.
    pub(crate) fn send(&mut self, number: u64) -> Vec<Output> {
        self.frame(1, send_frame(number, "hello"))
    }

    /// Attaches a device that is known to the store, without its `hello`.
    pub(crate) fn attach(&mut self, session: u64, user: UserId, device: DeviceId) {
        let register = StoreRequest::Register { user, device: Some(device) };
        self.store.handle(self.now.wall, register);
        self.input(Input::Attached { session: SessionId(session), user, device });
    }

    /// Attaches a device and greets; what the server then wants done.
    pub(crate) fn greet(
        &mut self,
        session: u64,
        user: UserId,
        device: DeviceId,
        cursors: Cursors,
    ) -> Vec<Output> {
        self.attach(session, user, device);
        self.frame(
            session,
            ClientFrame::Hello { newest: MessageId::ZERO, version: PROTOCOL_VERSION, cursors },
        )
    }

    /// Carries out the store requests among `outputs`, and what they lead to, until none is left.
    pub(crate) fn serve(&mut self, outputs: Vec<Output>) -> Vec<Output> {
        let mut open = outputs;
        let mut done = Vec::new();
        while !open.is_empty() {
            let requests = store_requests(&open);
            done.extend(
                open.into_iter().filter(|output| !matches!(output, Output::Request { .. })),
            );
            open = Vec::new();
            for (id, request) in requests {
                let answer = self.ask(request);
                open.extend(self.answer(id, answer));
            }
        }
        done
    }

    pub(crate) fn ask(&mut self, request: StoreRequest) -> StoreAnswer {
        self.store.handle(self.now.wall, request).answer
    }

    pub(crate) fn answer(&mut self, id: RequestId, answer: StoreAnswer) -> Vec<Output> {
        self.input(Input::Answer(id, Answer::Store(Outcome::Ok(answer))))
    }

    pub(crate) fn refuse(&mut self, id: RequestId) -> Vec<Output> {
        self.input(Input::Answer(id, Answer::Store(Outcome::Refused)))
    }

    /// The wall clock is stepped.
    pub(crate) fn step_wall(&mut self, milliseconds: i64) {
        self.now.wall.0 = self.now.wall.0.saturating_add_signed(milliseconds * 1_000_000);
    }

    /// Lets time pass, firing every timer on the way.
    pub(crate) fn pass(&mut self, duration: Duration) -> Vec<Output> {
        let end = self.now.monotonic.after(duration);
        let mut outputs = Vec::new();
        while let Some((at, _)) = self.server.poll_timeout().filter(|(at, _)| *at <= end) {
            self.advance(at);
            self.server.handle_timeout(self.now);
            outputs.extend(self.drain());
        }
        self.advance(end);
        outputs
    }

    fn advance(&mut self, to: Monotonic) {
        let by = to.0.saturating_sub(self.now.monotonic.0);
        self.now.monotonic.0 += by;
        self.now.wall.0 += by;
    }

    pub(crate) fn answer_port(&mut self, id: RequestId, answer: Answer) -> Vec<Output> {
        self.input(Input::Answer(id, answer))
    }

    fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.server.poll_output()).collect()
    }
}

/// A message of Ann to Ben.
pub(crate) fn send_frame(number: u64, body: &str) -> ClientFrame {
    ClientFrame::Send(SendFrame {
        channel: direct(),
        membership: MessageId::ZERO,
        client_id: ClientId(number),
        oldest_pending: ClientId(1),
        body: body.into(),
    })
}

/// The requests to the store among some outputs.
pub(crate) fn store_requests(outputs: &[Output]) -> Vec<(RequestId, StoreRequest)> {
    let pick = |output: &Output| match output {
        Output::Request { id, request: Request::Store(request), .. } => {
            Some((*id, request.clone()))
        }
        _ => None,
    };
    outputs.iter().filter_map(pick).collect()
}

/// The requests to other ports than the store among some outputs.
pub(crate) fn port_requests(outputs: &[Output]) -> Vec<(RequestId, Request)> {
    let pick = |output: &Output| match output {
        Output::Request { request: Request::Store(_), .. } => None,
        Output::Request { id, request, .. } => Some((*id, request.clone())),
        _ => None,
    };
    outputs.iter().filter_map(pick).collect()
}

/// The frames to a session among some outputs.
pub(crate) fn frames(outputs: &[Output], session: u64) -> Vec<&ServerFrame> {
    let pick = |output| match output {
        &Output::Frame(SessionId(to), ref frame) if to == session => Some(frame),
        _ => None,
    };
    outputs.iter().filter_map(pick).collect()
}

/// The sessions that were cut among some outputs, and why.
pub(crate) fn cuts(outputs: &[Output]) -> Vec<(u64, CutReason)> {
    let pick = |output: &Output| match output {
        Output::Cut(session, reason) => Some((session.0, *reason)),
        _ => None,
    };
    outputs.iter().filter_map(pick).collect()
}
