//! What a run gives.

use hubbub_history::History;

use crate::{faults::FaultEffect, trace::Trace, transport::TransportTotals};

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
    /// What the transports of devices came to; none where the engine does not see it.
    pub transport: Option<TransportTotals>,
    /// Messages over the simulated network, or segments in the full engine.
    pub envelopes: u64,
    /// Inputs and time-outs that machines handled; zero where the engine does not see them.
    pub machine_events: u64,
}
