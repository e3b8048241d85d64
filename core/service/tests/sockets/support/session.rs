//! A WebSocket in the test's own hands: it answers nothing by itself.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use hubbub_chat::{
    ChannelId, ClientId, MessageId,
    frame::{ClientFrame, Cursors, PROTOCOL_VERSION, Range, SendFrame, ServerFrame},
};
use hubbub_service::{
    codec::{decode_server, encode_client},
    net::{BoxStream, Net},
    socket::client_socket_config,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::{Account, within};

/// One connection.
pub(crate) struct Session {
    pub(crate) socket: WebSocketStream<BoxStream>,
    /// How requests beside it name it.
    pub(crate) number: u64,
}

impl Session {
    /// Opens a connection, without a `hello`.
    pub(crate) async fn open(net: &Arc<dyn Net>, address: &str, account: &Account) -> Self {
        let opening = Self::try_open(net, address, &account.token);
        within("upgrade", opening).await.unwrap()
    }

    pub(crate) async fn try_open(
        net: &Arc<dyn Net>,
        address: &str,
        token: &str,
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/v1/session").into_client_request()?;
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let stream = net.connect(address).await?;
        let config = Some(client_socket_config());
        let (socket, answer) = client_async_with_config(request, stream, config).await?;
        let number = answer.headers()["x-session"].to_str().unwrap().parse().unwrap();
        Ok(Self { socket, number })
    }

    /// Opens a connection, says `hello` from the beginning and reads what there is.
    pub(crate) async fn hello(
        net: &Arc<dyn Net>,
        address: &str,
        account: &Account,
    ) -> (Self, Vec<Range>) {
        Self::hello_from(net, address, account, Cursors::new()).await
    }

    /// The same from given cursors.
    pub(crate) async fn hello_from(
        net: &Arc<dyn Net>,
        address: &str,
        account: &Account,
        cursors: Cursors,
    ) -> (Self, Vec<Range>) {
        let mut session = Self::open(net, address, account).await;
        session
            .send(&ClientFrame::Hello {
                newest: MessageId::ZERO,
                version: PROTOCOL_VERSION,
                cursors,
            })
            .await;
        let ranges = session.read_pages().await;
        (session, ranges)
    }

    /// Reads pages up to the last one, and reports what was in them.
    pub(crate) async fn read_pages(&mut self) -> Vec<Range> {
        let mut read = Vec::new();
        loop {
            match self.next().await {
                ServerFrame::Page { ranges, more } => {
                    let cursors = ranges.iter().map(|range| (range.channel, range.to)).collect();
                    self.send(&ClientFrame::Cursor { cursors }).await;
                    read.extend(ranges);
                    if !more {
                        return read;
                    }
                }
                other => panic!("not a page: {other:?}"),
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: &ClientFrame) {
        self.send_text(&encode_client(frame)).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        let sending = self.socket.send(Message::Text(text.into()));
        within("room for a frame", sending).await.unwrap();
    }

    /// Sends a message under the membership that the channel was created with.
    pub(crate) async fn say(&mut self, channel: ChannelId, client_id: u64, body: &str) {
        let membership = MessageId(u64::from(channel.pair().is_none()));
        let client_id = ClientId(client_id);
        let frame = SendFrame {
            channel,
            membership,
            client_id,
            oldest_pending: client_id,
            body: body.into(),
        };
        self.send(&ClientFrame::Send(frame)).await;
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> ServerFrame {
        self.next_or_end().await.expect("the session ended")
    }

    /// The next frame, or nothing when the server closed the session.
    pub(crate) async fn next_or_end(&mut self) -> Option<ServerFrame> {
        loop {
            match within("frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Some(decode_server(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_) | Err(_)) | None => return None,
            }
        }
    }

    /// The place of the next frame, which must be the acceptance of this send.
    pub(crate) async fn accepted(&mut self, expected: u64) -> MessageId {
        match self.next().await {
            ServerFrame::Accepted { client_id, message_id: Some(message_id), .. } => {
                assert_eq!(client_id, ClientId(expected));
                message_id
            }
            other => panic!("not accepted: {other:?}"),
        }
    }
}
