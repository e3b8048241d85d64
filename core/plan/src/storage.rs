//! Disk space.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::demand::DAY_S;
use crate::{Calibration, Demand};

/// Days of a year, as in the published base figures.
const YEAR_DAYS: f64 = 365.0;

/// Disk space. "Logical" is once and uncompressed; "provisioned" is the disk to have for it:
/// logical · copies · compression / fill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Storage {
    /// Disk to have for a logical byte: copies · compression / fill.
    pub provisioned_over_logical: f64,
    /// The history store's growth: sends · row.
    pub log_logical_bytes_per_day: f64,
    /// The disk to add a day for it.
    pub log_provisioned_bytes_per_day: f64,
    /// The disk to add a year for it.
    pub log_provisioned_bytes_per_year: f64,
    /// The inboxes once the oldest rows expire: sends · fan-out · row · days.
    pub inbox_logical_bytes: f64,
    /// The disk to have for them.
    pub inbox_provisioned_bytes: f64,
    /// The disk to have as time passes, the population unchanged.
    pub growth: Vec<Growth>,
    /// The disk to add a day by what the measured store wrote for a message, the recipients' inbox
    /// rows included: sends · measured bytes · copies / fill. `None` if it was not measured. It
    /// stands beside the figures above and replaces none, as it cannot tell log from inbox.
    pub measured_provisioned_bytes_per_day: Option<f64>,
    /// The same by the section's figures, before any inbox row expires, to compare with it.
    pub assumed_provisioned_bytes_per_day: f64,
    /// Media in object storage: sends · share with media · bytes.
    pub media_bytes_per_day: f64,
}

/// The disk to have after some time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// Months from the beginning.
    pub months: u32,
    /// Of the history store.
    pub log_provisioned_bytes: f64,
    /// Of the inboxes.
    pub inbox_provisioned_bytes: f64,
    /// Of both.
    pub total_provisioned_bytes: f64,
    /// Media in object storage.
    pub media_bytes: f64,
}

/// The disk space of `section`. Sizing of compaction room by fill and of copies follows DataStax's
/// and ScyllaDB's guides (S23).
pub(crate) fn storage(
    section: &Plan,
    demand: &Demand,
    calibration: Option<&Calibration>,
) -> Storage {
    let rows = &section.storage;
    let copies_over_fill = rows.replication_factor.base / rows.max_disk_fill.base;
    let provisioned_over_logical = copies_over_fill * rows.compression_ratio.base;
    let sends_per_day = demand.sends.average_per_s * DAY_S;
    let log = sends_per_day * rows.row_bytes.base;
    let inbox_per_day =
        sends_per_day * demand.fan_out_recipients_per_send * rows.inbox_row_bytes.base;
    let media = sends_per_day
        * section.messages.media_share_of_sends.base
        * section.messages.media_object_bytes.base;
    let growth = |months: u32| {
        let days = f64::from(months) / 12.0 * YEAR_DAYS;
        let kept_days = days.min(rows.inbox_retention_days.base);
        let log_provisioned_bytes = log * provisioned_over_logical * days;
        let inbox_provisioned_bytes = inbox_per_day * provisioned_over_logical * kept_days;
        Growth {
            months,
            log_provisioned_bytes,
            inbox_provisioned_bytes,
            total_provisioned_bytes: log_provisioned_bytes + inbox_provisioned_bytes,
            media_bytes: media * days,
        }
    };
    let inbox_logical_bytes = inbox_per_day * rows.inbox_retention_days.base;
    Storage {
        provisioned_over_logical,
        log_logical_bytes_per_day: log,
        log_provisioned_bytes_per_day: log * provisioned_over_logical,
        log_provisioned_bytes_per_year: log * provisioned_over_logical * YEAR_DAYS,
        inbox_logical_bytes,
        inbox_provisioned_bytes: inbox_logical_bytes * provisioned_over_logical,
        growth: [12, 24, 36].map(growth).to_vec(),
        measured_provisioned_bytes_per_day: calibration
            .and_then(|run| run.store_bytes_per_message)
            .map(|bytes| sends_per_day * bytes * copies_over_fill),
        assumed_provisioned_bytes_per_day: (log + inbox_per_day) * provisioned_over_logical,
        media_bytes_per_day: media,
    }
}
