//! Frames as text on a WebSocket. `docs/protocol.md` describes the form.

mod malformed;

use std::sync::atomic::{AtomicU64, Ordering};

use hubbub_chat::frame::{ClientFrame, ServerFrame};
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::Utf8Bytes;

pub use malformed::Malformed;

/// Encodes frames and counts how often it did: a message to many sessions is encoded once.
#[derive(Debug, Default)]
pub struct Encoder {
    encoded: AtomicU64,
}

impl Encoder {
    /// The text of a frame to a device. Its bytes are shared by all who send it.
    pub fn encode(&self, frame: &ServerFrame) -> Utf8Bytes {
        self.encoded.fetch_add(1, Ordering::Relaxed);
        text(frame)
    }

    /// How many frames were encoded.
    #[must_use]
    pub fn encoded(&self) -> u64 {
        self.encoded.load(Ordering::Relaxed)
    }
}

/// The text of a frame to a chat server.
#[must_use]
pub fn encode_client(frame: &ClientFrame) -> Utf8Bytes {
    text(frame)
}

/// Reads a frame of a device.
///
/// # Errors
/// When the text is no frame; says which field is wrong.
pub fn decode_client(frame: &str) -> Result<ClientFrame, Malformed> {
    // The way to a wrong field is looked for only when there is one.
    serde_json::from_str(frame).map_err(|error| malformed::in_client_frame(frame, &error))
}

/// Reads a frame of a chat server.
///
/// # Errors
/// When the text is no frame.
pub fn decode_server(frame: &str) -> Result<ServerFrame, Malformed> {
    serde_json::from_str(frame).map_err(|error| malformed::in_frame(&error))
}

/// Reads the JSON body of a request.
///
/// # Errors
/// When it is no JSON or not of this form; says which field is wrong.
pub(crate) fn decode_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(body).map_err(|error| malformed::in_body::<T>(body, &error))
}

fn text(frame: &impl serde::Serialize) -> Utf8Bytes {
    // Frames hold strings, numbers and maps with string keys: there is nothing JSON can't say.
    serde_json::to_string(frame).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_documented_form() {
        let frame = decode_client(r#"{"type":"heartbeat","cursors":{"direct-1-2":7}}"#).unwrap();
        assert_eq!(
            encode_client(&frame).as_str(),
            r#"{"type":"heartbeat","cursors":{"direct-1-2":7}}"#
        );
    }
}
