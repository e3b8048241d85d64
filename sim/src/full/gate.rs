//! What stands between one device and the network of its host: a tunnel, a lost connection, the end
//! of the device itself.

use std::future::Future;

use hubbub_service::net::BoxFuture;
use tokio::sync::watch;

use crate::links::LinkState;

/// The state of one device, changed by faults between two steps of the simulation.
pub(super) struct Gate {
    state: watch::Sender<GateState>,
}

#[derive(Debug)]
struct GateState {
    link: LinkState,
    /// How often the device was started by the harness.
    life: u64,
    up: bool,
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
        let state = GateState { link: LinkState::default(), life: 1, up: true, silent: false };
        Self { state: watch::Sender::new(state) }
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

    /// The device dies; without a word, its connections are not closed.
    pub(super) fn stop(&self, silent: bool) {
        self.state.send_modify(|state| (state.up, state.silent) = (false, silent));
    }

    /// The device starts again.
    pub(super) fn start(&self) {
        self.state.send_modify(|state| {
            (state.up, state.silent) = (true, false);
            state.life += 1;
        });
    }

    pub(super) fn is_up(&self) -> bool {
        self.state.borrow().up
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
        self.wait_for(|state| state.up).await;
        self.state.borrow().life
    }

    /// Waits until this life is over.
    pub(super) fn ended(&self, life: u64) -> impl Future<Output = ()> + Send + 'static {
        self.wait_for(move |state| !state.up || state.life != life)
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
