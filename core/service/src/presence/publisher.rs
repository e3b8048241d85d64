//! How a presence server tells chat servers of changes. A publication may be lost: whoever watches
//! takes a snapshot regularly.

use std::{
    collections::BTreeMap,
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

/// Statuses that wait for chat servers that the registry has not named yet, at most; more are lost.
const WAITING_MAX: usize = 65_536;

/// The ways to the chat servers: those of other processes come and go with the registry.
#[derive(Clone)]
pub struct Publisher {
    local: Option<(ServerId, ChatHandle)>,
    ways: Arc<Mutex<Ways>>,
    lost: Arc<AtomicU64>,
}

/// Links, and what waits for one. A chat server may ask before the registry has named it here, and
/// what it is told then would reach it with its next snapshot only.
struct Ways {
    links: PeerLinks,
    waiting: BTreeMap<ServerId, Vec<Status>>,
    waiting_count: usize,
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
        let ways = Ways { links, waiting: BTreeMap::new(), waiting_count: 0 };
        Self { local, ways: Arc::new(Mutex::new(ways)), lost }
    }

    /// Publications that were not sent or not confirmed.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Opens links to those who are new and tells them what has waited, and drops the links of servers
    /// that are gone.
    pub(super) fn update(&self, members: &[Member]) {
        let own = self.local.as_ref().map(|(server, _)| *server);
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        ways.links.connect(&peers_among(members, own));
        ways.waiting_count = 0;
        for (server, statuses) in std::mem::take(&mut ways.waiting) {
            // One that is still not there is lost, and counted.
            ways.links.send(server, PeerFrame::Statuses(statuses));
        }
    }

    /// Tells a chat server, or loses it.
    pub(super) fn publish(&self, server: ServerId, statuses: Vec<Status>) {
        if let Some((local, chat)) = &self.local
            && *local == server
        {
            return chat.hint(PeerFrame::Statuses(statuses));
        }
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let would_wait = ways.waiting_count + statuses.len();
        if !ways.links.leads_to(server) && would_wait <= WAITING_MAX {
            ways.waiting_count = would_wait;
            return ways.waiting.entry(server).or_default().extend(statuses);
        }
        ways.links.send(server, PeerFrame::Statuses(statuses));
    }
}

#[cfg(test)]
mod tests {
    use hubbub_chat::{
        UserId,
        ports::registry::{LeaseInfo, LeaseKey},
    };

    use super::*;
    use crate::net::RealNet;

    fn status() -> Status {
        Status { user: UserId(1), online: true, last_active_at_ms: 0, epoch: 1, version: 1 }
    }

    fn publisher() -> Publisher {
        Publisher::new(Arc::new(RealNet::new()), Duration::from_secs(3), None)
    }

    /// Nothing listens on port 1 of this host.
    fn member(server: ServerId) -> Member {
        let info = LeaseInfo { peer_address: "127.0.0.1:1".into(), ..LeaseInfo::default() };
        Member { key: LeaseKey::Chat(server), epoch: 1, info }
    }

    #[tokio::test]
    async fn a_status_waits_for_a_chat_server_until_the_registry_is_asked_again() {
        let publisher = publisher();
        publisher.publish(ServerId(2), vec![status()]);
        assert_eq!(publisher.lost(), 0);
        publisher.update(&[member(ServerId(2))]);
        assert_eq!(publisher.lost(), 0, "it is on its way");
        publisher.publish(ServerId(3), vec![status()]);
        publisher.update(&[member(ServerId(2))]);
        assert_eq!(publisher.lost(), 1, "there is no such server");
    }

    #[tokio::test]
    async fn only_so_many_statuses_wait() {
        let publisher = publisher();
        publisher.publish(ServerId(2), vec![status(); WAITING_MAX]);
        publisher.publish(ServerId(2), vec![status()]);
        assert_eq!(publisher.lost(), 1);
    }
}
