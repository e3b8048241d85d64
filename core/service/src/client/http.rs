//! HTTP/1.1 from the client's end: one request at a time over a connection that may be kept.

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::Poll,
};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{Connection, SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::net::{BoxFuture, BoxStream, Net};

/// Bytes of an answer at most: a page holds many messages, as on a WebSocket.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why there is no answer to a request.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// There is no connection, or it broke.
    #[error("no answer from {address}: {reason}")]
    Unreachable {
        /// Whom.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The server said no.
    #[error("{address} answers {status}: {detail}")]
    Refused {
        /// Who.
        address: String,
        /// The status.
        status: StatusCode,
        /// The server's own words.
        detail: String,
    },
}

/// Sends a request over a connection of its own and reads the answer as JSON (`null` when it is
/// empty).
///
/// # Errors
/// When there is no answer, or its status is not one of success.
pub async fn request_json(
    net: &dyn Net,
    address: &str,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Value, HttpError> {
    let unreachable = |reason: String| HttpError::Unreachable { address: address.into(), reason };
    let body = body.map(|body| Bytes::from(body.to_string()));
    let request = build(address, method, path, token, body)?;
    let connection = HttpConnection::open(address, net.connect(address)).await?;
    let (HttpAnswer { status, body }, _) = connection.exchange(request).await?;
    if !status.is_success() {
        let detail = String::from_utf8_lossy(&body).into_owned();
        return Err(HttpError::Refused { address: address.into(), status, detail });
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).map_err(|error| unreachable(error.to_string()))
}

/// A request. A body is JSON.
///
/// # Errors
/// When the path or the token is not one that HTTP can carry.
pub(super) fn build(
    address: &str,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<Bytes>,
) -> Result<Request<Full<Bytes>>, HttpError> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, address);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    request.body(Full::new(body.unwrap_or_default())).map_err(|error| HttpError::Unreachable {
        address: address.into(),
        reason: error.to_string(),
    })
}

/// What a server said.
pub(super) struct HttpAnswer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// A connection without a request under way. It has no task of its own: whoever waits for an answer
/// drives it, and dropping either closes it.
pub(super) struct HttpConnection {
    address: String,
    sender: SendRequest<Full<Bytes>>,
    connection: Wire,
}

type Wire = Connection<TokioIo<BoxStream>, Full<Bytes>>;

impl HttpConnection {
    /// Takes the connection to an address that is being opened.
    ///
    /// # Errors
    /// When nobody takes the connection.
    pub(super) async fn open(
        address: &str,
        opening: BoxFuture<'_, io::Result<BoxStream>>,
    ) -> Result<Self, HttpError> {
        let unreachable =
            |reason: String| HttpError::Unreachable { address: address.into(), reason };
        let stream = opening.await.map_err(|error| unreachable(error.to_string()))?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        Ok(Self { address: address.into(), sender, connection })
    }

    /// Sends a request and waits for its answer, whatever its status. The connection comes back when
    /// it seems good for another request.
    ///
    /// # Errors
    /// When the connection ended before the answer.
    pub(super) async fn exchange(
        self,
        request: Request<Full<Bytes>>,
    ) -> Result<(HttpAnswer, Option<Self>), HttpError> {
        let Self { address, mut sender, connection } = self;
        let mut connection = Some(connection);
        let answer = {
            let mut answer = pin!(ask(&mut sender, request));
            poll_fn(|context| {
                if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                    return Poll::Ready(answer);
                }
                let is_over = |wire: &mut Wire| Pin::new(wire).poll(context).is_ready();
                if connection.as_mut().is_none_or(is_over) {
                    // Whoever waits for an answer hears of the end when the connection is dropped.
                    connection = None;
                    return answer.as_mut().poll(context);
                }
                Poll::Pending
            })
            .await
        };
        match answer {
            Ok(answer) => {
                let kept = connection.filter(|_| !sender.is_closed());
                let kept = kept.map(|connection| Self { address, sender, connection });
                Ok((answer, kept))
            }
            Err(reason) => Err(HttpError::Unreachable { address, reason }),
        }
    }
}

async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<HttpAnswer, String> {
    sender.ready().await.map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok(HttpAnswer { status, body })
}
