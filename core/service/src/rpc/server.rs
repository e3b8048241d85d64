//! The answering end of a connection.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_chat::time::Monotonic;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter, WriteHalf},
    sync::{Semaphore, mpsc, oneshot, watch},
};

use super::{Answered, Asked, IDLE_TIMEOUT, read_frame, write_frame};
use crate::{
    net::{BoxFuture, BoxStream, Listener, Net, pause_accepting},
    role::stopped,
};

/// Carries out a request and calls back with the answer.
pub type Handler<Q, A> = Arc<dyn Fn(Q, Box<dyn FnOnce(A) + Send>) + Send + Sync>;

/// Answers that one connection may have waiting to be written.
const ANSWERS_MAX: usize = 65_536;

/// Connections at most, unless the configuration says otherwise: more than a registry has leases.
const CONNECTIONS_MAX: usize = 10_000;

/// How connections are served.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// A connection on which no frame came for so long is dropped: its other end may have lost its
    /// power. Three times the longest interval of pings, 30 s, if unsure.
    pub idle_timeout: Duration,
    /// Counts answers that found too many others waiting for the same connection. Whoever asked
    /// drops the connection when the answer is overdue.
    pub answers_lost: Arc<AtomicU64>,
    /// Connections at most; more are closed at once. Whoever opened one tries again.
    pub connections_max: usize,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            idle_timeout: IDLE_TIMEOUT,
            answers_lost: Arc::default(),
            connections_max: CONNECTIONS_MAX,
        }
    }
}

/// Takes in connections and answers their requests, until the shutdown. Then the connections end
/// too; what is under way on them has an unknown outcome for its asker.
pub async fn serve<Q, A>(
    net: Arc<dyn Net>,
    mut listener: Box<dyn Listener>,
    handler: Handler<Q, A>,
    config: ServeConfig,
    mut shutdown: watch::Receiver<bool>,
) where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + Sync + 'static,
{
    let room = Arc::new(Semaphore::new(config.connections_max));
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => return,
            stream = listener.accept() => match stream {
                Ok(stream) => {
                    let Ok(place) = room.clone().try_acquire_owned() else {
                        tracing::warn!("a connection of another server was one too many");
                        continue;
                    };
                    let (handler, mut shutdown) = (handler.clone(), shutdown.clone());
                    let config = config.clone();
                    let answering = answer_connection(net.clone(), stream, handler, config);
                    net.spawn(Box::pin(async move {
                        let _place = place;
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

async fn answer_connection<Q, A>(
    net: Arc<dyn Net>,
    stream: BoxStream,
    handler: Handler<Q, A>,
    config: ServeConfig,
) where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + Sync + 'static,
{
    let (reader, writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    let (answers, written) = mpsc::channel(ANSWERS_MAX);
    // The writer may wait for ever for a dead end to take bytes, so it ends with the reader.
    let (_reading, read) = oneshot::channel::<()>();
    net.spawn(Box::pin(async move {
        tokio::select! {
            biased;
            () = write_answers(writer, written) => {}
            _ = read => {}
        }
    }));
    let mut idle = Idle::new(net, config.idle_timeout);
    // A connection that breaks, or whose writer is gone, is done with; its asker opens another.
    while let Some(Ok(asked)) = idle.read(read_frame::<Asked<Q>>(&mut reader)).await {
        match asked {
            Asked::Ping => answer(&answers, &config.answers_lost, Answered::Pong),
            Asked::Call { number, body } => {
                let (answers, lost) = (answers.clone(), config.answers_lost.clone());
                let reply = move |body| answer(&answers, &lost, Answered::Answer { number, body });
                handler(body, Box::new(reply));
            }
        }
        if answers.is_closed() {
            return;
        }
    }
}

/// Hands an answer to the writer, or loses it when too many wait.
fn answer<A>(answers: &mpsc::Sender<Answered<A>>, lost: &AtomicU64, answered: Answered<A>) {
    if let Err(mpsc::error::TrySendError::Full(_)) = answers.try_send(answered)
        && lost.fetch_add(1, Ordering::Relaxed) == 0
    {
        tracing::warn!("an answer was lost: too many wait for one connection");
    }
}

async fn write_answers<A: Serialize>(
    writer: WriteHalf<BoxStream>,
    mut answers: mpsc::Receiver<Answered<A>>,
) {
    let mut writer = BufWriter::new(writer);
    while let Some(answered) = answers.recv().await {
        let mut next = Some(answered);
        while let Some(answered) = next {
            if write_frame(&mut writer, &answered).await.is_err() {
                return;
            }
            next = answers.try_recv().ok();
        }
        if writer.flush().await.is_err() {
            return;
        }
    }
}

/// Watches how long nothing has come.
struct Idle {
    net: Arc<dyn Net>,
    timeout: Duration,
    heard_at: Monotonic,
    sleep: BoxFuture<'static, ()>,
}

impl Idle {
    fn new(net: Arc<dyn Net>, timeout: Duration) -> Self {
        let heard_at = net.now().monotonic;
        let sleep = net.sleep_until(heard_at.after(timeout));
        Self { net, timeout, heard_at, sleep }
    }

    /// What was read, or nothing when it has not come in time. The sleep is made anew only when it
    /// has ended, not for each frame.
    async fn read<T>(
        &mut self,
        reading: impl Future<Output = io::Result<T>>,
    ) -> Option<io::Result<T>> {
        let mut reading = std::pin::pin!(reading);
        loop {
            tokio::select! {
                biased;
                read = &mut reading => {
                    self.heard_at = self.net.now().monotonic;
                    return Some(read);
                }
                () = &mut self.sleep => {
                    let due = self.heard_at.after(self.timeout);
                    if self.net.now().monotonic >= due {
                        return None;
                    }
                    self.sleep = self.net.sleep_until(due);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::RealNet;

    #[tokio::test]
    async fn answers_that_find_no_room_are_counted() {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        // Nobody reads the answers, and the pipe holds less than the first one.
        let (mut asking, answering) = tokio::io::duplex(64);
        let handler: Handler<u64, Vec<u8>> = Arc::new(|_, reply| reply(vec![0; 1024]));
        let config = ServeConfig::default();
        let lost = config.answers_lost.clone();
        let answering = answer_connection(net, Box::new(answering), handler, config);
        let asking = async {
            for number in 0..ANSWERS_MAX as u64 + 100 {
                write_frame(&mut asking, &Asked::Call { number, body: number }).await.unwrap();
            }
            // The other end has read everything when it sees this end.
            asking.shutdown().await.unwrap();
        };
        tokio::join!(asking, answering);
        // The writer holds what its buffer of 8 KiB has room for, and one more.
        let lost = lost.load(Ordering::Relaxed);
        assert!((90..=100).contains(&lost), "{lost}");
    }
}
