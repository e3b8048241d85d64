//! What a run found out about a claim: the form of `claim.json`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::unit::{NOT_MEASURED, Unit};

/// A claim and what was found about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimReport {
    /// What the source says.
    pub text: String,
    /// What the scenario says became of it: `holds`, `broken` or `costs`.
    pub verdict: String,
    /// Whether the run came out as the scenario expects. Otherwise its verdict was not confirmed.
    pub confirmed: bool,
    /// What was found, in a sentence with this run's figures.
    pub sentence: String,
    /// Seeds over which figures of simulations are means; 0 when nothing was simulated.
    pub seeds: u64,
    /// The one command that finds it again.
    pub command: String,
    /// The names of the variants, in the order of the values below.
    pub variants: Vec<String>,
    /// Figures of all variants side by side.
    pub figures: Vec<ClaimFigure>,
    /// Straight lines through a figure of several variants.
    pub lines: Vec<ClaimLine>,
    /// Where two lines meet.
    pub crossings: Vec<ClaimCrossing>,
}

/// A figure of every variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimFigure {
    /// Its name, as scenarios write it.
    pub name: String,
    /// What it is counted in; empty for a share and for a plain number.
    pub unit: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Its values; nothing where it was not measured.
    pub values: Vec<Option<f64>>,
}

/// A straight line of least squares through a figure at several levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimLine {
    /// Its name.
    pub name: String,
    /// The figure.
    pub figure: String,
    /// The levels, rising, with what was measured there.
    pub points: Vec<ClaimPoint>,
    /// What one more of its levels adds; nothing when too few levels were measured.
    pub slope: Option<f64>,
    /// Where it begins, at level 0.
    pub intercept: Option<f64>,
    /// The share of the variance that the line explains, 0 to 1.
    pub r_squared: Option<f64>,
    /// A level that was not measured.
    pub projected_at: Option<f64>,
    /// Where the line comes to there: a projection.
    pub projected: Option<f64>,
}

/// A figure at a level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClaimPoint {
    /// The level.
    pub level: f64,
    /// The figure; nothing where it was not measured.
    pub value: Option<f64>,
}

/// The level at which two lines meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimCrossing {
    /// Its name.
    pub name: String,
    /// The names of the two lines.
    pub of: [String; 2],
    /// The level; nothing when they do not meet or one of them is missing.
    pub at: Option<f64>,
    /// Whether the level lies outside those that were measured.
    pub projected: bool,
}

impl ClaimReport {
    /// The verdict as a reader needs it: one that was not confirmed is none.
    #[must_use]
    pub fn outcome(&self) -> &str {
        if self.confirmed { &self.verdict } else { "not confirmed" }
    }

    /// What was found, and over how many runs.
    #[must_use]
    pub fn finding(&self) -> String {
        match self.seeds {
            0 | 1 => self.sentence.clone(),
            seeds => format!("{} {}", self.sentence, averaged(&seeds.to_string())),
        }
    }

    /// The claim and its finding, for a terminal.
    #[must_use]
    pub fn human(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "CLAIM  {}", self.text);
        let _ = writeln!(text, "       {}: {}", self.outcome(), self.finding());
        text
    }
}

/// Says that figures are means: 35.5 messages were lost in no run.
pub(crate) fn averaged(seeds: &str) -> String {
    format!("Simulated figures are on average over {seeds} seeds.")
}

/// A figure of a claim as it is printed, with its unit.
#[must_use]
pub(crate) fn printed(value: Option<f64>, unit: &str) -> String {
    match value {
        None => NOT_MEASURED.to_owned(),
        Some(value) if unit.is_empty() => Unit::Number.print_number(value),
        Some(value) => format!("{} {unit}", Unit::Number.print_number(value)),
    }
}
