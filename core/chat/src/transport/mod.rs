//! How frames travel: a WebSocket, polling, long polling, or HTTP to send beside a WebSocket. The
//! machines above, [`Device`](crate::Device) and [`ChatServer`](crate::ChatServer), exchange frames
//! and do not know which of them it is.
//!
//! ```text
//!  Device ── Open, Frame, Close ──▶ TransportClient ── Call ──▶ HTTP ──▶ PollSession ──▶ ChatServer
//!         ◀─ Opened, Frame, … ────                  ◀─ answer ─      ◀──            ◀── frames, cut
//! ```
//!
//! **On the device's side** a driver gives [`TransportClient`] what the device wants done (`Open`,
//! `Frame`, `Close`) and what became of its calls and of its stream, and carries out what
//! [`TransportClient::poll_output`] says. A [`ClientOutput::Device`] goes to the device, and what the
//! device then wants goes to the client *before* the client is asked for its next output: calls are
//! made as late as possible, so that they take along everything that waits.
//!
//! **On the server's side** each session over HTTP has a [`PollSession`]. It stands where a stream's
//! outgoing queue would: frames of requests come out of it once and in order, and what the chat
//! server says goes into it and leaves with the answers to polls. With `http-send` the session has a
//! stream, and a [`SendIntake`] that drops what was sent twice.
//!
//! **Order.** A device has two lanes, one that polls and one that sends, each with at most one call
//! under way, which is repeated under its number until it is answered. So each lane keeps its order
//! and the numbers tell repeats. Between the lanes there is no order but one: nothing is sent on
//! the receive lane, or by HTTP beside a stream, before the server is known to have read the
//! `hello`. What travels on the receive lane, heartbeats and cursor reports, needs none.
//!
//! **Signs of life.** A held poll is one, for as long as its client believes it to be held: a client
//! that vanishes silently is believed in until `poll_wait` and `silence_after` have passed since its
//! last poll, one whose connection was closed for `silence_after`. A device's heartbeats wait for its next poll, which takes
//! the newest one along, so a chat server hears a frame at least every `poll_wait` (or
//! `poll_interval`) plus a heartbeat; since `silence_after` is at least two heartbeats, that lies
//! within [`Design::silence_limit`](crate::Design::silence_limit). The answer to a heartbeat does
//! not end a held poll: it travels with the next answer. An empty answer reaches the device as an
//! empty `alive`, since it too shows that the server lives.

mod calls;
mod client;
mod counts;
mod intake;
mod poll_client;
mod poll_session;
mod send_lane;
mod stream_client;
mod wire;

pub use calls::{CALL_TRIES_MAX, Call, CallBody, CallId, Lane};
pub use client::{ClientInput, ClientOutput, ClientTimer, TransportClient};
pub use counts::{
    ANSWER_HEADER_BYTES, Direction, RADIO_AWAKE, REQUEST_HEADER_BYTES, TransportCounts,
    TransportMeter, UPGRADE_ANSWER_BYTES, UPGRADE_REQUEST_BYTES, websocket_header_bytes,
};
pub use intake::{CallRefusal, SendIntake};
pub use poll_client::PollClient;
pub use poll_session::{
    ExchangeId, PollSession, SESSION_FRAMES_MAX, SessionInput, SessionOutput, SessionTimer,
};
pub use send_lane::WAITING_FRAMES_MAX;
pub use stream_client::StreamClient;
pub use wire::{FramesBody, PollAnswer, PollBody, REQUEST_FRAMES_MAX, session_number};
