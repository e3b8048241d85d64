//! The calls of a device: an HTTP connection for each lane, with at most one call under way on it.

use std::{future, sync::Arc};

use http_body_util::Full;
use hubbub_chat::transport::{Call, CallBody, CallId, ClientInput, Lane, PollAnswer};
use hyper::{Method, Request, StatusCode, body::Bytes};

use super::{
    TransportEvent,
    http::{HttpAnswer, HttpConnection, HttpError, build},
};
use crate::net::{BoxFuture, Net};

/// Both lanes of a device.
pub(super) struct Lanes {
    net: Arc<dyn Net>,
    token: String,
    receive: CallLane,
    send: CallLane,
}

impl Lanes {
    /// Lanes without connections. With `keep_alive` a connection serves more than one call.
    pub(super) fn new(net: Arc<dyn Net>, token: String, keep_alive: bool) -> Self {
        let lane = || CallLane { keep_alive, kept: None, under_way: None };
        Self { net, token, receive: lane(), send: lane() }
    }

    /// Makes a call to this server. How long it may take is not decided here.
    pub(super) fn start(&mut self, server: &str, call: Call) {
        let Call { id, lane, new_connection, body } = call;
        let (path, text, read) = match &body {
            CallBody::Poll(body) => ("/v1/poll", serde_json::to_vec(body), read_poll as Read),
            CallBody::Frames(body) => ("/v1/frames", serde_json::to_vec(body), read_taken as Read),
        };
        // Bodies are made of strings, numbers and maps with string keys, which JSON can say.
        let text = Bytes::from(text.unwrap_or_default());
        let body_bytes = text.len() as u64;
        let request = build(server, Method::POST, path, Some(&self.token), Some(text));
        let (net, which) = (self.net.clone(), lane);
        let lane = match which {
            Lane::Receive => &mut self.receive,
            Lane::Send => &mut self.send,
        };
        let kept = lane.kept.take();
        let connecting: BoxFuture<'static, Connected> = if new_connection {
            let server = server.to_owned();
            Box::pin(async move {
                let opening = match which {
                    Lane::Receive => net.connect(&server),
                    Lane::Send => net.connect_beside(&server),
                };
                Ok((HttpConnection::open(&server, opening).await?, request?))
            })
        } else {
            Box::pin(future::ready(reuse(server, kept, request)))
        };
        let stage = Stage::Connecting(connecting);
        lane.under_way = Some(UnderWay { call: id, body_bytes, read, stage });
    }

    /// Nobody waits for this call any more: its connection is closed.
    pub(super) fn abandon(&mut self, call: CallId) {
        for lane in [&mut self.receive, &mut self.send] {
            if lane.under_way.as_ref().is_some_and(|under_way| under_way.call == call) {
                lane.under_way = None;
            }
        }
    }

    /// Closes the connections that wait for another call.
    pub(super) fn close_kept(&mut self) {
        (self.receive.kept, self.send.kept) = (None, None);
    }

    /// What becomes of a call next. Nothing is lost when this is dropped.
    pub(super) async fn next(&mut self) -> TransportEvent {
        tokio::select! {
            biased;
            event = self.receive.next() => event,
            event = self.send.next() => event,
        }
    }
}

struct CallLane {
    keep_alive: bool,
    kept: Option<HttpConnection>,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    call: CallId,
    body_bytes: u64,
    read: Read,
    stage: Stage,
}

enum Stage {
    Connecting(BoxFuture<'static, Connected>),
    Exchanging(BoxFuture<'static, Result<(HttpAnswer, Option<HttpConnection>), HttpError>>),
}

type Connected = Result<(HttpConnection, Request<Full<Bytes>>), HttpError>;

/// What an answer says about its call.
type Read = fn(CallId, &HttpAnswer) -> ClientInput;

impl CallLane {
    async fn next(&mut self) -> TransportEvent {
        let Some(UnderWay { call, body_bytes, read, stage }) = &mut self.under_way else {
            return future::pending().await;
        };
        let (call, body_bytes, read) = (*call, *body_bytes, *read);
        match stage {
            Stage::Connecting(connecting) => {
                if let Ok((connection, request)) = connecting.await {
                    *stage = Stage::Exchanging(Box::pin(connection.exchange(request)));
                    return TransportEvent::Input(ClientInput::Sent { call, body_bytes });
                }
            }
            Stage::Exchanging(exchanging) => {
                if let Ok((answer, connection)) = exchanging.await {
                    self.under_way = None;
                    self.kept = connection.filter(|_| self.keep_alive);
                    return match answer.status {
                        // The last words of the session wait where only its token would fetch them.
                        StatusCode::UNAUTHORIZED => {
                            TransportEvent::LoggedOut(ClientInput::UnknownSession(call))
                        }
                        _ => TransportEvent::Input(read(call, &answer)),
                    };
                }
            }
        }
        self.under_way = None;
        TransportEvent::Input(ClientInput::Failed(call))
    }
}

/// A call that was to go over the lane's connection fails with it, and its repeat opens another.
fn reuse(
    server: &str,
    kept: Option<HttpConnection>,
    request: Result<Request<Full<Bytes>>, HttpError>,
) -> Connected {
    let gone = || HttpError::Unreachable {
        address: server.to_owned(),
        reason: "the connection is gone".to_owned(),
    };
    Ok((kept.ok_or_else(gone)?, request?))
}

fn read_poll(call: CallId, HttpAnswer { status, body }: &HttpAnswer) -> ClientInput {
    match *status {
        StatusCode::OK => match serde_json::from_slice::<PollAnswer>(body) {
            Ok(answer) => ClientInput::Answered { call, answer, body_bytes: body.len() as u64 },
            Err(_) => ClientInput::Failed(call),
        },
        StatusCode::NOT_FOUND => ClientInput::UnknownSession(call),
        _ => ClientInput::Failed(call),
    }
}

fn read_taken(call: CallId, HttpAnswer { status, .. }: &HttpAnswer) -> ClientInput {
    match *status {
        StatusCode::NO_CONTENT => ClientInput::Taken(call),
        StatusCode::NOT_FOUND => ClientInput::UnknownSession(call),
        _ => ClientInput::Failed(call),
    }
}
