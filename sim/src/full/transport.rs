//! What the transports of devices came to.

use std::collections::BTreeMap;

use hubbub_chat::{DeviceId, transport::TransportCounts};

use super::{devices::DeviceSeat, recording::Recording};
use crate::{
    setup::Setup,
    transport::{DeviceTotals, TransportTotals},
};

/// What each device had cost when all were attached.
#[derive(Default)]
pub(super) struct Lead(BTreeMap<DeviceId, TransportCounts>);

impl Lead {
    pub(super) fn of(seats: &[DeviceSeat]) -> Self {
        Self(seats.iter().map(|seat| (seat.device, seat.counts())).collect())
    }

    /// The totals at the end of the run.
    pub(super) fn totals(
        &self,
        setup: &Setup,
        seats: &[DeviceSeat],
        recording: &Recording,
        simulated_s: f64,
    ) -> TransportTotals {
        let seats: BTreeMap<DeviceId, &DeviceSeat> =
            seats.iter().map(|seat| (seat.device, seat)).collect();
        TransportTotals::of(setup, simulated_s, |device| {
            let counts = seats.get(device)?.counts();
            let at_lead = self.0.get(device).copied().unwrap_or_default();
            let has_received = recording.devices.get(device)?.has_received;
            Some(DeviceTotals { counts, at_lead, has_received })
        })
    }
}
