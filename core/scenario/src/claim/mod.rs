//! The `[claim]` section: what somebody says about a design, and what was found.
//!
//! [`evaluate`] works out the finding from the figures of the variants. It is pure, so that a
//! report and a page of findings say the same.

mod evaluate;
mod line;
mod number;
mod sentence;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Figure;

pub use evaluate::{
    CrossingFinding, Finding, FindingTable, Meeting, Projection, SeriesFinding, SeriesPoint,
    TableRow, evaluate,
};
pub use line::{LEVELS_MIN, Line};
pub use number::{NOT_MEASURED, number};
pub(crate) use sentence::{KEYWORDS, Part, Term, TermError, parts};

/// A statement about designs, and what this scenario finds out about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What the source says.
    pub text: String,
    /// What became of it.
    pub verdict: Verdict,
    /// What was found, in a sentence. Figures stand in braces: `{base.lost_messages}` is a figure of
    /// the base, `{VARIANT.FIGURE}` of a variant, `{series.NAME.slope}` what a series grows by for
    /// one more of its levels (`intercept` and `r2` likewise), `{projection.NAME}` where it comes
    /// to, `{crossing.NAME}` where two meet.
    pub finding: String,
    /// The figures to show side by side for all variants.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// Straight lines through a figure of several variants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
    /// Levels at which two series meet.
    #[serde(default, rename = "crossing", skip_serializing_if = "Vec::is_empty")]
    pub crossings: Vec<Crossing>,
}

/// What became of a claim.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is so.
    Holds,
    /// It is not so, or not under faults.
    Broken,
    /// It is so, at a price that the finding names.
    Costs,
}

/// A figure at several levels of something, with the straight line of least squares through it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Its name, in lower case with dashes.
    pub name: String,
    /// The figure.
    pub figure: Figure,
    /// The variants, or the engines and levels of a probe, each with the level that it stands for,
    /// such as its number of members; at least four.
    pub levels: BTreeMap<String, f64>,
    /// A level outside those, to which the line is drawn on: a projection, and shown as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
}

/// The level at which the lines of two series meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crossing {
    /// Its name, in lower case with dashes.
    pub name: String,
    /// The names of the two series.
    pub of: [String; 2],
}

impl Verdict {
    /// The word as scenarios and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Costs => "costs",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Series {
    /// The lowest and the highest level.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let lowest = self.levels.values().copied().fold(f64::INFINITY, f64::min);
        let highest = self.levels.values().copied().fold(f64::NEG_INFINITY, f64::max);
        (lowest, highest)
    }
}
