//! What the transports of all devices came to in a run.

use hubbub_chat::transport::TransportCounts;

/// What the transports of all devices came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TransportTotals {
    /// All devices, from their first attempt to attach on.
    pub all: TransportCounts,
    /// The devices of quiet users, who send nothing but may receive something. Counted from the end
    /// of [`LEAD`](crate::LEAD) on, when they are attached.
    pub quiet: TransportCounts,
    /// How many devices `quiet` is of.
    pub quiet_devices: u64,
    /// The devices of those quiet users who received nothing either, over the same time.
    pub idle: TransportCounts,
    /// How many users `idle` is of.
    pub idle_users: u64,
    /// For how long `quiet` and `idle` were counted, in seconds.
    pub quiet_s: f64,
}
