//! A gateway that is an HTTP endpoint.

use std::{str::FromStr, sync::Arc};

use http_body_util::{BodyExt, Full, Limited};
use hubbub_chat::{
    ports::push::{PushAnswer, PushRequest},
    time::Monotonic,
};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    header,
};
use hyper_util::rt::TokioIo;

use super::Gateway;
use crate::net::{BoxFuture, Net, in_time};

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
            let posted = in_time(&*net, deadline, post(&*net, &endpoint, &request)).await?;
            let (status, body) = match posted {
                Ok(response) => (response.status(), response.into_body()),
                Err(answer) => return answer,
            };
            // The status decides, whether or not the body comes.
            in_time(&*net, deadline, Limited::new(body, ANSWER_BYTES_MAX).collect()).await;
            Some(answer_of(status))
        })
    }
}

/// One push on a connection of its own: what the endpoint says, or what becomes of the push without
/// that.
async fn post(
    net: &dyn Net,
    endpoint: &Endpoint,
    push: &PushRequest,
) -> Result<Response<Incoming>, Option<PushAnswer>> {
    // Without a connection nothing was pushed.
    let stream = net.connect(&endpoint.address).await.map_err(|_| Some(PushAnswer::Busy))?;
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|_| Some(PushAnswer::Busy))?;
    net.spawn(Box::pin(async move { drop(connection.await) }));
    let body = serde_json::to_vec(push).map_err(|_| None)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(&endpoint.path)
        .header(header::HOST, &endpoint.address)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| None)?;
    sender.send_request(request).await.map_err(|_| None)
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
    use std::time::Duration;

    use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::net::RealNet;

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

    #[tokio::test]
    async fn the_status_decides_though_the_body_does_not_come() {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        let mut listener = net.listen("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/push", listener.address());
        let gateway = WebhookGateway::new(net.clone(), &url).unwrap();
        let request = PushRequest {
            user: UserId(1),
            device: DeviceId(1),
            token: "t".into(),
            channel: ChannelId::direct(UserId(1), UserId(2)),
            up_to: MessageId(1),
            collapse_id: "c".into(),
            attempt: 1,
        };
        let deadline = net.now().monotonic.after(Duration::from_millis(500));
        let endpoint = async {
            let mut stream = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await.unwrap();
            // The rest is for ever on its way.
            stream.read_to_end(&mut Vec::new()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(gateway.push(request, deadline), endpoint);
        assert_eq!(answer, Some(PushAnswer::Taken));
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
