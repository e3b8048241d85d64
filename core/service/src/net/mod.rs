//! The one door to the network, the clock and randomness. Behind it is the operating system, or a
//! simulated network; nothing above can tell.

mod real;

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    time::Duration,
};

use futures_util::FutureExt;
use hubbub_chat::{
    DeviceId, SessionId,
    time::{Monotonic, Now},
};
use tokio::io::{AsyncRead, AsyncWrite};

pub use real::RealNet;

use crate::belief::Belief;

/// A future that can be kept in a struct.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection.
pub type BoxStream = Box<dyn ByteStream>;

/// What a connection can do.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> ByteStream for T {}

/// Takes in connections.
pub trait Listener: Send {
    /// The next connection.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<BoxStream>>;

    /// Where it listens, as `host:port`.
    fn address(&self) -> String;
}

/// Waits before the next try, after a connection could not be taken in. Most likely the process is
/// out of files, and the connections that end will free some.
pub(crate) async fn pause_accepting(net: &dyn Net) {
    net.sleep_until(net.now().monotonic.after(Duration::from_millis(50))).await;
}

/// Waits for something, but not after `until`. Nearly always it is there at once, and no timer is
/// needed.
pub(crate) async fn in_time<T>(
    net: &dyn Net,
    until: Monotonic,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    if let Some(done) = future.as_mut().now_or_never() {
        return Some(done);
    }
    tokio::select! {
        biased;
        done = future => Some(done),
        () = net.sleep_until(until) => None,
    }
}

/// A sleep that is made anew only when it must end earlier: most of what happens does not change
/// when something is due, and to be woken too early does no harm.
#[derive(Default)]
pub(crate) struct Alarm(Option<(Monotonic, BoxFuture<'static, ()>)>);

impl Alarm {
    /// Has it ring by then.
    pub(crate) fn set(&mut self, net: &dyn Net, due: Option<Monotonic>) {
        if let Some(due) = due
            && self.0.as_ref().is_none_or(|(planned, _)| due < *planned)
        {
            self.0 = Some((due, net.sleep_until(due)));
        }
    }

    /// Waits until it rings, for ever when nothing is due. Then it has to be set again.
    pub(crate) async fn ring(&mut self) {
        match &mut self.0 {
            Some((_, sleep)) => sleep.await,
            None => std::future::pending().await,
        }
        self.0 = None;
    }
}

/// A network, a clock and a source of randomness.
pub trait Net: Send + Sync + 'static {
    /// Listens on `host:port`; port 0 takes a free one.
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>>;

    /// Opens a connection to `host:port`.
    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>>;

    /// Opens a connection to `host:port` beside the one on which a session lives. To a network they
    /// are the same; a simulated one knows by it that nobody waits to be heard on this one.
    fn connect_beside<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        self.connect(address)
    }

    /// Runs a task beside the others.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Waits until the monotonic clock shows `at`.
    fn sleep_until(&self, at: Monotonic) -> BoxFuture<'static, ()>;

    /// Both clocks.
    fn now(&self) -> Now;

    /// 64 bits that nobody can guess, or that follow from the seed in a simulation.
    fn random(&self) -> u64;

    /// Notes what a machine is about to do, for a trace. A real network keeps none.
    fn note(&self, what: &dyn Fn() -> String) {
        let _ = what;
    }

    /// Notes that a process begins or ceases to believe that it holds a lease. A real network keeps
    /// no notes.
    fn note_lease(&self, belief: Belief, holds: bool) {
        let _ = (belief, holds);
    }

    /// Notes that the chat server of this process takes on a session, of this device; without a
    /// device, that it has ended it. A real network keeps no notes.
    fn note_session(&self, session: SessionId, device: Option<DeviceId>) {
        let _ = (session, device);
    }
}
