//! The operating system's network, clock and randomness.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the place where they are allowed"
)]

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hubbub_chat::time::{Monotonic, Now, Wall, nanoseconds};
use tokio::{net, time::Instant};

use super::{BoxFuture, BoxStream, Listener, Net};

/// TCP, the system's clocks and its random number generator.
#[derive(Debug, Clone)]
pub struct RealNet {
    started: Instant,
}

impl RealNet {
    /// A network whose monotonic clock starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for RealNet {
    fn default() -> Self {
        Self::new()
    }
}

impl Net for RealNet {
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let listener = net::TcpListener::bind(address).await?;
            let address = listener.local_addr()?.to_string();
            Ok(Box::new(RealListener { listener, address }) as Box<dyn Listener>)
        })
    }

    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = net::TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn sleep_until(&self, at: Monotonic) -> BoxFuture<'static, ()> {
        let at = self.started + Duration::from_nanos(at.0);
        Box::pin(tokio::time::sleep_until(at))
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            monotonic: Monotonic(nanoseconds(self.started.elapsed())),
            wall: Wall(nanoseconds(wall)),
        }
    }

    fn random(&self) -> u64 {
        getrandom::u64().unwrap_or_else(|_| {
            // The system has no randomness to give, so no token can be safe: stop here.
            std::process::abort()
        })
    }
}

struct RealListener {
    listener: net::TcpListener,
    address: String,
}

impl Listener for RealListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let (stream, _) = self.listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn address(&self) -> String {
        self.address.clone()
    }
}
