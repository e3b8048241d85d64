//! Sessions over polls, and requests beside a stream.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{
    ChannelId, Content, Design,
    design::Transport,
    frame::{CutReason, ServerFrame},
    transport::{PollAnswer, REQUEST_FRAMES_MAX},
};
use hubbub_service::net::{BoxStream, Net};
use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Account, Http, Places, Server, Session, design, within};

/// Longer than any test: whoever waits for it waits for something else.
const NEVER: Duration = Duration::from_secs(3600);

fn long_polling() -> Design {
    Design { transport: Transport::LongPolling, poll_wait: NEVER, ..design() }
}

/// A session over polls in the test's own hands.
struct Polls {
    http: Http,
    token: String,
    session: u64,
    polls: u64,
    seen: u64,
}

impl Polls {
    /// Opens a session with `hello` and reads the first pages.
    async fn hello(net: &Arc<dyn Net>, address: &str, account: &Account) -> Self {
        let http = Http::new(net, address);
        let (token, session) = (account.token.clone(), 0);
        let mut polls = Self { http, token, session, polls: 0, seen: 0 };
        let hello = json!({ "type": "hello", "version": 1, "cursors": {} });
        let first = json!({ "number": 1, "seen": 0, "wait_ms": 0, "frames": [hello] });
        polls.polls = 1;
        let mut frames = polls.answer(first).await.frames;
        if frames.is_empty() {
            frames = polls.poll().await.frames;
        }
        let [ServerFrame::Page { more: false, .. }] = frames.as_slice() else {
            panic!("not the last page: {frames:?}")
        };
        polls
    }

    fn body(&self) -> Value {
        let wait_ms = u64::try_from(NEVER.as_millis()).unwrap();
        json!({
            "session": self.session, "number": self.polls, "seen": self.seen, "wait_ms": wait_ms,
        })
    }

    /// A poll that the server may hold.
    async fn poll(&mut self) -> PollAnswer {
        self.polls += 1;
        let body = self.body();
        self.answer(body).await
    }

    async fn answer(&mut self, body: Value) -> PollAnswer {
        let answer = self.http.post("/v1/poll", Some(&self.token), body).await;
        let answer: PollAnswer = serde_json::from_value(answer).unwrap();
        (self.session, self.seen) = (answer.session, answer.number);
        answer
    }

    /// The next frames that are no answer to a heartbeat.
    async fn next(&mut self) -> Vec<ServerFrame> {
        loop {
            let mut frames = self.poll().await.frames;
            frames.retain(|frame| !matches!(frame, ServerFrame::Alive { .. }));
            if !frames.is_empty() {
                return frames;
            }
        }
    }

    async fn say(&self, number: u64, channel: ChannelId, client_id: u64, body: &str) {
        send(&self.http, &self.token, self.session, number, channel, client_id, body).await;
    }
}

/// A message in a request of the send lane.
async fn send(
    http: &Http,
    token: &str,
    session: u64,
    number: u64,
    channel: ChannelId,
    client_id: u64,
    body: &str,
) {
    let frame = json!({
        "type": "send", "channel": channel, "membership": 0,
        "client_id": client_id, "oldest_pending": client_id, "body": body,
    });
    let body = json!({ "session": session, "number": number, "frames": [frame] });
    assert_eq!(http.post("/v1/frames", Some(token), body).await, Value::Null);
}

fn text(frame: &ServerFrame) -> Option<&str> {
    match frame {
        ServerFrame::Entry { entry } => match &entry.content {
            Content::Text(body) => Some(body),
            _ => None,
        },
        _ => None,
    }
}

async fn sessions(http: &Http) -> u64 {
    http.get("/v1/health", None).await["sessions"].as_u64().unwrap()
}

async fn no_session_is_left(http: &Http) {
    within("end of the session", async { while sessions(http).await > 0 {} }).await;
}

#[tokio::test]
async fn devices_talk_over_polls_and_streams_with_one_another() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, long_polling()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let mut at_ann = Polls::hello(&net, &server.address, &ann).await;
    let (mut at_ben, _) = Session::hello(&net, &server.address, &ben).await;

    at_ann.say(1, channel, 1, "over a request").await;
    let accepted = at_ann.next().await;
    assert!(matches!(accepted.as_slice(), [ServerFrame::Accepted { .. }]), "{accepted:?}");
    assert_eq!(text(&at_ben.next().await), Some("over a request"));

    // The poll is held until there is something to say.
    let (frames, ()) = tokio::join!(at_ann.next(), at_ben.say(channel, 1, "over a stream"));
    assert_eq!(frames.iter().filter_map(text).collect::<Vec<_>>(), ["over a stream"]);
}

#[tokio::test]
async fn a_request_beside_a_stream_is_taken_in_once() {
    let net = Places::net();
    let design = Design { transport: Transport::HttpSend, ..design() };
    let (server, _models) = Server::alone(&net, design).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut at_ann, _) = Session::hello(&net, &server.address, &ann).await;
    for _ in 0..2 {
        send(&http, &ann.token, at_ann.number, 1, channel, 1, "one").await;
    }
    send(&http, &ann.token, at_ann.number, 2, channel, 2, "two").await;
    at_ann.accepted(1).await;
    at_ann.accepted(2).await;
    let health = http.get("/v1/health", None).await;
    assert_eq!((&health["appends"], &health["repeats"]), (&2.into(), &0.into()), "{health}");

    drop(at_ann);
    no_session_is_left(&http).await;
    let (again, _) = Session::hello(&net, &server.address, &ann).await;
    assert_ne!(again.number, 0);
    let body = json!({ "session": again.number, "number": 2, "frames": [] });
    let answer = http.code("/v1/frames", Some(&ann.token), body).await;
    assert_eq!(answer, (400, "out_of_order".into()), "each session counts from 1");
}

#[tokio::test]
async fn only_its_own_device_can_name_a_session() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, long_polling()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let of_ann = Polls::hello(&net, &server.address, &ann).await;
    let (stream, _) = Session::hello(&net, &server.address, &ann).await;
    let unknown = (404, "unknown_session".to_owned());
    for session in [of_ann.session, stream.number, 7] {
        let poll = json!({ "session": session, "number": 2, "seen": 1, "wait_ms": 0 });
        let frames = json!({ "session": session, "number": 1, "frames": [] });
        assert_eq!(http.code("/v1/poll", Some(&ben.token), poll).await, unknown);
        assert_eq!(http.code("/v1/frames", Some(&ben.token), frames).await, unknown);
    }
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_and_says_why() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, long_polling()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let token = Some(ann.token.as_str());
    let polls = Polls::hello(&net, &server.address, &ann).await;
    let frames = |number: u64, frames: Value| json!({ "session": polls.session, "number": number, "frames": frames });
    let cursor = json!({ "type": "cursor", "cursors": {} });
    let many = Value::Array(vec![cursor.clone(); REQUEST_FRAMES_MAX + 1]);
    for (path, body, expected) in [
        ("/v1/frames", frames(2, json!([])), (400, "out_of_order")),
        ("/v1/frames", frames(1, many), (413, "too_many_frames")),
        ("/v1/poll", json!({ "number": 2, "seen": 0, "wait_ms": 0 }), (400, "out_of_order")),
        ("/v1/poll", json!({ "number": 1, "seen": 1, "wait_ms": 0 }), (400, "out_of_order")),
    ] {
        let (status, code) = http.code(path, token, body).await;
        assert_eq!((status, code.as_str()), expected, "{path}");
    }
    for (body, field) in [
        (frames(1, json!([cursor, { "type": "shout" }])), "frames[1].type"),
        (json!({ "session": polls.session, "number": 1 }), "frames"),
        (json!({ "session": "7", "number": 1, "frames": [] }), "session"),
    ] {
        let (status, answer) = http.refused(Method::POST, "/v1/frames", token, Some(body)).await;
        assert_eq!((status, &answer["field"]), (400, &field.into()), "{answer}");
    }
    assert_eq!(http.get("/v1/health", None).await["frames_malformed"], 3);
    // None of them took the number.
    let body = json!({ "session": polls.session, "number": 1, "frames": [] });
    assert_eq!(http.post("/v1/frames", token, body).await, Value::Null);
}

#[tokio::test]
async fn a_session_outlives_the_connection_of_its_poll() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, long_polling()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let mut at_ann = Polls::hello(&net, &server.address, &ann).await;
    let (mut at_ben, _) = Session::hello(&net, &server.address, &ben).await;
    at_ann.polls += 1;
    let connection = hold(&net, &at_ann).await;
    drop(connection);
    at_ben.say(channel, 1, "are you there").await;
    at_ben.accepted(1).await;
    // The repeat of the poll takes along what was said meanwhile.
    let body = at_ann.body();
    let frames = at_ann.answer(body).await.frames;
    assert_eq!(frames.iter().filter_map(text).collect::<Vec<_>>(), ["are you there"]);
}

/// Sends a poll on a connection of its own and waits for no answer.
async fn hold(net: &Arc<dyn Net>, polls: &Polls) -> BoxStream {
    let body = polls.body().to_string();
    let request = format!(
        "POST /v1/poll HTTP/1.1\r\nhost: chat\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        polls.token,
        body.len(),
    );
    let mut stream = net.connect(&polls.http.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_session_whose_poll_is_closed_ends_when_no_other_comes() {
    let net = Places::net();
    let silence_after = Duration::from_millis(400);
    let (server, _models) = Server::alone(&net, Design { silence_after, ..long_polling() }).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let mut polls = Polls::hello(&net, &server.address, &ann).await;
    assert_eq!(sessions(&http).await, 1);
    polls.polls += 1;
    // Were the close not noticed, the poll would be held for an hour.
    drop(hold(&net, &polls).await);
    no_session_is_left(&http).await;
    let answer = http.code("/v1/poll", Some(&polls.token), polls.body()).await;
    assert_eq!(answer, (404, "unknown_session".into()));
}

#[tokio::test]
async fn a_device_has_four_sessions_over_polls_at_most() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, long_polling()).await;
    let ann = Http::new(&net, &server.address).enter("ann").await;
    let mut opened = Vec::new();
    for _ in 0..5 {
        opened.push(Polls::hello(&net, &server.address, &ann).await);
    }
    let code = async |polls: &mut Polls| {
        polls.polls += 1;
        let body =
            json!({ "session": polls.session, "number": polls.polls, "seen": 1, "wait_ms": 0 });
        polls.http.code("/v1/poll", Some(&polls.token), body).await
    };
    assert_eq!(code(&mut opened[0]).await, (404, "unknown_session".into()));
    // The second was replaced at the chat server, and says so.
    let last_words = opened[1].next().await;
    assert_eq!(last_words, [ServerFrame::Bye { reason: CutReason::Replaced }]);
}

#[tokio::test]
async fn a_held_poll_is_told_of_the_shutdown() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, long_polling()).await;
    let ann = Http::new(&net, &server.address).enter("ann").await;
    let mut polls = Polls::hello(&net, &server.address, &ann).await;
    polls.polls += 1;
    let superseded = hold(&net, &polls).await;
    let held = hold(&net, &polls).await;
    // Once the repeat has taken the place of the first, it is held.
    assert!(read(superseded).await.starts_with("HTTP/1.1 409 "));
    let (answer, ()) = tokio::join!(read(held), server.stop());
    let (_, answer) = answer.split_once("\r\n\r\n").unwrap();
    let answer: PollAnswer = serde_json::from_str(answer).unwrap();
    assert!(answer.ended);
    assert_eq!(answer.frames, [ServerFrame::Bye { reason: CutReason::Shutdown }]);
}

/// Reads until the server closes.
async fn read(mut stream: BoxStream) -> String {
    let mut answer = String::new();
    within("answer", stream.read_to_string(&mut answer)).await.unwrap();
    answer
}
