//! Which leases a process believes to hold, for whoever watches a run.

use std::sync::Arc;

use hubbub_chat::ports::registry::LeaseKey;

use crate::net::Net;

/// A lease that a process believes to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belief {
    /// What for.
    pub key: LeaseKey,
    /// The number by which the registry knows the process.
    pub holder: u64,
    /// The epoch that the registry gave.
    pub epoch: u64,
}

/// What a process believed when it was last asked: the lease to be who it is, and that of a worker.
pub(crate) struct Beliefs {
    net: Arc<dyn Net>,
    holder: u64,
    held: [Option<(LeaseKey, u64)>; 2],
}

impl Beliefs {
    /// Of a process that holds nothing yet.
    pub(crate) fn new(net: Arc<dyn Net>, holder: u64) -> Self {
        Self { net, holder, held: [None; 2] }
    }

    /// Notes what has changed: the key and the epoch of each lease that is held now.
    pub(crate) fn note(&mut self, held: [Option<(LeaseKey, u64)>; 2]) {
        let before = std::mem::replace(&mut self.held, held);
        for (before, now) in before.into_iter().zip(held) {
            if before != now {
                for (lease, holds) in [(before, false), (now, true)] {
                    if let Some((key, epoch)) = lease {
                        self.net.note_lease(Belief { key, holder: self.holder, epoch }, holds);
                    }
                }
            }
        }
    }
}
