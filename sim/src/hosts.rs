//! The hosts of a deployment, in a fixed order: the store, those of each role, the device hosts.

use std::ops::Range;

use hubbub_chat::ServerId;
use hubbub_scenario::{Cluster, Role};

/// A host, by its place in [`Hosts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(pub usize);

/// The hosts and their names. A role without a host of its own is played by the store's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    names: Vec<String>,
    regions: Vec<String>,
    chat: Range<usize>,
    presence: Range<usize>,
    notify: Range<usize>,
    api: Range<usize>,
    devices: Range<usize>,
}

const STORE: usize = 0;

impl Hosts {
    /// The hosts of a cluster.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        let mut names = vec![Role::Store.as_str().to_owned()];
        let mut own = |role: Role, count: u32| {
            let first = names.len();
            names.extend((1..=count).map(|number| format!("{role}-{number}")));
            first..names.len()
        };
        let chat = own(Role::Chat, cluster.chat);
        let presence = own(Role::Presence, cluster.presence);
        let notify = own(Role::Notify, cluster.notify);
        let api = own(Role::Api, cluster.api);
        let devices = own(Role::Devices, cluster.devices);
        let region = |name: &String| cluster.region_of(name).unwrap_or_default().to_owned();
        let regions = names.iter().map(region).collect();
        Self { names, regions, chat, presence, notify, api, devices }
    }

    /// The store's host. Routing, the registry and the directory are there as well.
    #[must_use]
    pub fn store(&self) -> HostId {
        HostId(STORE)
    }

    /// The host of a chat server, counted from 0.
    #[must_use]
    pub fn chat(&self, index: usize) -> HostId {
        HostId(self.chat.start + index)
    }

    /// The chat server on a host, counted from 0.
    #[must_use]
    pub fn chat_index(&self, host: HostId) -> Option<usize> {
        self.chat.contains(&host.0).then(|| host.0 - self.chat.start)
    }

    /// The chat server on the host of that name, counted from 0.
    #[must_use]
    pub fn chat_named(&self, name: &str) -> Option<usize> {
        self.find(name).and_then(|host| self.chat_index(host))
    }

    /// How many chat servers there are.
    #[must_use]
    pub fn chat_count(&self) -> usize {
        self.chat.len()
    }

    /// The host of a presence server, counted from 0.
    #[must_use]
    pub fn presence(&self, index: usize) -> HostId {
        host_of(&self.presence, index)
    }

    /// How many presence servers there are, one at least.
    #[must_use]
    pub fn presence_count(&self) -> usize {
        self.presence.len().max(1)
    }

    /// The host of a notifier, counted from 0.
    #[must_use]
    pub fn notify(&self, index: usize) -> HostId {
        host_of(&self.notify, index)
    }

    /// How many notifiers there are, one at least. One of them pushes at a time.
    #[must_use]
    pub fn notify_count(&self) -> usize {
        self.notify.len().max(1)
    }

    /// The host of an API server, counted from 0.
    #[must_use]
    pub fn api(&self, index: usize) -> HostId {
        host_of(&self.api, index)
    }

    /// How many API servers there are, one at least.
    #[must_use]
    pub fn api_count(&self) -> usize {
        self.api.len().max(1)
    }

    /// The host of the separate generator of ids: that of the first API server.
    #[must_use]
    pub fn generator(&self) -> HostId {
        self.api(0)
    }

    /// A host of devices, counted from 0.
    #[must_use]
    pub fn devices(&self, index: usize) -> HostId {
        HostId(self.devices.start + index)
    }

    /// Whether devices live on this host.
    #[must_use]
    pub fn is_devices(&self, host: HostId) -> bool {
        self.devices.contains(&host.0)
    }

    /// Whether a message on its way to a device may pass through this host, or wait for it.
    #[must_use]
    pub fn is_on_message_path(&self, host: HostId) -> bool {
        !self.presence.contains(&host.0) && !self.notify.contains(&host.0)
    }

    /// A host's name.
    #[must_use]
    pub fn name(&self, host: HostId) -> &str {
        &self.names[host.0]
    }

    /// A host's region; empty when it has none.
    #[must_use]
    pub fn region(&self, host: HostId) -> &str {
        &self.regions[host.0]
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

/// The id of a chat server or a presence server, counted from 0.
pub(crate) fn server_id(index: usize) -> ServerId {
    ServerId(u32::try_from(index).unwrap_or(u32::MAX - 1) + 1)
}

fn host_of(own: &Range<usize>, index: usize) -> HostId {
    if own.is_empty() { HostId(STORE) } else { HostId(own.start + index) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_without_hosts_is_on_the_stores() {
        let cluster = Cluster { chat: 2, presence: 2, api: 1, ..Cluster::default() };
        let hosts = Hosts::new(&cluster);
        let name = |host| hosts.name(host);
        assert_eq!(name(hosts.presence(1)), "presence-2");
        assert_eq!(name(hosts.generator()), "api-1");
        assert_eq!((name(hosts.notify(0)), hosts.notify_count()), ("store", 1));
        assert_eq!((name(hosts.chat(1)), hosts.chat_named("chat-2")), ("chat-2", Some(1)));
        assert_eq!(hosts.chat_named("presence-1"), None);
        assert!(hosts.is_devices(hosts.devices(1)) && !hosts.is_devices(hosts.api(0)));
        assert!(hosts.iter().all(|host| hosts.find(hosts.name(host)) == Some(host)));
    }

    #[test]
    fn hosts_of_devices_and_chat_servers_have_regions() {
        let regions = vec!["eu".to_owned(), "us".to_owned()];
        let hosts = Hosts::new(&Cluster { regions, ..Cluster::default() });
        let region = |host| hosts.region(host);
        assert_eq!((region(hosts.chat(1)), region(hosts.devices(0))), ("us", "eu"));
        assert_eq!(region(hosts.store()), "");
    }
}
