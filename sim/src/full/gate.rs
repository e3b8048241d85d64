//! What stands between one device and the network of its host: a tunnel, a lost connection, the end
//! of the device itself.

use std::{collections::BTreeSet, future::Future, net::SocketAddr};

use hubbub_service::net::BoxFuture;
use tokio::sync::watch;

use crate::links::LinkState;

/// The state of one device, changed by faults between two steps of the simulation.
pub(super) struct Gate {
    state: watch::Sender<GateState>,
}

#[derive(Debug, Default)]
struct GateState {
    link: LinkState,
    /// The faults that turn its network off.
    off: BTreeSet<u32>,
    /// How often it has changed to another network.
    network: u64,
    /// Connections that must end, by their end at the device.
    ending: BTreeSet<SocketAddr>,
    /// Connections on which nothing passes any more.
    dead: BTreeSet<SocketAddr>,
    /// How often the device was started by the harness.
    life: u64,
    /// The faults that keep it from running.
    down: BTreeSet<u32>,
    /// Whether the last life ended without a word.
    silent: bool,
}

/// What becomes of what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    /// It waits.
    Held,
    /// It is lost.
    Cut,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { state: watch::Sender::new(GateState { life: 1, ..GateState::default() }) }
    }

    pub(super) fn door(&self) -> Door {
        self.state.borrow().door()
    }

    /// The faults that strike now.
    pub(super) fn faults(&self) -> Vec<u32> {
        self.state.borrow().link.closed_by().iter().copied().collect()
    }

    pub(super) fn cut(&self, fault: u32, on: bool) {
        self.state.send_modify(|state| state.link.cut(fault, on));
    }

    pub(super) fn hold(&self, fault: u32, on: bool) {
        self.state.send_modify(|state| state.link.hold(fault, on));
    }

    /// The network is turned off or on.
    pub(super) fn turn_off(&self, fault: u32, off: bool) {
        self.state.send_modify(|state| match off {
            true => drop(state.off.insert(fault)),
            false => drop(state.off.remove(&fault)),
        });
    }

    /// The faults that turn the network off now.
    pub(super) fn off(&self) -> Vec<u32> {
        self.state.borrow().off.iter().copied().collect()
    }

    /// The device changes to another network; these connections were over the other one.
    pub(super) fn switch_network(&self, dead: Vec<SocketAddr>) {
        self.state.send_modify(|state| {
            state.network += 1;
            state.dead.extend(dead);
        });
    }

    /// How often the device has changed to another network.
    pub(super) fn network(&self) -> u64 {
        self.state.borrow().network
    }

    /// Whether nothing passes any more on a connection.
    pub(super) fn is_dead(&self, stream: SocketAddr) -> bool {
        self.state.borrow().dead.contains(&stream)
    }

    /// These connections must end.
    pub(super) fn end(&self, streams: Vec<SocketAddr>) {
        self.state.send_modify(|state| state.ending.extend(streams));
    }

    /// Waits until a connection must end.
    pub(super) fn ending(&self, stream: SocketAddr) -> BoxFuture<'static, ()> {
        Box::pin(self.wait_for(move |state| state.ending.contains(&stream)))
    }

    /// A connection is no more. Nobody needs to be told.
    pub(super) fn forget(&self, stream: SocketAddr) {
        self.state.send_if_modified(|state| {
            state.ending.remove(&stream);
            state.dead.remove(&stream);
            false
        });
    }

    /// The device dies; without a word, its connections are not closed.
    pub(super) fn stop(&self, fault: u32, silent: bool) {
        self.state.send_modify(|state| {
            state.silent |= silent;
            state.down.insert(fault);
        });
    }

    /// The device starts again, unless another fault keeps it down.
    pub(super) fn start(&self, fault: u32) {
        self.state.send_modify(|state| {
            if state.down.remove(&fault) && state.is_up() {
                state.silent = false;
                state.life += 1;
            }
        });
    }

    pub(super) fn is_up(&self) -> bool {
        self.state.borrow().is_up()
    }

    /// Whether this device has died without a word.
    pub(super) fn is_silent(&self) -> bool {
        self.state.borrow().silent
    }

    /// Waits until nothing is held or lost any more.
    pub(super) fn opened(&self) -> BoxFuture<'static, ()> {
        Box::pin(self.wait_for(|state| state.door() == Door::Open))
    }

    /// Waits until the device is up, and says in which life.
    pub(super) async fn started(&self) -> u64 {
        self.wait_for(GateState::is_up).await;
        self.state.borrow().life
    }

    /// Waits until this life is over.
    pub(super) fn ended(&self, life: u64) -> impl Future<Output = ()> + Send + 'static {
        self.wait_for(move |state| !state.is_up() || state.life != life)
    }

    fn wait_for(
        &self,
        is_so: impl Fn(&GateState) -> bool + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut states = self.state.subscribe();
        async move {
            // A gate that is gone changes no more.
            if states.wait_for(is_so).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl GateState {
    fn is_up(&self) -> bool {
        self.down.is_empty()
    }

    fn door(&self) -> Door {
        if !self.link.cut.is_empty() {
            Door::Cut
        } else if !self.link.held.is_empty() {
            Door::Held
        } else {
            Door::Open
        }
    }
}
