//! A usual day, hour by hour.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::Demand;

/// An hour of a usual day, each figure its average over the hour.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hour {
    /// Hours since midnight where the users are, 0 to 23.
    pub hour: u32,
    /// Sends.
    pub sends_per_s: f64,
    /// Deliveries to users.
    pub deliveries_per_s: f64,
    /// Connections held: the peak's in the busiest hour. That they follow the sends is an
    /// assumption; devices woken by push at night make it too low there.
    pub connections: f64,
}

/// The day's average times the hour's weight. The weights are scaled to average 1, so that the
/// hours add up to the day; the peak moment lies above the busiest hour's average.
pub(crate) fn hours(section: &Plan, demand: &Demand) -> Vec<Hour> {
    let weights = &section.time.hourly_weights;
    let mean = mean(weights);
    let most = weights.iter().copied().fold(0.0, f64::max);
    (0..)
        .zip(weights)
        .map(|(hour, weight)| Hour {
            hour,
            sends_per_s: demand.sends.average_per_s * weight / mean,
            deliveries_per_s: demand.deliveries.average_per_s * weight / mean,
            connections: demand.connections_peak * weight / most,
        })
        .collect()
}

/// Connections over the day as a share of the peak's.
pub(crate) fn mean_over_peak(section: &Plan) -> f64 {
    let weights = &section.time.hourly_weights;
    mean(weights) / weights.iter().copied().fold(0.0, f64::max)
}

fn mean(weights: &[f64; 24]) -> f64 {
    weights.iter().sum::<f64>() / 24.0
}
