//! `docs/protocol.md` says what the service does: its examples are read, written and sent.

use std::collections::BTreeSet;

use hubbub_chat::{
    Content,
    frame::{
        Change, ChangeOutcome, ChangeRefusal, ClientFrame, CutReason, SendRefusal, ServerFrame,
    },
};
use hubbub_service::codec::{Encoder, decode_client, decode_server, encode_client};
use serde_json::Value;

use crate::support::{Http, Places, Server, design};

/// The marker above an example, and the example.
struct Example {
    marker: String,
    json: Value,
}

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");
    std::fs::read_to_string(path).unwrap()
}

fn examples() -> Vec<Example> {
    let document = document();
    let mut examples = Vec::new();
    let mut above = "";
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if line == "```json" {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let marker = above.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
            let marker = marker.unwrap_or_else(|| panic!("no marker above {text:?}")).to_owned();
            let json = serde_json::from_str(&text.join("\n"));
            examples
                .push(Example { marker, json: json.unwrap_or_else(|e| panic!("{e}: {text:?}")) });
        }
        above = line;
    }
    examples
}

fn marked(marker: &str) -> Vec<Value> {
    let mut examples = examples();
    examples.retain(|example| example.marker == marker);
    examples.into_iter().map(|example| example.json).collect()
}

/// All names that a match without a wildcard gives, so that a new variant does not compile here
/// before it has a name, and does not pass before it has an example.
fn assert_shown(seen: &BTreeSet<&str>, all: &[&str]) {
    assert_eq!(*seen, all.iter().copied().collect::<BTreeSet<_>>());
}

#[test]
fn every_frame_of_a_client_has_an_example_that_the_codec_reads_and_writes() {
    let mut seen = BTreeSet::new();
    for json in marked("client") {
        let frame = decode_client(&json.to_string()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&encode_client(&frame)).unwrap(), json);
        seen.insert(match &frame {
            ClientFrame::Hello { .. } => "hello",
            ClientFrame::Send(_) => "send",
            ClientFrame::Change(change) => match change.change {
                Change::Create(_) => "create",
                Change::Invite(_) => "invite",
                Change::Join => "join",
                Change::Leave => "leave",
                Change::Remove(_) => "remove",
                Change::HandOver(_) => "hand_over",
                Change::Rename(_) => "rename",
            },
            ClientFrame::Cursor { .. } => "cursor",
            ClientFrame::Sync { .. } => "sync",
            ClientFrame::Look { .. } => "look",
            ClientFrame::Heartbeat { .. } => "heartbeat",
        });
    }
    let frames = ["hello", "send", "cursor", "sync", "look", "heartbeat"];
    let changes = ["create", "invite", "join", "leave", "remove", "hand_over", "rename"];
    assert_shown(&seen, &[&frames[..], &changes].concat());
}

#[test]
fn every_frame_of_a_server_has_an_example_that_the_codec_reads_and_writes() {
    let (mut seen, mut contents) = (BTreeSet::new(), BTreeSet::new());
    let encoder = Encoder::default();
    for json in marked("server") {
        let frame = decode_server(&json.to_string()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&encoder.encode(&frame)).unwrap(), json);
        seen.insert(match &frame {
            ServerFrame::Accepted { .. } => "accepted",
            ServerFrame::Refused { .. } => "refused",
            ServerFrame::Changed { .. } => "changed",
            ServerFrame::Entry { .. } => "entry",
            ServerFrame::Page { .. } => "page",
            ServerFrame::Statuses { .. } => "statuses",
            ServerFrame::Alive { .. } => "alive",
            ServerFrame::Error { .. } => "error",
            ServerFrame::Bye { .. } => "bye",
        });
        let entries = match frame {
            ServerFrame::Entry { entry } => vec![entry],
            ServerFrame::Page { ranges, .. } => {
                ranges.into_iter().flat_map(|range| range.entries).collect()
            }
            _ => Vec::new(),
        };
        contents.extend(entries.iter().map(|entry| match entry.content {
            Content::Text(_) => "text",
            Content::Created(_) => "created",
            Content::Invited(_) => "invited",
            Content::Joined => "joined",
            Content::Left => "left",
            Content::Removed(_) => "removed",
            Content::HandedOver(_) => "handed_over",
            Content::Renamed(_) => "renamed",
        }));
    }
    let frames = ["accepted", "refused", "changed", "entry", "page", "statuses", "alive"];
    assert_shown(&seen, &[&frames[..], &["error", "bye"]].concat());
    let changes = ["created", "invited", "joined", "left", "removed", "handed_over", "renamed"];
    assert_shown(&contents, &[&["text"][..], &changes].concat());
}

/// The values in the first column of the table with this heading, each put into a frame of a
/// server and read.
fn table(heading: &str, frame: impl Fn(&str) -> String) -> Vec<ServerFrame> {
    let document = document();
    let start = format!("| {heading} |");
    let rows = document.lines().skip_while(|line| !line.starts_with(&start)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cells: Vec<&str> = rows.map(|row| row.split('|').nth(1).unwrap()).collect();
    assert!(!cells.is_empty(), "no table {heading}");
    let values = cells.iter().flat_map(|cell| cell.split("`, `"));
    let values = values.map(|value| frame(value.trim_matches([' ', '`'])));
    values.map(|frame| decode_server(&frame).unwrap_or_else(|e| panic!("{e}: {frame}"))).collect()
}

#[test]
fn every_refusal_of_a_send_is_in_its_table() {
    let frame = |reason: &str| {
        format!(
            r#"{{"type":"refused","channel":"direct-1-2","membership":0,"client_id":1,"reason":{reason}}}"#
        )
    };
    let name = |frame| match frame {
        ServerFrame::Refused { reason, .. } => match reason {
            SendRefusal::ClientIdReused => "client_id_reused",
            SendRefusal::TooOld => "too_old",
            SendRefusal::Gap { .. } => "gap",
            SendRefusal::Busy => "busy",
            SendRefusal::Unavailable => "unavailable",
            SendRefusal::NotMember => "not_member",
            SendRefusal::TooLarge { .. } => "too_large",
            SendRefusal::UnknownDevice => "unknown_device",
        },
        other => panic!("{other:?}"),
    };
    let seen = table("`refused.reason`", frame).into_iter().map(name).collect();
    let all = ["client_id_reused", "too_old", "gap", "busy", "unavailable", "not_member"];
    assert_shown(&seen, &[&all[..], &["too_large", "unknown_device"]].concat());
}

#[test]
fn every_refusal_of_a_change_is_in_its_table() {
    let frame = |reason: &str| {
        format!(
            r#"{{"type":"changed","channel":"group-1-2","operation":1,"outcome":{{"refused":{reason}}}}}"#
        )
    };
    let name = |frame| match frame {
        ServerFrame::Changed { outcome: ChangeOutcome::Refused(reason), .. } => match reason {
            ChangeRefusal::NotMember => "not_member",
            ChangeRefusal::NotOwner => "not_owner",
            ChangeRefusal::GroupLimit { .. } => "group_limit",
            ChangeRefusal::TooOld => "too_old",
            ChangeRefusal::Exists => "exists",
            ChangeRefusal::Invalid => "invalid",
            ChangeRefusal::Busy => "busy",
            ChangeRefusal::Unavailable => "unavailable",
            ChangeRefusal::UnknownDevice => "unknown_device",
        },
        other => panic!("{other:?}"),
    };
    let seen = table("`changed.outcome.refused`", frame).into_iter().map(name).collect();
    let all = ["not_member", "not_owner", "group_limit", "too_old", "exists", "invalid", "busy"];
    assert_shown(&seen, &[&all[..], &["unavailable", "unknown_device"]].concat());
}

#[test]
fn every_reason_of_a_cut_is_in_its_table() {
    let frame = |reason: &str| format!(r#"{{"type":"bye","reason":{reason}}}"#);
    let name = |frame| match frame {
        ServerFrame::Bye { reason } => match reason {
            CutReason::SlowConsumer => "slow_consumer",
            CutReason::Silent => "silent",
            CutReason::Replaced => "replaced",
            CutReason::Shutdown => "shutdown",
            CutReason::Protocol => "protocol",
            CutReason::UnknownDevice => "unknown_device",
            CutReason::Draining => "draining",
            CutReason::Full => "full",
        },
        other => panic!("{other:?}"),
    };
    let seen = table("`bye.reason`", frame).into_iter().map(name).collect();
    let all = ["slow_consumer", "silent", "replaced", "shutdown", "protocol", "unknown_device"];
    assert_shown(&seen, &[&all[..], &["draining", "full"]].concat());
}

/// Sends the requests of the document, one after the other, and compares the answers.
#[tokio::test]
async fn the_requests_of_the_document_get_its_answers() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let mut token = String::new();
    let mut examples = examples().into_iter().peekable();
    let mut sent = 0;
    while let Some(Example { marker, json }) = examples.next() {
        let words: Vec<&str> = marker.split(' ').collect();
        let (method, path, status) = match words[..] {
            ["http", method, path, status] => (method, path, status),
            ["error", status, method, path] => (method, path, status),
            ["client" | "server"] => continue,
            _ => panic!("unknown marker: {marker}"),
        };
        let (body, expected) = match examples.next_if(|next| next.marker == "answer") {
            Some(answer) => (json.to_string(), answer.json),
            // Nothing is answered.
            None if status == "204" => (json.to_string(), Value::Null),
            None => (String::new(), json),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             authorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (answered, answer) = http.raw(&request).await;
        let answer = match answer.is_empty() {
            true => Value::Null,
            false => serde_json::from_str(&answer).unwrap(),
        };
        assert_eq!(answered.to_string(), status, "{marker}: {answer}");
        if let Some(issued) = answer["token"].as_str() {
            issued.clone_into(&mut token);
        }
        assert_eq!(masked(answer), masked(expected), "{marker}");
        sent += 1;
    }
    assert!(sent >= 18, "{sent} requests");
}

/// Hides what differs from server to server, and keeps its form.
fn masked(mut value: Value) -> Value {
    match &mut value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                *value = match (key.as_str(), value.take()) {
                    ("token", Value::String(token)) if token.len() == 32 => "a token".into(),
                    ("servers", Value::Array(servers)) => servers.len().into(),
                    ("server", Value::String(_)) => "an address".into(),
                    ("session", Value::Number(_)) => "a session".into(),
                    (_, value) => masked(value),
                };
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = masked(value.take())),
        _ => {}
    }
    value
}
