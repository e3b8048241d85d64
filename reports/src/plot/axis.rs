//! Axes from zero upwards, with round ticks.

use crate::unit::Unit;

/// An axis from zero to `end`.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// What it shows; empty when the page says so.
    pub(crate) label: &'static str,
    pub(crate) end: f64,
    /// Where there are marks, and what stands beside them.
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis that ends with a round tick at or above `highest`.
    pub(crate) fn rounded(label: &'static str, highest: f64, unit: Unit) -> Self {
        let step = round_step(highest);
        let count = (highest / step - 1e-9).ceil().max(1.0);
        Self { label, end: count * step, ticks: ticks(step, count, unit) }
    }

    /// An axis that ends exactly at `end`.
    pub(crate) fn exact(label: &'static str, end: f64, unit: Unit) -> Self {
        let step = round_step(end);
        let count = (end / step + 1e-9).floor();
        Self { label, end, ticks: ticks(step, count, unit) }
    }
}

fn ticks(step: f64, count: f64, unit: Unit) -> Vec<(f64, String)> {
    // At most ten: `round_step` sees to it.
    (0..=count as u32)
        .map(|index| {
            let at = f64::from(index) * step;
            (at, unit.print_number(at))
        })
        .collect()
}

/// A step of 1, 2 or 5 times a power of ten, of which four to ten fit below `highest`.
fn round_step(highest: f64) -> f64 {
    if !(highest.is_finite() && highest > 0.0) {
        return 1.0;
    }
    let rough = highest / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let factor = match rough / power {
        share if share <= 1.0 => 1.0,
        share if share <= 2.0 => 2.0,
        share if share <= 5.0 => 5.0,
        _ => 10.0,
    };
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_highest_value() {
        let cases = [
            (37.0, vec!["0", "10", "20", "30", "40"]),
            (1_000.0, vec!["0", "200", "400", "600", "800", "1,000"]),
            (0.7, vec!["0", "0.20", "0.40", "0.60", "0.80"]),
            (0.0, vec!["0", "1"]),
        ];
        for (highest, expected) in cases {
            let axis = Axis::rounded("", highest, Unit::Number);
            let labels: Vec<_> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
            assert_eq!(labels, expected, "{highest}");
            assert!(axis.end >= highest);
        }
    }

    #[test]
    fn an_exact_axis_has_no_tick_beyond_its_end() {
        let axis = Axis::exact("", 47.0, Unit::Number);
        assert_eq!(axis.ticks.last().map(|(at, _)| *at), Some(40.0));
    }
}
