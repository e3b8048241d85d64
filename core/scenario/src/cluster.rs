//! The `[cluster]` section: which hosts there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Period;

/// Which hosts there are, by role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// Chat servers, named `chat-1`, `chat-2` and so on.
    pub chat: u32,
    /// Presence servers, named `presence-1` and so on; 0 for one on the store's host.
    pub presence: u32,
    /// Notifiers, named `notify-1` and so on; 0 for one on the store's host.
    pub notify: u32,
    /// API servers, named `api-1` and so on; 0 for one on the store's host.
    pub api: u32,
    /// Hosts of devices, each a failure domain such as a region or a provider, named `devices-1`
    /// and so on. Users are spread over them evenly.
    pub devices: u32,
    /// Regions, over which chat servers and hosts of devices are spread in turn. Without any, all
    /// are in the same place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Least time that a message takes over a link.
    pub latency_min: Period,
    /// Most time that a message takes over a link; most messages are close to the least.
    pub latency_max: Period,
}

/// What a host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It holds the sessions of devices.
    Chat,
    /// It knows who is online.
    Presence,
    /// It sends pushes.
    Notify,
    /// It logs users in.
    Api,
    /// It keeps messages, routing and everything that has no host of its own.
    Store,
    /// Devices live on it.
    Devices,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            chat: 3,
            presence: 0,
            notify: 0,
            api: 0,
            devices: 2,
            regions: Vec::new(),
            latency_min: Period::from_millis(1),
            latency_max: Period::from_millis(20),
        }
    }
}

impl Cluster {
    /// The names of all hosts, role by role.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        Role::ALL.into_iter().flat_map(|role| self.own_hosts(role)).collect()
    }

    /// The names of the hosts that play a role: the store's when it has none of its own.
    #[must_use]
    pub fn hosts_of(&self, role: Role) -> Vec<String> {
        let own = self.own_hosts(role);
        if own.is_empty() { self.own_hosts(Role::Store) } else { own }
    }

    /// What the host of that name is for; `None` when there is no such host.
    #[must_use]
    pub fn role_of(&self, host: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| self.own_hosts(*role).iter().any(|name| name == host))
    }

    /// The region of a chat server or a host of devices; `None` for other hosts, and when there
    /// are no regions.
    #[must_use]
    pub fn region_of(&self, host: &str) -> Option<&str> {
        let of_role = |role| self.own_hosts(role).iter().position(|name| name == host);
        let place = of_role(Role::Chat).or_else(|| of_role(Role::Devices))?;
        let region = self.regions.get(place.checked_rem(self.regions.len())?)?;
        Some(region)
    }

    fn own_hosts(&self, role: Role) -> Vec<String> {
        let count = match role {
            Role::Chat => self.chat,
            Role::Presence => self.presence,
            Role::Notify => self.notify,
            Role::Api => self.api,
            Role::Store => return vec![role.as_str().to_owned()],
            Role::Devices => self.devices,
        };
        (1..=count).map(|number| format!("{role}-{number}")).collect()
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Chat, Self::Presence, Self::Notify, Self::Api, Self::Store, Self::Devices];

    /// The role as the names of hosts begin.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Presence => "presence",
            Self::Notify => "notify",
            Self::Api => "api",
            Self::Store => "store",
            Self::Devices => "devices",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_a_name_and_a_role() {
        let cluster = Cluster { chat: 2, presence: 1, notify: 1, api: 1, ..Cluster::default() };
        let names = cluster.hosts();
        assert_eq!(
            names,
            [
                "chat-1",
                "chat-2",
                "presence-1",
                "notify-1",
                "api-1",
                "store",
                "devices-1",
                "devices-2"
            ]
        );
        assert!(names.iter().all(|name| cluster.role_of(name).is_some()));
        assert_eq!(cluster.role_of("devices-2"), Some(Role::Devices));
        assert_eq!(cluster.role_of("chat-3"), None);
    }

    #[test]
    fn a_role_without_hosts_is_played_by_the_store() {
        let cluster = Cluster { notify: 2, ..Cluster::default() };
        assert_eq!(cluster.hosts_of(Role::Presence), ["store"]);
        assert_eq!(cluster.hosts_of(Role::Notify), ["notify-1", "notify-2"]);
    }

    #[test]
    fn regions_take_servers_and_devices_in_turn() {
        let regions = vec!["eu".to_owned(), "us".to_owned()];
        let cluster = Cluster { regions, notify: 1, ..Cluster::default() };
        let regions: Vec<_> = cluster.hosts().iter().map(|host| cluster.region_of(host)).collect();
        let (eu, us) = (Some("eu"), Some("us"));
        assert_eq!(regions, [eu, us, eu, None, None, eu, us]);
        assert_eq!(Cluster::default().region_of("chat-1"), None);
    }
}
