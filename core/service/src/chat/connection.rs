//! One WebSocket of a device: frames in, frames out.

use std::{sync::Arc, sync::atomic::Ordering};

use futures_util::{FutureExt, SinkExt, StreamExt};
use hubbub_chat::{DeviceId, UserId, frame::ServerFrame, server::Input};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message},
};

use super::{ChatHandle, Outgoing};
use crate::{
    codec::decode_client,
    net::{BoxStream, Net},
};

/// Malformed frames in a row after which the connection is closed.
const MALFORMED_MAX: u32 = 5;

/// How long the other end may take no bytes before the connection is given up.
const WRITE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// Carries a session until either end closes it.
pub async fn run_session(
    net: Arc<dyn Net>,
    chat: ChatHandle,
    user: UserId,
    device: DeviceId,
    mut socket: WebSocketStream<BoxStream>,
) {
    let Some((session, mut outgoing)) = chat.attach(user, device).await else { return };
    let mut malformed = 0;
    loop {
        tokio::select! {
            biased;
            next = outgoing.recv() => {
                let Some(next) = next else { break };
                let mut waiting = Some(next);
                let mut ended = false;
                while let Some(next) = waiting {
                    ended |= matches!(next, Outgoing::Bye(_));
                    let message = Message::Text(text(&chat, next));
                    if write(&*net, socket.feed(message)).await.is_err() {
                        ended = true;
                    }
                    waiting = if ended { None } else { outgoing.try_recv().ok() };
                }
                if write(&*net, socket.flush()).await.is_err() || ended {
                    break;
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(frame))) => {
                    let error = match decode_client(&frame) {
                        Ok(frame) => {
                            malformed = 0;
                            if !chat.input(Input::Frame(session, frame)).await {
                                break;
                            }
                            continue;
                        }
                        Err(error) => error,
                    };
                    malformed += 1;
                    chat.figures().malformed.fetch_add(1, Ordering::Relaxed);
                    let error = ServerFrame::Error { field: error.field, reason: error.reason };
                    let message = Message::Text(chat.figures().encoder.encode(&error));
                    if write(&*net, socket.send(message)).await.is_err() || malformed >= MALFORMED_MAX {
                        break;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                // A binary frame or a close: this is not a session any more.
                Some(Ok(_) | Err(_)) | None => break,
            },
        }
    }
    chat.input(Input::Closed(session)).await;
    // The other end may be gone; then there is nobody to tell.
    drop(write(&*net, socket.close(None)).await);
}

fn text(chat: &ChatHandle, outgoing: Outgoing) -> tokio_tungstenite::tungstenite::Utf8Bytes {
    match outgoing {
        Outgoing::Text(text) => text,
        Outgoing::Bye(reason) => chat.figures().encoder.encode(&ServerFrame::Bye { reason }),
    }
}

/// Writes, but not for ever: a peer that takes no bytes is given up.
pub(crate) async fn write(
    net: &dyn Net,
    writing: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let mut writing = std::pin::pin!(writing);
    // Nearly always there is room in the socket, and no timer is needed.
    if let Some(written) = (&mut writing).now_or_never() {
        return written;
    }
    tokio::select! {
        biased;
        written = writing => written,
        () = net.sleep_until(net.now().monotonic.after(WRITE_TIMEOUT)) => {
            Err(Error::Io(std::io::ErrorKind::TimedOut.into()))
        }
    }
}
