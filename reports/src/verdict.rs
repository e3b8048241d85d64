//! Verdicts: of each part of a run, and of the whole.

use serde::{Deserialize, Serialize};

use crate::{
    bundle::{Bundle, Part},
    place::Place,
};

/// Said of a load result that holds no verdict.
pub(crate) const NO_VERDICT: &str = "the load result holds no verdict";

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every expectation was met.
    Pass,
    /// A violation, or an expectation that was not met.
    Fail,
    /// The measurement cannot be believed, so that it says nothing.
    Invalid,
}

impl Verdict {
    /// As people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Invalid => "INVALID",
        }
    }

    /// As JSON has it, in capitals or not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pass, Self::Fail, Self::Invalid]
            .into_iter()
            .find(|verdict| verdict.word().eq_ignore_ascii_case(text))
    }

    /// The verdict of a whole: it fails when a part fails, and is invalid when none fails but one
    /// is invalid.
    #[must_use]
    pub fn of_whole(parts: impl IntoIterator<Item = Self>) -> Self {
        let weight = |verdict: &Self| match verdict {
            Self::Pass => 0,
            Self::Invalid => 1,
            Self::Fail => 2,
        };
        parts.into_iter().max_by_key(weight).unwrap_or(Self::Pass)
    }

    /// The exit status of the command: 0, 1 or 3.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Invalid => 3,
        }
    }
}

/// The verdict of one part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartVerdict {
    /// `simulation` or `load`.
    pub part: &'static str,
    /// What came out.
    pub verdict: Verdict,
    /// Why it did not pass, a sentence each.
    pub reasons: Vec<String>,
}

/// The verdict of a whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overall {
    /// That of the whole.
    pub verdict: Verdict,
    /// The parts that judge something. A plan judges nothing: it is a figure, not a test.
    pub parts: Vec<PartVerdict>,
}

impl Overall {
    /// The verdict of a bundle.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Self {
        let parts: Vec<_> = [judge_simulation(bundle), judge_load(&bundle.place(Part::Load))]
            .into_iter()
            .flatten()
            .collect();
        let verdict = Verdict::of_whole(parts.iter().map(|part: &PartVerdict| part.verdict));
        Self { verdict, parts }
    }
}

fn judge_simulation(bundle: &Bundle) -> Option<PartVerdict> {
    let report = bundle.sim()?;
    Some(PartVerdict { part: "simulation", verdict: report.verdict, reasons: report.reasons() })
}

/// A load result without a readable verdict says nothing, so it is invalid.
fn judge_load(load: &Place<'_>) -> Option<PartVerdict> {
    load.value()?;
    let verdict = load.at("/verdict/outcome").text().and_then(Verdict::parse);
    let mut reasons: Vec<String> = load_reasons(load)
        .iter()
        .filter_map(|one| one.at("/text").text())
        .map(str::to_owned)
        .collect();
    if verdict.is_none() {
        reasons.push(NO_VERDICT.to_owned());
    }
    Some(PartVerdict { part: "load", verdict: verdict.unwrap_or(Verdict::Invalid), reasons })
}

/// Why a load did not pass; remarks decide nothing and are left out.
pub(crate) fn load_reasons<'a>(load: &Place<'a>) -> Vec<Place<'a>> {
    let mut reasons = load.at("/verdict/reasons").items();
    reasons.retain(|reason| reason.at("/kind").text() != Some("remark"));
    reasons
}
