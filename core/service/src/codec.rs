//! Frames as text on a WebSocket. `docs/protocol.md` describes the form.

use std::sync::atomic::{AtomicU64, Ordering};

use hubbub_chat::frame::{ClientFrame, ServerFrame};
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::Utf8Bytes;

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

/// What is wrong with a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Malformed {
    /// The field, or `frame` for the whole of it.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads a frame of a device.
///
/// # Errors
/// When the text is no frame; says which field is wrong as far as that is known.
pub fn decode_client(frame: &str) -> Result<ClientFrame, Malformed> {
    decode(frame)
}

/// Reads a frame of a chat server.
///
/// # Errors
/// When the text is no frame.
pub fn decode_server(frame: &str) -> Result<ServerFrame, Malformed> {
    decode(frame)
}

fn decode<T: DeserializeOwned>(frame: &str) -> Result<T, Malformed> {
    serde_json::from_str(frame).map_err(|error| {
        let reason = error.to_string();
        let field = named_field(&reason).unwrap_or("frame").to_owned();
        Malformed { field, reason }
    })
}

/// The field that serde's message names between backquotes: "missing field `body`", "unknown field
/// `boddy`, expected …", "unknown variant `x`, …" (which is the value of `type`).
fn named_field(reason: &str) -> Option<&str> {
    if reason.starts_with("unknown variant") {
        return Some("type");
    }
    let names_field = reason.contains("field `");
    let start = reason.find('`')? + 1;
    let end = start + reason[start..].find('`')?;
    names_field.then(|| &reason[start..end])
}

fn text(frame: &impl serde::Serialize) -> Utf8Bytes {
    // Frames hold strings, numbers and maps with string keys: there is nothing JSON can't say.
    serde_json::to_string(frame).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_frame_names_its_field() {
        let field = |frame| decode_client(frame).unwrap_err().field;
        assert_eq!(field("{"), "frame");
        assert_eq!(field(r#"{"type":"shout"}"#), "type");
        assert_eq!(field(r#"{"cursors":{}}"#), "type");
        assert_eq!(field(r#"{"type":"cursor"}"#), "cursors");
        assert_eq!(
            field(
                r#"{"type":"send","channel":"direct-1-2","membership":0,"client_id":1,"oldest_pending":1}"#
            ),
            "body"
        );
    }

    #[test]
    fn frames_have_the_documented_form() {
        let frame = decode_client(r#"{"type":"heartbeat","cursors":{"direct-1-2":7}}"#).unwrap();
        assert_eq!(
            encode_client(&frame).as_str(),
            r#"{"type":"heartbeat","cursors":{"direct-1-2":7}}"#
        );
    }
}
