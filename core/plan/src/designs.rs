//! Choices of design, side by side.

use hubbub_scenario::plan::ConnectionPolicy;
use hubbub_scenario::{Plan, Spread};
use serde::{Deserialize, Serialize};

use crate::{Calibration, Demand, demand, memory, servers};

/// What a connection policy costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionDesign {
    /// The policy's name.
    pub policy: String,
    /// Whether the section chose it.
    pub chosen: bool,
    /// Connections at the peak.
    pub connections_peak: f64,
    /// Heartbeats at the peak.
    pub heartbeats_per_s: f64,
    /// Logins at the peak.
    pub logins_per_s: f64,
    /// Memory of all connections.
    pub connections_bytes: f64,
    /// Chat servers that the load needs.
    pub chat_servers_needed: u64,
    /// Chat servers with the lost zones' share and spares.
    pub chat_servers_total: u64,
}

/// What a way to fan out costs the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FanOutDesign {
    /// The name of the knob `design.fanout`.
    pub design: String,
    /// How it works.
    pub summary: String,
    /// Rows written at the peak, copies of the store aside.
    pub rows_written_peak_per_s: f64,
    /// Logical bytes written at the peak, copies of the store aside.
    pub bytes_written_peak_per_s: f64,
    /// Disk to have after a year.
    pub provisioned_bytes_after_a_year: f64,
}

/// Every connection policy, by the section's parameters.
pub(crate) fn connection_designs(
    section: &Plan,
    calibration: Option<&Calibration>,
) -> Vec<ConnectionDesign> {
    let chosen = section.connections.policy;
    let design = |policy: ConnectionPolicy| {
        let mut section = section.clone();
        section.connections.policy = policy;
        let demand = demand::demand(&section);
        let servers = servers::servers(&section, &demand, calibration);
        let memory = memory::memory(&section, &demand, &servers, calibration);
        ConnectionDesign {
            policy: policy.name().to_owned(),
            chosen: policy == chosen,
            connections_peak: demand.connections_peak,
            heartbeats_per_s: demand.heartbeats_per_s,
            logins_per_s: demand.logins_per_s,
            connections_bytes: memory.connections_bytes,
            chat_servers_needed: servers.chat.needed.unwrap_or(0),
            chat_servers_total: servers.chat.total.unwrap_or(0),
        }
    };
    ConnectionPolicy::ALL.map(design).to_vec()
}

/// A row in the history and one in every recipient's inbox, against the one in the history.
pub(crate) fn fan_out_designs(section: &Plan, demand: &Demand) -> Vec<FanOutDesign> {
    let sends = demand.sends.peak_per_s;
    let fan_out = demand.fan_out_recipients_per_send;
    let (row, inbox_row) = (section.storage.row_bytes.base, section.storage.inbox_row_bytes.base);
    let after_a_year = |section: &Plan| {
        let storage = crate::storage::storage(section, demand, None);
        storage.growth[0].total_provisioned_bytes
    };
    let mut without_inbox = section.clone();
    without_inbox.storage.inbox_row_bytes = Spread::fixed(0.0);
    vec![
        FanOutDesign {
            design: "inbox".to_owned(),
            summary: "a row in the history and a copy per recipient; a sync reads one inbox"
                .to_owned(),
            rows_written_peak_per_s: sends * (1.0 + fan_out),
            bytes_written_peak_per_s: sends * (row + fan_out * inbox_row),
            provisioned_bytes_after_a_year: after_a_year(section),
        },
        FanOutDesign {
            design: "channel-log".to_owned(),
            summary: "one row in the history; a sync reads every channel of the user".to_owned(),
            rows_written_peak_per_s: sends,
            bytes_written_peak_per_s: sends * row,
            provisioned_bytes_after_a_year: after_a_year(&without_inbox),
        },
    ]
}
