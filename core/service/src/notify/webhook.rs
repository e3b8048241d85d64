//! A gateway that is an HTTP endpoint.

use std::{str::FromStr, sync::Arc};

use http_body_util::{BodyExt, Full, Limited};
use hubbub_chat::{
    ports::push::{PushAnswer, PushRequest},
    time::Monotonic,
};
use hyper::{Method, Request, StatusCode, Uri, body::Bytes, header};
use hyper_util::rt::TokioIo;

use super::Gateway;
use crate::net::{BoxFuture, Net};

/// Bytes of an answer's body that are read before it is given up; what it says is not looked at.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why a URL is none of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookUrlError {
    /// It is no URL.
    #[error("not a URL: {0}")]
    Malformed(String),
    /// It is another kind of URL.
    #[error("write it as http://host:port/path; put a proxy in front for TLS")]
    NotHttp,
}

/// Where a webhook is, read from `http://host:port/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    /// As `host:port`.
    address: String,
    path: String,
}

impl FromStr for Endpoint {
    type Err = WebhookUrlError;

    fn from_str(url: &str) -> Result<Self, WebhookUrlError> {
        let uri: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| {
            WebhookUrlError::Malformed(error.to_string())
        })?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("http"));
        let host = host.ok_or(WebhookUrlError::NotHttp)?;
        let address = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { address, path })
    }
}

/// Pushes with a `POST` of the request as JSON. A status of success takes the push on, 404 and 410
/// call the token dead, and any other means "not now".
pub struct WebhookGateway {
    net: Arc<dyn Net>,
    endpoint: Endpoint,
}

impl WebhookGateway {
    /// The gateway at `http://host:port/path`.
    ///
    /// # Errors
    /// When the URL is none of this form.
    pub fn new(net: Arc<dyn Net>, url: &str) -> Result<Self, WebhookUrlError> {
        Ok(Self { net, endpoint: url.parse()? })
    }
}

impl Gateway for WebhookGateway {
    fn push(
        &self,
        request: PushRequest,
        deadline: Monotonic,
    ) -> BoxFuture<'static, Option<PushAnswer>> {
        let (net, endpoint) = (self.net.clone(), self.endpoint.clone());
        Box::pin(async move {
            tokio::select! {
                biased;
                answer = post(&*net, &endpoint, &request) => answer,
                () = net.sleep_until(deadline) => None,
            }
        })
    }
}

/// One push on a connection of its own.
async fn post(net: &dyn Net, endpoint: &Endpoint, push: &PushRequest) -> Option<PushAnswer> {
    // Without a connection nothing was pushed.
    let Ok(stream) = net.connect(&endpoint.address).await else { return Some(PushAnswer::Busy) };
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let Ok((mut sender, connection)) = shaken else { return Some(PushAnswer::Busy) };
    net.spawn(Box::pin(async move { drop(connection.await) }));
    let body = serde_json::to_vec(push).ok()?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(&endpoint.path)
        .header(header::HOST, &endpoint.address)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .ok()?;
    let response = sender.send_request(request).await.ok()?;
    let status = response.status();
    // The status decides, whether or not the body comes.
    drop(Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await);
    Some(answer_of(status))
}

fn answer_of(status: StatusCode) -> PushAnswer {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => PushAnswer::DeadToken,
        status if status.is_success() => PushAnswer::Taken,
        _ => PushAnswer::Busy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_an_endpoint() {
        let endpoint = |url: &str| url.parse::<Endpoint>();
        let at =
            |address: &str, path: &str| Ok(Endpoint { address: address.into(), path: path.into() });
        assert_eq!(endpoint("http://push:8080/v1?k=1"), at("push:8080", "/v1?k=1"));
        assert_eq!(endpoint("http://push"), at("push:80", "/"));
        assert_eq!(endpoint("http://[::1]:81/x"), at("[::1]:81", "/x"));
        assert_eq!(endpoint("https://push/v1"), Err(WebhookUrlError::NotHttp));
        assert_eq!(endpoint("push:8080"), Err(WebhookUrlError::NotHttp));
        assert!(matches!(endpoint("http://"), Err(WebhookUrlError::Malformed(_))));
    }

    #[test]
    fn a_status_says_what_became_of_a_push() {
        for (status, answer) in [
            (200, PushAnswer::Taken),
            (204, PushAnswer::Taken),
            (301, PushAnswer::Busy),
            (404, PushAnswer::DeadToken),
            (410, PushAnswer::DeadToken),
            (429, PushAnswer::Busy),
            (500, PushAnswer::Busy),
            (503, PushAnswer::Busy),
        ] {
            assert_eq!(answer_of(StatusCode::from_u16(status).unwrap()), answer, "{status}");
        }
    }
}
