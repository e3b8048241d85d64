//! From an HTTP request to a session.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

use super::{
    Api, ApiError, SharedApi,
    connection::Watched,
    extract::{Caller, authenticate},
    polls::sessions,
    serving::Busy,
};
use crate::{
    chat::{Opening, run_session},
    socket::socket_config,
};

/// The header of the answer that names the session, for requests beside the stream.
const SESSION: HeaderName = HeaderName::from_static("x-session");

pub(super) async fn open_session(
    State(api): SharedApi,
    mut request: Request,
) -> Result<Response, ApiError> {
    let sessions = sessions(&api)?;
    let accept = accept_key(request.headers())?;
    let Caller { user, device } = authenticate(&api, request.headers()).await?;
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Err(ApiError::bad_request("this connection can't be upgraded"));
    };
    let opening = sessions.open_stream(user, device);
    let number = opening.number();
    let (net, busy) = (api.net.clone(), request.extensions().get::<Busy>().cloned());
    net.spawn(Box::pin(async move {
        let _busy = busy;
        // A client that goes away between request and upgrade has no session.
        if let Ok(upgraded) = upgrade.await
            && let Ok(parts) = upgraded.downcast::<TokioIo<Watched>>()
        {
            start_session(&api, opening, parts).await;
        }
    }));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(SESSION, HeaderValue::from(number));
    Ok(response)
}

async fn start_session(api: &Api, opening: Opening, parts: Parts<TokioIo<Watched>>) {
    let socket = WebSocketStream::from_partially_read(
        parts.io.into_inner().into_inner(),
        parts.read_buf.to_vec(),
        Role::Server,
        Some(socket_config(api.message_bytes_max)),
    )
    .await;
    run_session(api.net.clone(), opening, socket).await;
}

/// The answer to the client's key, if the request asks for a WebSocket at all.
fn accept_key(headers: &HeaderMap) -> Result<HeaderValue, ApiError> {
    let has = |name, value: &str| {
        let text = headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        text.is_some_and(|text| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(value)))
    };
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let asks = has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    match key {
        Some(key) if asks => HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
            .map_err(|_| ApiError::bad_request("sec-websocket-key: not readable")),
        _ => Err(ApiError::bad_request("open a WebSocket (version 13) here")),
    }
}
