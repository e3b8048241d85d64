//! HTTP calls of a device: one at a time on each lane, repeated until it is answered.

use std::{collections::VecDeque, time::Duration};

use super::{
    client::{ClientInput, ClientOutput, ClientTimer},
    counts::{Direction, TransportMeter},
    wire::{FramesBody, PollBody},
};
use crate::{
    design::Design,
    device::DeviceInput,
    time::{Monotonic, Now},
    timers::Timers,
};

/// How often a call is tried before the session is given up. The second try follows at once, since
/// a kept connection that the server has closed in the meantime is the common cause; the third
/// waits `reconnect_base`. With the default `request_timeout` a call of the send lane is given up
/// after ten seconds, less than the `silence_after` of a stream.
pub const CALL_TRIES_MAX: u32 = 3;

/// Names a call of a client; never used again by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// The two ways of a device, each with at most one call under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Polls.
    Receive,
    /// Frames that cannot wait for a poll.
    Send,
}

/// An HTTP request to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Names what becomes of it.
    pub id: CallId,
    /// Which of the device's connections it takes.
    pub lane: Lane,
    /// Whether it opens a connection, which costs a round trip; the lane's old one is of no use.
    pub new_connection: bool,
    /// What it says.
    pub body: CallBody,
}

/// The body of a call, which names its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallBody {
    /// `POST /v1/poll`.
    Poll(PollBody),
    /// `POST /v1/frames`.
    Frames(FramesBody),
}

impl From<PollBody> for CallBody {
    fn from(body: PollBody) -> Self {
        Self::Poll(body)
    }
}

impl From<FramesBody> for CallBody {
    fn from(body: FramesBody) -> Self {
        Self::Frames(body)
    }
}

/// What the lanes of a client share.
#[derive(Debug)]
pub(super) struct CallContext {
    pub(super) design: Design,
    pub(super) meter: TransportMeter,
    pub(super) timers: Timers<ClientTimer>,
    pub(super) outputs: VecDeque<ClientOutput>,
    pub(super) now: Monotonic,
    last_call: CallId,
}

impl CallContext {
    pub(super) fn new(design: Design) -> Self {
        Self {
            design,
            meter: TransportMeter::default(),
            timers: Timers::new(),
            outputs: VecDeque::new(),
            now: Monotonic(0),
            last_call: CallId(0),
        }
    }

    /// Takes in the time, and counts what the input says of bytes.
    pub(super) fn meet(&mut self, now: Now, input: &ClientInput) {
        self.now = now.monotonic;
        let meter = &mut self.meter;
        match *input {
            ClientInput::Sent { body_bytes, .. } => meter.count_body(body_bytes),
            ClientInput::Answered { body_bytes, .. } => meter.count_answer(self.now, body_bytes),
            ClientInput::Taken(_) | ClientInput::UnknownSession(_) => {
                meter.count_answer(self.now, 0);
            }
            ClientInput::StreamSent { payload_bytes } => {
                meter.count_frame(self.now, Direction::Up, payload_bytes);
            }
            ClientInput::StreamFrame { payload_bytes, .. } => {
                meter.count_frame(self.now, Direction::Down, payload_bytes);
            }
            ClientInput::Open
            | ClientInput::Frame(_)
            | ClientInput::Close
            | ClientInput::Failed(_)
            | ClientInput::StreamOpened { .. }
            | ClientInput::StreamUnreachable
            | ClientInput::StreamClosed => {}
        }
    }

    pub(super) fn tell_device(&mut self, input: DeviceInput) {
        self.outputs.push_back(ClientOutput::Device(input));
    }

    /// The device has moved on: it must not meet what was meant for its former connection.
    pub(super) fn silence(&mut self) {
        self.outputs.retain(|output| !matches!(output, ClientOutput::Device(_)));
    }
}

/// What follows from a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is none of this lane's, or nobody waits for it any more.
    Foreign,
    /// It is tried again.
    Repeated,
    /// It was tried often enough.
    Spent,
}

/// One lane.
#[derive(Debug)]
pub(super) struct CallLane<B> {
    lane: Lane,
    state: LaneState<B>,
    tries: u32,
    /// Its connection was good when last used.
    connected: bool,
}

#[derive(Debug)]
enum LaneState<B> {
    Idle,
    /// To be called when the next output is asked for.
    Ready(B),
    UnderWay(CallId, B),
    /// Waits before it is tried again.
    Pausing(B),
}

impl<B: Clone + Into<CallBody>> CallLane<B> {
    pub(super) fn new(lane: Lane) -> Self {
        Self { lane, state: LaneState::Idle, tries: 0, connected: false }
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, LaneState::Idle)
    }

    pub(super) fn start(&mut self, body: B) {
        debug_assert!(self.is_idle(), "a lane has one call at a time");
        self.state = LaneState::Ready(body);
        self.tries = 0;
    }

    /// The call that is to be made now, with `patience` until its answer.
    pub(super) fn next(&mut self, context: &mut CallContext, patience: Duration) -> Option<Call> {
        let body = match std::mem::replace(&mut self.state, LaneState::Idle) {
            LaneState::Ready(body) => body,
            other => {
                self.state = other;
                return None;
            }
        };
        context.last_call.0 += 1;
        let id = context.last_call;
        let new_connection = !(context.design.keep_alive && self.connected);
        let is_poll = self.lane == Lane::Receive;
        context.meter.count_request(context.now, new_connection, is_poll);
        if self.tries > 0 {
            context.meter.count_repeat();
        }
        self.tries += 1;
        context.timers.set(ClientTimer::Deadline(self.lane), context.now.after(patience));
        self.state = LaneState::UnderWay(id, body.clone());
        Some(Call { id, lane: self.lane, new_connection, body: body.into() })
    }

    fn awaits(&self, call: CallId) -> bool {
        matches!(self.state, LaneState::UnderWay(id, _) if id == call)
    }

    /// The call was answered; false when nobody waits for it.
    pub(super) fn settle(&mut self, context: &mut CallContext, call: CallId) -> bool {
        let is_awaited = self.awaits(call);
        if is_awaited {
            context.timers.clear(ClientTimer::Deadline(self.lane));
            self.state = LaneState::Idle;
            self.connected = true;
        }
        is_awaited
    }

    /// The call has failed: its connection is gone, and it is repeated as it was.
    pub(super) fn fail(&mut self, context: &mut CallContext, call: CallId) -> Failure {
        if !self.awaits(call) {
            return Failure::Foreign;
        }
        context.timers.clear(ClientTimer::Deadline(self.lane));
        self.connected = false;
        let LaneState::UnderWay(_, body) = std::mem::replace(&mut self.state, LaneState::Idle)
        else {
            return Failure::Foreign;
        };
        if self.tries >= CALL_TRIES_MAX {
            return Failure::Spent;
        }
        self.state = if self.tries == 1 {
            LaneState::Ready(body)
        } else {
            let again = context.now.after(context.design.reconnect_base);
            context.timers.set(ClientTimer::Again(self.lane), again);
            LaneState::Pausing(body)
        };
        Failure::Repeated
    }

    /// No answer came in time.
    pub(super) fn expire(&mut self, context: &mut CallContext) -> Failure {
        let LaneState::UnderWay(call, _) = self.state else { return Failure::Foreign };
        context.outputs.push_back(ClientOutput::Abandon(call));
        self.fail(context, call)
    }

    /// The pause before another try is over.
    pub(super) fn resume(&mut self) {
        self.state = match std::mem::replace(&mut self.state, LaneState::Idle) {
            LaneState::Pausing(body) => LaneState::Ready(body),
            other => other,
        };
    }

    /// The session is over: nobody waits for its calls, and the next one opens its own connections.
    pub(super) fn reset(&mut self, context: &mut CallContext) {
        if let LaneState::UnderWay(call, _) = self.state {
            context.outputs.push_back(ClientOutput::Abandon(call));
        }
        context.timers.clear(ClientTimer::Deadline(self.lane));
        context.timers.clear(ClientTimer::Again(self.lane));
        self.state = LaneState::Idle;
        self.connected = false;
    }
}
