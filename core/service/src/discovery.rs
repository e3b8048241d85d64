//! Discovery: the task that knows from the registry which chat servers there are, and sends devices
//! to them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use hubbub_chat::{
    Design, DeviceId, Discovery, RequestId,
    discovery::{Assignment, DiscoveryCounts, DiscoveryInput, DiscoveryOutput},
    ports::Answer,
    time::{Monotonic, Now},
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    backend::Backend,
    net::Net,
    task::{Machine, drive},
};

/// Asks that wait for the machine at most; further ones are refused.
const ASKS_MAX: usize = 8192;

/// What a device asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which device it is.
    pub device: DeviceId,
    /// Where it is; empty when there are no regions.
    pub region: String,
    /// Whether it has nothing to send.
    pub background: bool,
    /// How many attempts have failed before.
    pub attempt: u32,
}

/// The way into a running discovery.
#[derive(Clone)]
pub struct DiscoveryHandle {
    asks: mpsc::Sender<TaskInput>,
    counts: Arc<Mutex<DiscoveryCounts>>,
    overflowed: Arc<AtomicU64>,
}

type TaskInput = (Ask, oneshot::Sender<Assignment>);

impl DiscoveryHandle {
    /// Starts a discovery. It stops with the shutdown.
    #[must_use]
    pub fn start(
        net: &Arc<dyn Net>,
        design: Design,
        backend: Arc<dyn Backend>,
        shutdown: watch::Receiver<bool>,
    ) -> Self {
        let (asks, received) = mpsc::channel(ASKS_MAX);
        let counts = Arc::<Mutex<DiscoveryCounts>>::default();
        let machine = DiscoveryTask {
            machine: Discovery::new(design, net.random()),
            calls: BTreeMap::new(),
            last_call: 0,
            counts: counts.clone(),
        };
        let driven = drive(net.clone(), machine, backend, received, shutdown, |asker, output| {
            if let DiscoveryOutput::Request { id, deadline, request } = output {
                asker.ask(id, deadline, request);
            }
        });
        net.spawn(Box::pin(driven));
        Self { asks, counts, overflowed: Arc::default() }
    }

    /// Where a device goes. `None` when too many others ask, or the server stops.
    pub async fn assign(&self, ask: Ask) -> Option<Assignment> {
        let (reply, assignment) = oneshot::channel();
        if let Err(error) = self.asks.try_send((ask, reply)) {
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                self.overflowed.fetch_add(1, Ordering::Relaxed);
            }
            return None;
        }
        assignment.await.ok()
    }

    /// What it has done since it started.
    #[must_use]
    pub fn counts(&self) -> DiscoveryCounts {
        self.counts.lock().map(|counts| counts.clone()).unwrap_or_default()
    }

    /// Asks that were one too many to wait.
    #[must_use]
    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }
}

/// The machine, and those who wait for its answers.
struct DiscoveryTask {
    machine: Discovery,
    /// Each ends with its answer, which the machine gives at once.
    calls: BTreeMap<u64, oneshot::Sender<Assignment>>,
    last_call: u64,
    counts: Arc<Mutex<DiscoveryCounts>>,
}

impl Machine for DiscoveryTask {
    type Input = TaskInput;
    type Output = DiscoveryOutput;

    fn take(&mut self, now: Now, (ask, reply): TaskInput) {
        self.last_call += 1;
        let call = self.last_call;
        self.calls.insert(call, reply);
        let Ask { device, region, background, attempt } = ask;
        let input = DiscoveryInput::Ask { call, device, region, background, attempt };
        self.machine.handle_input(now, input);
    }

    fn settle(&mut self, now: Now, id: RequestId, answer: Answer) {
        self.machine.handle_input(now, DiscoveryInput::Answer(id, answer));
    }

    fn wake(&mut self, now: Now) {
        self.machine.handle_timeout(now);
    }

    fn next_output(&mut self) -> Option<DiscoveryOutput> {
        loop {
            match self.machine.poll_output() {
                Some(DiscoveryOutput::Assign(call, assignment)) => {
                    if let Some(reply) = self.calls.remove(&call) {
                        // Whoever asked may have gone in the meantime.
                        drop(reply.send(assignment));
                    }
                }
                None => {
                    if let Ok(mut counts) = self.counts.lock() {
                        counts.clone_from(self.machine.counts());
                    }
                    return None;
                }
                request => return request,
            }
        }
    }

    fn wake_at(&self) -> Option<Monotonic> {
        self.machine.poll_timeout().map(|(due, _)| due)
    }
}
