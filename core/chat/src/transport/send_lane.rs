//! The frames of a device that go to the server at once: gathered while a call is under way, then
//! sent together, so that they keep their order.

use std::collections::VecDeque;

use super::{
    calls::{Call, CallContext, CallId, CallLane, Failure, Lane},
    wire::{FramesBody, REQUEST_FRAMES_MAX},
};
use crate::frame::ClientFrame;

/// Frames that wait for the send lane at most, as many as `outbox_max`. More are dropped and
/// counted; the device sends again what nobody answered.
pub const WAITING_FRAMES_MAX: usize = 1024;

/// The send lane of a client.
#[derive(Debug)]
pub(super) struct SendLane {
    lane: CallLane<FramesBody>,
    waiting: VecDeque<ClientFrame>,
    /// The last request's number.
    number: u64,
}

impl SendLane {
    pub(super) fn new() -> Self {
        Self { lane: CallLane::new(Lane::Send), waiting: VecDeque::new(), number: 0 }
    }

    pub(super) fn push(&mut self, context: &mut CallContext, frame: ClientFrame) {
        // A device repeats what is not answered in time, which may wait here still.
        if self.waiting.contains(&frame) {
            return;
        }
        if self.waiting.len() >= WAITING_FRAMES_MAX {
            return context.meter.count_dropped();
        }
        self.waiting.push_back(frame);
    }

    /// The call that is to be made now.
    pub(super) fn next(&mut self, context: &mut CallContext, session: u64) -> Option<Call> {
        if self.lane.is_idle() && !self.waiting.is_empty() {
            self.number += 1;
            let count = self.waiting.len().min(REQUEST_FRAMES_MAX);
            let frames = self.waiting.drain(..count).collect();
            self.lane.start(FramesBody { session, number: self.number, frames });
        }
        let patience = context.design.request_timeout;
        self.lane.next(context, patience)
    }

    pub(super) fn settle(&mut self, context: &mut CallContext, call: CallId) -> bool {
        self.lane.settle(context, call)
    }

    pub(super) fn fail(&mut self, context: &mut CallContext, call: CallId) -> Failure {
        self.lane.fail(context, call)
    }

    pub(super) fn expire(&mut self, context: &mut CallContext) -> Failure {
        self.lane.expire(context)
    }

    pub(super) fn resume(&mut self) {
        self.lane.resume();
    }

    /// A new session begins its numbers anew.
    pub(super) fn reset(&mut self, context: &mut CallContext) {
        self.lane.reset(context);
        self.waiting.clear();
        self.number = 0;
    }
}
