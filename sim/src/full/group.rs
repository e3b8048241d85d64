//! The store's group commit: what arrives while its disk syncs is carried out and answered together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hubbub_chat::{
    ports::{Request, store::StoreRequest},
    random::Random,
    time::Monotonic,
};
use hubbub_service::{
    backend::{Backend, Reply},
    net::Net,
};

use super::net::{SimulatedNet, elapsed_ns};
use crate::disk;

/// What waits for the sync that is under way. It outlives the process that took it in, as what is on
/// its way to a disk does.
#[derive(Clone)]
pub(super) struct Group(Arc<Mutex<State>>);

struct State {
    waiting: Vec<StoreRequest>,
    random: Random,
}

impl Group {
    pub(super) fn new(random: Random) -> Self {
        Self(Arc::new(Mutex::new(State { waiting: Vec::new(), random })))
    }

    /// Takes a request in. Says how long the sync takes that begins with it, unless one is under way.
    /// A read waits for what came before it, and for nothing else: it is handed back then.
    fn join(&self, request: StoreRequest) -> Joined {
        let mut state = self.state();
        let is_first = state.waiting.is_empty();
        if is_first && request.is_read() {
            return Joined::NeedNotWait(request);
        }
        state.waiting.push(request);
        if is_first { Joined::Begins(disk::sync_ns(&mut state.random)) } else { Joined::Waits }
    }

    fn take(&self) -> Vec<StoreRequest> {
        std::mem::take(&mut self.state().waiting)
    }

    /// The process is gone. Returns how many requests were waiting, and those of them that are on the
    /// disk: nobody is told of either.
    pub(super) fn lose(&self, silent: bool) -> (usize, Vec<StoreRequest>) {
        let mut lost = self.take();
        let count = lost.len();
        lost.truncate(disk::survivors(&mut self.state().random, count, silent));
        (count, lost)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a request.
enum Joined {
    /// It is the first of a group, and the disk takes so many nanoseconds.
    Begins(u64),
    /// It waits with others.
    Waits,
    /// It is a read, and nothing is under way.
    NeedNotWait(StoreRequest),
}

/// The store's ports with a disk behind them that takes its time.
pub(super) struct GroupedPorts {
    net: Arc<SimulatedNet>,
    group: Group,
    /// Of the requests that wait, in their order; gone with the process.
    replies: Arc<Mutex<Vec<Reply>>>,
    ports: Arc<dyn Backend>,
}

impl GroupedPorts {
    pub(super) fn new(net: Arc<SimulatedNet>, group: Group, ports: Arc<dyn Backend>) -> Self {
        Self { net, group, replies: Arc::default(), ports }
    }

    fn sync(&self, sync_ns: u64) {
        let synced = self.net.sleep_until(Monotonic(elapsed_ns() + sync_ns));
        let (group, replies, ports) =
            (self.group.clone(), self.replies.clone(), self.ports.clone());
        self.net.spawn(Box::pin(async move {
            synced.await;
            let replies = std::mem::take(&mut *held(&replies));
            for (request, reply) in group.take().into_iter().zip(replies) {
                ports.submit(Request::Store(request), reply);
            }
        }));
    }
}

impl Backend for GroupedPorts {
    fn submit(&self, request: Request, reply: Reply) {
        let Request::Store(request) = request else {
            return self.ports.submit(request, reply);
        };
        match self.group.join(request) {
            Joined::NeedNotWait(request) => self.ports.submit(Request::Store(request), reply),
            Joined::Waits => held(&self.replies).push(reply),
            Joined::Begins(sync_ns) => {
                held(&self.replies).push(reply);
                self.sync(sync_ns);
            }
        }
    }
}

fn held(replies: &Mutex<Vec<Reply>>) -> MutexGuard<'_, Vec<Reply>> {
    replies.lock().unwrap_or_else(PoisonError::into_inner)
}
