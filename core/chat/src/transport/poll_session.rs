//! A session over polls on its chat server: what the server says waits here until a poll takes it
//! along and the next poll says that it arrived.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    intake::{Arrival, CallRefusal, Numbers, SendIntake},
    wire::{FramesBody, PollAnswer, PollBody, REQUEST_FRAMES_MAX},
};
use crate::{
    design::{Design, Transport},
    frame::{ClientFrame, CutReason, ServerFrame},
    situation::{Situation, Situations},
    time::{Monotonic, Now},
    timers::Timers,
};

/// Frames that wait for polls at most, as many as for a stream; one more overflows the session. As
/// many again may be in the last answer while it is unconfirmed.
pub const SESSION_FRAMES_MAX: usize = 1024;

/// One HTTP request, as whoever has to answer it names it; never used again within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExchangeId(pub u64);

/// What a session is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionInput {
    /// A poll arrived.
    Poll {
        /// Names the answer.
        exchange: ExchangeId,
        /// What it says.
        body: PollBody,
    },
    /// A request of the send lane arrived.
    Frames {
        /// Names the answer.
        exchange: ExchangeId,
        /// What it says.
        body: FramesBody,
    },
    /// The connection of a request is closed. A poll's answer cannot be given, or may not have
    /// arrived; whether the client closed it in good order after the answer makes no difference.
    Closed(ExchangeId),
    /// The chat server says this to the device.
    Frame(ServerFrame),
    /// The chat server ends the session.
    Cut(CutReason),
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionOutput {
    /// Give this to the chat server as a frame of the session.
    Frame(ClientFrame),
    /// Tell the chat server that the session's queue is full (`Input::Overflowed`).
    Overflowed,
    /// Tell the chat server that the session is gone (`Input::Closed`): no poll came for too long.
    Silent,
    /// Answer a poll.
    Answer(ExchangeId, Arc<PollAnswer>),
    /// Answer a request of the send lane: its frames are with the chat server.
    Taken(ExchangeId),
    /// Answer a request with an error.
    Refuse(ExchangeId, CallRefusal),
    /// Forget the session: requests that name it are told that it is unknown (HTTP 404).
    Over,
}

/// Why a session wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionTimer {
    /// The held poll is answered with what there is.
    Hold,
    /// No poll came for too long.
    Silence,
}

/// A poll without an answer.
#[derive(Debug, Clone, Copy)]
struct HeldPoll {
    exchange: ExchangeId,
    until: Monotonic,
}

/// One session over polls.
#[derive(Debug)]
pub struct PollSession {
    session: u64,
    /// The longest that a poll is held.
    hold_max: Duration,
    /// The longest time without a poll.
    silence: Duration,
    polls: Numbers,
    intake: SendIntake,
    /// Frames in no answer yet.
    waiting: VecDeque<ServerFrame>,
    /// Whether one of them ends a held poll.
    is_urgent: bool,
    overflowed: bool,
    ended: bool,
    over: bool,
    held: Option<HeldPoll>,
    /// The last poll, held or answered.
    last_poll: Option<ExchangeId>,
    /// The last answer's number.
    answers: u64,
    /// The last answer, until a poll says that it arrived.
    unconfirmed: Option<Arc<PollAnswer>>,
    now: Monotonic,
    timers: Timers<SessionTimer>,
    outputs: VecDeque<SessionOutput>,
    situations: Situations,
}

impl PollSession {
    /// A session that is about to be opened: its first input is the poll that opens it. `session`
    /// is the number by which its requests name it ([`session_number`](super::session_number)).
    #[must_use]
    pub fn new(session: u64, design: &Design, now: Now) -> Self {
        // A held poll is a sign of life, so long polling needs no more patience than a stream; with
        // polling nothing is heard between two polls, and one of them may be lost.
        let silence = match design.transport {
            Transport::Polling => design.silence_limit(),
            _ => design.silence_after,
        };
        let mut timers = Timers::new();
        timers.set(SessionTimer::Silence, now.monotonic.after(silence));
        Self {
            session,
            hold_max: design.poll_wait,
            silence,
            polls: Numbers::default(),
            intake: SendIntake::default(),
            waiting: VecDeque::new(),
            is_urgent: false,
            overflowed: false,
            ended: false,
            over: false,
            held: None,
            last_poll: None,
            answers: 0,
            unconfirmed: None,
            now: now.monotonic,
            timers,
            outputs: VecDeque::new(),
            situations: Situations::default(),
        }
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: SessionInput) {
        self.now = now.monotonic;
        if self.over {
            return;
        }
        match input {
            SessionInput::Poll { exchange, body } => self.poll(exchange, body),
            SessionInput::Frames { exchange, body } => self.take_frames(exchange, body),
            SessionInput::Closed(exchange) => self.close(exchange),
            SessionInput::Frame(frame) => self.keep(frame),
            SessionInput::Cut(reason) => self.cut(reason),
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now.monotonic;
        while let Some(timer) = self.timers.expire(now.monotonic) {
            match timer {
                // The answer is made when the next output is asked for.
                SessionTimer::Hold => {}
                SessionTimer::Silence => self.give_up(),
            }
        }
    }

    /// What is to be done next; drained after every `handle_*`, or after several with one time: a
    /// held poll takes along everything that was said until then.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front().or_else(|| self.answer_held())
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, SessionTimer)> {
        self.timers.next()
    }

    /// The number by which requests name it.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.session
    }

    /// The situations that it has passed through.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
    }

    /// Whether a poll is held.
    #[must_use]
    pub fn is_polled(&self) -> bool {
        self.held.is_some()
    }

    fn poll(&mut self, exchange: ExchangeId, body: PollBody) {
        if body.frames.len() > REQUEST_FRAMES_MAX {
            return self.refuse(exchange, CallRefusal::TooManyFrames);
        }
        if body.seen > self.answers {
            return self.refuse(exchange, CallRefusal::OutOfOrder);
        }
        // Whoever opens a session wants to know its number.
        let wait = match body.session {
            Some(_) => Duration::from_millis(body.wait_ms).min(self.hold_max),
            None => Duration::ZERO,
        };
        match self.polls.arrive(body.number) {
            Arrival::OutOfOrder => self.refuse(exchange, CallRefusal::OutOfOrder),
            Arrival::Late => self.refuse(exchange, CallRefusal::Superseded),
            Arrival::Fresh => {
                self.confirm(body.seen);
                self.hand_over(body.frames);
                self.hold(exchange, wait);
            }
            // Without an answer to it yet, the repeat takes the place of the one that is held, or
            // whose connection was closed.
            Arrival::Repeat => match &self.unconfirmed {
                Some(answer) if answer.number > body.seen => {
                    let answer = answer.clone();
                    self.situations.mark(Situation::AnswerGivenAgain);
                    self.last_poll = Some(exchange);
                    self.outputs.push_back(SessionOutput::Answer(exchange, answer));
                    self.await_poll(self.now.after(wait));
                }
                _ => self.hold(exchange, wait),
            },
        }
    }

    fn take_frames(&mut self, exchange: ExchangeId, body: FramesBody) {
        match self.intake.handle_frames(body) {
            Ok(frames) => {
                self.hand_over(frames);
                self.outputs.push_back(SessionOutput::Taken(exchange));
            }
            Err(reason) => self.refuse(exchange, reason),
        }
    }

    /// A closed connection ends the poll on it, and not the session. Its client knows too, unless
    /// it is gone.
    fn close(&mut self, exchange: ExchangeId) {
        if self.last_poll == Some(exchange) {
            self.last_poll = None;
            self.held = None;
            self.timers.clear(SessionTimer::Hold);
            self.await_poll(self.now);
        }
    }

    fn keep(&mut self, frame: ServerFrame) {
        if self.ended || self.overflowed {
            return;
        }
        if self.waiting.len() >= SESSION_FRAMES_MAX {
            // The chat server cuts the session, and the device syncs again on another.
            self.overflowed = true;
            return self.outputs.push_back(SessionOutput::Overflowed);
        }
        self.is_urgent |= !matches!(frame, ServerFrame::Alive { .. });
        self.waiting.push_back(frame);
    }

    fn cut(&mut self, reason: CutReason) {
        if !self.ended {
            self.ended = true;
            self.waiting.push_back(ServerFrame::Bye { reason });
        }
    }

    fn hand_over(&mut self, frames: Vec<ClientFrame>) {
        if !self.ended {
            self.outputs.extend(frames.into_iter().map(SessionOutput::Frame));
        }
    }

    /// What the client has not seen is said again, before anything newer.
    fn confirm(&mut self, seen: u64) {
        let Some(answer) = self.unconfirmed.take().filter(|answer| answer.number > seen) else {
            return;
        };
        self.situations.mark(Situation::AnswerGivenAgain);
        for frame in answer.frames.iter().rev() {
            self.waiting.push_front(frame.clone());
        }
        self.is_urgent |= !answer.frames.is_empty();
    }

    fn hold(&mut self, exchange: ExchangeId, wait: Duration) {
        let until = self.now.after(wait);
        if let Some(older) = self.held.replace(HeldPoll { exchange, until }) {
            self.refuse(older.exchange, CallRefusal::Superseded);
        }
        self.last_poll = Some(exchange);
        self.timers.set(SessionTimer::Hold, until);
        if !self.ended {
            self.timers.clear(SessionTimer::Silence);
        }
    }

    fn answer_held(&mut self) -> Option<SessionOutput> {
        let held = self.held?;
        if !self.is_urgent && !self.ended && held.until > self.now {
            return None;
        }
        self.held = None;
        self.timers.clear(SessionTimer::Hold);
        // When the answer is lost and nobody is told, the client believes its poll to be held.
        self.await_poll(held.until);
        self.is_urgent = false;
        self.answers += 1;
        let answer = Arc::new(PollAnswer {
            session: self.session,
            number: self.answers,
            frames: std::mem::take(&mut self.waiting).into(),
            ended: self.ended,
        });
        self.unconfirmed = Some(answer.clone());
        Some(SessionOutput::Answer(held.exchange, answer))
    }

    /// The client is believed in for a while after `from`, until its next poll. Once the session is
    /// cut, its last words can be fetched for that while and polls do not prolong it.
    fn await_poll(&mut self, from: Monotonic) {
        let silent_at = from.after(self.silence);
        if self.ended {
            self.timers.set_once(SessionTimer::Silence, silent_at);
        } else {
            self.timers.set(SessionTimer::Silence, silent_at);
        }
    }

    fn give_up(&mut self) {
        self.over = true;
        if let Some(held) = self.held.take() {
            self.refuse(held.exchange, CallRefusal::Superseded);
        }
        self.timers.clear(SessionTimer::Hold);
        if !self.ended {
            self.outputs.push_back(SessionOutput::Silent);
        }
        self.outputs.push_back(SessionOutput::Over);
    }

    fn refuse(&mut self, exchange: ExchangeId, reason: CallRefusal) {
        self.outputs.push_back(SessionOutput::Refuse(exchange, reason));
    }
}
