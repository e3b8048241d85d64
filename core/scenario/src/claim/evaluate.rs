//! The finding of a claim, worked out from the figures of its variants.

use serde::{Deserialize, Serialize};

use super::sentence::LineTerm;
use super::{Claim, Crossing, Line, NOT_MEASURED, Part, Series, Term, Verdict, number, parts};
use crate::Figure;

/// What was found about a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The claim.
    pub text: String,
    /// What became of it, as the scenario says.
    pub verdict: Verdict,
    /// What was found, with the figures in their places. A figure that no run yielded is "not
    /// measured".
    pub sentence: String,
    /// The figures side by side.
    pub table: FindingTable,
    /// The lines, in the order of the scenario.
    pub series: Vec<SeriesFinding>,
    /// Where lines meet, in the order of the scenario.
    pub crossings: Vec<CrossingFinding>,
}

/// Figures of all variants side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingTable {
    /// The columns.
    pub variants: Vec<String>,
    /// The rows.
    pub rows: Vec<TableRow>,
}

/// One figure of all variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// The figure.
    pub figure: Figure,
    /// A value for each variant, in the table's order; nothing where no run yielded it.
    pub values: Vec<Option<f64>>,
}

/// A figure at several levels, and the line through it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesFinding {
    /// Its name.
    pub name: String,
    /// The figure.
    pub figure: Figure,
    /// The levels, rising.
    pub points: Vec<SeriesPoint>,
    /// The line; nothing when fewer than four levels were measured.
    pub line: Option<Line>,
    /// Where the line comes to, when that was asked for.
    pub projection: Option<Projection>,
}

/// A figure at one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesPoint {
    /// The variant that stands for the level.
    pub variant: String,
    /// The level.
    pub level: f64,
    /// The figure there; nothing where no run yielded it.
    pub value: Option<f64>,
}

/// Where a line comes to at a level that was not measured. It is no measurement, and has to be
/// shown as what it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// The level.
    pub at: f64,
    /// The value there; nothing without a line.
    pub value: Option<f64>,
}

/// Where the lines of two series meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossingFinding {
    /// Its name.
    pub name: String,
    /// The names of the two series.
    pub of: [String; 2],
    /// Where they meet.
    pub meeting: Meeting,
}

/// Where two lines meet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meeting {
    /// At this level, within those measured of both.
    At(f64),
    /// At this level, outside those measured: a projection.
    Projected(f64),
    /// The lines are parallel.
    Nowhere,
    /// One of the lines is missing.
    NotMeasured,
}

/// Works out what was found. `variants` are the names of what ran, in the order of the table, and
/// `figures` gives a figure of a variant where a run yielded it.
pub fn evaluate(
    claim: &Claim,
    variants: &[&str],
    figures: impl Fn(&str, Figure) -> Option<f64>,
) -> Finding {
    let figures = |variant: &str, figure: Figure| {
        figures(variant, figure).filter(|value: &f64| value.is_finite())
    };
    let rows = claim.figures.iter().map(|figure| TableRow {
        figure: *figure,
        values: variants.iter().map(|variant| figures(variant, *figure)).collect(),
    });
    let series: Vec<SeriesFinding> =
        claim.series.iter().map(|series| fitted(series, figures)).collect();
    let crossings: Vec<CrossingFinding> =
        claim.crossings.iter().map(|crossing| met(crossing, &series)).collect();
    let written = parts(&claim.finding).into_iter().map(|part| match part {
        Ok(Part::Text(text)) => text.to_owned(),
        Ok(Part::Term(_, term)) => shown(term, figures, &series, &crossings),
        // A scenario that was judged has no such term.
        Err(_) => NOT_MEASURED.to_owned(),
    });
    Finding {
        text: claim.text.clone(),
        verdict: claim.verdict,
        sentence: written.collect(),
        table: FindingTable {
            variants: variants.iter().map(|variant| (*variant).to_owned()).collect(),
            rows: rows.collect(),
        },
        series,
        crossings,
    }
}

fn fitted(series: &Series, figures: impl Fn(&str, Figure) -> Option<f64>) -> SeriesFinding {
    let mut points: Vec<SeriesPoint> = series
        .levels
        .iter()
        .map(|(variant, level)| SeriesPoint {
            variant: variant.clone(),
            level: *level,
            value: figures(variant, series.figure),
        })
        .collect();
    points.sort_by(|one, other| one.level.total_cmp(&other.level));
    let measured: Vec<(f64, f64)> =
        points.iter().filter_map(|point| Some((point.level, point.value?))).collect();
    let line = Line::through(&measured);
    let projection =
        series.at.map(|at| Projection { at, value: line.map(|line| line.value_at(at)) });
    SeriesFinding { name: series.name.clone(), figure: series.figure, points, line, projection }
}

fn met(crossing: &Crossing, series: &[SeriesFinding]) -> CrossingFinding {
    let [one, other] = crossing.of.each_ref().map(|name| named(series, name));
    let meeting = match (one, other) {
        (Some((one, line)), Some((other, other_line))) => match line.crossing(other_line) {
            Some(level) if one.covers(level) && other.covers(level) => Meeting::At(level),
            Some(level) => Meeting::Projected(level),
            None => Meeting::Nowhere,
        },
        _ => Meeting::NotMeasured,
    };
    CrossingFinding { name: crossing.name.clone(), of: crossing.of.clone(), meeting }
}

/// The series of that name with its line, when it has one.
fn named<'a>(series: &'a [SeriesFinding], name: &str) -> Option<(&'a SeriesFinding, Line)> {
    let found = series.iter().find(|series| series.name == name)?;
    Some((found, found.line?))
}

impl SeriesFinding {
    /// Whether a level lies within those that were measured.
    fn covers(&self, level: f64) -> bool {
        let measured = || self.points.iter().filter(|point| point.value.is_some());
        measured().any(|point| point.level <= level) && measured().any(|point| point.level >= level)
    }
}

/// A term in words. A value that was not measured but drawn on is marked as such.
fn shown(
    term: Term<'_>,
    figures: impl Fn(&str, Figure) -> Option<f64>,
    series: &[SeriesFinding],
    crossings: &[CrossingFinding],
) -> String {
    match term {
        Term::Figure { variant, figure } => measured(figures(variant, figure)),
        Term::Line { series: name, of } => {
            let line = named(series, name).map(|(_, line)| line);
            measured(line.map(|line| match of {
                LineTerm::Slope => line.slope,
                LineTerm::Intercept => line.intercept,
                LineTerm::RSquared => line.r_squared,
            }))
        }
        Term::Projection(name) => {
            let found = series.iter().find(|series| series.name == name);
            let value = found.and_then(|series| series.projection?.value);
            value.map_or_else(|| NOT_MEASURED.into(), projected)
        }
        Term::Crossing(name) => {
            let found = crossings.iter().find(|crossing| crossing.name == name);
            match found.map_or(Meeting::NotMeasured, |crossing| crossing.meeting) {
                Meeting::At(level) => number(level),
                Meeting::Projected(level) => projected(level),
                Meeting::Nowhere => "nowhere".into(),
                Meeting::NotMeasured => NOT_MEASURED.into(),
            }
        }
    }
}

fn measured(value: Option<f64>) -> String {
    value.map_or_else(|| NOT_MEASURED.into(), number)
}

fn projected(value: f64) -> String {
    format!("{} (projected)", number(value))
}
