//! Opening a session: a connection and the upgrade on it.

use std::sync::Arc;

use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error,
        handshake::client::Request,
        http::{HeaderValue, header},
    },
};

use crate::{
    net::{BoxStream, Net},
    socket::client_socket_config,
};

/// The key of every handshake. It protects nobody: it only shows that the other end has understood
/// the upgrade (RFC 6455, section 1.3), and the token in the same request says who this is.
const HANDSHAKE_KEY: &str = "aHViYnViLWNsaWVudC0wMQ==";

/// Opens a session with the chat server at `address`.
pub(super) async fn open_session(
    net: Arc<dyn Net>,
    address: String,
    token: String,
) -> Result<WebSocketStream<BoxStream>, Error> {
    let stream = net.connect(&address).await?;
    let request = upgrade_request(&address, &token)?;
    let config = Some(client_socket_config());
    let (socket, _) = client_async_with_config(request, stream, config).await?;
    Ok(socket)
}

fn upgrade_request(address: &str, token: &str) -> Result<Request, Error> {
    let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
    Ok(Request::builder()
        .uri(format!("ws://{address}/v1/session"))
        .header(header::HOST, address)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, HANDSHAKE_KEY)
        .header(header::AUTHORIZATION, bearer.map_err(|error| Error::HttpFormat(error.into()))?)
        .body(())?)
}
