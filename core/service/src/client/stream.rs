//! The stream of a device: a WebSocket, from the upgrade to its end.

use std::{future, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use hubbub_chat::{frame::ClientFrame, transport::ClientInput};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::client::{Request, Response},
        http::{HeaderValue, StatusCode, header},
    },
};

use super::TransportEvent;
use crate::{
    chat::write,
    codec::{decode_server, encode_client},
    net::{BoxFuture, BoxStream, Net},
    socket::client_socket_config,
};

/// The key of every handshake. It protects nobody: it only shows that the other end has understood
/// the upgrade (RFC 6455, section 1.3), and the token in the same request says who this is.
const HANDSHAKE_KEY: &str = "aHViYnViLWNsaWVudC0wMQ==";

/// Names the session to requests beside the stream.
const SESSION_HEADER: &str = "x-session";

type Socket = WebSocketStream<BoxStream>;

/// A socket, and the number of its session.
type Opened = Result<(Socket, Option<u64>), Error>;

/// A device's stream, if it has one.
pub(super) struct Stream {
    net: Arc<dyn Net>,
    socket: Option<Socket>,
    opening: Option<BoxFuture<'static, Opened>>,
    /// Frames were fed since the last flush.
    is_fed: bool,
}

impl Stream {
    /// No stream yet.
    pub(super) fn new(net: Arc<dyn Net>) -> Self {
        Self { net, socket: None, opening: None, is_fed: false }
    }

    /// Begins to open a stream to the chat server at `address`.
    pub(super) fn open(&mut self, address: &str, token: &str) {
        let (net, address, token) = (self.net.clone(), address.to_owned(), token.to_owned());
        self.opening = Some(Box::pin(open_session(net, address, token)));
    }

    /// What becomes of the stream next. Nothing is lost when this is dropped.
    pub(super) async fn next(&mut self) -> TransportEvent {
        if let Some(opening) = &mut self.opening {
            let opened = opening.await;
            self.opening = None;
            return match opened {
                Ok((socket, session)) => {
                    self.socket = Some(socket);
                    TransportEvent::Input(ClientInput::StreamOpened { session })
                }
                Err(Error::Http(answer)) if answer.status() == StatusCode::UNAUTHORIZED => {
                    TransportEvent::LoggedOut(ClientInput::StreamUnreachable)
                }
                Err(_) => TransportEvent::Input(ClientInput::StreamUnreachable),
            };
        }
        TransportEvent::Input(self.hear().await)
    }

    async fn hear(&mut self) -> ClientInput {
        let Some(socket) = &mut self.socket else { return future::pending().await };
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return self.read(&text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return self.lose(),
            }
        }
    }

    /// Takes a frame on; it goes out with the next flush. Says what became of it, unless there is no
    /// stream.
    pub(super) async fn feed(&mut self, frame: &ClientFrame) -> Option<ClientInput> {
        let socket = self.socket.as_mut()?;
        let text = encode_client(frame);
        let payload_bytes = text.len() as u64;
        let is_written = write(&*self.net, socket.feed(Message::Text(text))).await.is_ok();
        self.is_fed |= is_written;
        Some(if is_written { ClientInput::StreamSent { payload_bytes } } else { self.lose() })
    }

    /// Sends what was fed. Says so when the stream broke.
    pub(super) async fn flush(&mut self) -> Option<ClientInput> {
        if !std::mem::take(&mut self.is_fed) {
            return None;
        }
        let socket = self.socket.as_mut()?;
        let is_written = write(&*self.net, socket.flush()).await.is_ok();
        if is_written { None } else { Some(self.lose()) }
    }

    /// Closes the stream in good order, or stops opening it.
    pub(super) async fn close(&mut self) {
        self.opening = None;
        self.is_fed = false;
        if let Some(mut socket) = self.socket.take() {
            // The other end may be unreachable; then there is nobody to tell.
            drop(write(&*self.net, socket.close(None)).await);
        }
    }

    fn read(&mut self, text: &Utf8Bytes) -> ClientInput {
        match decode_server(text) {
            Ok(frame) => ClientInput::StreamFrame { frame, payload_bytes: text.len() as u64 },
            // A server that does not speak the protocol is as good as gone.
            Err(_) => self.lose(),
        }
    }

    fn lose(&mut self) -> ClientInput {
        self.socket = None;
        ClientInput::StreamClosed
    }
}

async fn open_session(net: Arc<dyn Net>, address: String, token: String) -> Opened {
    let stream = net.connect(&address).await?;
    let request = upgrade_request(&address, &token)?;
    let config = Some(client_socket_config());
    let (socket, response) = client_async_with_config(request, stream, config).await?;
    Ok((socket, session(&response)))
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

fn session(response: &Response) -> Option<u64> {
    response.headers().get(SESSION_HEADER)?.to_str().ok()?.parse().ok()
}
