//! One WebSocket of a device: frames in, frames out.

use std::{sync::Arc, sync::atomic::Ordering};

use futures_util::{SinkExt, StreamExt};
use hubbub_chat::{
    frame::{CutReason, ServerFrame},
    server::Input,
};
use tokio::sync::mpsc;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message, Utf8Bytes},
};

use super::{
    ChatHandle, Outgoing,
    http_sessions::{Opening, Stream},
};
use crate::{
    codec::{Malformed, decode_client},
    net::{BoxStream, Net, in_time},
};

/// Malformed frames in a row after which the connection is closed.
const MALFORMED_MAX: u32 = 5;

/// How long the other end may take no bytes before the connection is given up.
const WRITE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// How long to wait for the other end's part of a close.
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

type Socket = WebSocketStream<BoxStream>;

/// Carries a session until either end closes it.
pub async fn run_session(net: Arc<dyn Net>, opening: Opening, mut socket: Socket) {
    let chat = opening.chat().clone();
    let Some(stream) = opening.attach().await else { return };
    let Stream { session, mut outgoing, name: _name } = stream;
    let mut malformed = 0;
    loop {
        tokio::select! {
            biased;
            next = outgoing.recv() => {
                let Some(next) = next else { break };
                if !send_waiting(&*net, &chat, &mut socket, next, &mut outgoing).await {
                    break;
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(frame))) => match decode_client(&frame) {
                    Ok(frame) => {
                        malformed = 0;
                        if !chat.input(Input::Frame(session, frame)).await {
                            break;
                        }
                    }
                    Err(error) => {
                        malformed += 1;
                        let last = malformed >= MALFORMED_MAX;
                        if !answer_malformed(&*net, &chat, &mut socket, error, last).await {
                            break;
                        }
                    }
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                // A binary frame or a close: this is not a session any more.
                Some(Ok(_) | Err(_)) | None => break,
            },
        }
    }
    chat.input(Input::Closed(session)).await;
    close(&*net, socket).await;
}

/// Sends this frame and those that wait behind it, then flushes once. False when the session ends.
async fn send_waiting(
    net: &dyn Net,
    chat: &ChatHandle,
    socket: &mut Socket,
    next: Outgoing,
    outgoing: &mut mpsc::Receiver<Outgoing>,
) -> bool {
    let mut waiting = Some(next);
    let mut goes_on = true;
    while let Some(next) = waiting {
        goes_on &= !matches!(next, Outgoing::Bye(_));
        let message = Message::Text(text(chat, next));
        goes_on &= write(net, socket.feed(message)).await.is_ok();
        waiting = if goes_on { outgoing.try_recv().ok() } else { None };
    }
    write(net, socket.flush()).await.is_ok() && goes_on
}

/// Says what is wrong with a frame. False when it was the last one that is put up with, or the
/// connection broke.
async fn answer_malformed(
    net: &dyn Net,
    chat: &ChatHandle,
    socket: &mut Socket,
    error: Malformed,
    last: bool,
) -> bool {
    chat.figures().malformed.fetch_add(1, Ordering::Relaxed);
    let error = ServerFrame::Error { field: error.field, reason: error.reason };
    let message = Message::Text(chat.figures().encoder.encode(&error));
    let written = write(net, socket.send(message)).await.is_ok();
    if written && last {
        let bye = text(chat, Outgoing::Bye(CutReason::Protocol));
        // The session ends whether or not it hears why.
        drop(write(net, socket.send(Message::Text(bye))).await);
    }
    written && !last
}

/// Closes, and reads on for a moment: what the other end has sent meanwhile would otherwise reset
/// the connection, and the last words with it.
async fn close(net: &dyn Net, mut socket: Socket) {
    // The other end may be gone; then there is nobody to tell.
    if write(net, socket.close(None)).await.is_err() {
        return;
    }
    let until = net.now().monotonic.after(CLOSE_TIMEOUT);
    in_time(net, until, async { while let Some(Ok(_)) = socket.next().await {} }).await;
}

fn text(chat: &ChatHandle, outgoing: Outgoing) -> Utf8Bytes {
    match outgoing {
        Outgoing::Text(text) => text,
        Outgoing::Frame(frame) => chat.figures().encoder.encode(&frame),
        Outgoing::Bye(reason) => chat.figures().encoder.encode(&ServerFrame::Bye { reason }),
    }
}

/// Writes, but not for ever: a peer that takes no bytes is given up.
pub(crate) async fn write(
    net: &dyn Net,
    writing: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let until = net.now().monotonic.after(WRITE_TIMEOUT);
    let given_up = || Err(Error::Io(std::io::ErrorKind::TimedOut.into()));
    in_time(net, until, writing).await.unwrap_or_else(given_up)
}
