//! What a transport costs: requests, connections, bytes, and how often it wakes the device's radio.

use std::time::Duration;

use crate::{frame::ClientFrame, time::Monotonic};

/// A request as a plain client writes it, without its body.
const REQUEST_HEADER: &str = "POST /v1/frames HTTP/1.1\r\n\
    host: chat-1.example.org\r\n\
    authorization: Bearer 0f343b0931126a20f133d67c2b018a3b\r\n\
    content-type: application/json\r\n\
    content-length: 123\r\n\r\n";

/// An answer, without its body.
const ANSWER_HEADER: &str = "HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 123\r\n\
    date: Wed, 01 Jan 2025 00:00:00 GMT\r\n\r\n";

/// The request that opens a WebSocket.
const UPGRADE_REQUEST: &str = "GET /v1/session HTTP/1.1\r\n\
    host: chat-1.example.org\r\n\
    connection: Upgrade\r\n\
    upgrade: websocket\r\n\
    sec-websocket-version: 13\r\n\
    sec-websocket-key: aHViYnViLWNsaWVudC0wMQ==\r\n\
    authorization: Bearer 0f343b0931126a20f133d67c2b018a3b\r\n\r\n";

/// Its answer.
const UPGRADE_ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    connection: Upgrade\r\n\
    upgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    x-session: 12345678901234567890\r\n\
    date: Wed, 01 Jan 2025 00:00:00 GMT\r\n\r\n";

/// Bytes of a request before its body: those that HTTP/1.1 and the protocol ask for and no more.
/// Browsers send several times as many. TCP and TLS are left out, here and everywhere.
pub const REQUEST_HEADER_BYTES: u64 = REQUEST_HEADER.len() as u64;

/// Bytes of an answer before its body. An empty answer (204) is a little shorter; the same is
/// counted for it.
pub const ANSWER_HEADER_BYTES: u64 = ANSWER_HEADER.len() as u64;

/// Bytes of the request that opens a WebSocket.
pub const UPGRADE_REQUEST_BYTES: u64 = UPGRADE_REQUEST.len() as u64;

/// Bytes of the answer that opens a WebSocket.
pub const UPGRADE_ANSWER_BYTES: u64 = UPGRADE_ANSWER.len() as u64;

/// A radio counts as awake for so long after it last carried something. Real ones stay awake for
/// longer, about ten seconds on LTE, which is more than a heartbeat: under that figure every
/// transport would keep the radio awake for good, and the count would tell nothing apart. A second
/// is enough to make one exchange, with its answer and what follows from it, one wake-up.
pub const RADIO_AWAKE: Duration = Duration::from_secs(1);

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the device to the server.
    Up,
    /// From the server to the device.
    Down,
}

/// Bytes of a WebSocket frame before its payload (RFC 6455, section 5.2): two, two or eight more for
/// a payload above 125 or 65,535 bytes, and four of the mask that clients must use.
#[must_use]
pub fn websocket_header_bytes(direction: Direction, payload_bytes: u64) -> u64 {
    let length = match payload_bytes {
        0..=125 => 0,
        126..=0xffff => 2,
        _ => 8,
    };
    let mask = if direction == Direction::Up { 4 } else { 0 };
    2 + length + mask
}

/// What the transport of a device has cost it, retries included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TransportCounts {
    /// HTTP requests sent, the upgrade of a WebSocket among them.
    pub requests: u64,
    /// Connections opened or tried.
    pub connections_opened: u64,
    /// Bytes from the device, headers included.
    pub bytes_up: u64,
    /// Bytes to the device, headers included.
    pub bytes_down: u64,
    /// Times that something was sent or received while the radio slept ([`RADIO_AWAKE`]).
    pub wake_ups: u64,
    /// Polls among the requests.
    pub polls: u64,
    /// Polls whose answer had nothing in it, or only the answer to a heartbeat.
    pub polls_empty: u64,
    /// Requests that were repeated because no answer came.
    pub repeats: u64,
    /// Frames dropped because too many waited to be sent. The device sends them again.
    pub frames_dropped: u64,
    /// Heartbeats that the device wanted sent.
    pub heartbeats: u64,
}

impl TransportCounts {
    /// Adds those of another device.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.connections_opened += other.connections_opened;
        self.bytes_up += other.bytes_up;
        self.bytes_down += other.bytes_down;
        self.wake_ups += other.wake_ups;
        self.polls += other.polls;
        self.polls_empty += other.polls_empty;
        self.repeats += other.repeats;
        self.frames_dropped += other.frames_dropped;
        self.heartbeats += other.heartbeats;
    }

    /// What was added since these were read off the same device.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            connections_opened: self.connections_opened - earlier.connections_opened,
            bytes_up: self.bytes_up - earlier.bytes_up,
            bytes_down: self.bytes_down - earlier.bytes_down,
            wake_ups: self.wake_ups - earlier.wake_ups,
            polls: self.polls - earlier.polls,
            polls_empty: self.polls_empty - earlier.polls_empty,
            repeats: self.repeats - earlier.repeats,
            frames_dropped: self.frames_dropped - earlier.frames_dropped,
            heartbeats: self.heartbeats - earlier.heartbeats,
        }
    }
}

/// Counts one device's traffic.
#[derive(Debug, Clone, Default)]
pub struct TransportMeter {
    counts: TransportCounts,
    last_traffic: Option<Monotonic>,
}

impl TransportMeter {
    /// What it has counted.
    #[must_use]
    pub fn counts(&self) -> TransportCounts {
        self.counts
    }

    /// A WebSocket frame with a payload of so many bytes.
    pub fn count_frame(&mut self, now: Monotonic, direction: Direction, payload_bytes: u64) {
        let bytes = payload_bytes + websocket_header_bytes(direction, payload_bytes);
        match direction {
            Direction::Up => self.counts.bytes_up += bytes,
            Direction::Down => self.counts.bytes_down += bytes,
        }
        self.wake(now);
    }

    /// The request that opens a WebSocket, on a connection of its own.
    pub fn count_upgrade(&mut self, now: Monotonic) {
        self.counts.requests += 1;
        self.counts.connections_opened += 1;
        self.counts.bytes_up += UPGRADE_REQUEST_BYTES;
        self.wake(now);
    }

    /// The WebSocket is open.
    pub fn count_upgraded(&mut self, now: Monotonic) {
        self.counts.bytes_down += UPGRADE_ANSWER_BYTES;
        self.wake(now);
    }

    pub(super) fn count_request(&mut self, now: Monotonic, opens_connection: bool, is_poll: bool) {
        self.counts.requests += 1;
        self.counts.connections_opened += u64::from(opens_connection);
        self.counts.polls += u64::from(is_poll);
        self.counts.bytes_up += REQUEST_HEADER_BYTES;
        self.wake(now);
    }

    pub(super) fn count_body(&mut self, bytes: u64) {
        self.counts.bytes_up += bytes;
    }

    pub(super) fn count_answer(&mut self, now: Monotonic, body_bytes: u64) {
        self.counts.bytes_down += ANSWER_HEADER_BYTES + body_bytes;
        self.wake(now);
    }

    pub(super) fn count_empty_poll(&mut self) {
        self.counts.polls_empty += 1;
    }

    pub(super) fn count_repeat(&mut self) {
        self.counts.repeats += 1;
    }

    /// The device wants this sent.
    pub(super) fn count_wanted(&mut self, frame: &ClientFrame) {
        self.counts.heartbeats += u64::from(matches!(frame, ClientFrame::Heartbeat { .. }));
    }

    pub(super) fn count_dropped(&mut self) {
        self.counts.frames_dropped += 1;
    }

    fn wake(&mut self, now: Monotonic) {
        let is_awake = self.last_traffic.is_some_and(|last| now.since(last) <= RADIO_AWAKE);
        self.counts.wake_ups += u64::from(!is_awake);
        self.last_traffic = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic(milliseconds * 1_000_000)
    }

    #[test]
    fn a_frame_header_has_the_lengths_of_the_standard() {
        let up = [(0, 6), (125, 6), (126, 8), (0xffff, 8), (0x1_0000, 14)];
        for (payload, header) in up {
            assert_eq!(websocket_header_bytes(Direction::Up, payload), header, "{payload}");
            assert_eq!(websocket_header_bytes(Direction::Down, payload), header - 4, "{payload}");
        }
    }

    #[test]
    fn one_exchange_is_one_wake_up() {
        let mut meter = TransportMeter::default();
        for (time, direction) in [(0, Direction::Up), (90, Direction::Down), (1_000, Direction::Up)]
        {
            meter.count_frame(at(time), direction, 10);
        }
        assert_eq!(meter.counts().wake_ups, 1);
        meter.count_frame(at(2_001), Direction::Down, 10);
        assert_eq!(meter.counts().wake_ups, 2, "a second and a little later it slept");
        assert_eq!(meter.counts().bytes_up, 2 * (10 + 6));
        assert_eq!(meter.counts().bytes_down, 2 * (10 + 2));
    }

    #[test]
    fn a_request_is_counted_with_its_header_and_its_answer() {
        let mut meter = TransportMeter::default();
        meter.count_request(at(0), true, true);
        meter.count_body(50);
        meter.count_answer(at(20), 70);
        let counts = meter.counts();
        assert_eq!((counts.requests, counts.polls, counts.connections_opened), (1, 1, 1));
        assert_eq!(counts.bytes_up, REQUEST_HEADER_BYTES + 50);
        assert_eq!(counts.bytes_down, ANSWER_HEADER_BYTES + 70);
    }

    #[test]
    fn a_websocket_is_opened_by_one_request_on_one_connection() {
        let mut meter = TransportMeter::default();
        meter.count_upgrade(at(0));
        meter.count_upgraded(at(30));
        let counts = meter.counts();
        assert_eq!((counts.requests, counts.connections_opened, counts.wake_ups), (1, 1, 1));
        assert_eq!(counts.bytes_up, UPGRADE_REQUEST_BYTES);
        assert_eq!(counts.bytes_down, UPGRADE_ANSWER_BYTES);
        let mut sum = counts;
        sum.add(&counts);
        assert_eq!((sum.requests, sum.bytes_up), (2, 2 * UPGRADE_REQUEST_BYTES));
        assert_eq!(sum.since(&counts), counts);
    }
}
