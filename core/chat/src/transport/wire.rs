//! The bodies of the HTTP transports. Their JSON spelling is part of the wire protocol.

use serde::{Deserialize, Serialize};

use crate::{
    frame::{ClientFrame, ServerFrame},
    ids::SessionId,
    random::Random,
};

/// Frames in one request at most: four channels' sends at the default `inflight_max`. With messages
/// of `message_bytes_max` that is 256 KiB of text.
pub const REQUEST_FRAMES_MAX: usize = 64;

/// The body of `POST /v1/poll`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollBody {
    /// The session, as its first answer named it; absent to open one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// This poll's number in its session: 1 for the one that opens it, then one more each time.
    /// A poll without an answer is repeated under its number.
    pub number: u64,
    /// The number of the last answer that arrived; 0 before the first. The server forgets it then.
    pub seen: u64,
    /// Milliseconds that the server may hold this poll while it has nothing to say. It holds none
    /// for longer than `poll_wait`, and answers one that opens a session at once.
    pub wait_ms: u64,
    /// Frames for the chat server, in order, at most [`REQUEST_FRAMES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<ClientFrame>,
}

/// The answer to a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollAnswer {
    /// The session.
    pub session: u64,
    /// This answer's number in its session: 1, 2, 3 …
    pub number: u64,
    /// Frames of the chat server, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<ServerFrame>,
    /// The session has ended, and there will be no more; the last frame is a `bye` with the reason.
    pub ended: bool,
}

/// The body of `POST /v1/frames`, whose answer is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FramesBody {
    /// The session: as the first answer to a poll named it, or the header `x-session` of the answer
    /// that opened the WebSocket.
    pub session: u64,
    /// This request's number in its session, apart from the numbers of polls: 1, 2, 3 … One without
    /// an answer is repeated under its number.
    pub number: u64,
    /// Frames for the chat server, in order, at most [`REQUEST_FRAMES_MAX`].
    pub frames: Vec<ClientFrame>,
}

/// The number by which requests name a session. A [`SessionId`] counts from 1 in each process, so a
/// late request to a server that has restarted could meet another session; this one differs from
/// process to process as `epoch` (the incarnation or the time of the start) does, and within one
/// process no two sessions share it. It is no secret: the token of the request must belong to the
/// device whose session it is.
#[must_use]
pub fn session_number(epoch: u64, session: SessionId) -> u64 {
    Random::stream(epoch, session.0).next()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sessions_of_two_processes_have_different_numbers() {
        let numbers: BTreeSet<u64> = (1..=3)
            .flat_map(|epoch| (0..1000).map(move |id| session_number(epoch, SessionId(id))))
            .collect();
        assert_eq!(numbers.len(), 3000);
    }
}
