//! The device's side of a stream: everything over it, or the sends over HTTP beside it.

use super::{
    calls::{CallContext, CallId, Failure, Lane},
    client::{ClientInput, ClientOutput, ClientTimer},
    counts::TransportCounts,
    send_lane::SendLane,
};
use crate::{
    design::{Design, Transport},
    device::DeviceInput,
    frame::{ClientFrame, ServerFrame},
    time::{Monotonic, Now},
};

/// A device's connection made of a stream and, with `http-send`, of requests that send.
#[derive(Debug)]
pub struct StreamClient {
    context: CallContext,
    phase: Phase,
    send: SendLane,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Down,
    Opening,
    Open {
        /// What requests name it; none when all goes over the stream.
        session: Option<u64>,
        /// A frame came, so the server has read the `hello`: a send that overtakes it would end the
        /// session.
        greeted: bool,
    },
}

impl StreamClient {
    /// A client without a stream.
    #[must_use]
    pub fn new(design: Design) -> Self {
        Self { context: CallContext::new(design), phase: Phase::Down, send: SendLane::new() }
    }

    /// Takes in one input. Those of polls mean nothing here.
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
                self.close();
            }
            ClientInput::StreamOpened { session } => self.opened(session),
            ClientInput::StreamUnreachable | ClientInput::StreamClosed => self.lost(),
            ClientInput::StreamFrame { frame, .. } => self.receive(frame),
            ClientInput::Taken(call) => {
                self.send.settle(&mut self.context, call);
            }
            ClientInput::UnknownSession(call) => {
                if self.send.settle(&mut self.context, call) {
                    self.give_up();
                }
            }
            ClientInput::Failed(call) => self.failed(call),
            ClientInput::Answered { .. }
            | ClientInput::Sent { .. }
            | ClientInput::StreamSent { .. } => {}
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.context.now = now.monotonic;
        while let Some(timer) = self.context.timers.expire(now.monotonic) {
            match timer {
                ClientTimer::Deadline(Lane::Send) => {
                    let failure = self.send.expire(&mut self.context);
                    self.after(failure);
                }
                ClientTimer::Again(Lane::Send) => self.send.resume(),
                ClientTimer::Poll
                | ClientTimer::Deadline(Lane::Receive)
                | ClientTimer::Again(Lane::Receive) => {
                    debug_assert!(false, "a stream does not poll");
                }
            }
        }
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        if let Some(output) = self.context.outputs.pop_front() {
            return Some(output);
        }
        let Phase::Open { session: Some(session), greeted: true } = self.phase else { return None };
        self.send.next(&mut self.context, session).map(ClientOutput::Call)
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
        if self.phase == Phase::Down {
            self.phase = Phase::Opening;
            self.context.meter.count_upgrade(self.context.now);
            self.context.outputs.push_back(ClientOutput::OpenStream);
        }
    }

    fn opened(&mut self, session: Option<u64>) {
        if self.phase == Phase::Opening {
            let sends_by_http = self.context.design.transport == Transport::HttpSend;
            let session = session.filter(|_| sends_by_http);
            self.phase = Phase::Open { session, greeted: false };
            self.context.meter.count_upgraded(self.context.now);
            self.context.tell_device(DeviceInput::Opened);
        }
    }

    fn gather(&mut self, frame: ClientFrame) {
        match (self.phase, &frame) {
            (Phase::Open { session: Some(_), .. }, ClientFrame::Send(_)) => {
                self.send.push(&mut self.context, frame);
            }
            (Phase::Open { .. }, _) => {
                self.context.outputs.push_back(ClientOutput::StreamFrame(frame));
            }
            (Phase::Down | Phase::Opening, _) => {}
        }
    }

    fn receive(&mut self, frame: ServerFrame) {
        if let Phase::Open { greeted, .. } = &mut self.phase {
            *greeted = true;
            self.context.tell_device(DeviceInput::Frame(frame));
        }
    }

    fn failed(&mut self, call: CallId) {
        let failure = self.send.fail(&mut self.context, call);
        self.after(failure);
    }

    fn after(&mut self, failure: Failure) {
        if failure == Failure::Spent {
            self.give_up();
        }
    }

    /// The stream ended by itself.
    fn lost(&mut self) {
        let input = match self.phase {
            Phase::Down => return,
            Phase::Opening => DeviceInput::Unreachable,
            Phase::Open { .. } => DeviceInput::Closed,
        };
        self.reset();
        self.context.tell_device(input);
    }

    /// The sends do not get through, so the stream is given up too.
    fn give_up(&mut self) {
        self.close();
        self.context.tell_device(DeviceInput::Closed);
    }

    fn close(&mut self) {
        if self.phase != Phase::Down {
            self.reset();
            self.context.outputs.push_back(ClientOutput::CloseStream);
        }
    }

    fn reset(&mut self) {
        self.phase = Phase::Down;
        self.send.reset(&mut self.context);
    }
}
