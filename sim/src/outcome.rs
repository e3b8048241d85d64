//! What a run gives.

use hubbub_chat::{
    ports::store::StoreCounts, presence::PresenceCounts, server::ServerCounts,
    situation::Situations,
};
use hubbub_history::{History, trace::Trace};

use crate::{faults::FaultEffect, transport::TransportTotals};

/// What came out of one run of one engine.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What clients and the harness saw.
    pub history: History,
    /// Everything that happened, when it was asked for.
    pub trace: Option<Trace>,
    /// What each fault did, in the order of the schedule.
    pub effects: Vec<FaultEffect>,
    /// Simulated seconds.
    pub simulated_s: f64,
    /// Processor time of the run's thread, in seconds.
    pub cpu_s: f64,
    /// What the transports of devices came to.
    pub transport: TransportTotals,
    /// Messages over the simulated network, or segments in the full engine.
    pub envelopes: u64,
    /// Inputs and time-outs that machines handled; zero where the engine does not see them.
    pub machine_events: u64,
    /// What the machines counted.
    pub machines: MachineCounts,
    /// What the machines passed through, in all starts of all processes. The full engine sees
    /// less: nothing of API servers, the registry, the generator of ids, the leases of presence
    /// servers, nor of sessions over polls.
    pub situations: Situations,
}

/// What the machines of a run counted. Where there are several, one for each start of each process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineCounts {
    /// The store when the run began, with its users and groups.
    pub store_before: StoreCounts,
    /// The store when it ended.
    pub store: StoreCounts,
    /// Chat servers.
    pub servers: Vec<ServerCounts>,
    /// Presence servers.
    pub presence: Vec<PresenceCounts>,
    /// The longest time that a chat server kept a session whose device was gone, in nanoseconds;
    /// `None` when it never did.
    pub believed_max_ns: Option<u64>,
}
