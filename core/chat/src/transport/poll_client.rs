//! The device's side of polling and of long polling.

use std::time::Duration;

use super::{
    calls::{CallContext, CallId, CallLane, Failure, Lane},
    client::{ClientInput, ClientOutput, ClientTimer},
    counts::TransportCounts,
    send_lane::SendLane,
    wire::{PollAnswer, PollBody},
};
use crate::{
    design::{Design, Transport},
    device::DeviceInput,
    frame::{ClientFrame, Cursors, ServerFrame},
    time::{Monotonic, Now, nanoseconds},
};

/// A device's connection made of polls and of requests that send.
#[derive(Debug)]
pub struct PollClient {
    context: CallContext,
    phase: Phase,
    receive: CallLane<PollBody>,
    send: SendLane,
    /// What waits for the next poll: the cursors that moved, and the newest heartbeat.
    cursors: Cursors,
    heartbeat: Option<ClientFrame>,
    /// With polling: the interval is over, or the `hello` is there.
    is_due: bool,
    /// The last page said that another follows, which the server reads once it has the cursors.
    is_behind: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Down,
    Opening,
    Open(Session),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Session {
    number: u64,
    /// The last answer that arrived.
    seen: u64,
    /// The last poll's number.
    polls: u64,
    /// The server has the `hello`: what overtakes it would end the session.
    greeted: bool,
}

impl PollClient {
    /// A client without a session.
    #[must_use]
    pub fn new(design: Design) -> Self {
        Self {
            context: CallContext::new(design),
            phase: Phase::Down,
            receive: CallLane::new(Lane::Receive),
            send: SendLane::new(),
            cursors: Cursors::new(),
            heartbeat: None,
            is_due: false,
            is_behind: false,
        }
    }

    /// Takes in one input. Those of a stream mean nothing here.
    pub fn handle_input(&mut self, now: Now, input: ClientInput) {
        self.context.meet(now, &input);
        match input {
            ClientInput::Open => self.open(),
            ClientInput::Frame(frame) => {
                self.context.meter.count_wanted(&frame);
                self.gather(frame);
            }
            ClientInput::Close => {
                self.context.silence();
                self.reset();
            }
            ClientInput::Answered { call, answer, .. } => self.answered(call, answer),
            ClientInput::Taken(call) => self.taken(call),
            ClientInput::UnknownSession(call) => {
                if self.receive.settle(&mut self.context, call)
                    || self.send.settle(&mut self.context, call)
                {
                    self.lose();
                }
            }
            ClientInput::Failed(call) => self.failed(call),
            ClientInput::Sent { .. }
            | ClientInput::StreamOpened { .. }
            | ClientInput::StreamUnreachable
            | ClientInput::StreamSent { .. }
            | ClientInput::StreamFrame { .. }
            | ClientInput::StreamClosed => {}
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.context.now = now.monotonic;
        while let Some(timer) = self.context.timers.expire(now.monotonic) {
            match timer {
                ClientTimer::Poll => {
                    self.is_due = true;
                    self.await_interval();
                }
                ClientTimer::Deadline(Lane::Receive) => {
                    let failure = self.receive.expire(&mut self.context);
                    self.after(failure);
                }
                ClientTimer::Deadline(Lane::Send) => {
                    let failure = self.send.expire(&mut self.context);
                    self.after(failure);
                }
                ClientTimer::Again(Lane::Receive) => self.receive.resume(),
                ClientTimer::Again(Lane::Send) => self.send.resume(),
            }
        }
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        if let Some(output) = self.context.outputs.pop_front() {
            return Some(output);
        }
        if let Phase::Open(session) = self.phase {
            self.start_poll(session);
            if let Some(call) = self.send.next(&mut self.context, session.number) {
                return Some(ClientOutput::Call(call));
            }
        }
        let patience = self.poll_wait() + self.context.design.request_timeout;
        self.receive.next(&mut self.context, patience).map(ClientOutput::Call)
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, ClientTimer)> {
        self.context.timers.next()
    }

    /// What it has cost so far.
    #[must_use]
    pub fn counts(&self) -> TransportCounts {
        self.context.meter.counts()
    }

    fn open(&mut self) {
        if self.phase != Phase::Down {
            return;
        }
        self.phase = Phase::Opening;
        let (session, frames) = (None, Vec::new());
        self.receive.start(PollBody { session, number: 1, seen: 0, wait_ms: 0, frames });
        if self.is_polling() {
            self.await_interval();
        }
    }

    /// What can wait for the next poll waits; a heartbeat repeats every cursor that is unconfirmed.
    fn gather(&mut self, frame: ClientFrame) {
        if !matches!(self.phase, Phase::Open(_)) {
            return;
        }
        match frame {
            ClientFrame::Heartbeat { .. } => {
                self.cursors.clear();
                self.heartbeat = Some(frame);
            }
            ClientFrame::Cursor { cursors } => self.cursors.extend(cursors),
            ClientFrame::Hello { .. }
            | ClientFrame::Send(_)
            | ClientFrame::Change(_)
            | ClientFrame::Sync { .. }
            | ClientFrame::Look { .. } => self.send.push(&mut self.context, frame),
        }
    }

    fn start_poll(&mut self, session: Session) {
        if !self.receive.is_idle() || (self.is_polling() && !self.is_due && !self.asks_for_more()) {
            return;
        }
        self.is_due = false;
        let mut frames = Vec::new();
        if session.greeted {
            let cursors = std::mem::take(&mut self.cursors);
            if !cursors.is_empty() {
                frames.push(ClientFrame::Cursor { cursors });
            }
            frames.extend(self.heartbeat.take());
        }
        let session = Session { polls: session.polls + 1, ..session };
        self.phase = Phase::Open(session);
        self.receive.start(PollBody {
            session: Some(session.number),
            number: session.polls,
            seen: session.seen,
            wait_ms: nanoseconds(self.poll_wait()) / 1_000_000,
            frames,
        });
    }

    fn answered(&mut self, call: CallId, answer: PollAnswer) {
        if !self.receive.settle(&mut self.context, call) {
            return;
        }
        let seen = match self.phase {
            Phase::Down => return,
            Phase::Opening => {
                let number = answer.session;
                self.phase = Phase::Open(Session { number, seen: 0, polls: 1, greeted: false });
                self.context.tell_device(DeviceInput::Opened);
                0
            }
            Phase::Open(session) if session.number == answer.session => session.seen,
            Phase::Open(_) => return self.lose(),
        };
        // Each answer counts once, whatever stands between the server and here.
        if answer.number > seen {
            self.receive_frames(answer.frames);
            if let Phase::Open(session) = &mut self.phase {
                session.seen = answer.number;
            }
        }
        if answer.ended {
            self.lose();
        }
    }

    fn receive_frames(&mut self, frames: Vec<ServerFrame>) {
        if frames.iter().all(|frame| matches!(frame, ServerFrame::Alive { .. })) {
            self.context.meter.count_empty_poll();
        }
        if frames.is_empty() {
            // The server lives, though it has nothing to say.
            let alive = ServerFrame::Alive { cursors: Cursors::new() };
            return self.context.tell_device(DeviceInput::Frame(alive));
        }
        for frame in frames {
            if let ServerFrame::Page { more, .. } = &frame {
                self.is_behind = *more;
            }
            self.context.tell_device(DeviceInput::Frame(frame));
        }
    }

    fn taken(&mut self, call: CallId) {
        if !self.send.settle(&mut self.context, call) {
            return;
        }
        if let Phase::Open(session) = &mut self.phase
            && !std::mem::replace(&mut session.greeted, true)
            && self.is_polling()
        {
            // The first frame of a session is the `hello`, and its answer is not to wait for an
            // interval.
            self.is_due = true;
            self.await_interval();
        }
    }

    fn failed(&mut self, call: CallId) {
        let failure = match self.receive.fail(&mut self.context, call) {
            Failure::Foreign => self.send.fail(&mut self.context, call),
            failure => failure,
        };
        self.after(failure);
    }

    /// An attempt to open a session is made once, since the device itself tries again, with a
    /// back-off; and a session whose opening was answered late would be left behind.
    fn after(&mut self, failure: Failure) {
        let is_over = match failure {
            Failure::Foreign => false,
            Failure::Repeated => self.phase == Phase::Opening,
            Failure::Spent => true,
        };
        if is_over {
            self.lose();
        }
    }

    fn lose(&mut self) {
        let is_opening = self.phase == Phase::Opening;
        self.reset();
        self.context.tell_device(if is_opening {
            DeviceInput::Unreachable
        } else {
            DeviceInput::Closed
        });
    }

    fn reset(&mut self) {
        self.phase = Phase::Down;
        self.receive.reset(&mut self.context);
        self.send.reset(&mut self.context);
        self.cursors.clear();
        self.heartbeat = None;
        self.is_due = false;
        self.is_behind = false;
        self.context.timers.clear(ClientTimer::Poll);
    }

    fn is_polling(&self) -> bool {
        self.context.design.transport == Transport::Polling
    }

    /// With polling: whoever catches up does not wait for an interval between two pages.
    fn asks_for_more(&self) -> bool {
        self.is_behind && !self.cursors.is_empty()
    }

    fn await_interval(&mut self) {
        let next = self.context.now.after(self.context.design.poll_interval);
        self.context.timers.set(ClientTimer::Poll, next);
    }

    fn poll_wait(&self) -> Duration {
        let design = &self.context.design;
        match self.phase {
            Phase::Opening => Duration::ZERO,
            // For as long as the store may take to read the page.
            _ if self.is_polling() && self.is_behind => {
                design.request_timeout.min(design.poll_interval)
            }
            _ if self.is_polling() => Duration::ZERO,
            _ => design.poll_wait,
        }
    }
}
