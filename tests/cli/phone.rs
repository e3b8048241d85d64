//! A device that speaks the protocol by requests alone, and goes to another server when its own is
//! gone.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

/// How long a request may take; longer than any server holds a poll.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tries of anything before it has failed: with a pause of a tenth of a second, a minute.
const TRIES: usize = 600;

/// How long a poll is held.
const HELD_MS: u64 = 200;

pub(crate) struct Phone {
    api: String,
    name: String,
    user: u64,
    token: String,
    session: Option<Session>,
    /// The last number of a send.
    sent: u64,
    /// Sends that are not accepted.
    pending: BTreeMap<u64, (String, String)>,
    cursors: BTreeMap<String, u64>,
    /// What it has, by channel and place.
    entries: BTreeMap<(String, u64), String>,
    online: Vec<u64>,
}

struct Session {
    server: String,
    number: u64,
    polls: u64,
    seen: u64,
    requests: u64,
}

impl Phone {
    pub(crate) fn sign_up(api: &str, name: &str) -> Self {
        let account = json!({ "name": name, "password": "correct horse" });
        let answer = retried("sign-up", || request(api, "POST", "/v1/users", None, Some(&account)));
        assert_eq!(answer.0, 201, "{}", answer.1);
        Self::log_in(api, name)
    }

    fn log_in(api: &str, name: &str) -> Self {
        let account = json!({ "name": name, "password": "correct horse" });
        let login = || request(api, "POST", "/v1/login", None, Some(&account));
        let (status, answer) = retried("login", login);
        assert_eq!(status, 200, "{answer}");
        Self {
            api: api.into(),
            name: name.into(),
            user: answer["user"].as_u64().unwrap(),
            token: answer["token"].as_str().unwrap().into(),
            session: None,
            sent: 0,
            pending: BTreeMap::new(),
            cursors: BTreeMap::new(),
            entries: BTreeMap::new(),
            online: Vec::new(),
        }
    }

    /// Another device of the same user.
    pub(crate) fn log_in_again(&self) -> Self {
        Self::log_in(&self.api, &self.name)
    }

    pub(crate) fn befriend(&self, other: &Self) {
        let path = format!("/v1/friends/{}", other.user);
        let asked = request(&self.api, "PUT", &path, Some(&self.token), None).unwrap();
        assert_eq!(asked.0, 200, "{}", asked.1);
    }

    /// Where its session is.
    pub(crate) fn server(&self) -> &str {
        &self.session.as_ref().expect("it has a session").server
    }

    /// Opens a session at this server, as soon as that takes it.
    pub(crate) fn attach_to(&mut self, server: &str) {
        attempt("session", || self.try_attach(server).then_some(()));
    }

    /// Opens a session wherever discovery sends it.
    fn attach(&mut self) {
        attempt("session anywhere", || {
            let asked = request(&self.api, "GET", "/v1/servers", Some(&self.token), None);
            let (_, answer) = asked.ok()?;
            let named = [&answer["server"], &answer["fallback"]];
            let named: Vec<String> =
                named.into_iter().filter_map(Value::as_str).map(str::to_owned).collect();
            named.iter().any(|server| self.try_attach(server)).then_some(())
        });
    }

    fn try_attach(&mut self, server: &str) -> bool {
        let hello = json!({ "type": "hello", "version": 1, "cursors": self.cursors });
        let body = json!({ "number": 1, "seen": 0, "wait_ms": 0, "frames": [hello] });
        let opened = request(server, "POST", "/v1/poll", Some(&self.token), Some(&body));
        let Ok((200, answer)) = opened else { return false };
        let number = answer["session"].as_u64().unwrap();
        let server = server.to_owned();
        self.session = Some(Session { server, number, polls: 1, seen: 1, requests: 0 });
        // The last page shows that the server has read the hello.
        let is_synced = |frame: &Value| frame["type"] == "page" && frame["more"] == false;
        self.take(&answer);
        let mut synced =
            answer["frames"].as_array().is_some_and(|frames| frames.iter().any(is_synced));
        while !synced {
            let Some(answer) = self.poll() else { return false };
            synced = answer["frames"].as_array().is_some_and(|frames| frames.iter().any(is_synced));
        }
        self.resend();
        self.session.is_some()
    }

    /// One poll; without an answer the session is given up.
    fn poll(&mut self) -> Option<Value> {
        let session = self.session.as_mut()?;
        session.polls += 1;
        let heartbeat = json!({ "type": "heartbeat", "cursors": self.cursors });
        let body = json!({
            "session": session.number, "number": session.polls, "seen": session.seen,
            "wait_ms": HELD_MS, "frames": [heartbeat],
        });
        let answer = request(&session.server, "POST", "/v1/poll", Some(&self.token), Some(&body));
        match answer {
            Ok((200, answer)) => {
                session.seen = answer["number"].as_u64().unwrap();
                self.take(&answer);
                self.session.is_some().then_some(answer)
            }
            _ => {
                self.session = None;
                None
            }
        }
    }

    fn poll_or_attach(&mut self) {
        if self.poll().is_none() {
            self.attach();
        }
    }

    fn take(&mut self, answer: &Value) {
        let (mut is_refused, mut has_hole) = (false, false);
        for frame in answer["frames"].as_array().into_iter().flatten() {
            match frame["type"].as_str().unwrap() {
                "accepted" => {
                    let number = frame["client_id"].as_u64().unwrap();
                    if let Some((_, body)) = self.pending.remove(&number) {
                        // Behind something that it does not have yet, the entry comes again.
                        self.keep(&frame["channel"], &frame["message_id"], &body);
                    }
                }
                "refused" => is_refused = true,
                "entry" => has_hole |= !self.keep_entry(&frame["entry"]),
                "page" => {
                    let ranges = frame["ranges"].as_array().unwrap();
                    let entries = ranges.iter().map(|range| range["entries"].as_array().unwrap());
                    for entry in entries.flatten() {
                        has_hole |= !self.keep_entry(entry);
                    }
                }
                "statuses" => {
                    for status in frame["statuses"].as_array().unwrap() {
                        let user = status["user"].as_u64().unwrap();
                        self.online.retain(|other| *other != user);
                        if status["online"] == true {
                            self.online.push(user);
                        }
                    }
                }
                _ => {}
            }
        }
        // A new session begins with what it has.
        if answer["ended"] == true || has_hole {
            self.session = None;
        } else if is_refused {
            self.resend();
        }
    }

    /// Whether the entry follows what it has, or is there already.
    fn keep_entry(&mut self, entry: &Value) -> bool {
        let body = entry["content"]["text"].as_str().unwrap();
        self.keep(&entry["channel"], &entry["message_id"], body)
    }

    fn keep(&mut self, channel: &Value, message_id: &Value, body: &str) -> bool {
        let channel = channel.as_str().unwrap().to_owned();
        let place = message_id.as_u64().unwrap();
        let cursor = self.cursors.entry(channel.clone()).or_default();
        if place > *cursor + 1 {
            return false;
        }
        *cursor = place.max(*cursor);
        let kept = self.entries.entry((channel, place)).or_insert_with(|| body.to_owned());
        assert_eq!(kept, body, "place {place} holds two messages");
        true
    }

    /// Sends what is not accepted, under its numbers.
    fn resend(&mut self) {
        let Some(session) = self.session.as_mut().filter(|_| !self.pending.is_empty()) else {
            return;
        };
        session.requests += 1;
        let oldest = self.pending.keys().next().unwrap();
        let frames: Vec<Value> = self
            .pending
            .iter()
            .map(|(number, (channel, body))| {
                json!({
                    "type": "send", "channel": channel, "membership": 0,
                    "client_id": number, "oldest_pending": oldest, "body": body,
                })
            })
            .collect();
        let body =
            json!({ "session": session.number, "number": session.requests, "frames": frames });
        let sent = request(&session.server, "POST", "/v1/frames", Some(&self.token), Some(&body));
        if !matches!(sent, Ok((204, _))) {
            self.session = None;
        }
    }

    /// Sends without waiting.
    pub(crate) fn send(&mut self, to: &Self, text: &str) {
        self.sent += 1;
        self.pending.insert(self.sent, (direct(self.user, to.user), text.to_owned()));
        self.resend();
    }

    /// Goes on until this was accepted, wherever that may be.
    pub(crate) fn wait_for_acceptance(&mut self, to: &Self, text: &str) {
        let message = (direct(self.user, to.user), text.to_owned());
        attempt(text, || {
            self.poll_or_attach();
            (!self.pending.values().any(|pending| *pending == message)).then_some(())
        });
    }

    pub(crate) fn say(&mut self, to: &Self, text: &str) {
        self.send(to, text);
        self.wait_for_acceptance(to, text);
    }

    /// Goes on until it has these messages, in this order, and nothing else.
    pub(crate) fn wait_for(&mut self, texts: &[&str]) {
        attempt(&format!("{texts:?}"), || {
            self.poll_or_attach();
            (self.entries.len() >= texts.len()).then_some(())
        });
        let held: Vec<&str> = self.entries.values().map(String::as_str).collect();
        assert_eq!(held, texts);
        let places: Vec<u64> = self.entries.keys().map(|(_, place)| *place).collect();
        assert_eq!(places, (1..=texts.len() as u64).collect::<Vec<_>>());
    }

    /// Asks how things stand with somebody, who lives, until they are online.
    pub(crate) fn wait_until_online(&mut self, other: &mut Self) {
        attempt("status", || {
            other.poll_or_attach();
            let session = self.session.as_mut()?;
            session.requests += 1;
            let look = json!({ "type": "look", "users": [other.user] });
            let (number, requests) = (session.number, session.requests);
            let body = json!({ "session": number, "number": requests, "frames": [look] });
            let asked =
                request(&session.server, "POST", "/v1/frames", Some(&self.token), Some(&body));
            assert_eq!(asked.unwrap().0, 204);
            self.poll_or_attach();
            self.online.contains(&other.user).then_some(())
        });
    }
}

fn direct(one: u64, other: u64) -> String {
    format!("direct-{}-{}", one.min(other), one.max(other))
}

/// Tries until there is something.
fn attempt<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    for _ in 0..TRIES {
        if let Some(value) = attempt() {
            return value;
        }
        // Between two tries to reach a server that is not there yet.
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no {what} after {TRIES} tries")
}

/// The first answer that is no "try again later".
fn retried(what: &str, ask: impl Fn() -> std::io::Result<(u16, Value)>) -> (u16, Value) {
    attempt(what, || ask().ok().filter(|(status, _)| *status != 503))
}

/// One request on a connection of its own; the status and the answer.
fn request(
    address: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> std::io::Result<(u16, Value)> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        token.unwrap_or_default(),
        body.len(),
    );
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = match body.is_empty() {
        true => Value::Null,
        false => serde_json::from_str(body).map_err(|_| broken())?,
    };
    Ok((status.ok_or_else(broken)?, body))
}
