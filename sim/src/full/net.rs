//! The simulated network, clock and randomness behind the service's [`Net`].

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hubbub_chat::{
    random::Random,
    time::{Monotonic, Now, Wall, nanoseconds},
};
use hubbub_service::net::{BoxFuture, BoxStream, Listener, Net};

use super::recording::Shared;
use crate::setup::WALL_START_NS;

/// One host's door to the simulation.
pub(super) struct SimulatedNet {
    host: String,
    shared: Shared,
    random: Mutex<Random>,
}

impl SimulatedNet {
    pub(super) fn new(host: &str, shared: Shared, random: Random) -> Self {
        Self { host: host.to_owned(), shared, random: Mutex::new(random) }
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

    /// A connection attempt over a cut link, or to a host that lost its power, gets no answer;
    /// turmoil itself would refuse it at once.
    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(async move {
            let (host, port) = split(address)?;
            let is_black_hole =
                || self.shared.with(|recording| recording.is_black_hole(&self.host, host));
            let before = is_black_hole();
            match turmoil::net::TcpStream::connect((host, port)).await {
                Ok(stream) => Ok(Box::new(stream) as BoxStream),
                Err(_) if before || is_black_hole() => std::future::pending().await,
                Err(error) => Err(error),
            }
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
        Now { monotonic: Monotonic(elapsed), wall: Wall(WALL_START_NS + elapsed) }
    }

    fn random(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    fn note(&self, what: &dyn Fn() -> String) {
        self.shared.with(|recording| recording.note(elapsed_ns(), &self.host, what));
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
