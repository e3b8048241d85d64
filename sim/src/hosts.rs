//! The hosts of a deployment, in a fixed order: the store, the chat servers, the device hosts.

use hubbub_scenario::Cluster;

/// A host, by its place in [`Hosts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(pub usize);

/// The hosts and their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    names: Vec<String>,
    chat: usize,
}

impl Hosts {
    /// The hosts of a cluster.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        let store = std::iter::once("store".to_owned());
        let chat = (1..=cluster.chat).map(|number| format!("chat-{number}"));
        let devices = (1..=cluster.devices).map(|number| format!("devices-{number}"));
        Self { names: store.chain(chat).chain(devices).collect(), chat: cluster.chat as usize }
    }

    /// The store's host.
    #[must_use]
    pub fn store(&self) -> HostId {
        HostId(0)
    }

    /// The host of a chat server, counted from 0.
    #[must_use]
    pub fn chat(&self, index: usize) -> HostId {
        HostId(1 + index)
    }

    /// The chat server on a host, counted from 0.
    #[must_use]
    pub fn chat_index(&self, host: HostId) -> Option<usize> {
        (1..=self.chat).contains(&host.0).then(|| host.0 - 1)
    }

    /// How many chat servers there are.
    #[must_use]
    pub fn chat_count(&self) -> usize {
        self.chat
    }

    /// A host of devices, counted from 0.
    #[must_use]
    pub fn devices(&self, index: usize) -> HostId {
        HostId(1 + self.chat + index)
    }

    /// Whether devices live on this host.
    #[must_use]
    pub fn is_devices(&self, host: HostId) -> bool {
        host.0 > self.chat && host.0 < self.names.len()
    }

    /// A host's name.
    #[must_use]
    pub fn name(&self, host: HostId) -> &str {
        &self.names[host.0]
    }

    /// The host of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<HostId> {
        self.names.iter().position(|known| known == name).map(HostId)
    }

    /// Every host.
    pub fn iter(&self) -> impl Iterator<Item = HostId> + '_ {
        (0..self.names.len()).map(HostId)
    }
}
