//! Network traffic from the servers to the devices.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::{Calibration, Demand, day};

/// Traffic from the servers to the devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Bytes on the wire of a delivery to a device: measured before assumed.
    pub delivery_wire_bytes: f64,
    /// Whether those bytes were measured.
    pub delivery_wire_bytes_measured: bool,
    /// Messages and their receipts: deliveries · (devices · bytes + receipts · their bytes). A
    /// receipt returns to the one device that sent.
    pub chat: Traffic,
    /// Updates of status under the section's presence policy.
    pub presence: Traffic,
    /// Answers to heartbeats, at most: a server that does not answer them sends nothing.
    pub heartbeats: Traffic,
    /// Media, from object storage rather than from chat servers: sends · share with media · bytes
    /// · fan-out · share fetched.
    pub media: Traffic,
}

/// Traffic at two moments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Over a day.
    pub average_gbit_per_s: f64,
    /// At the busiest moment of a usual day.
    pub peak_gbit_per_s: f64,
}

impl Traffic {
    fn bytes_per_s(average: f64, peak: f64) -> Self {
        Self { average_gbit_per_s: average * 8.0 / 1e9, peak_gbit_per_s: peak * 8.0 / 1e9 }
    }
}

/// The traffic of `section`.
pub(crate) fn network(
    section: &Plan,
    demand: &Demand,
    calibration: Option<&Calibration>,
) -> Network {
    let messages = &section.messages;
    let measured = calibration.and_then(|run| run.wire_bytes_per_delivery);
    let wire_bytes = measured.unwrap_or(messages.wire_bytes_per_delivery.base);
    let chat_bytes = section.population.devices_per_connected.base * wire_bytes
        + messages.receipts_per_delivery.base * messages.receipt_wire_bytes.base;
    let chat = demand.deliveries.times(chat_bytes);
    let media_bytes = messages.media_share_of_sends.base
        * messages.media_object_bytes.base
        * demand.fan_out_recipients_per_send
        * messages.media_download_ratio.base;
    let media = demand.sends.times(media_bytes);
    let presence = demand.presence_updates_peak_per_s * section.presence.presence_wire_bytes.base;
    let heartbeats = demand.heartbeats_per_s * section.presence.heartbeat_wire_bytes.base;
    Network {
        delivery_wire_bytes: wire_bytes,
        delivery_wire_bytes_measured: measured.is_some(),
        chat: Traffic::bytes_per_s(chat.average_per_s, chat.peak_per_s),
        presence: Traffic::bytes_per_s(presence / section.time.peak_to_average.base, presence),
        heartbeats: Traffic::bytes_per_s(heartbeats * day::mean_over_peak(section), heartbeats),
        media: Traffic::bytes_per_s(media.average_per_s, media.peak_per_s),
    }
}
