//! How pushes and leases read in a history.

use hubbub_chat::ports::{
    push::{PushAnswer, PushRequest},
    registry::LeaseKey,
};

use crate::event::{EventBody, PushStage};

/// The line for a push: `requested` without an answer, `received` with the gateway's.
#[must_use]
pub fn push_event(request: &PushRequest, answer: Option<PushAnswer>) -> EventBody {
    let stage = if answer.is_some() { PushStage::Received } else { PushStage::Requested };
    EventBody::Push {
        stage,
        user: request.user,
        device: request.device,
        channel: request.channel,
        up_to: request.up_to,
        attempt: request.attempt,
        collapse_id: request.collapse_id.clone(),
        answer: answer.map(|answer| answer_name(answer).to_owned()),
    }
}

/// The line for a process that begins or ceases to believe that it holds a lease.
#[must_use]
pub fn lease_event(key: LeaseKey, holder: u64, epoch: u64, held: bool) -> EventBody {
    EventBody::Lease { key: lease_name(key), holder, epoch, held }
}

/// A lease's key as histories spell it: `chat-1`, `presence-2`, `notifier`, `worker-7`.
#[must_use]
pub fn lease_name(key: LeaseKey) -> String {
    match key {
        LeaseKey::Chat(server) => format!("chat-{server}"),
        LeaseKey::Presence(server) => format!("presence-{server}"),
        LeaseKey::Notifier => "notifier".to_owned(),
        LeaseKey::Worker(worker) => format!("worker-{worker}"),
    }
}

pub(crate) const TAKEN: &str = "taken";
pub(crate) const DEAD_TOKEN: &str = "dead_token";

fn answer_name(answer: PushAnswer) -> &'static str {
    match answer {
        PushAnswer::Taken => TAKEN,
        PushAnswer::DeadToken => DEAD_TOKEN,
        PushAnswer::Busy => "busy",
    }
}
