//! The answering end of a connection.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter, WriteHalf},
    sync::mpsc,
};

use super::{Numbered, read_frame, write_frame};
use crate::net::{BoxStream, Listener, Net};

/// Carries out a request and calls back with the answer.
pub type Handler<Q, A> = Arc<dyn Fn(Q, Box<dyn FnOnce(A) + Send>) + Send + Sync>;

/// Answers that one connection may have waiting to be written.
const ANSWERS_MAX: usize = 65_536;

/// Takes in connections and answers their requests, until the listener fails.
pub async fn serve<Q, A>(net: Arc<dyn Net>, mut listener: Box<dyn Listener>, handler: Handler<Q, A>)
where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + Sync + 'static,
{
    while let Ok(stream) = listener.accept().await {
        net.spawn(Box::pin(answer_connection(net.clone(), stream, handler.clone())));
    }
}

async fn answer_connection<Q, A>(net: Arc<dyn Net>, stream: BoxStream, handler: Handler<Q, A>)
where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + Sync + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    let (answers, written) = mpsc::channel(ANSWERS_MAX);
    net.spawn(Box::pin(write_answers(writer, written)));
    // A connection that breaks, or whose writer is gone, is done with; its asker opens another.
    while let Ok(Numbered { number, body }) = read_frame::<Q>(&mut reader).await {
        if answers.is_closed() {
            return;
        }
        let answers = answers.clone();
        let reply = Box::new(move |answer| drop(answers.try_send((number, answer))));
        handler(body, reply);
    }
}

async fn write_answers<A: Serialize>(
    writer: WriteHalf<BoxStream>,
    mut answers: mpsc::Receiver<(u64, A)>,
) {
    let mut writer = BufWriter::new(writer);
    while let Some((number, answer)) = answers.recv().await {
        let mut next = Some((number, answer));
        while let Some((number, answer)) = next {
            if write_frame(&mut writer, number, &answer).await.is_err() {
                return;
            }
            next = answers.try_recv().ok();
        }
        if writer.flush().await.is_err() {
            return;
        }
    }
}
