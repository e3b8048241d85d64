//! What the transports of devices came to.

use std::collections::BTreeMap;

use hubbub_chat::{DeviceId, transport::TransportCounts};

use super::{devices::DeviceSeat, recording::Recording};
use crate::{
    setup::{LEAD, Setup},
    transport::TransportTotals,
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
        let quiet_s = (simulated_s - LEAD.as_secs_f64()).max(0.0);
        let mut totals = TransportTotals { quiet_s, ..TransportTotals::default() };
        let counts: BTreeMap<DeviceId, TransportCounts> =
            seats.iter().map(|seat| (seat.device, seat.counts())).collect();
        counts.values().for_each(|counts| totals.all.add(counts));
        let has_received = |device: &DeviceId| {
            recording.devices.get(device).is_some_and(|truth| truth.has_received)
        };
        for user in setup.population.users().iter().filter(|user| user.quiet) {
            let is_idle = !user.devices.iter().any(has_received);
            totals.idle_users += u64::from(is_idle);
            totals.quiet_devices += user.devices.len() as u64;
            for device in &user.devices {
                let Some(counts) = counts.get(device) else { continue };
                let counts = counts.since(&self.0.get(device).copied().unwrap_or_default());
                totals.quiet.add(&counts);
                if is_idle {
                    totals.idle.add(&counts);
                }
            }
        }
        totals
    }
}
