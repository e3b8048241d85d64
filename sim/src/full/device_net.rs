//! One device's door to the network of its host.

use std::{io, sync::Arc};

use hubbub_chat::time::{Monotonic, Now};
use hubbub_service::net::{BoxFuture, BoxStream, Listener, Net};

use super::{
    gate::Door,
    gated_stream::{GatedStream, Owner},
    net::SimulatedNet,
};

/// The network as one device sees it, in one of its lives: what the device has under way ends with
/// that life.
pub(super) struct DeviceNet {
    pub(super) host: Arc<SimulatedNet>,
    pub(super) owner: Owner,
    pub(super) life: u64,
}

impl DeviceNet {
    async fn open(&self, address: &str, is_beside: bool) -> io::Result<BoxStream> {
        let gate = &self.owner.gate;
        let network = gate.network();
        self.find_network().await?;
        self.pass().await;
        self.find_network().await?;
        let opened = self.host.open(address).await;
        self.find_network().await?;
        // The answer has to come in as well.
        match opened {
            Ok((stream, local)) => {
                let mut stream =
                    GatedStream::new(stream, local, address, is_beside, self.owner.clone());
                if gate.door() == Door::Cut {
                    stream.lose(0);
                    stream.lose(1);
                    return std::future::pending().await;
                }
                self.pass().await;
                // It goes to where the device was before.
                if gate.network() != network {
                    stream.leave();
                    return std::future::pending().await;
                }
                Ok(Box::new(stream))
            }
            Err(error) => {
                self.pass().await;
                Err(error)
            }
        }
    }

    /// There may be no network at all.
    async fn find_network(&self) -> io::Result<()> {
        let off = self.owner.gate.off();
        if off.is_empty() {
            return Ok(());
        }
        self.owner.shared.with(|recording| off.iter().for_each(|it| recording.count(*it, 1)));
        self.host.refuse().await
    }

    /// Passes the gate, late or never.
    async fn pass(&self) {
        let gate = &self.owner.gate;
        match gate.door() {
            Door::Open => {}
            Door::Held => {
                self.owner.count();
                gate.opened().await;
            }
            Door::Cut => {
                self.owner.count();
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Net for DeviceNet {
    fn listen<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Listener>>> {
        self.host.listen(address)
    }

    fn connect<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(self.open(address, false))
    }

    fn connect_beside<'a>(&'a self, address: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        Box::pin(self.open(address, true))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let ended = self.owner.gate.ended(self.life);
        self.host.spawn(Box::pin(async move {
            tokio::select! {
                biased;
                () = ended => {}
                () = task => {}
            }
        }));
    }

    fn sleep_until(&self, at: Monotonic) -> BoxFuture<'static, ()> {
        self.host.sleep_until(at)
    }

    fn now(&self) -> Now {
        self.host.now()
    }

    fn random(&self) -> u64 {
        self.host.random()
    }

    fn note(&self, what: &dyn Fn() -> String) {
        self.host.note(what);
    }
}
