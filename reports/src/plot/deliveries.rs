//! What happened in each second of a simulation, with its faults shaded.

use super::{Axis, Band, Curve, Paint, Plot};
use crate::{simulation::SimRun, unit::Unit};

/// The plot of a run.
pub(crate) fn deliveries_plot(run: &SimRun) -> Plot {
    let series = &run.series;
    let seconds = [&series.sends, &series.accepted, &series.applied];
    let seconds = seconds.iter().map(|column| column.len()).max().unwrap_or(0);
    let highest = [&series.sends, &series.accepted, &series.applied];
    let highest = highest.into_iter().flatten().copied().max().unwrap_or(0);
    let curve = |name, paint, filled, column: &[u64]| {
        // A count belongs to the middle of its second.
        let points = column.iter().enumerate();
        let points = points.map(|(second, count)| (second as f64 + 0.5, *count as f64)).collect();
        Curve { name, paint, filled, points }
    };
    Plot {
        title: format!(
            "Messages per second of simulated time, {}, seed {}, faults shaded",
            run.variant, run.seed
        ),
        x: Axis::exact("simulated time", (seconds as f64).max(1.0), Unit::Seconds),
        y: Axis::rounded("", highest as f64, Unit::PerSecond),
        bands: run.faults.iter().map(band).collect(),
        levels: Vec::new(),
        curves: vec![
            curve("applied on devices", Paint::Second, true, &series.applied),
            curve("sent", Paint::Third, false, &series.sends),
            curve("accepted", Paint::First, false, &series.accepted),
        ],
    }
}

fn band(fault: &crate::simulation::FaultOutcome) -> Band {
    Band { from: fault.from_s, until: fault.until_s, label: format!("{} {}", fault.id, fault.kind) }
}
