//! The simulation: its runs, and what happened in those that matter.

use std::collections::BTreeSet;

use super::{
    absent,
    markup::{
        Column::{Figures, Words},
        Table, records,
    },
    plot_figure, violation,
};
use crate::{
    bundle::{Bundle, Part},
    figure::figure,
    place::Place,
    plot::deliveries_plot,
    simulation::{SimReport, SimRun},
    unit::Unit,
    verdict::Verdict,
};

/// Runs shown in detail at most.
const DETAILED_MAX: usize = 6;

pub(super) fn section(bundle: &Bundle) -> String {
    let Some(report) = bundle.sim() else {
        return absent(Part::Sim, "Give the scenario a <code>[workload]</code> to simulate it.");
    };
    let sim = bundle.place(Part::Sim);
    let mut html = introduction(&sim);
    html.push_str(&runs_table(&sim));
    html.push_str(&variants_table(&sim));
    html.push_str(&situations_table(&sim));
    let runs = sim.at("/runs").items();
    let detailed = detailed_runs(&report);
    for index in &detailed {
        if let (Some(run), Some(place)) = (report.runs.get(*index), runs.get(*index)) {
            html.push_str(&run_details(run, place));
        }
    }
    if detailed.len() < report.runs.len() {
        html.push_str("<p class=\"quiet\">In detail above: runs that failed, and the first of each variant. The others are in <code>sim.json</code>.</p>\n");
    }
    html
}

fn introduction(sim: &Place<'_>) -> String {
    let total = |pointer, unit| figure(&sim.at(pointer), unit);
    format!(
        "<p>The {} engine ran {} of simulated time in {} of processor time: {} messages sent, {} accepted, {} deliveries, {} network envelopes.</p>\n",
        total("/engine", Unit::Text),
        total("/totals/simulated_s", Unit::Seconds),
        total("/totals/cpu_s", Unit::Seconds),
        total("/totals/sends", Unit::Count),
        total("/totals/accepted", Unit::Count),
        total("/totals/deliveries", Unit::Count),
        total("/totals/trace_envelopes", Unit::Count),
    )
}

fn runs_table(sim: &Place<'_>) -> String {
    let fields = [
        ("Variant", "/variant", Unit::Text),
        ("Seed", "/seed", Unit::Number),
        ("Verdict", "/verdict", Unit::Text),
        ("Sent", "/sends", Unit::Count),
        ("Accepted", "/accepted", Unit::Count),
        ("Refused", "/failed", Unit::Count),
        ("Deliveries", "/deliveries", Unit::Count),
        ("Devices", "/devices", Unit::Count),
        ("Delivery p50", "/deliver_p50_ms", Unit::Milliseconds),
        ("Delivery p99", "/deliver_p99_ms", Unit::Milliseconds),
        ("Recovery p99", "/recover_p99_ms", Unit::Milliseconds),
    ];
    records("Runs: each variant with each seed", &sim.at("/runs"), &fields, |run| {
        if run.at("/verdict").text() == Some("pass") { "" } else { "bad" }
    })
}

fn variants_table(sim: &Place<'_>) -> String {
    let mut table = Table::new(
        "What must hold over all seeds of a variant",
        &[
            ("Variant", Words),
            ("Changes", Words),
            ("Expectation", Words),
            ("Wanted", Words),
            ("Came out", Words),
            ("Met", Words),
        ],
    );
    for variant in sim.at("/variants").items() {
        let changes: Vec<String> = variant
            .at("/changes")
            .items()
            .iter()
            .map(|one| format!("<code>{}</code>", figure(one, Unit::Text)))
            .collect();
        for one in variant.at("/expectations").items() {
            let mut cells = vec![figure(&variant.at("/name"), Unit::Text), changes.join(", ")];
            cells.extend(expectation_cells(&one));
            table.row_of_class(row_class(&one), cells);
        }
    }
    table.html()
}

fn situations_table(sim: &Place<'_>) -> String {
    let fields = [("Situation", "/name", Unit::Text), ("Runs", "/runs", Unit::Count)];
    records("Situations reached, and in how many runs", &sim.at("/situations"), &fields, |_| "")
}

/// Failed runs first in importance, then the first run of each variant; shown in the order of the
/// report.
fn detailed_runs(report: &SimReport) -> Vec<usize> {
    let runs = || report.runs.iter().enumerate();
    let mut seen = BTreeSet::new();
    let failed = runs().filter(|(_, run)| run.verdict != Verdict::Pass);
    let first = runs().filter(|(_, run)| seen.insert(run.variant.as_str()));
    let mut picked: Vec<usize> = Vec::new();
    for (index, _) in failed.chain(first) {
        if picked.len() < DETAILED_MAX && !picked.contains(&index) {
            picked.push(index);
        }
    }
    picked.sort_unstable();
    picked
}

fn run_details(run: &SimRun, place: &Place<'_>) -> String {
    let name = figure(&place.at("/variant"), Unit::Text);
    let seed = figure(&place.at("/seed"), Unit::Number);
    let verdict = verdict_cell(&place.at("/verdict"));
    let caption = format!(
        "Messages per second of simulated time, faults shaded. Curves from <code>{}</code>.",
        super::escape(&place.at("/series").to_string())
    );
    let mut html = format!("<article class=\"run\">\n<h3>{name}, seed {seed} {verdict}</h3>\n");
    html.push_str(&plot_figure(&deliveries_plot(run), &caption));
    html.push_str(&violation::list(place));
    html.push_str(&faults_table(place));
    html.push_str(&checkers_table(place));
    html.push_str(&expectations_table(place));
    html.push_str(&format!(
        "<p class=\"small\">Make this run again:</p>\n<pre class=\"command\"><code>{}</code></pre>\n",
        figure(&place.at("/reproduce"), Unit::Text)
    ));
    html.push_str("</article>\n");
    html
}

fn faults_table(run: &Place<'_>) -> String {
    let fields = [
        ("", "/id", Unit::Number),
        ("Kind", "/kind", Unit::Text),
        ("Struck", "/target", Unit::Text),
        ("From", "/from_s", Unit::Seconds),
        ("Until", "/until_s", Unit::Seconds),
        ("Affected", "/affected", Unit::Count),
    ];
    records("Faults, and what each did", &run.at("/faults"), &fields, |fault| {
        if fault.at("/affected").number() == Some(0.0) { "bad" } else { "" }
    })
}

fn checkers_table(run: &Place<'_>) -> String {
    let mut table = Table::new(
        "Checkers, and how many cases each judged",
        &[("Checker", Words), ("Expected", Words), ("Judged", Figures), ("Violations", Figures)],
    );
    for checker in run.at("/checkers").items() {
        let expected = match checker.at("/expected").text() {
            Some("violated") => "violations",
            Some("not_applicable") => "does not apply",
            _ => "holds",
        };
        let found = checker.at("/violations").number() > Some(0.0);
        let class = if found && expected != "violations" { "bad" } else { "" };
        let cells = vec![
            format!("<code>{}</code>", figure(&checker.at("/name"), Unit::Text)),
            expected.to_owned(),
            figure(&checker.at("/judged"), Unit::Count),
            figure(&checker.at("/violations"), Unit::Count),
        ];
        table.row_of_class(class, cells);
    }
    table.html()
}

fn expectations_table(run: &Place<'_>) -> String {
    let fields = [
        ("Expectation", "/what", Unit::Text),
        ("Wanted", "/wanted", Unit::Text),
        ("Came out", "/got", Unit::Text),
        ("Met", "/met", Unit::Text),
    ];
    records("Expectations of this run", &run.at("/expectations"), &fields, row_class)
}

fn expectation_cells(one: &Place<'_>) -> Vec<String> {
    let text = |pointer| figure(&one.at(pointer), Unit::Text);
    vec![format!("<code>{}</code>", text("/what")), text("/wanted"), text("/got"), text("/met")]
}

fn row_class(one: &Place<'_>) -> &'static str {
    if one.at("/met").is(false) { "bad" } else { "" }
}

fn verdict_cell(place: &Place<'_>) -> String {
    let class = place.text().and_then(Verdict::parse).map_or("invalid", |verdict| match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Invalid => "invalid",
    });
    format!("<span class=\"word {class}\">{}</span>", figure(place, Unit::Text))
}
