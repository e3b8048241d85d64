//! A connection of a device, behind its gate.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hubbub_chat::DeviceId;
use hubbub_service::net::{BoxFuture, Net};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::mpsc,
};
use turmoil::net::TcpStream;

use super::{
    gate::{Door, Gate},
    recording::Shared,
};

/// Bytes that are read at once while nothing may pass.
const READ_BYTES: usize = 4096;

/// What a connection belongs to.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) device: DeviceId,
    pub(super) gate: Arc<Gate>,
    pub(super) shared: Shared,
    /// Takes connections that must not be closed with their owner.
    pub(super) keeper: mpsc::UnboundedSender<Kept>,
}

impl Owner {
    /// Counts something that the faults at the gate did.
    pub(super) fn count(&self) {
        let faults = self.gate.faults();
        self.shared.with(|recording| faults.iter().for_each(|fault| recording.count(*fault, 1)));
    }
}

/// A connection through a gate. What is written or read while the gate is held passes when it opens.
/// What is lost is missed for ever: the direction stays dead, and neither end is told.
pub(super) struct GatedStream {
    stream: Option<TcpStream>,
    local: SocketAddr,
    owner: Owner,
    /// Bytes were lost on the way out, or in.
    lost: [bool; 2],
    /// Ready when the connection must end.
    ending: BoxFuture<'static, ()>,
    waiting: Option<BoxFuture<'static, ()>>,
    outgoing: Vec<u8>,
    arrived: Vec<u8>,
    has_ended: bool,
}

/// A connection that outlives its owner.
pub(super) struct Kept {
    stream: TcpStream,
    /// What still goes out when this gate opens, and then the connection is closed. Without one it
    /// stays as it is: nobody tells the other end.
    last: Option<Last>,
}

/// What goes out when a gate opens, if the device is in the same network then.
struct Last {
    bytes: Vec<u8>,
    gate: Arc<Gate>,
    network: u64,
}

/// Keeps connections for as long as their host is up.
pub(super) async fn keep(net: Arc<dyn Net>, mut received: mpsc::UnboundedReceiver<Kept>) {
    let mut silent = Vec::new();
    while let Some(Kept { mut stream, last }) = received.recv().await {
        match last {
            None => silent.push(stream),
            Some(Last { bytes, gate, network }) => net.spawn(Box::pin(async move {
                gate.opened().await;
                if gate.network() != network {
                    return std::future::pending().await;
                }
                // The other end may have closed it; then nobody reads.
                drop(stream.write_all(&bytes).await);
            })),
        }
    }
}

impl GatedStream {
    /// A connection to an address, with its end at the device. One that is beside the one on which
    /// the device's session lives says so.
    pub(super) fn new(
        stream: TcpStream,
        local: SocketAddr,
        to: &str,
        is_beside: bool,
        owner: Owner,
    ) -> Self {
        let to = to.split(':').next().unwrap_or_default();
        owner.shared.with(|recording| recording.open_stream(owner.device, local, to, is_beside));
        Self {
            stream: Some(stream),
            local,
            ending: owner.gate.ending(local),
            owner,
            lost: [false; 2],
            waiting: None,
            outgoing: Vec::new(),
            arrived: Vec::new(),
            has_ended: false,
        }
    }

    /// Something is lost on its way out (0) or in (1).
    pub(super) fn lose(&mut self, way: usize) {
        self.owner.count();
        if !std::mem::replace(&mut self.lost[way], true) {
            self.owner.shared.with(|recording| recording.break_stream(self.local, way));
        }
    }

    /// It goes to the network that its device has left meanwhile.
    pub(super) fn leave(&mut self) {
        self.owner.shared.with(|recording| recording.kill_stream(self.local));
        self.die();
    }

    /// Nothing passes any more, neither what comes nor what waits.
    fn die(&mut self) {
        self.lost = [true; 2];
        self.outgoing.clear();
        self.arrived.clear();
        self.has_ended = false;
    }

    /// Takes note of what faults have done to the connection as such. Whoever uses it is woken when
    /// it must end.
    fn notice(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.stream.is_some() && self.ending.as_mut().poll(context).is_ready() {
            self.close();
        }
        if self.owner.gate.is_dead(self.local) {
            self.die();
        }
        if self.stream.is_none() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }

    /// The connection ends, as far as the other end can be told.
    fn close(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        let (device, local) = (self.owner.device, self.local);
        let gate = &self.owner.gate;
        let is_dead = gate.is_dead(local);
        gate.forget(local);
        self.owner.shared.with(|recording| recording.close_stream(device, local));
        let last = match gate.door() {
            _ if self.lost[0] || is_dead || gate.is_silent() => None,
            Door::Open => return drop(stream),
            Door::Cut => {
                self.owner.count();
                None
            }
            Door::Held => {
                let (bytes, gate) = (std::mem::take(&mut self.outgoing), gate.clone());
                Some(Last { bytes, network: gate.network(), gate })
            }
        };
        // Its host may have died with everything on it; then it is dropped here.
        drop(self.owner.keeper.send(Kept { stream, last }));
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Whether the gate is open; if it is held, whoever asks is woken when it opens.
    fn is_open(&mut self, context: &mut Context<'_>) -> Door {
        let door = self.owner.gate.door();
        if door != Door::Held {
            self.waiting = None;
            return door;
        }
        let gate = &self.owner.gate;
        let waiting = self.waiting.get_or_insert_with(|| gate.opened());
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Door::Open,
            Poll::Pending => Door::Held,
        }
    }

    /// What had to wait goes out.
    fn poll_outgoing(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let outgoing = std::mem::take(&mut self.outgoing);
            let written = self.stream()?.poll_write(context, &outgoing);
            self.outgoing = outgoing;
            let count = ready!(written)?;
            self.outgoing.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what comes while nothing may pass: it is lost, or waits.
    fn poll_arrivals(&mut self, context: &mut Context<'_>, door: Door) -> Poll<io::Result<()>> {
        while !self.has_ended && !self.lost[1] {
            let mut bytes = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut bytes);
            let result = ready!(self.stream()?.poll_read(context, &mut read));
            if door == Door::Cut {
                self.lose(1);
                break;
            }
            self.owner.count();
            self.has_ended = result.is_err() || read.filled().is_empty();
            self.arrived.extend_from_slice(read.filled());
        }
        Poll::Pending
    }
}

impl AsyncRead for GatedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.notice(context)?;
        let door = this.is_open(context);
        if door != Door::Open {
            return this.poll_arrivals(context, door);
        }
        if let Poll::Ready(Err(error)) = this.poll_outgoing(context) {
            return Poll::Ready(Err(error));
        }
        if !this.arrived.is_empty() {
            let count = this.arrived.len().min(buffer.remaining());
            buffer.put_slice(&this.arrived[..count]);
            this.arrived.drain(..count);
            return Poll::Ready(Ok(()));
        }
        match (this.has_ended, this.lost[1]) {
            (true, _) => Poll::Ready(Ok(())),
            // Nothing will ever come.
            (false, true) => Poll::Pending,
            (false, false) => this.stream()?.poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for GatedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.notice(context)?;
        match (this.is_open(context), this.lost[0]) {
            (Door::Open, false) => {
                ready!(this.poll_outgoing(context))?;
                this.stream()?.poll_write(context, bytes)
            }
            (Door::Held, false) => {
                this.owner.count();
                this.outgoing.extend_from_slice(bytes);
                Poll::Ready(Ok(bytes.len()))
            }
            (Door::Cut, _) => {
                this.lose(0);
                Poll::Ready(Ok(bytes.len()))
            }
            (_, true) => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.notice(context)?;
        if this.lost[0] || this.is_open(context) != Door::Open {
            return Poll::Ready(Ok(()));
        }
        ready!(this.poll_outgoing(context))?;
        this.stream()?.poll_flush(context)
    }

    /// While nothing may pass, the end of the connection goes out when it is dropped.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.notice(context)?;
        if this.lost[0] || this.is_open(context) != Door::Open {
            return Poll::Ready(Ok(()));
        }
        ready!(this.poll_outgoing(context))?;
        this.stream()?.poll_shutdown(context)
    }
}

impl Drop for GatedStream {
    fn drop(&mut self) {
        self.close();
    }
}
