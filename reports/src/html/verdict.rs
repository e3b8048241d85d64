//! The top of the page: the verdict, why, and the figures that matter most.

use super::markup::{badge, list};
use crate::{
    bundle::{Bundle, Part},
    figure::figure,
    headline::headlines,
    place::Place,
    simulation::{CheckerOutcome, Expected},
    unit::Unit,
    verdict::{NO_VERDICT, Overall, PartVerdict, Verdict, load_reasons},
};

pub(super) fn header(bundle: &Bundle) -> String {
    let overall = Overall::of(bundle);
    let manifest = bundle.place(Part::Manifest);
    let name = figure(&manifest.at("/scenario/name"), Unit::Text);
    let summary = figure(&manifest.at("/scenario/summary"), Unit::Text);
    let class = overall.verdict.word().to_lowercase();
    let sentence = sentence(&overall);
    let reasons = list(&reasons(bundle, &overall));
    let notes = manifest.at("/notes").items();
    let notes: String = notes
        .iter()
        .map(|note| format!("<p class=\"quiet\">{}</p>\n", figure(note, Unit::Text)))
        .collect();
    let tiles: String = headlines(bundle)
        .iter()
        .map(|headline| {
            let value = headline.html();
            format!("<div><dt>{}</dt><dd>{value}</dd></div>\n", headline.name)
        })
        .collect();
    format!(
        "<header class=\"{class}\">\n<p class=\"overline\">Hubbub run</p>\n\
         <h1>{name} {}</h1>\n<p class=\"summary\">{summary}</p>\n\
         <div class=\"verdict\"><p>{sentence}</p>\n{reasons}</div>\n{notes}<dl class=\"tiles\">\n{tiles}</dl>\n</header>\n",
        badge(overall.verdict),
    )
}

fn sentence(overall: &Overall) -> String {
    if overall.parts.is_empty() {
        return "Nothing was judged: the run has neither a simulation nor a measured load."
            .to_owned();
    }
    let parts: Vec<String> = overall.parts.iter().map(part_sentence).collect();
    parts.join(" ")
}

fn part_sentence(part: &PartVerdict) -> String {
    match (part.part, part.verdict) {
        ("simulation", Verdict::Pass) => "The simulation met every expectation.".to_owned(),
        ("simulation", _) => "The simulation did not meet its expectations.".to_owned(),
        (_, Verdict::Pass) => "The measured load met its objective.".to_owned(),
        (_, Verdict::Fail) => "The measured load did not meet its objective.".to_owned(),
        (_, Verdict::Invalid) => {
            "The measurement is invalid: its figures say nothing about the design.".to_owned()
        }
    }
}

/// Why it did not pass, each figure with its place.
fn reasons(bundle: &Bundle, overall: &Overall) -> Vec<String> {
    let mut reasons = Vec::new();
    let sim = bundle.place(Part::Sim);
    for variant in sim.at("/variants").items() {
        let name = figure(&variant.at("/name"), Unit::Text);
        let missed = missed(&variant);
        reasons.extend(missed.map(|reason| format!("{name}, over all seeds: {reason}")));
    }
    for run in sim.at("/runs").items() {
        let name = figure(&run.at("/variant"), Unit::Text);
        let seed = figure(&run.at("/seed"), Unit::Count);
        let checkers = run.at("/checkers").items();
        let checkers = checkers.iter().filter_map(complaint);
        let all = checkers.chain(missed(&run));
        reasons.extend(all.map(|reason| format!("{name}, seed {seed}: {reason}")));
    }
    let load = bundle.place(Part::Load);
    let texts = load_reasons(&load).into_iter().map(|reason| reason.at("/text"));
    reasons.extend(texts.map(|text| figure(&text, Unit::Text)));
    let said = overall.parts.iter().flat_map(|part| &part.reasons);
    reasons.extend(said.filter(|reason| *reason == NO_VERDICT).cloned());
    reasons
}

fn missed<'a>(place: &Place<'a>) -> impl Iterator<Item = String> + use<'a> {
    let expectations = place.at("/expectations").items().into_iter();
    let missed = expectations.filter(|one| !one.at("/met").is(true));
    missed.map(|one| {
        let text = |pointer| figure(&one.at(pointer), Unit::Text);
        format!("{}: wanted {}, came out {}", text("/what"), text("/wanted"), text("/got"))
    })
}

fn complaint(place: &Place<'_>) -> Option<String> {
    let checker: CheckerOutcome = serde_json::from_value(place.value()?.clone()).ok()?;
    checker.complaint()?;
    let name = figure(&place.at("/name"), Unit::Text);
    let judged = figure(&place.at("/judged"), Unit::Count);
    let found = figure(&place.at("/violations"), Unit::Count);
    if checker.expected == Expected::Holds && checker.violations == 0 {
        Some(format!("{name} is undecided: it judged {judged} cases"))
    } else {
        Some(format!("{name} found {found} in {judged} cases"))
    }
}
