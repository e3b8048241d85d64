//! Does the claim speak of what is there?

use std::collections::{BTreeMap, BTreeSet};

use super::name_problem;
use crate::claim::{Claim, KEYWORDS, LEVELS_MIN, Part, Series, Term, TermError, parts};
use crate::error::Problem;
use crate::nearest::nearest;
use crate::variants::BASE;
use crate::{Figure, Scenario, StoreProbe};

pub(super) fn problems(claim: &Claim, scenario: &Scenario) -> Vec<Problem> {
    let names = Names::of(claim, scenario);
    let mut problems = Vec::new();
    for (key, text) in [("text", &claim.text), ("finding", &claim.finding)] {
        if text.trim().is_empty() {
            problems.push(Problem::new(format!("claim.{key}"), format!("the {key} is empty")));
        }
    }
    problems.extend(keyword_problems(scenario));
    let mut seen = BTreeSet::new();
    for (index, figure) in claim.figures.iter().enumerate() {
        let place = format!("claim.figures.{index}");
        if !seen.insert(*figure) {
            problems.push(Problem::new(&place, format!("`{figure}` comes twice")));
        }
        problems.extend(names.figure_problem(&place, *figure));
    }
    for (index, series) in claim.series.iter().enumerate() {
        problems.extend(series_problems(&format!("claim.series.{index}"), series, &names));
    }
    problems.extend(crossing_problems(claim, &names));
    problems.extend(finding_problems(claim, &names));
    let of_series = claim.series.iter().map(|series| series.name.as_str());
    problems.extend(taken_names("claim.series", of_series));
    let of_crossings = claim.crossings.iter().map(|crossing| crossing.name.as_str());
    problems.extend(taken_names("claim.crossing", of_crossings));
    problems
}

/// What a claim can name.
struct Names<'a> {
    /// What its figures are of: the base and its variants, or the stores that are probed.
    columns: Vec<String>,
    series: Vec<&'a str>,
    projections: Vec<&'a str>,
    crossings: Vec<&'a str>,
    /// Whether runs yield the figures of simulations, of loads, and of probes.
    simulates: bool,
    measures: bool,
    /// A probe shows its engines and levels side by side, others their variants: not both.
    probes: bool,
}

impl<'a> Names<'a> {
    fn of(claim: &'a Claim, scenario: &'a Scenario) -> Self {
        let projected = claim.series.iter().filter(|series| series.at.is_some());
        let (simulates, measures) = (scenario.workload.is_some(), scenario.load.is_some());
        let probe = scenario.store_probe.as_ref().filter(|_| !simulates && !measures);
        let variants = scenario.variants.iter().map(|variant| variant.name.as_str());
        let variants = || [BASE].into_iter().chain(variants).map(str::to_owned).collect();
        Self {
            columns: probe.map_or_else(variants, StoreProbe::columns),
            series: claim.series.iter().map(|series| series.name.as_str()).collect(),
            projections: projected.map(|series| series.name.as_str()).collect(),
            crossings: claim.crossings.iter().map(|crossing| crossing.name.as_str()).collect(),
            simulates,
            measures,
            probes: probe.is_some(),
        }
    }

    fn figure_problem(&self, place: &str, figure: Figure) -> Option<Problem> {
        let (is_there, what, advice) = if figure.is_of_loads_only() {
            (self.measures, "a load on a real server", "add [load]")
        } else if figure.is_of_probes_only() {
            (self.probes, "a probe alone", "make a scenario of [store_probe] without another run")
        } else {
            (self.simulates || self.measures, "a run", "add [workload] to simulate")
        };
        (!is_there).then(|| {
            let message = format!("only {what} yields `{figure}`, and there is none");
            Problem::new(place, message).advise(format!("{advice}, or leave the figure out"))
        })
    }

    fn unknown_column(&self, place: &str, name: &str) -> Option<Problem> {
        let what = if self.probes { "engine and level" } else { "variant" };
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        unknown(place, what, name, &columns)
    }
}

fn keyword_problems(scenario: &Scenario) -> impl Iterator<Item = Problem> {
    let taken = scenario.variants.iter().map(|variant| variant.name.as_str()).enumerate();
    taken.filter(|(_, name)| KEYWORDS.contains(name)).map(|(index, name)| {
        Problem::new(
            format!("variant.{index}.name"),
            format!("`{name}` means something else in a finding"),
        )
        .advise("give the variant another name")
    })
}

fn taken_names<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (index, name) in names.enumerate() {
        let place = format!("{place}.{index}.name");
        problems.extend(name_problem(&place, name));
        if !seen.insert(name) {
            problems.push(Problem::new(&place, format!("the name `{name}` is taken")));
        }
    }
    problems
}

fn series_problems(place: &str, series: &Series, names: &Names<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(names.figure_problem(&format!("{place}.figure"), series.figure));
    if series.levels.len() < LEVELS_MIN {
        let count = series.levels.len();
        problems.push(
            Problem::new(
                format!("{place}.levels"),
                format!("a line needs at least {LEVELS_MIN} levels, not {count}"),
            )
            .advise(if names.probes {
                "through fewer a line fits whatever they are: add levels"
            } else {
                "through fewer a line fits whatever they are: add variants"
            }),
        );
    }
    let mut at_level: BTreeMap<u64, &str> = BTreeMap::new();
    for (variant, level) in &series.levels {
        let place = format!("{place}.levels.{variant}");
        problems.extend(names.unknown_column(&place, variant));
        if !level.is_finite() {
            problems.push(Problem::new(&place, "a level must be a number with an end"));
        }
        // Adding zero makes the two zeros one.
        if let Some(other) = at_level.insert((level + 0.0).to_bits(), variant) {
            let message = format!("`{other}` stands for the level {level} already");
            problems.push(Problem::new(&place, message).advise("give each variant its own level"));
        }
    }
    problems.extend(projection_problem(place, series));
    problems
}

fn projection_problem(place: &str, series: &Series) -> Option<Problem> {
    let at = series.at?;
    let place = format!("{place}.at");
    let (lowest, highest) = series.range();
    if !at.is_finite() {
        return Some(Problem::new(place, "a level must be a number with an end"));
    }
    (lowest <= at && at <= highest).then(|| {
        let message =
            format!("{at} is within the levels, from {lowest} to {highest}: that is no projection");
        Problem::new(place, message).advise("add a variant at that level and measure it")
    })
}

fn crossing_problems(claim: &Claim, names: &Names<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, crossing) in claim.crossings.iter().enumerate() {
        let place = format!("claim.crossing.{index}.of");
        let [one, other] = &crossing.of;
        for (side, name) in crossing.of.iter().enumerate() {
            problems.extend(unknown(&format!("{place}.{side}"), "series", name, &names.series));
        }
        if one == other {
            let message = format!("`{one}` meets itself everywhere");
            problems.push(Problem::new(&place, message).advise("name two series"));
        }
        let figure_of = |name: &String| {
            claim.series.iter().find(|series| series.name == *name).map(|series| series.figure)
        };
        if let (Some(left), Some(right)) = (figure_of(one), figure_of(other))
            && left.unit() != right.unit()
        {
            let message = format!("`{left}` and `{right}` are not counted in the same unit");
            problems.push(Problem::new(&place, message).advise("only series of one unit can meet"));
        }
    }
    problems
}

fn finding_problems(claim: &Claim, names: &Names<'_>) -> Vec<Problem> {
    let place = "claim.finding";
    let mut problems = Vec::new();
    for part in parts(&claim.finding) {
        match part {
            Ok(Part::Text(_)) => {}
            Ok(Part::Term(_, term)) => problems.extend(term_problems(place, term, names)),
            Err(error) => problems.push(form_problem(place, &error)),
        }
    }
    problems
}

fn term_problems(place: &str, term: Term<'_>, names: &Names<'_>) -> Vec<Problem> {
    let found = match term {
        Term::Figure { variant, figure } => {
            let unknown = names.unknown_column(place, variant);
            return unknown.into_iter().chain(names.figure_problem(place, figure)).collect();
        }
        Term::Line { series, .. } => unknown(place, "series", series, &names.series),
        Term::Crossing(name) => unknown(place, "crossing", name, &names.crossings),
        Term::Projection(name) if names.series.contains(&name) => {
            (!names.projections.contains(&name)).then(|| {
                Problem::new(place, format!("the series `{name}` is not projected"))
                    .advise("say to which level: `at = 1000.0`")
            })
        }
        Term::Projection(name) => unknown(place, "series", name, &names.series),
    };
    found.into_iter().collect()
}

fn form_problem(place: &str, error: &TermError<'_>) -> Problem {
    match error {
        TermError::Unbalanced => Problem::new(place, "a brace without its other half")
            .advise("figures stand in braces, such as `{base.lost_messages}`; text has none"),
        TermError::Form(term) => Problem::new(place, format!("`{{{term}}}` stands for nothing"))
            .advise(
                "write `{VARIANT.FIGURE}`, `{series.NAME.slope}` (or `intercept`, `r2`), \
                 `{projection.NAME}` or `{crossing.NAME}`",
            ),
        TermError::UnknownFigure { term, figure } => {
            let near = nearest(figure, Figure::ALL.iter().map(|figure| figure.name()));
            let advice = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`hubbub list figures` shows what there is".to_owned(),
            };
            Problem::new(place, format!("unknown figure in `{{{term}}}`")).advise(advice)
        }
    }
}

/// A problem when a name is not among those of its kind.
fn unknown(place: &str, what: &str, name: &str, known: &[&str]) -> Option<Problem> {
    if known.contains(&name) {
        return None;
    }
    let advice = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("there is no {what} here"),
        None => format!("known: {}", known.join(", ")),
    };
    Some(Problem::new(place, format!("unknown {what} `{name}`")).advise(advice))
}
