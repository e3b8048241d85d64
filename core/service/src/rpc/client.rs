//! The asking end of a connection.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use futures_util::FutureExt;
use hubbub_chat::time::Monotonic;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter, ReadHalf, WriteHalf},
    sync::mpsc,
};

use super::{Numbered, read_frame, write_frame};
use crate::net::{BoxFuture, BoxStream, Net};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no connection, or too many requests wait: nothing was done.
    #[error("the other end can't be reached")]
    Refused,
    /// The connection broke while the request was under way: it may or may not have been done.
    #[error("the connection broke before the answer")]
    Unknown,
}

/// Where a link leads, and its bounds.
#[derive(Debug, Clone)]
pub struct LinkConfig {
    /// The other end, as `host:port`.
    pub address: String,
    /// Requests that wait to be written at most; more are refused.
    pub queue_max: usize,
    /// A connection on which a request has waited so long is dropped.
    pub answer_timeout: Duration,
    /// How long to wait before connecting again.
    pub reconnect_after: Duration,
}

type Reply<A> = Box<dyn FnOnce(Result<A, CallError>) + Send>;

struct Call<Q, A> {
    request: Q,
    reply: Reply<A>,
}

/// A connection that is kept open, and opened again whenever it breaks.
pub struct Link<Q, A> {
    queue: mpsc::Sender<Call<Q, A>>,
}

impl<Q, A> Link<Q, A>
where
    Q: Serialize + Send + Sync + 'static,
    A: DeserializeOwned + Send + 'static,
{
    /// Opens a link; it connects in the background.
    pub fn open(net: &Arc<dyn Net>, config: LinkConfig) -> Self {
        let (queue, calls) = mpsc::channel(config.queue_max.max(1));
        net.spawn(Box::pin(drive_link(net.clone(), config, calls)));
        Self { queue }
    }

    /// Asks. `reply` is called once, here and now when the request is refused at once.
    pub fn call(&self, request: Q, reply: impl FnOnce(Result<A, CallError>) + Send + 'static) {
        let call = Call { request, reply: Box::new(reply) };
        if let Err(error) = self.queue.try_send(call) {
            let (mpsc::error::TrySendError::Full(call) | mpsc::error::TrySendError::Closed(call)) =
                error;
            (call.reply)(Err(CallError::Refused));
        }
    }
}

async fn drive_link<Q, A>(
    net: Arc<dyn Net>,
    config: LinkConfig,
    mut calls: mpsc::Receiver<Call<Q, A>>,
) where
    Q: Serialize + Send + Sync + 'static,
    A: DeserializeOwned + Send + 'static,
{
    loop {
        let give_up = net.sleep_until(net.now().monotonic.after(config.answer_timeout));
        let stream = tokio::select! {
            biased;
            stream = net.connect(&config.address) => stream.ok(),
            () = give_up => None,
        };
        if let Some(stream) = stream {
            let mut connection = Connection::new(&*net, &config, stream);
            let ended = connection.drive(&mut calls).await;
            connection.fail_open();
            if ended == Ended::Closed {
                return;
            }
        }
        if refuse_while_down(&*net, &config, &mut calls).await == Ended::Closed {
            return;
        }
    }
}

/// What comes in while there is no connection is refused, so that the asker can decide at once.
async fn refuse_while_down<Q, A>(
    net: &dyn Net,
    config: &LinkConfig,
    calls: &mut mpsc::Receiver<Call<Q, A>>,
) -> Ended {
    let mut wait = net.sleep_until(net.now().monotonic.after(config.reconnect_after));
    loop {
        tokio::select! {
            biased;
            () = &mut wait => return Ended::Broken,
            call = calls.recv() => match call {
                Some(call) => (call.reply)(Err(CallError::Refused)),
                None => return Ended::Closed,
            },
        }
    }
}

#[derive(PartialEq, Eq)]
enum Ended {
    /// The connection broke or has been silent for too long.
    Broken,
    /// Nobody asks any more.
    Closed,
}

struct Connection<'link, A> {
    net: &'link dyn Net,
    config: &'link LinkConfig,
    reader: Option<BufReader<ReadHalf<BoxStream>>>,
    writer: BufWriter<WriteHalf<BoxStream>>,
    last_number: u64,
    open: BTreeMap<u64, (Monotonic, Reply<A>)>,
}

impl<'link, A: DeserializeOwned + Send + 'static> Connection<'link, A> {
    fn new(net: &'link dyn Net, config: &'link LinkConfig, stream: BoxStream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            net,
            config,
            reader: Some(BufReader::new(reader)),
            writer: BufWriter::new(writer),
            last_number: 0,
            open: BTreeMap::new(),
        }
    }

    async fn drive<Q: Serialize>(&mut self, calls: &mut mpsc::Receiver<Call<Q, A>>) -> Ended {
        let Some(reader) = self.reader.take() else { return Ended::Broken };
        // Reading an answer takes several steps, so it must not be dropped half-way: the future
        // lives until it is done.
        let mut reading = read_next::<A>(reader);
        let mut watch: Option<(Monotonic, BoxFuture<'static, ()>)> = None;
        loop {
            self.set_watch(&mut watch);
            tokio::select! {
                biased;
                (reader, answer) = &mut reading => {
                    let Ok(answer) = answer else { return Ended::Broken };
                    self.answer(answer);
                    reading = read_next(reader);
                }
                call = calls.recv() => {
                    let Some(call) = call else { return Ended::Closed };
                    if !self.write_in_time(call, calls).await {
                        return Ended::Broken;
                    }
                }
                () = expired(&mut watch) => return Ended::Broken,
            }
        }
    }

    /// Watches the oldest request that is under way.
    fn set_watch(&self, watch: &mut Option<(Monotonic, BoxFuture<'static, ()>)>) {
        let oldest = self.open.first_key_value().map(|(_, (asked_at, _))| *asked_at);
        let due = oldest.map(|asked_at| asked_at.after(self.config.answer_timeout));
        if due != watch.as_ref().map(|(due, _)| *due) {
            *watch = due.map(|due| (due, self.net.sleep_until(due)));
        }
    }

    fn answer(&mut self, answer: Numbered<A>) {
        if let Some((_, reply)) = self.open.remove(&answer.number) {
            reply(Ok(answer.body));
        }
    }

    /// Writes, but not for ever: the other end may take no bytes without the connection knowing
    /// that it is dead. False when the connection is of no use any more.
    async fn write_in_time<Q: Serialize>(
        &mut self,
        call: Call<Q, A>,
        calls: &mut mpsc::Receiver<Call<Q, A>>,
    ) -> bool {
        let (net, timeout) = (self.net, self.config.answer_timeout);
        let mut writing = std::pin::pin!(self.write(call, calls));
        // Nearly always there is room in the socket, and no timer is needed.
        if let Some(written) = (&mut writing).now_or_never() {
            return written.is_ok();
        }
        tokio::select! {
            biased;
            written = writing => written.is_ok(),
            () = net.sleep_until(net.now().monotonic.after(timeout)) => false,
        }
    }

    /// Writes this request and those that wait behind it, then flushes once.
    async fn write<Q: Serialize>(
        &mut self,
        call: Call<Q, A>,
        calls: &mut mpsc::Receiver<Call<Q, A>>,
    ) -> io::Result<()> {
        let mut next = Some(call);
        while let Some(Call { request, reply }) = next {
            self.last_number += 1;
            self.open.insert(self.last_number, (self.net.now().monotonic, reply));
            write_frame(&mut self.writer, self.last_number, &request).await?;
            next = calls.try_recv().ok();
        }
        self.writer.flush().await
    }

    fn fail_open(&mut self) {
        for (_, (_, reply)) in std::mem::take(&mut self.open) {
            reply(Err(CallError::Unknown));
        }
    }
}

type Read<A> = (BufReader<ReadHalf<BoxStream>>, io::Result<Numbered<A>>);

fn read_next<A: DeserializeOwned + Send + 'static>(
    mut reader: BufReader<ReadHalf<BoxStream>>,
) -> BoxFuture<'static, Read<A>> {
    Box::pin(async move {
        let answer = read_frame(&mut reader).await;
        (reader, answer)
    })
}

async fn expired(watch: &mut Option<(Monotonic, BoxFuture<'static, ()>)>) {
    match watch {
        Some((_, sleep)) => sleep.await,
        None => std::future::pending().await,
    }
}
