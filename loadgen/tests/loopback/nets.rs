//! Networks between generator and server, with faults in the connections.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use hubbub_chat::time::{Monotonic, Now};
use hubbub_service::net::{BoxFuture, BoxStream, Listener, Net, RealNet};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What happens to what a connection reads.
pub(crate) trait Fault: Send + Sync + 'static {
    /// Whether the `place`-th connection, from 0 and the one of the provisioning included, may be
    /// opened.
    fn may_open(&self, _place: usize) -> bool {
        true
    }

    /// When bytes that arrived on it at `now_ns` are given on.
    fn due_ns(&self, _place: usize, now_ns: u64) -> u64 {
        now_ns
    }
}

/// The system's network with a fault in its connections.
pub(crate) struct FaultyNet<F> {
    inner: Arc<RealNet>,
    fault: Arc<F>,
    connections: AtomicUsize,
}

/// Holds everything back until an instant.
#[derive(Default)]
pub(crate) struct Hold {
    until_ns: AtomicU64,
}

/// Takes so much longer on one connection.
pub(crate) struct Delay {
    pub(crate) place: usize,
    pub(crate) by_ns: u64,
}

/// Opens only so many connections.
pub(crate) struct OpenAtMost(pub(crate) usize);

impl Hold {
    pub(crate) fn until(&self, at_ns: u64) {
        self.until_ns.store(at_ns, Ordering::SeqCst);
    }
}

impl Fault for Hold {
    fn due_ns(&self, _place: usize, now_ns: u64) -> u64 {
        now_ns.max(self.until_ns.load(Ordering::SeqCst))
    }
}

impl Fault for Delay {
    fn due_ns(&self, place: usize, now_ns: u64) -> u64 {
        now_ns + if place == self.place { self.by_ns } else { 0 }
    }
}

impl Fault for OpenAtMost {
    fn may_open(&self, place: usize) -> bool {
        place < self.0
    }
}

impl<F: Fault> FaultyNet<F> {
    pub(crate) fn new(fault: F) -> Self {
        let connections = AtomicUsize::new(0);
        Self { inner: Arc::new(RealNet::new()), fault: Arc::new(fault), connections }
    }

    pub(crate) fn fault(&self) -> &F {
        &self.fault
    }
}

impl<F: Fault> Net for FaultyNet<F> {
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        self.inner.listen(address)
    }

    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        let place = self.connections.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if !self.fault.may_open(place) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let inner = self.inner.connect(address).await?;
            let (net, fault) = (self.inner.clone(), self.fault.clone());
            let (arrived, sleep) = (VecDeque::new(), None);
            let stream = FaultyStream { inner, net, fault, place, arrived, sleep, is_over: false };
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.inner.spawn(task);
    }

    fn sleep_until(&self, at: Monotonic) -> BoxFuture<'static, ()> {
        self.inner.sleep_until(at)
    }

    fn now(&self) -> Now {
        self.inner.now()
    }

    fn random(&self) -> u64 {
        self.inner.random()
    }
}

struct FaultyStream<F> {
    inner: BoxStream,
    net: Arc<RealNet>,
    fault: Arc<F>,
    place: usize,
    arrived: VecDeque<(u64, Vec<u8>)>,
    sleep: Option<BoxFuture<'static, ()>>,
    is_over: bool,
}

impl<F: Fault> FaultyStream<F> {
    /// Reads all that is there and notes when each piece is due.
    fn read_ahead(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let mut bytes = [0; 4096];
        while !self.is_over {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.inner).poll_read(context, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(read) => read?,
            }
            self.is_over = buffer.filled().is_empty();
            let due_ns = self.fault.due_ns(self.place, self.net.now().monotonic.0);
            // A connection keeps its order.
            let due_ns =
                self.arrived.back().map_or(due_ns, |(before_ns, _)| due_ns.max(*before_ns));
            self.arrived.push_back((due_ns, buffer.filled().to_vec()));
        }
        Ok(())
    }
}

impl<F: Fault> AsyncRead for FaultyStream<F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.read_ahead(context)?;
        while let Some((due_ns, _)) = self.arrived.front() {
            let due_ns = *due_ns;
            if due_ns > self.net.now().monotonic.0 {
                let net = self.net.clone();
                let sleep = self.sleep.get_or_insert_with(|| net.sleep_until(Monotonic(due_ns)));
                ready!(sleep.as_mut().poll(context));
                self.sleep = None;
                continue;
            }
            self.sleep = None;
            let Some((_, bytes)) = self.arrived.front_mut() else { break };
            let taken = bytes.len().min(buffer.remaining());
            buffer.put_slice(&bytes[..taken]);
            bytes.drain(..taken);
            if bytes.is_empty() {
                self.arrived.pop_front();
            }
            return Poll::Ready(Ok(()));
        }
        if self.is_over { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

impl<F: Fault> AsyncWrite for FaultyStream<F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
