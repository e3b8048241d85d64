//! How many bytes something has as JSON, the form in which it would travel.

use std::io;

use serde::Serialize;

/// Bytes of the JSON text of a frame or a body. It is counted and not kept.
pub(super) fn json_bytes(value: &impl Serialize) -> u64 {
    let mut counter = Counter(0);
    // The counter takes everything, and a frame has nothing in it that JSON cannot say.
    let written = serde_json::to_writer(&mut counter, value);
    debug_assert!(written.is_ok(), "a frame is JSON: {written:?}");
    counter.0
}

/// Counts what is written to it.
struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_chat::frame::ServerFrame;

    #[test]
    fn what_is_counted_is_the_length_of_the_text() {
        let error =
            |reason: &str| ServerFrame::Error { field: "frame".into(), reason: reason.into() };
        for frame in [error(""), error("\"quoted\" and\nbroken \u{1f600} \u{7}")] {
            let text = serde_json::to_string(&frame).unwrap();
            assert_eq!(json_bytes(&frame), text.len() as u64, "{text}");
        }
    }
}
