//! How a presence server tells chat servers of changes. A publication may be lost: whoever watches
//! takes a snapshot regularly.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_chat::{
    ServerId,
    frame::PeerFrame,
    ports::{presence::Status, registry::Member},
};

use crate::{
    chat::{ChatHandle, PeerLinks, peers_among},
    net::Net,
};

/// The ways to the chat servers: those of other processes come and go with the registry.
#[derive(Clone)]
pub struct Publisher {
    local: Option<(ServerId, ChatHandle)>,
    links: Arc<Mutex<PeerLinks>>,
    lost: Arc<AtomicU64>,
}

impl Publisher {
    /// With no way to anybody yet, but for the chat server of this process.
    #[must_use]
    pub fn new(
        net: Arc<dyn Net>,
        answer_timeout: Duration,
        local: Option<(ServerId, ChatHandle)>,
    ) -> Self {
        let lost = Arc::<AtomicU64>::default();
        let links = PeerLinks::new(net, answer_timeout, lost.clone());
        Self { local, links: Arc::new(Mutex::new(links)), lost }
    }

    /// Publications that were not sent or not confirmed.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Opens links to those who are new, and drops those of servers that are gone.
    pub(super) fn update(&self, members: &[Member]) {
        let own = self.local.as_ref().map(|(server, _)| *server);
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.connect(&peers_among(members, own));
    }

    /// Tells a chat server, or loses it.
    pub(super) fn publish(&self, server: ServerId, statuses: Vec<Status>) {
        let frame = PeerFrame::Statuses(statuses);
        match &self.local {
            Some((local, chat)) if *local == server => chat.hint(frame),
            _ => {
                let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
                links.send(server, frame);
            }
        }
    }
}
