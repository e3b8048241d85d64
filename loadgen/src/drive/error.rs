//! Why there is no result.

use std::time::Duration;

use hubbub_service::client::HttpError;

use crate::histograms::IntervalLogError;

/// Why a load could not be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The process may not open so many files.
    #[error(
        "{connections} connections need as many open files, and this process may have {limit}: raise the limit (`ulimit -Hn`) or ask for fewer connections"
    )]
    Files {
        /// Connections wanted.
        connections: u32,
        /// Open files allowed.
        limit: u64,
    },
    /// The machine has too few ports for outgoing connections.
    #[error(
        "{connections} connections need as many local ports, and this machine gives out {ports}: widen net.ipv4.ip_local_port_range or ask for fewer connections"
    )]
    Ports {
        /// Connections wanted.
        connections: u32,
        /// Ports that there are.
        ports: u64,
    },
    /// The server did not provision users.
    #[error("the server provisions no users: {0}")]
    Provision(#[from] HttpError),
    /// The server's answer to the provisioning makes no sense.
    #[error("the server's answer to the provisioning cannot be used: {0}")]
    ProvisionAnswer(String),
    /// Not all connections were opened in time.
    #[error(
        "{connected} of {wanted} connections were open and synced after {}; {last_cause}",
        humane(*within)
    )]
    NotConnected {
        /// Devices that had synced at least once.
        connected: u32,
        /// Devices wanted.
        wanted: u32,
        /// How long was waited.
        within: Duration,
        /// What became of the last connection that was lost.
        last_cause: String,
    },
    /// It was cancelled before anything was sent.
    #[error("cancelled before anything was sent")]
    Cancelled,
    /// The distributions could not be written.
    #[error(transparent)]
    IntervalLog(#[from] IntervalLogError),
}

fn humane(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
