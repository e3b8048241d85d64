//! One HTTP request with a JSON body, for what a client does outside its session.

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::net::Net;

/// Bytes of an answer at most.
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
    let stream = net.connect(address).await.map_err(|error| unreachable(error.to_string()))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    net.spawn(Box::pin(async move { drop(connection.await) }));
    let request = build(address, method, path, token, body)
        .map_err(|error| unreachable(error.to_string()))?;
    let response =
        sender.send_request(request).await.map_err(|error| unreachable(error.to_string()))?;
    let status = response.status();
    let bytes = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| unreachable(error.to_string()))?
        .to_bytes();
    if !status.is_success() {
        let detail = String::from_utf8_lossy(&bytes).into_owned();
        return Err(HttpError::Refused { address: address.into(), status, detail });
    }
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|error| unreachable(error.to_string()))
}

fn build(
    address: &str,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, address);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let text = body.map(Value::to_string).unwrap_or_default();
    request.body(Full::new(Bytes::from(text)))
}
