//! What the transports of all devices came to in a run.

use hubbub_chat::{DeviceId, transport::TransportCounts};

use crate::setup::{LEAD, Setup};

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

/// What the transport of one device came to.
pub(crate) struct DeviceTotals {
    pub(crate) counts: TransportCounts,
    /// Those of the end of [`LEAD`].
    pub(crate) at_lead: TransportCounts,
    /// Whether it received something since.
    pub(crate) has_received: bool,
}

impl TransportTotals {
    /// The totals at the end of a run.
    pub(crate) fn of(
        setup: &Setup,
        simulated_s: f64,
        device: impl Fn(&DeviceId) -> Option<DeviceTotals>,
    ) -> Self {
        let quiet_s = (simulated_s - LEAD.as_secs_f64()).max(0.0);
        let mut totals = Self { quiet_s, ..Self::default() };
        for user in setup.population.users() {
            let devices: Vec<DeviceTotals> = user.devices.iter().filter_map(&device).collect();
            devices.iter().for_each(|device| totals.all.add(&device.counts));
            if !user.quiet {
                continue;
            }
            let is_idle = !devices.iter().any(|device| device.has_received);
            totals.idle_users += u64::from(is_idle);
            totals.quiet_devices += devices.len() as u64;
            for device in devices {
                let counts = device.counts.since(&device.at_lead);
                totals.quiet.add(&counts);
                if is_idle {
                    totals.idle.add(&counts);
                }
            }
        }
        totals
    }
}
