//! What is wrong with a frame or a body, and where.

use hubbub_chat::{
    ChannelId, ClientId, MessageId, OperationId, UserId,
    frame::{Change, Cursors},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Error, Map, Value};
use serde_path_to_error::{Path, Segment};

/// Characters at most of the field and of the reason: both can hold what the other end sent.
const FIELD_CHARS_MAX: usize = 128;
const REASON_CHARS_MAX: usize = 512;

/// The field's name for the whole of a frame.
const FRAME: &str = "frame";
/// The field's name for the whole of a body.
const BODY: &str = "body";
/// The field that says which frame it is.
const TYPE: &str = "type";

/// What is wrong with a frame or the body of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Malformed {
    /// The way to the field, as in `cursors.direct-1-2` and `change.invite[0]`; `frame` or `body` for
    /// the whole of it.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Malformed {
    /// A field that is wrong for this reason. Both are cut to their bounds.
    pub(crate) fn new(field: &str, reason: &str) -> Self {
        let cut = |text: &str, chars_max| text.chars().take(chars_max).collect();
        Self { field: cut(field, FIELD_CHARS_MAX), reason: cut(reason, REASON_CHARS_MAX) }
    }
}

/// What is wrong with a frame of a client, which `error` says without the way to it: a frame is
/// read to its end before its `type` tells what its fields should be.
pub(super) fn in_client_frame(frame: &str, error: &Error) -> Malformed {
    let Ok(value) = serde_json::from_str::<Value>(frame) else {
        return in_frame(error);
    };
    let Value::Object(mut fields) = value else {
        return Malformed::new(FRAME, "expected an object");
    };
    let name = match fields.remove(TYPE) {
        Some(Value::String(name)) => name,
        Some(_) => return Malformed::new(TYPE, "expected a string"),
        None => return Malformed::new(TYPE, "missing field `type`"),
    };
    let named = Value::Object(Map::from_iter([(name, Value::Object(fields))]));
    match serde_path_to_error::deserialize::<_, NamedFrame>(named) {
        // Only the text says it: a field stands there twice.
        Ok(_) => in_frame(error),
        Err(error) => {
            let reason = error.inner().to_string();
            // The first step is the frame's name.
            Malformed::new(&way(error.path(), 1, &reason).unwrap_or(TYPE.into()), &reason)
        }
    }
}

/// What is wrong with a frame, as far as the message alone says.
pub(super) fn in_frame(error: &Error) -> Malformed {
    let reason = error.to_string();
    let field = match named_field(&reason) {
        Some(field) => field,
        None if reason.starts_with("unknown variant") => TYPE,
        None => FRAME,
    };
    Malformed::new(field, &reason)
}

/// What is wrong with the body of a request.
pub(super) fn in_body<T: DeserializeOwned>(body: &[u8], error: &Error) -> Malformed {
    let mut json = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(error) if error.inner().is_data() => {
            let reason = error.inner().to_string();
            Malformed::new(&way(error.path(), 0, &reason).unwrap_or(BODY.into()), &reason)
        }
        // No JSON, or more than one value.
        _ => Malformed::new(BODY, &error.to_string()),
    }
}

/// The way to the field below the first `skipped` steps; `None` when it leads nowhere.
fn way(path: &Path, skipped: usize, reason: &str) -> Option<String> {
    let mut way = String::new();
    for step in path.iter().skip(skipped) {
        let separator =
            if way.is_empty() || matches!(step, Segment::Seq { .. }) { "" } else { "." };
        way.push_str(separator);
        way.push_str(&step.to_string());
    }
    // A field that is missing is not on the way to the object that lacks it.
    if let Some(field) = named_field(reason)
        && path.iter().next_back().is_none_or(|step| step.to_string() != field)
    {
        if !way.is_empty() {
            way.push('.');
        }
        way.push_str(field);
    }
    (!way.is_empty()).then_some(way)
}

/// The field that serde's message names between backquotes: "missing field `body`", "unknown field
/// `boddy`, expected …", "duplicate field `body`".
fn named_field(reason: &str) -> Option<&str> {
    let (kind, rest) = reason.split_once(" field `")?;
    let (field, _) = rest.split_once('`')?;
    matches!(kind, "missing" | "unknown" | "duplicate").then_some(field)
}

/// The frames of a client, read by their names: the same fields as `ClientFrame`, only to find the
/// way to a wrong one.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "what is read here is wrong, or said already")]
enum NamedFrame {
    Hello {
        version: u32,
        cursors: Cursors,
        #[serde(default)]
        newest: MessageId,
    },
    Send {
        channel: ChannelId,
        membership: MessageId,
        client_id: ClientId,
        oldest_pending: ClientId,
        body: String,
    },
    Change {
        channel: ChannelId,
        operation: OperationId,
        change: Change,
    },
    Cursor {
        cursors: Cursors,
    },
    Sync {
        cursors: Cursors,
        #[serde(default)]
        newest: MessageId,
    },
    Look {
        users: Vec<UserId>,
    },
    Heartbeat {
        cursors: Cursors,
    },
}

#[cfg(test)]
mod tests {
    use hubbub_chat::frame::{ChangeFrame, ClientFrame, SendFrame};

    use super::*;
    use crate::codec::{decode_client, encode_client};

    fn field(frame: &str) -> String {
        let malformed = decode_client(frame).unwrap_err();
        assert!(!malformed.reason.is_empty(), "{frame}");
        malformed.field
    }

    #[test]
    fn a_malformed_frame_names_its_field() {
        for (expected, frame) in [
            ("frame", "{"),
            ("frame", "[]"),
            ("frame", r#"{"type":"heartbeat","cursors":{}} {}"#),
            ("type", r#"{"type":"shout"}"#),
            ("type", r#"{"type":7}"#),
            ("type", r#"{"cursors":{}}"#),
            ("version", r#"{"type":"hello","version":-1,"cursors":{}}"#),
            ("cursors", r#"{"type":"cursor"}"#),
            ("cursors", r#"{"type":"cursor","cursors":[]}"#),
            ("cursors.direct-1-2", r#"{"type":"cursor","cursors":{"direct-1-2":"x"}}"#),
            ("cursors.direct-2-1", r#"{"type":"sync","cursors":{"direct-2-1":1}}"#),
            ("newest", r#"{"type":"sync","cursors":{},"newest":1.5}"#),
            ("users[1]", r#"{"type":"look","users":[1,"2"]}"#),
            ("beat", r#"{"type":"heartbeat","cursors":{},"beat":1}"#),
        ] {
            assert_eq!(field(frame), expected, "{frame}");
        }
    }

    #[test]
    fn a_malformed_send_or_change_names_its_field() {
        let send = |rest: &str| {
            field(&format!(r#"{{"type":"send","channel":"direct-1-2","membership":0,{rest}}}"#))
        };
        let change = |rest: &str| {
            field(&format!(r#"{{"type":"change","channel":"group-1-2","operation":1,{rest}}}"#))
        };
        assert_eq!(send(r#""client_id":1,"oldest_pending":1"#), "body");
        assert_eq!(send(r#""client_id":1,"oldest_pending":1,"body":7"#), "body");
        assert_eq!(send(r#""client_id":1,"oldest_pending":1,"body":"x","body":"y""#), "body");
        assert_eq!(send(r#""client_id":"1","oldest_pending":1,"body":"x""#), "client_id");
        assert_eq!(send(r#""client_id":1,"oldest_pending":1,"body":"x","boddy":"x""#), "boddy");
        assert_eq!(change(r#""change":7"#), "change");
        assert_eq!(change(r#""change":"dance""#), "change");
        assert_eq!(change(r#""change":{"dance":1}"#), "change");
        assert_eq!(change(r#""change":{"invite":3}"#), "change.invite");
        assert_eq!(change(r#""change":{"invite":[3,null]}"#), "change.invite[1]");
        assert_eq!(change(r#""change":{"rename":[]}"#), "change.rename");
    }

    #[test]
    fn what_the_other_end_sent_is_not_sent_back_at_any_length() {
        let long = "x".repeat(100_000);
        for frame in [
            format!(r#"{{"type":"cursor","cursors":{{}},"{long}":1}}"#),
            format!(r#"{{"type":"cursor","cursors":{{"{long}":1}}}}"#),
            format!(r#"{{"type":"{long}"}}"#),
            format!(r#"{{"type":"look","users":["{long}"]}}"#),
        ] {
            let Malformed { field, reason } = decode_client(&frame).unwrap_err();
            assert!(field.len() <= FIELD_CHARS_MAX && reason.len() <= REASON_CHARS_MAX);
        }
    }

    #[test]
    fn a_body_names_its_field() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only its form matters")]
        struct Body {
            operation: OperationId,
            change: Change,
        }
        let field =
            |body: &str| crate::codec::decode_body::<Body>(body.as_bytes()).unwrap_err().field;
        assert_eq!(field(""), "body");
        assert_eq!(field("{"), "body");
        assert_eq!(field("[]"), "body");
        assert_eq!(field(r#"{"operation":1,"change":"join"} {}"#), "body");
        assert_eq!(field(r#"{"change":"join"}"#), "operation");
        assert_eq!(field(r#"{"operation":"1","change":"join"}"#), "operation");
        assert_eq!(field(r#"{"operation":1,"change":{"invite":[1,true]}}"#), "change.invite[1]");
        assert_eq!(field(r#"{"operation":1,"change":"join","more":1}"#), "more");
    }

    /// A frame that a `ClientFrame` can be is one that the names know, field by field; a new variant
    /// does not compile here before it is among them.
    #[test]
    fn every_frame_is_known_by_its_name() {
        let channel = ChannelId::group(UserId(1), 2);
        let cursors = Cursors::from([(channel, MessageId(3))]);
        let newest = MessageId(4);
        let frames = [
            ClientFrame::Hello { version: 1, cursors: cursors.clone(), newest },
            ClientFrame::Send(SendFrame {
                channel,
                membership: MessageId(1),
                client_id: ClientId(1),
                oldest_pending: ClientId(1),
                body: "x".into(),
            }),
            ClientFrame::Change(ChangeFrame {
                channel,
                operation: OperationId(1),
                change: Change::Join,
            }),
            ClientFrame::Cursor { cursors: cursors.clone() },
            ClientFrame::Sync { cursors: cursors.clone(), newest },
            ClientFrame::Look { users: vec![UserId(1)] },
            ClientFrame::Heartbeat { cursors },
        ];
        for frame in frames {
            let mut fields: Map<String, Value> =
                serde_json::from_str(&encode_client(&frame)).unwrap();
            let Some(Value::String(name)) = fields.remove(TYPE) else { panic!("no type") };
            let named = Value::Object(Map::from_iter([(name, Value::Object(fields))]));
            let known = serde_json::from_value::<NamedFrame>(named).unwrap();
            let is_the_same = match frame {
                ClientFrame::Hello { .. } => matches!(known, NamedFrame::Hello { .. }),
                ClientFrame::Send(_) => matches!(known, NamedFrame::Send { .. }),
                ClientFrame::Change(_) => matches!(known, NamedFrame::Change { .. }),
                ClientFrame::Cursor { .. } => matches!(known, NamedFrame::Cursor { .. }),
                ClientFrame::Sync { .. } => matches!(known, NamedFrame::Sync { .. }),
                ClientFrame::Look { .. } => matches!(known, NamedFrame::Look { .. }),
                ClientFrame::Heartbeat { .. } => matches!(known, NamedFrame::Heartbeat { .. }),
            };
            assert!(is_the_same);
        }
    }
}
