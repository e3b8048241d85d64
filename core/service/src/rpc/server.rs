//! The answering end of a connection.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter, WriteHalf},
    sync::{mpsc, watch},
};

use super::{Numbered, read_frame, write_frame};
use crate::{
    net::{BoxStream, Listener, Net, pause_accepting},
    role::stopped,
};

/// Carries out a request and calls back with the answer.
pub type Handler<Q, A> = Arc<dyn Fn(Q, Box<dyn FnOnce(A) + Send>) + Send + Sync>;

/// Answers that one connection may have waiting to be written.
const ANSWERS_MAX: usize = 65_536;

/// Takes in connections and answers their requests, until the shutdown. Then the connections end
/// too; what is under way on them has an unknown outcome for its asker.
pub async fn serve<Q, A>(
    net: Arc<dyn Net>,
    mut listener: Box<dyn Listener>,
    handler: Handler<Q, A>,
    mut shutdown: watch::Receiver<bool>,
) where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + Sync + 'static,
{
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => return,
            stream = listener.accept() => match stream {
                Ok(stream) => {
                    let (handler, mut shutdown) = (handler.clone(), shutdown.clone());
                    let answering = answer_connection(net.clone(), stream, handler);
                    net.spawn(Box::pin(async move {
                        tokio::select! {
                            biased;
                            () = stopped(&mut shutdown) => {}
                            () = answering => {}
                        }
                    }));
                }
                Err(_) => pause_accepting(&*net).await,
            },
        }
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
