//! The asking end of a connection.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use hubbub_chat::time::Monotonic;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter, ReadHalf, WriteHalf},
    sync::mpsc,
};

use super::{Answered, Asked, IDLE_TIMEOUT, read_frame, write_frame};
use crate::net::{Alarm, BoxFuture, BoxStream, Net, in_time};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no connection, too many requests wait, or the deadline passed before the request
    /// was sent: nothing was done.
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
    /// Requests that wait to be written at most, and that are under way at most: beyond these the
    /// others wait, and beyond those they are refused.
    pub queue_max: usize,
    /// A connection on which a request or a ping has waited so long is dropped. One on which
    /// nothing was sent for so long, or for 10 s, is sent a ping.
    pub answer_timeout: Duration,
    /// How long to wait before connecting again.
    pub reconnect_after: Duration,
}

type Reply<A> = Box<dyn FnOnce(Result<A, CallError>) + Send>;

struct Call<Q, A> {
    request: Q,
    deadline: Monotonic,
    reply: Reply<A>,
}

/// A connection that is kept open, and opened again whenever it breaks.
pub struct Link<Q, A> {
    net: Arc<dyn Net>,
    answer_timeout: Duration,
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
        let answer_timeout = config.answer_timeout;
        net.spawn(Box::pin(drive_link(net.clone(), config, calls)));
        Self { net: net.clone(), answer_timeout, queue }
    }

    /// Asks, with the link's answer timeout for a deadline.
    pub fn call(&self, request: Q, reply: impl FnOnce(Result<A, CallError>) + Send + 'static) {
        self.call_by(self.net.now().monotonic.after(self.answer_timeout), request, reply);
    }

    /// Asks; a request that is not written by the deadline is refused. `reply` is called once,
    /// here and now when the request is refused at once.
    pub fn call_by(
        &self,
        deadline: Monotonic,
        request: Q,
        reply: impl FnOnce(Result<A, CallError>) + Send + 'static,
    ) {
        let call = Call { request, deadline, reply: Box::new(reply) };
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
        let give_up = net.now().monotonic.after(config.answer_timeout);
        if let Some(Ok(stream)) = in_time(&*net, give_up, net.connect(&config.address)).await {
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
    written_at: Monotonic,
    /// When the ping was written that nothing has come after.
    pinged_at: Option<Monotonic>,
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
            written_at: net.now().monotonic,
            pinged_at: None,
        }
    }

    async fn drive<Q: Serialize + Sync>(
        &mut self,
        calls: &mut mpsc::Receiver<Call<Q, A>>,
    ) -> Ended {
        let Some(reader) = self.reader.take() else { return Ended::Broken };
        // Reading an answer takes several steps, so it must not be dropped half-way: the future
        // lives until it is done.
        let mut reading = read_next::<A>(reader);
        let mut alarm = Alarm::default();
        loop {
            alarm.set(self.net, Some(self.give_up_at().min(self.ping_at())));
            tokio::select! {
                biased;
                (reader, answered) = &mut reading => {
                    let Ok(answered) = answered else { return Ended::Broken };
                    self.take(answered);
                    reading = read_next(reader);
                }
                call = calls.recv(), if self.has_room() => {
                    let Some(call) = call else { return Ended::Closed };
                    if !goes_out(self.net, self.config, self.write(call, calls)).await {
                        return Ended::Broken;
                    }
                }
                () = alarm.ring() => {
                    let now = self.net.now().monotonic;
                    if now >= self.give_up_at() {
                        return Ended::Broken;
                    }
                    let is_due = now >= self.ping_at();
                    if is_due && !goes_out(self.net, self.config, self.ping::<Q>()).await {
                        return Ended::Broken;
                    }
                }
            }
        }
    }

    /// When the oldest request or the ping has waited too long.
    fn give_up_at(&self) -> Monotonic {
        let oldest = self.open.first_key_value().map(|(_, (asked_at, _))| *asked_at);
        let since = oldest.into_iter().chain(self.pinged_at).min();
        since.map_or(Monotonic(u64::MAX), |since| since.after(self.config.answer_timeout))
    }

    /// When a ping is due, if none is under way.
    fn ping_at(&self) -> Monotonic {
        match self.pinged_at {
            Some(_) => Monotonic(u64::MAX),
            None => self.written_at.after(self.config.answer_timeout.min(IDLE_TIMEOUT / 3)),
        }
    }

    fn take(&mut self, answered: Answered<A>) {
        self.pinged_at = None;
        if let Answered::Answer { number, body } = answered
            && let Some((_, reply)) = self.open.remove(&number)
        {
            reply(Ok(body));
        }
    }

    /// Writes this request and those that wait behind it, then flushes once. Nobody waits any more
    /// for one whose deadline has passed.
    async fn write<Q: Serialize + Sync>(
        &mut self,
        call: Call<Q, A>,
        calls: &mut mpsc::Receiver<Call<Q, A>>,
    ) -> io::Result<()> {
        let mut next = Some(call);
        while let Some(Call { request, deadline, reply }) = next {
            let now = self.net.now().monotonic;
            if now >= deadline {
                reply(Err(CallError::Refused));
            } else {
                self.last_number += 1;
                self.written_at = now;
                self.open.insert(self.last_number, (now, reply));
                let call = Asked::Call { number: self.last_number, body: &request };
                write_frame(&mut self.writer, &call).await?;
            }
            next = if self.has_room() { calls.try_recv().ok() } else { None };
        }
        self.writer.flush().await
    }

    /// Whether one more request may be under way.
    fn has_room(&self) -> bool {
        self.open.len() < self.config.queue_max.max(1)
    }

    async fn ping<Q: Serialize + Sync>(&mut self) -> io::Result<()> {
        self.written_at = self.net.now().monotonic;
        self.pinged_at = Some(self.written_at);
        write_frame(&mut self.writer, &Asked::<&Q>::Ping).await?;
        self.writer.flush().await
    }

    fn fail_open(&mut self) {
        for (_, (_, reply)) in std::mem::take(&mut self.open) {
            reply(Err(CallError::Unknown));
        }
    }
}

/// Writes, but not for ever: the other end may take no bytes without the connection knowing that it
/// is dead. False when the connection is of no use any more.
async fn goes_out(
    net: &dyn Net,
    config: &LinkConfig,
    writing: impl Future<Output = io::Result<()>>,
) -> bool {
    let until = net.now().monotonic.after(config.answer_timeout);
    matches!(in_time(net, until, writing).await, Some(Ok(())))
}

type Read<A> = (BufReader<ReadHalf<BoxStream>>, io::Result<Answered<A>>);

fn read_next<A: DeserializeOwned + Send + 'static>(
    mut reader: BufReader<ReadHalf<BoxStream>>,
) -> BoxFuture<'static, Read<A>> {
    Box::pin(async move {
        let answered = read_frame(&mut reader).await;
        (reader, answered)
    })
}
