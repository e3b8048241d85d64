//! Which chat server a device goes to, one attempt after the other.
//!
//! An attempt lasts `connect_timeout` and may have several steps: asking one API server after the
//! other, then trying the server that was named, then its fallback. A host that is gone without a
//! word must not use up the attempt, so a step that others may follow gets half of what is left.

use std::{collections::VecDeque, fmt::Write as _, future, sync::Arc, time::Duration};

use hubbub_chat::{DeviceId, Monotonic, discovery::WAIT_MAX};
use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::{
    Discovery,
    http::{HttpError, request_json},
};
use crate::net::{BoxFuture, Net, in_time};

/// The way to a chat server.
pub(super) struct Route {
    net: Arc<dyn Net>,
    device: DeviceId,
    connect_timeout: Duration,
    asking: Option<BoxFuture<'static, Reply>>,
    /// Servers that can still be tried in this attempt.
    ahead: VecDeque<String>,
    /// The servers that discovery named last.
    known: Vec<String>,
    /// The server that has just turned the device away. Discovery may not know yet, so it is tried
    /// last the next time.
    turned_away_by: Option<String>,
    /// The attempt's end, as its device sees it.
    until: Monotonic,
    /// When the server that is being tried is given up for the next one.
    limit: Option<Monotonic>,
}

/// What discovery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Go there.
    Assigned(Vec<String>),
    /// Ask again after this time.
    Wait(Duration),
    /// There is no server.
    NoServer,
    /// The token is unknown (HTTP 401): the device was logged out.
    LoggedOut,
    /// Nobody answers.
    Silence,
}

impl Route {
    /// The way of this device, which gives an attempt `connect_timeout`.
    pub(super) fn new(net: Arc<dyn Net>, device: DeviceId, connect_timeout: Duration) -> Self {
        Self {
            net,
            device,
            connect_timeout,
            asking: None,
            ahead: VecDeque::new(),
            known: Vec::new(),
            turned_away_by: None,
            until: Monotonic(0),
            limit: None,
        }
    }

    /// Begins an attempt. The servers of a fixed list can be tried at once; discovery is asked, and
    /// [`Self::reply`] says what it answered.
    pub(super) fn begin(
        &mut self,
        discovery: &Discovery,
        token: &str,
        attempt: u32,
        background: bool,
    ) {
        self.end();
        self.until = self.net.now().monotonic.after(self.connect_timeout);
        match discovery {
            Discovery::Fixed { servers, first } => {
                let turn = first.wrapping_add(attempt as usize);
                self.ahead.extend(servers.get(turn % servers.len().max(1)).cloned());
            }
            Discovery::Registry { api, region } => {
                let turn = self.device.0.wrapping_add(attempt.into());
                let mut api = api.clone();
                let first = turn.checked_rem(api.len() as u64).unwrap_or(0);
                api.rotate_left(usize::try_from(first).unwrap_or(0));
                let path = path(region, background, attempt);
                let (net, token) = (self.net.clone(), token.to_owned());
                self.asking = Some(Box::pin(ask(net, api, path, token, self.until)));
            }
        }
    }

    /// What discovery answers. Nothing is lost when this is dropped.
    pub(super) async fn reply(&mut self) -> Reply {
        let Some(asking) = &mut self.asking else { return future::pending().await };
        let reply = asking.await;
        self.asking = None;
        reply
    }

    /// Takes note of what discovery answered; the servers can be tried now.
    pub(super) fn take(&mut self, reply: &Reply) {
        match reply {
            Reply::Assigned(servers) => self.known.clone_from(servers),
            Reply::Silence => {}
            Reply::Wait(_) | Reply::NoServer | Reply::LoggedOut => return,
        }
        self.ahead = self.known.iter().cloned().collect();
        if self.turned_away_by.take().is_some_and(|server| self.ahead.front() == Some(&server)) {
            self.ahead.rotate_left(1);
        }
    }

    /// A server took the connection and not the device: it is full, or hands its sessions over.
    pub(super) fn turn_away(&mut self, by: &str) {
        self.turned_away_by = Some(by.to_owned());
    }

    /// The next server to be tried, and no other in this attempt.
    pub(super) fn advance(&mut self) -> Option<String> {
        let server = self.ahead.pop_front();
        let is_last = self.ahead.is_empty();
        self.limit = (!is_last).then(|| halfway(self.net.now().monotonic, self.until));
        server
    }

    /// Whether another server can be tried in this attempt.
    pub(super) fn has_next(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// When the server that is being tried is to be given up for the next.
    pub(super) fn limit(&self) -> Option<Monotonic> {
        self.limit
    }

    /// The attempt is over: it succeeded, or is given up.
    pub(super) fn end(&mut self) {
        self.asking = None;
        self.ahead.clear();
        self.limit = None;
    }
}

async fn ask(
    net: Arc<dyn Net>,
    api: Vec<String>,
    path: String,
    token: String,
    until: Monotonic,
) -> Reply {
    for address in &api {
        let limit = halfway(net.now().monotonic, until);
        let asking = request_json(&*net, address, Method::GET, &path, Some(&token), None);
        if let Some(reply) = in_time(&*net, limit, asking).await.and_then(read) {
            return reply;
        }
    }
    Reply::Silence
}

fn path(region: &str, background: bool, attempt: u32) -> String {
    let mut path = String::from("/v1/servers?region=");
    for byte in region.bytes() {
        // What RFC 3986, section 2.3, leaves unreserved goes as it is.
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let written = match is_plain {
            true => write!(path, "{}", char::from(byte)),
            false => write!(path, "%{byte:02X}"),
        };
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    format!("{path}&background={background}&attempt={attempt}")
}

#[derive(Deserialize)]
struct Assigned {
    server: String,
    fallback: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    retry_after_ms: Option<u64>,
}

/// What an API server says about chat servers; nothing when it could as well be silent.
fn read(answer: Result<serde_json::Value, HttpError>) -> Option<Reply> {
    match answer {
        Ok(answer) => {
            let Assigned { server, fallback } = serde_json::from_value(answer).ok()?;
            Some(Reply::Assigned(std::iter::once(server).chain(fallback).collect()))
        }
        Err(HttpError::Refused { status: StatusCode::UNAUTHORIZED, .. }) => Some(Reply::LoggedOut),
        Err(HttpError::Refused { detail, .. }) => {
            let Refusal { error, retry_after_ms } = serde_json::from_str(&detail).ok()?;
            match error.as_str() {
                // However wrong the server may be, the device comes back.
                "wait" => Some(Reply::Wait(Duration::from_millis(retry_after_ms?).min(WAIT_MAX))),
                "no_server" => Some(Reply::NoServer),
                _ => None,
            }
        }
        Err(HttpError::Unreachable { .. }) => None,
    }
}

fn halfway(now: Monotonic, until: Monotonic) -> Monotonic {
    now.after(until.since(now) / 2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &serde_json::Value) -> Option<Reply> {
        let (address, detail) = ("api".to_owned(), body.to_string());
        read(Err(HttpError::Refused { address, status: StatusCode::SERVICE_UNAVAILABLE, detail }))
    }

    #[test]
    fn a_region_is_spelled_as_an_address_can_hold_it() {
        assert_eq!(
            path("eu west/1&", true, 3),
            "/v1/servers?region=eu%20west%2F1%26&background=true&attempt=3"
        );
        assert_eq!(path("", false, 0), "/v1/servers?region=&background=false&attempt=0");
    }

    #[test]
    fn a_server_comes_before_its_fallback() {
        let both = json!({ "server": "chat-1:80", "fallback": "chat-2:80" });
        let expected = Reply::Assigned(vec!["chat-1:80".into(), "chat-2:80".into()]);
        assert_eq!(read(Ok(both)), Some(expected));
        let one = Some(Reply::Assigned(vec!["chat-1:80".into()]));
        assert_eq!(read(Ok(json!({ "server": "chat-1:80", "fallback": null }))), one);
        assert_eq!(read(Ok(json!({ "server": "chat-1:80" }))), one);
    }

    #[test]
    fn a_refusal_that_says_nothing_about_servers_is_no_answer() {
        let wait = json!({ "error": "wait", "detail": "later", "retry_after_ms": 250 });
        assert_eq!(refused(&wait), Some(Reply::Wait(Duration::from_millis(250))));
        let far = json!({ "error": "wait", "retry_after_ms": u64::MAX });
        assert_eq!(refused(&far), Some(Reply::Wait(WAIT_MAX)));
        assert_eq!(refused(&json!({ "error": "no_server" })), Some(Reply::NoServer));
        for silence in [json!({ "error": "unavailable" }), json!({ "error": "wait" }), json!(1)] {
            assert_eq!(refused(&silence), None, "{silence}");
        }
        assert_eq!(read(Ok(json!({ "fallback": "chat-2:80" }))), None);
    }
}
