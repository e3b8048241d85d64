//! Listens to what turmoil says of its envelopes: every one that is sent, held, dropped or
//! delivered.

use std::{
    fmt::{self, Debug, Write as _},
    net::SocketAddr,
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use super::recording::{Envelope, Shared};

/// The target of turmoil's events about the network.
const TARGET: &str = "turmoil";

/// A subscriber for one run.
pub(super) struct Capture {
    shared: Shared,
    /// Describing a segment means writing out its bytes, so it is done for a trace only.
    is_traced: bool,
}

impl Capture {
    pub(super) fn new(shared: Shared) -> Self {
        let is_traced = shared.with(|recording| recording.is_traced());
        Self { shared, is_traced }
    }
}

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Of those events some are about no envelope, such as one for each step.
        let is_of_envelope = || metadata.fields().field("src").is_some();
        metadata.is_event() && metadata.target() == TARGET && is_of_envelope()
    }

    fn event(&self, event: &Event<'_>) {
        let mut seen = Seen { describe: self.is_traced, ..Seen::default() };
        event.record(&mut seen);
        let Some(((envelope, from), to)) = seen.envelope.zip(seen.from).zip(seen.to) else {
            return;
        };
        self.shared.with(|recording| recording.envelope(envelope, from, to, &seen.segment));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The fields of an event that matter.
#[derive(Default)]
struct Seen {
    describe: bool,
    envelope: Option<Envelope>,
    from: Option<SocketAddr>,
    to: Option<SocketAddr>,
    segment: Segment,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.envelope = envelope(value),
            "src" => self.from = address(value),
            "dst" => self.to = address(value),
            // A segment writes itself to a counter without fail.
            "protocol" if self.describe => drop(write!(self.segment, "{value:?}")),
            _ => {}
        }
    }
}

fn envelope(message: &dyn Debug) -> Option<Envelope> {
    match format!("{message:?}").as_str() {
        "Send" => Some(Envelope::Send),
        "Hold" => Some(Envelope::Hold),
        "Drop" => Some(Envelope::Drop),
        "Delivered" => Some(Envelope::Delivered),
        _ => None,
    }
}

fn address(value: &dyn Debug) -> Option<SocketAddr> {
    format!("{value:?}").parse().ok()
}

/// A segment by its kind and length. Its bytes stay out of the trace: the masks of WebSocket frames
/// are random, and change bytes but neither lengths nor times.
#[derive(Debug, Default)]
pub(super) struct Segment {
    kind: String,
    bytes: u64,
    in_bytes: bool,
}

impl fmt::Write for Segment {
    /// turmoil writes data as `TCP [0x1, 0x2]` and the rest as `TCP SYN`.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'[' => self.in_bytes = true,
                b'x' if self.in_bytes => self.bytes += 1,
                _ if self.in_bytes => {}
                _ => self.kind.push(char::from(byte)),
            }
        }
        Ok(())
    }
}

impl Segment {
    /// Such as `TCP SYN`; data is `TCP`.
    pub(super) fn kind(&self) -> &str {
        self.kind.trim_end()
    }

    /// The length of data.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.in_bytes.then_some(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_described_by_kind_and_length() {
        let mut data = Segment::default();
        write!(data, "TCP [{:#2X}, {:#2X}, {:#2X}]", 7, 255, 16).unwrap();
        assert_eq!((data.kind(), data.bytes()), ("TCP", Some(3)));
        let mut syn = Segment::default();
        write!(syn, "TCP SYN").unwrap();
        assert_eq!((syn.kind(), syn.bytes()), ("TCP SYN", None));
    }
}
