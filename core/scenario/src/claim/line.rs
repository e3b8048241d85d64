//! Straight lines of least squares.

use serde::{Deserialize, Serialize};

/// Levels that a series has at least: through fewer points a line fits whatever they are.
pub const LEVELS_MIN: usize = 4;

/// A straight line through points: `value = intercept + slope · level`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What one more of the level adds.
    pub slope: f64,
    /// The value at level 0.
    pub intercept: f64,
    /// How much of the values' variance it explains (R²), 0 to 1; 1 when all values are equal.
    pub r_squared: f64,
}

impl Line {
    /// The line that has the least sum of squared distances to points of (level, value). `None`
    /// when there are fewer than [`LEVELS_MIN`] of them, or when they are all at one level.
    #[must_use]
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < LEVELS_MIN {
            return None;
        }
        let count = points.len() as f64;
        let mean_level = points.iter().map(|(level, _)| level).sum::<f64>() / count;
        let mean_value = points.iter().map(|(_, value)| value).sum::<f64>() / count;
        // Around the means, so that large levels do not swallow small differences.
        let sum = |term: fn(f64, f64) -> f64| -> f64 {
            points.iter().map(|(level, value)| term(level - mean_level, value - mean_value)).sum()
        };
        let levels = sum(|level, _| level * level);
        let both = sum(|level, value| level * value);
        let values = sum(|_, value| value * value);
        let slope = both / levels;
        let intercept = mean_value - slope * mean_level;
        let r_squared = if values > 0.0 { (both * both / (levels * values)).min(1.0) } else { 1.0 };
        let line = Self { slope, intercept, r_squared };
        (slope.is_finite() && intercept.is_finite()).then_some(line)
    }

    /// The value at a level.
    #[must_use]
    pub fn value_at(self, level: f64) -> f64 {
        self.intercept + self.slope * level
    }

    /// The level at which two lines have the same value; `None` when they are parallel.
    #[must_use]
    pub fn crossing(self, other: Self) -> Option<f64> {
        let level = (other.intercept - self.intercept) / (self.slope - other.slope);
        level.is_finite().then_some(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_give_that_line() {
        let points: Vec<(f64, f64)> =
            [10.0, 20.0, 50.0, 100.0].map(|level| (level, 3.0 + 0.5 * level)).into();
        let line = Line::through(&points).unwrap();
        assert!((line.slope - 0.5).abs() < 1e-12);
        assert!((line.intercept - 3.0).abs() < 1e-9);
        assert!((line.r_squared - 1.0).abs() < 1e-12);
        assert!((line.value_at(1000.0) - 503.0).abs() < 1e-9);
    }

    #[test]
    fn a_known_regression_is_reproduced() {
        // The first of Anscombe's quartet ("Graphs in statistical analysis", 1973): slope 0.500,
        // intercept 3.00, R² 0.667.
        let levels = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let values = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let points: Vec<(f64, f64)> = levels.into_iter().zip(values).collect();
        let line = Line::through(&points).unwrap();
        assert!((line.slope - 0.500_09).abs() < 1e-5, "{line:?}");
        assert!((line.intercept - 3.000_09).abs() < 1e-5, "{line:?}");
        assert!((line.r_squared - 0.666_54).abs() < 1e-5, "{line:?}");
    }

    #[test]
    fn a_level_line_fits_perfectly_and_too_few_points_or_levels_give_none() {
        let same: Vec<(f64, f64)> = [1.0, 2.0, 3.0, 4.0].map(|level| (level, 7.0)).into();
        assert_eq!(Line::through(&same), Some(Line { slope: 0.0, intercept: 7.0, r_squared: 1.0 }));
        assert_eq!(Line::through(&same[..3]), None);
        assert_eq!(Line::through(&[(2.0, 1.0), (2.0, 2.0), (2.0, 3.0), (2.0, 4.0)]), None);
    }

    #[test]
    fn lines_meet_once_or_never() {
        let rising = Line { slope: 2.0, intercept: 1.0, r_squared: 1.0 };
        let falling = Line { slope: -1.0, intercept: 10.0, r_squared: 1.0 };
        assert_eq!(rising.crossing(falling), Some(3.0));
        assert_eq!(falling.crossing(rising), Some(3.0));
        let parallel = Line { intercept: 5.0, ..rising };
        assert_eq!(rising.crossing(parallel), None);
        assert_eq!(rising.crossing(rising), None);
    }
}
