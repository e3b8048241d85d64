//! Demand over a day of the planned population.

use super::{Axis, Curve, Paint, Plot};
use crate::unit::Unit;

const HOURS: usize = 24;
/// Hours between two ticks.
const TICK: usize = 3;

/// The plot of a day: sends and deliveries a second, one figure per hour.
pub(crate) fn day_plot(sends: &[f64], deliveries: &[f64]) -> Plot {
    let highest = sends.iter().chain(deliveries).copied().fold(0.0, f64::max);
    let ticks = (0..=HOURS).step_by(TICK).map(|hour| (hour as f64, format!("{hour:02}:00")));
    Plot {
        title: "Demand over the day: sends and deliveries a second, by hour".to_owned(),
        x: Axis { label: "hour of the day", end: HOURS as f64, ticks: ticks.collect() },
        y: Axis::rounded("", highest, Unit::PerSecond),
        bands: Vec::new(),
        levels: Vec::new(),
        curves: vec![
            Curve {
                name: "deliveries",
                paint: Paint::Second,
                filled: true,
                points: steps(deliveries),
            },
            Curve { name: "sends", paint: Paint::First, filled: false, points: steps(sends) },
        ],
    }
}

/// An hour's figure holds for the whole hour, so the line goes in steps.
fn steps(hours: &[f64]) -> Vec<(f64, f64)> {
    let hours = hours.iter().take(HOURS).enumerate();
    hours.flat_map(|(hour, rate)| [(hour as f64, *rate), (hour as f64 + 1.0, *rate)]).collect()
}
