//! Latency by percentile, with an axis on which each nine takes the same room.

use super::{Axis, Curve, Level, Paint, Plot};
use crate::unit::Unit;

/// Percentiles that get a tick, as far as the data goes.
const TICKS: [(f64, &str); 8] = [
    (0.0, "0 %"),
    (50.0, "50 %"),
    (90.0, "90 %"),
    (99.0, "99 %"),
    (99.9, "99.9 %"),
    (99.99, "99.99 %"),
    (99.999, "99.999 %"),
    (99.9999, "99.9999 %"),
];
/// Points of a curve for each nine.
const POINTS_PER_NINE: u32 = 60;
/// Nines that a plot shows at most.
const NINES_MAX: f64 = 6.0;
/// An objective that is further off than this many times the data is not drawn.
const OBJECTIVE_REACH: f64 = 3.0;

/// A distribution of latencies.
#[derive(Debug, Clone)]
pub(crate) struct Latencies {
    pub(crate) name: &'static str,
    pub(crate) paint: Paint,
    /// Milliseconds and how many took so long or, above the bucket before, less; shortest first.
    pub(crate) buckets: Vec<(f64, f64)>,
    /// How many never came. They are above all others.
    pub(crate) missing: f64,
}

/// The plot of some distributions, with the objective for the 99th percentile in milliseconds.
pub(crate) fn latency_plot(latencies: &[Latencies], objective_ms: Option<f64>) -> Plot {
    let curves: Vec<Curve> = latencies.iter().map(curve).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let highest = points().map(|(_, y)| *y).fold(0.0, f64::max);
    let end = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let objective = objective_ms.filter(|objective| *objective <= highest * OBJECTIVE_REACH);
    let level = |at| Level { at, label: "objective for 99 %".to_owned() };
    Plot {
        title: "Latency by percentile".to_owned(),
        x: Axis { label: "share of messages that took no longer", end, ticks: ticks(end) },
        y: Axis::rounded("", highest.max(objective.unwrap_or(0.0) * 1.1), Unit::Milliseconds),
        bands: Vec::new(),
        levels: objective.map(level).into_iter().collect(),
        curves,
    }
}

/// Reads the distribution at evenly spaced places of the axis, by nearest rank, up to its last
/// sample. Where the rank falls on what never came, the curve ends.
fn curve(latencies: &Latencies) -> Curve {
    let finite: f64 = latencies.buckets.iter().map(|(_, count)| count).sum();
    let samples = finite + latencies.missing;
    let mut buckets = latencies.buckets.iter();
    let mut bucket = buckets.next();
    let mut passed = bucket.map_or(0.0, |(_, count)| *count);
    let mut points = Vec::new();
    // The last of n samples stands at 1 − 1/n: a full hundred per cent is infinitely far.
    let last = if samples > 1.0 { samples.log10().min(NINES_MAX) } else { 0.0 };
    let steps = (last * f64::from(POINTS_PER_NINE)).ceil() as u32;
    for step in 0..=steps {
        let at = (f64::from(step) / f64::from(POINTS_PER_NINE)).min(last);
        let rank = (samples * (1.0 - 10f64.powf(-at))).ceil().max(1.0);
        while passed < rank && bucket.is_some() {
            bucket = buckets.next();
            passed += bucket.map_or(0.0, |(_, count)| *count);
        }
        let Some((latency_ms, _)) = bucket else { break };
        points.push((at, *latency_ms));
    }
    Curve { name: latencies.name, paint: latencies.paint, filled: false, points }
}

fn ticks(end: f64) -> Vec<(f64, String)> {
    let all = TICKS.iter().map(|(percentile, name)| (nines(*percentile), (*name).to_owned()));
    all.filter(|(at, _)| *at <= end + 1e-9).collect()
}

/// How many nines a percentile has: 0 for 0 %, 1 for 90 %, 2 for 99 %.
fn nines(percentile: f64) -> f64 {
    // Adding zero turns -0 into 0.
    -(1.0 - percentile / 100.0).log10() + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latencies(buckets: &[(f64, f64)], missing: f64) -> Latencies {
        Latencies { name: "delivery", paint: Paint::Second, buckets: buckets.to_vec(), missing }
    }

    fn at(curve: &Curve, percentile: f64) -> Option<f64> {
        let near = |(x, _): &&(f64, f64)| (x - nines(percentile)).abs() < 1e-6;
        curve.points.iter().find(near).map(|(_, y)| *y)
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        for (percentile, expected) in [(0.0, 0.0), (90.0, 1.0), (99.0, 2.0), (99.9, 3.0)] {
            assert!((nines(percentile) - expected).abs() < 1e-9, "{percentile}");
        }
    }

    #[test]
    fn a_curve_reads_the_distribution_by_rank() {
        let curve = curve(&latencies(&[(1.0, 900.0), (5.0, 90.0), (20.0, 10.0)], 0.0));
        assert_eq!(at(&curve, 0.0), Some(1.0));
        assert_eq!(at(&curve, 90.0), Some(1.0));
        assert_eq!(at(&curve, 99.0), Some(5.0));
        assert_eq!(at(&curve, 99.9), Some(20.0));
        assert_eq!(curve.points.last(), Some(&(3.0, 20.0)), "the last of 1,000 samples");
    }

    #[test]
    fn a_curve_ends_where_deliveries_are_missing() {
        let curve = curve(&latencies(&[(1.0, 980.0)], 20.0));
        assert_eq!(at(&curve, 90.0), Some(1.0));
        assert_eq!(at(&curve, 99.0), None);
    }

    #[test]
    fn an_objective_far_above_the_data_does_not_flatten_the_curve() {
        let data = [latencies(&[(8.0, 100.0)], 0.0)];
        let (near, far) = (latency_plot(&data, Some(10.0)), latency_plot(&data, Some(250.0)));
        assert_eq!((near.levels.len(), far.levels.len()), (1, 0));
        assert!(far.y.end < 20.0);
        assert_eq!(far.x.ticks.last().map(|(_, name)| name.as_str()), Some("99 %"));
    }
}
