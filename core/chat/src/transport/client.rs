//! The device's side of every transport, under one set of verbs.

use super::{
    calls::{Call, CallId, Lane},
    counts::TransportCounts,
    poll_client::PollClient,
    stream_client::StreamClient,
    wire::PollAnswer,
};
use crate::{
    design::{Design, Transport},
    device::DeviceInput,
    frame::{ClientFrame, ServerFrame},
    time::{Monotonic, Now},
};

/// What the device's side of a transport is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientInput {
    /// The device wants a connection (`DeviceOutput::Open`).
    Open,
    /// The device sends a frame (`DeviceOutput::Frame`).
    Frame(ClientFrame),
    /// The device closes its connection (`DeviceOutput::Close`).
    Close,
    /// A call's request went out with so many bytes of body.
    Sent {
        /// Which.
        call: CallId,
        /// Bytes of the encoded body.
        body_bytes: u64,
    },
    /// A poll was answered (HTTP 200).
    Answered {
        /// Which.
        call: CallId,
        /// What the answer says.
        answer: PollAnswer,
        /// Bytes of the encoded body.
        body_bytes: u64,
    },
    /// A call of the send lane was answered (HTTP 204).
    Taken(CallId),
    /// The server does not know the session of a call (HTTP 404): it has ended or was forgotten.
    UnknownSession(CallId),
    /// A call failed: no connection, a connection that broke, or any other answer.
    Failed(CallId),
    /// The stream is open.
    StreamOpened {
        /// The header `x-session` of the answer: the number by which requests name the session.
        session: Option<u64>,
    },
    /// The stream could not be opened.
    StreamUnreachable,
    /// A frame went out on the stream with so many bytes of payload.
    StreamSent {
        /// Bytes of the encoded frame.
        payload_bytes: u64,
    },
    /// A frame came in on the stream.
    StreamFrame {
        /// What it says.
        frame: ServerFrame,
        /// Bytes of the encoded frame.
        payload_bytes: u64,
    },
    /// The stream is gone.
    StreamClosed,
}

/// What the device's side of a transport wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientOutput {
    /// Give this to the device. What the device then wants comes back before the next output is
    /// asked for.
    Device(DeviceInput),
    /// Make this call.
    Call(Call),
    /// Close the connection of this call: nobody waits for its answer. With HTTP/1.1 that connection
    /// could not be used again in any case.
    Abandon(CallId),
    /// Open a stream.
    OpenStream,
    /// Send this on the stream.
    StreamFrame(ClientFrame),
    /// Close the stream, or stop opening it.
    CloseStream,
}

/// Why the device's side of a transport wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientTimer {
    /// The next poll is due (`transport = polling`).
    Poll,
    /// The lane's call was not answered in time.
    Deadline(Lane),
    /// The lane's call is tried again.
    Again(Lane),
}

/// The device's side of the transport that the design names. It outlives the device's connections;
/// a device that restarts gets a new one.
#[derive(Debug)]
pub enum TransportClient {
    /// Over a stream, with or without HTTP beside it.
    Stream(StreamClient),
    /// Over polls.
    Poll(PollClient),
}

impl TransportClient {
    /// A client without a connection.
    #[must_use]
    pub fn new(design: &Design) -> Self {
        match design.transport {
            Transport::Websocket | Transport::HttpSend => {
                Self::Stream(StreamClient::new(design.clone()))
            }
            Transport::LongPolling | Transport::Polling => {
                Self::Poll(PollClient::new(design.clone()))
            }
        }
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: ClientInput) {
        match self {
            Self::Stream(client) => client.handle_input(now, input),
            Self::Poll(client) => client.handle_input(now, input),
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        match self {
            Self::Stream(client) => client.handle_timeout(now),
            Self::Poll(client) => client.handle_timeout(now),
        }
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        match self {
            Self::Stream(client) => client.poll_output(),
            Self::Poll(client) => client.poll_output(),
        }
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, ClientTimer)> {
        match self {
            Self::Stream(client) => client.poll_timeout(),
            Self::Poll(client) => client.poll_timeout(),
        }
    }

    /// What the transport has cost so far.
    #[must_use]
    pub fn counts(&self) -> TransportCounts {
        match self {
            Self::Stream(client) => client.counts(),
            Self::Poll(client) => client.counts(),
        }
    }
}
