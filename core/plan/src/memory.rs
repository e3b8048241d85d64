//! Memory of the connections.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::{Calibration, Demand, Servers};

/// Memory of the connections at the peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Memory of one connection, as assumed.
    pub connection_assumed_bytes: f64,
    /// Memory of one connection, as measured.
    pub connection_measured_bytes: Option<f64>,
    /// All connections together: connections · bytes, measured before assumed.
    pub connections_bytes: f64,
    /// The connections of one chat server while all zones are there.
    pub per_server_bytes: f64,
    /// The connections of one chat server after the zones are lost and all have come back: what a
    /// server must have free.
    pub per_server_degraded_bytes: f64,
}

/// Connections times bytes, and that spread evenly over the servers.
pub(crate) fn memory(
    section: &Plan,
    demand: &Demand,
    servers: &Servers,
    calibration: Option<&Calibration>,
) -> Memory {
    let connection_assumed_bytes = section.connections.mem_per_conn_bytes.base;
    let connection_measured_bytes = calibration.and_then(|run| run.bytes_per_connection);
    let bytes = connection_measured_bytes.unwrap_or(connection_assumed_bytes);
    let connections_bytes = demand.connections_peak * bytes;
    Memory {
        connection_assumed_bytes,
        connection_measured_bytes,
        connections_bytes,
        per_server_bytes: connections_bytes / servers.chat.serving.unwrap_or(1) as f64,
        per_server_degraded_bytes: connections_bytes
            / servers.chat.serving_degraded.unwrap_or(1) as f64,
    }
}
