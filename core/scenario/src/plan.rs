//! The `[plan]` section: the population, what it does, and the terms on which it is served.
//!
//! Every parameter has a default, so `[plan]` alone plans for 50 million daily users. Where each
//! default comes from is listed beside the formulas, in `hubbub_plan::assumptions`.

mod defaults;
mod problems;
mod spread;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use spread::Spread;

/// What to plan for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Who there is.
    pub population: Population,
    /// What they send.
    pub messages: Messages,
    /// How it is spread over time.
    pub time: Time,
    /// How their devices stay connected.
    pub connections: Connections,
    /// Who is told about a change of status.
    pub presence: Presence,
    /// Notifications of devices that are not connected.
    pub push: Push,
    /// How messages are kept.
    pub storage: Storage,
    /// What may fail.
    pub reliability: Reliability,
    /// What things cost.
    pub cost: Cost,
}

/// Who there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Population {
    /// Users who are active on a day.
    pub dau: Spread,
    /// Daily users as a share of monthly ones, 0 to 1.
    pub dau_over_mau: Spread,
    /// Contacts of a user, on average.
    pub contacts_mean: Spread,
    /// Groups of a user, on average.
    pub groups_per_user_mean: Spread,
    /// Members of the group that a group message goes to, on average, the sender included.
    pub group_size_mean: Spread,
    /// Devices of a user who is connected, on average.
    pub devices_per_connected: Spread,
}

/// What users send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Messages {
    /// Messages that a daily user sends a day.
    pub sends_per_dau_day: Spread,
    /// Share of the sends that go to groups, 0 to 1.
    pub group_share_of_sends: Spread,
    /// Share of the sends that carry a picture, a video or a file, 0 to 1.
    pub media_share_of_sends: Spread,
    /// Bytes of a picture, a video or a file.
    pub media_object_bytes: Spread,
    /// Share of the recipients who fetch the media, 0 to 1.
    pub media_download_ratio: Spread,
    /// Characters of a message's text.
    pub body_chars: Spread,
    /// Bytes on the wire for a delivery to one device.
    pub wire_bytes_per_delivery: Spread,
    /// Receipts (received, read) that return to the sending device for a delivery.
    pub receipts_per_delivery: Spread,
    /// Bytes on the wire for a receipt.
    pub receipt_wire_bytes: Spread,
    /// Requests of any kind that servers see for a send.
    pub requests_per_send: Spread,
}

/// How the traffic is spread over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Time {
    /// The busiest moment of a usual day, as a multiple of the day's average.
    pub peak_to_average: Spread,
    /// The busiest moment of a special day such as New Year, as a multiple of a usual day's average.
    pub event_multiplier: Spread,
    /// Attempts to send while clients retry after an outage, as a multiple of a usual day's average.
    pub retry_storm_multiplier: Spread,
    /// The hours of a day, from midnight, as multiples of the average hour.
    pub hourly_weights: [f64; 24],
}

/// How devices stay connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Connections {
    /// When a device holds a connection; picks the value of `peak_connected_over_dau`.
    pub policy: ConnectionPolicy,
    /// Share of the daily users who are connected at the peak, 0 to 1, under the three policies:
    /// `[foreground-only, push-woken, always-on]`.
    pub peak_connected_over_dau: Spread,
    /// How often a daily user opens the app on a day.
    pub launches_per_day: Spread,
    /// Minutes a day for which a daily user has the app open.
    pub foreground_min_per_day: Spread,
    /// Seconds that a connection lasts, on average.
    pub conn_lifetime_s: Spread,
    /// Seconds between heartbeats while the app is open.
    pub fg_heartbeat_s: Spread,
    /// Seconds between heartbeats while the app is in the background.
    pub bg_keepalive_s: Spread,
    /// Bytes of a server's memory for a connection.
    pub mem_per_conn_bytes: Spread,
    /// Connections that a chat server holds when it is full.
    pub conns_per_server: Spread,
}

/// When a device holds a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionPolicy {
    /// Only while the app is open.
    ForegroundOnly,
    /// While the app is open, and for some time after a push notification woke it.
    #[default]
    PushWoken,
    /// Always, in the background too.
    AlwaysOn,
}

/// Who is told about a change of status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Presence {
    /// To whom a change is pushed.
    pub policy: PresencePolicy,
    /// Share of the changes that are left when short gaps are not announced, 0 to 1.
    pub debounce_survival: Spread,
    /// Contacts on a user's screen.
    pub visible_subscriptions: Spread,
    /// Bytes on the wire for a change of status.
    pub presence_wire_bytes: Spread,
    /// Bytes on the wire for a heartbeat.
    pub heartbeat_wire_bytes: Spread,
}

/// To whom a change of status is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PresencePolicy {
    /// To every contact, connected or not.
    AllContacts,
    /// To the contacts who are connected.
    Connected,
    /// To the contacts who have the app open.
    Foreground,
    /// To the contacts who have the user on their screen.
    #[default]
    Viewport,
}

/// Notifications of devices that are not connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Push {
    /// Share of the deliveries that a push notification announces, 0 to 1.
    pub push_per_delivery: Spread,
    /// Notifications a second that Firebase Cloud Messaging takes by default.
    pub fcm_default_quota_per_s: f64,
}

/// How messages are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Bytes of a message in the history store, once.
    pub row_bytes: Spread,
    /// Bytes of a message in one recipient's inbox, once.
    pub inbox_row_bytes: Spread,
    /// Days for which a message stays in an inbox.
    pub inbox_retention_days: Spread,
    /// Copies that the store keeps.
    pub replication_factor: Spread,
    /// Bytes on disk for a byte of rows, 0 to 1.
    pub compression_ratio: Spread,
    /// Share of a disk that may be full, 0 to 1.
    pub max_disk_fill: Spread,
}

/// What may fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reliability {
    /// Zones, over which servers are spread evenly.
    pub zones: u32,
    /// Zones that may fail at once.
    pub zones_lost: u32,
    /// Share of a server's capacity in use while those zones are lost, 0 to 1.
    pub max_utilisation_degraded: Spread,
    /// Servers beyond what the load needs, to stand in for a broken one.
    pub spares: Spread,
}

/// What things cost, in US dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// A virtual CPU for an hour.
    pub usd_per_vcpu_hour: Spread,
    /// A gigabyte of SSD for a month.
    pub usd_per_ssd_gb_month: Spread,
    /// A gigabyte of object storage for a month.
    pub usd_per_object_gb_month: Spread,
    /// A gigabyte sent to the internet.
    pub usd_per_egress_gb: Spread,
    /// Virtual CPUs of a chat server.
    pub vcpu_per_chat_server: Spread,
}

impl ConnectionPolicy {
    /// Every policy, from the fewest connections to the most.
    pub const ALL: [Self; 3] = [Self::ForegroundOnly, Self::PushWoken, Self::AlwaysOn];

    /// The name in a scenario file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForegroundOnly => "foreground-only",
            Self::PushWoken => "push-woken",
            Self::AlwaysOn => "always-on",
        }
    }

    /// The value of `peak_connected_over_dau` that holds under this policy.
    #[must_use]
    pub const fn connected_share(self, peak_connected_over_dau: Spread) -> f64 {
        match self {
            Self::ForegroundOnly => peak_connected_over_dau.low,
            Self::PushWoken => peak_connected_over_dau.base,
            Self::AlwaysOn => peak_connected_over_dau.high,
        }
    }
}

impl PresencePolicy {
    /// Every policy, from the most updates to the fewest.
    pub const ALL: [Self; 4] =
        [Self::AllContacts, Self::Connected, Self::Foreground, Self::Viewport];

    /// The name in a scenario file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllContacts => "all-contacts",
            Self::Connected => "connected",
            Self::Foreground => "foreground",
            Self::Viewport => "viewport",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_plans_for_fifty_million() {
        let plan: Plan = toml::from_str("").unwrap();
        assert_eq!(plan, Plan::default());
        assert_eq!(plan.population.dau, Spread::fixed(50e6));
    }

    #[test]
    fn what_is_written_replaces_its_default_alone() {
        let text = "[population]\ndau = 1e6\n[connections]\npolicy = \"always-on\"\nconn_lifetime_s = [1, 2, 3]";
        let plan: Plan = toml::from_str(text).unwrap();
        assert_eq!(plan.population.dau, Spread::fixed(1e6));
        assert_eq!(plan.population.contacts_mean, Population::default().contacts_mean);
        assert_eq!(plan.connections.policy, ConnectionPolicy::AlwaysOn);
        assert_eq!(plan.connections.conn_lifetime_s, Spread::new(1.0, 2.0, 3.0));
    }

    #[test]
    fn unknown_keys_policies_and_lengths_are_refused() {
        let refused = |text: &str| toml::from_str::<Plan>(text).unwrap_err().message().to_owned();
        assert!(refused("[population]\ndua = 1").contains("unknown field `dua`"));
        assert!(refused("[populace]\ndau = 1").contains("unknown field `populace`"));
        assert!(refused("[connections]\npolicy = \"sometimes\"").contains("foreground-only"));
        assert!(refused("[time]\nhourly_weights = [1.0, 1.0]").contains("24"));
    }

    #[test]
    fn the_section_is_written_and_read_back() {
        let plan = Plan::default();
        assert_eq!(toml::from_str::<Plan>(&toml::to_string(&plan).unwrap()).unwrap(), plan);
    }

    #[test]
    fn policies_have_the_names_that_are_written_in_a_file() {
        for policy in ConnectionPolicy::ALL {
            assert_eq!(serde_json::to_value(policy).unwrap(), policy.name());
        }
        for policy in PresencePolicy::ALL {
            assert_eq!(serde_json::to_value(policy).unwrap(), policy.name());
        }
    }
}
