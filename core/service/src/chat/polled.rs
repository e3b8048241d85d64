//! The task of one session over polls: requests on one side, the chat server on the other.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{
    Design, SessionId,
    design::Transport,
    frame::CutReason,
    server::Input,
    transport::{
        CallRefusal, ExchangeId, FramesBody, PollAnswer, PollBody, PollSession, SessionInput,
        SessionOutput,
    },
};
use tokio::sync::{mpsc, oneshot};

use super::{ChatHandle, Outgoing};
use crate::net::{Alarm, Net};

/// One request, and where its answer goes.
pub(super) enum Call {
    Poll { exchange: ExchangeId, body: PollBody, reply: Reply },
    Frames { exchange: ExchangeId, body: FramesBody, reply: Reply },
    Closed(ExchangeId),
}

pub(super) type Reply = oneshot::Sender<Result<CallAnswer, CallRefusal>>;

pub(super) enum CallAnswer {
    Poll(Arc<PollAnswer>),
    Taken,
}

/// The design for sessions over polls. Where devices have streams, a chat server waits less long for
/// a sign of life; polls are held for half of that then, since a device's heartbeats travel with
/// its polls.
pub(super) fn poll_design(design: &Design) -> Design {
    let poll_wait = match design.transport {
        Transport::LongPolling | Transport::Polling => design.poll_wait,
        Transport::Websocket | Transport::HttpSend => {
            design.poll_wait.min(design.silence_after / 2)
        }
    };
    Design { poll_wait, ..design.clone() }
}

/// One session over polls.
pub(super) struct Polled {
    net: Arc<dyn Net>,
    chat: ChatHandle,
    session: SessionId,
    machine: PollSession,
    calls: mpsc::Receiver<Call>,
    outgoing: mpsc::Receiver<Outgoing>,
    /// Each ends with its answer, or with its connection.
    replies: BTreeMap<ExchangeId, Reply>,
    is_cut: bool,
}

impl Polled {
    /// A session that the chat server knows, and its number among requests.
    pub(super) fn new(
        net: Arc<dyn Net>,
        chat: ChatHandle,
        (session, number): (SessionId, u64),
        design: &Design,
        calls: mpsc::Receiver<Call>,
        outgoing: mpsc::Receiver<Outgoing>,
    ) -> Self {
        let machine = PollSession::new(number, design, net.now());
        let replies = BTreeMap::new();
        Self { net, chat, session, machine, calls, outgoing, replies, is_cut: false }
    }

    /// Goes on until the session is over, or nobody can reach it any more.
    pub(super) async fn run(mut self) {
        let mut alarm = Alarm::default();
        loop {
            alarm.set(&*self.net, self.machine.poll_timeout().map(|(due, _)| due));
            tokio::select! {
                biased;
                () = alarm.ring() => self.machine.handle_timeout(self.net.now()),
                call = self.calls.recv() => match call {
                    Some(call) => self.take(call),
                    None => break,
                },
                said = self.outgoing.recv(), if !self.is_cut => self.hear(said),
            }
            // A held poll takes along everything that was said until now.
            while !self.is_cut
                && let Ok(said) = self.outgoing.try_recv()
            {
                self.hear(Some(said));
            }
            if self.drain().await {
                break;
            }
        }
        self.chat.input(Input::Closed(self.session)).await;
    }

    fn take(&mut self, call: Call) {
        let input = match call {
            Call::Poll { exchange, body, reply } => {
                self.replies.insert(exchange, reply);
                SessionInput::Poll { exchange, body }
            }
            Call::Frames { exchange, body, reply } => {
                self.replies.insert(exchange, reply);
                SessionInput::Frames { exchange, body }
            }
            Call::Closed(exchange) => {
                self.replies.remove(&exchange);
                SessionInput::Closed(exchange)
            }
        };
        self.machine.handle_input(self.net.now(), input);
    }

    fn hear(&mut self, said: Option<Outgoing>) {
        let input = match said {
            Some(Outgoing::Frame(frame)) => SessionInput::Frame(frame),
            Some(Outgoing::Bye(reason)) => SessionInput::Cut(reason),
            Some(Outgoing::Text(_)) => {
                debug_assert!(false, "a session over polls is given frames");
                return;
            }
            // Cut without last words: its queue was full.
            None => SessionInput::Cut(CutReason::SlowConsumer),
        };
        self.is_cut = matches!(input, SessionInput::Cut(_));
        self.machine.handle_input(self.net.now(), input);
    }

    /// Carries out what the session wants done; says whether it is over.
    async fn drain(&mut self) -> bool {
        let mut is_over = false;
        while let Some(output) = self.machine.poll_output() {
            match output {
                SessionOutput::Frame(frame) => {
                    self.chat.input(Input::Frame(self.session, frame)).await;
                }
                SessionOutput::Overflowed => {
                    self.chat.input(Input::Overflowed(self.session)).await;
                }
                // The chat server is told at the end.
                SessionOutput::Silent => {}
                SessionOutput::Answer(exchange, answer) => {
                    self.reply(exchange, Ok(CallAnswer::Poll(answer)));
                }
                SessionOutput::Taken(exchange) => self.reply(exchange, Ok(CallAnswer::Taken)),
                SessionOutput::Refuse(exchange, reason) => self.reply(exchange, Err(reason)),
                SessionOutput::Over => is_over = true,
            }
        }
        is_over
    }

    fn reply(&mut self, exchange: ExchangeId, answer: Result<CallAnswer, CallRefusal>) {
        if let Some(reply) = self.replies.remove(&exchange) {
            // The connection may have closed in the meantime.
            drop(reply.send(answer));
        }
    }
}
