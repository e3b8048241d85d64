//! The simulated network, clock and randomness behind the service's [`Net`].

use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hubbub_chat::{
    DeviceId, SessionId,
    ports::registry::LeaseKey,
    random::Random,
    time::{Monotonic, Now, Wall, nanoseconds},
};
use hubbub_history::{Source, lease_event};
use hubbub_service::{
    Belief,
    net::{BoxFuture, BoxStream, Listener, Net},
};
use turmoil::net::TcpStream;

use super::recording::Shared;
use crate::{clock::WallClock, hosts::HostId, setup::Setup};

/// One host's door to the simulation.
pub(super) struct SimulatedNet {
    host: String,
    shared: Shared,
    random: Mutex<Random>,
    starts: AtomicU32,
    clock: WallClock,
    /// How long it takes at least to hear that nobody is there.
    round_trip: Duration,
}

impl SimulatedNet {
    pub(super) fn new(setup: &Setup, host: HostId, shared: Shared) -> Self {
        Self {
            host: setup.hosts.name(host).to_owned(),
            shared,
            random: Mutex::new(Random::stream(setup.seed, 0x686f_7374_0000 + host.0 as u64)),
            starts: AtomicU32::new(0),
            clock: WallClock::new(setup, host),
            round_trip: 2 * setup.cluster.latency_min.0,
        }
    }

    /// The host starts; says how often it had started before.
    pub(super) fn start(&self) -> u32 {
        self.starts.fetch_add(1, Ordering::Relaxed)
    }

    /// How often the host had started before this time.
    pub(super) fn incarnation(&self) -> u32 {
        self.starts.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Opens a connection, and says which end of it is here. An attempt over a cut link, or to a host
    /// that lost its power or is a black hole, gets no answer; turmoil itself would refuse it at once. A host whose
    /// process has died refuses; turmoil would let it wait for the next start.
    pub(super) async fn open(&self, address: &str) -> io::Result<(TcpStream, SocketAddr)> {
        let (host, port) = split(address)?;
        let is_black_hole =
            || self.shared.with(|recording| recording.is_black_hole(&self.host, host));
        let before = is_black_hole();
        if !before && self.shared.with(|recording| recording.is_refused(host)) {
            return self.refuse().await;
        }
        if !before && self.shared.with(|recording| recording.is_unanswered(host)) {
            return std::future::pending().await;
        }
        match TcpStream::connect((host, port)).await {
            Ok(stream) => {
                let local = stream.local_addr()?;
                Ok((stream, local))
            }
            Err(_) if before || is_black_hole() => std::future::pending().await,
            Err(error) => Err(error),
        }
    }

    /// Nobody is there, which is known after a while.
    pub(super) async fn refuse<T>(&self) -> io::Result<T> {
        tokio::time::sleep(self.round_trip).await;
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    /// What the wall clock shows. Faults count how often it is read.
    fn wall(&self, elapsed_ns: u64) -> Wall {
        let count = |fault| self.shared.with(|recording| recording.count(fault, 1));
        self.clock.read(elapsed_ns, count)
    }
}

/// Nanoseconds since the run began.
pub(super) fn elapsed_ns() -> u64 {
    nanoseconds(turmoil::sim_elapsed().unwrap_or_default())
}

impl Net for SimulatedNet {
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let (host, port) = split(address)?;
            let listener = turmoil::net::TcpListener::bind(("0.0.0.0", port)).await?;
            let address = format!("{host}:{port}");
            Ok(Box::new(SimulatedListener { listener, address }) as Box<dyn Listener>)
        })
    }

    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(async move {
            let (stream, _) = self.open(address).await?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::task::spawn_local(task);
    }

    fn sleep_until(&self, at: Monotonic) -> BoxFuture<'static, ()> {
        let wait = Duration::from_nanos(at.0.saturating_sub(elapsed_ns()));
        Box::pin(tokio::time::sleep(wait))
    }

    fn now(&self) -> Now {
        let elapsed = elapsed_ns();
        Now { monotonic: Monotonic(elapsed), wall: self.wall(elapsed) }
    }

    fn random(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    fn note(&self, what: &dyn Fn() -> String) {
        self.shared.with(|recording| recording.note(elapsed_ns(), &self.host, what));
    }

    fn note_lease(&self, belief: Belief, holds: bool) {
        let Belief { key, holder, epoch } = belief;
        let source = match key {
            LeaseKey::Notifier => Source::Notifier,
            _ => Source::Server,
        };
        let body = lease_event(key, holder, epoch, holds);
        self.shared.with(|recording| {
            recording.record(elapsed_ns(), source, &self.host, self.incarnation(), body);
        });
    }

    fn note_session(&self, session: SessionId, device: Option<DeviceId>) {
        self.shared.with(|recording| {
            recording.note_session(elapsed_ns(), &self.host, session, device);
        });
    }
}

fn split(address: &str) -> io::Result<(&str, u16)> {
    let parts = address.split_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    parts.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "expected host:port"))
}

struct SimulatedListener {
    listener: turmoil::net::TcpListener,
    address: String,
}

impl Listener for SimulatedListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let (stream, _) = self.listener.accept().await?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn address(&self) -> String {
        self.address.clone()
    }
}
