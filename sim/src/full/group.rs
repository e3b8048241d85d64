//! The store's group commit: what arrives while its disk syncs is synced and answered together.

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
use crate::disk::{Disk, Joined, Lost, Synced};

/// What is on its way to the store's disk. It outlives the process that took it in.
#[derive(Clone)]
pub(super) struct Group(Arc<Mutex<Disk<StoreRequest>>>);

impl Group {
    pub(super) fn new(random: Random) -> Self {
        Self(Arc::new(Mutex::new(Disk::new(random))))
    }

    /// The process is gone.
    pub(super) fn lose(&self, silent: bool) -> Lost<StoreRequest> {
        self.disk().lose(silent)
    }

    fn disk(&self) -> MutexGuard<'_, Disk<StoreRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

    /// Has the disk sync one group after the other, until nothing waits.
    fn sync(&self, mut sync_ns: u64) {
        let (net, group) = (self.net.clone(), self.group.clone());
        let (replies, ports) = (self.replies.clone(), self.ports.clone());
        self.net.spawn(Box::pin(async move {
            loop {
                net.sleep_until(Monotonic(elapsed_ns() + sync_ns)).await;
                let Synced { done, next_ns } = group.disk().synced();
                let replies: Vec<Reply> = held(&replies).drain(..done.len()).collect();
                for (request, reply) in done.into_iter().zip(replies) {
                    ports.submit(Request::Store(request), reply);
                }
                match next_ns {
                    Some(next_ns) => sync_ns = next_ns,
                    None => return,
                }
            }
        }));
    }
}

impl Backend for GroupedPorts {
    fn submit(&self, request: Request, reply: Reply) {
        let Request::Store(request) = request else {
            return self.ports.submit(request, reply);
        };
        let is_read = request.is_read();
        let joined = self.group.disk().join(request, is_read);
        match joined {
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
