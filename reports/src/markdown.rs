//! `report.md`: the report for reviews and terminals; the HTML has more.

use std::fmt::Write as _;

use crate::{
    bundle::{Bundle, Part},
    claim::{ClaimReport, printed},
    figure::plain,
    format::violation_lines,
    headline::headlines,
    place::Place,
    simulation::SimRun,
    unit::Unit,
    verdict::Overall,
};

/// Violations of a run shown at most.
const VIOLATIONS_MAX: usize = 3;

/// A column: its name, where in the record its figure stands, and the unit.
type Field = (&'static str, &'static str, Unit);

const RUNS: [Field; 8] = [
    ("Variant", "/variant", Unit::Text),
    ("Seed", "/seed", Unit::Number),
    ("Verdict", "/verdict", Unit::Text),
    ("Sent", "/sends", Unit::Count),
    ("Accepted", "/accepted", Unit::Count),
    ("Deliveries", "/deliveries", Unit::Count),
    ("Delivery p99", "/deliver_p99_ms", Unit::Milliseconds),
    ("Recovery p99", "/recover_p99_ms", Unit::Milliseconds),
];

const LATENCY: [Field; 7] = [
    ("Samples", "/samples", Unit::Count),
    ("Missing", "/missing", Unit::Count),
    ("p50", "/p50", Unit::Latency),
    ("p90", "/p90", Unit::Latency),
    ("p99", "/p99", Unit::Latency),
    ("p99.9", "/p999", Unit::Latency),
    ("Longest", "/max", Unit::Latency),
];

const ROLE: [Field; 7] = [
    ("Role", "/role", Unit::Text),
    ("Load", "/load", Unit::Quantity),
    ("Unit", "/load_unit", Unit::Text),
    ("What binds", "/binds", Unit::Text),
    ("Needed", "/needed", Unit::Count),
    ("In all", "/total", Unit::Count),
    ("Zones lost, in use", "/utilisation_degraded", Unit::Share),
];

const FAILURE: [Field; 4] = [
    ("What fails", "/failed", Unit::Text),
    ("In use after", "/utilisation_after", Unit::Share),
    ("Holds", "/holds", Unit::Text),
    ("Logins over 30 s", "/reconnects_in_30_s_per_s", Unit::PerSecond),
];

/// A bundle as Markdown.
#[must_use]
pub fn render_markdown(bundle: &Bundle) -> String {
    let mut text = String::new();
    write_top(&mut text, bundle);
    write_claim(&mut text, &bundle.place(Part::Claim));
    write_simulation(&mut text, bundle);
    write_load(&mut text, &bundle.place(Part::Load));
    write_plan(&mut text, &bundle.place(Part::Plan));
    write_origin(&mut text, bundle);
    text
}

fn write_top(text: &mut String, bundle: &Bundle) {
    let scenario = &bundle.manifest().scenario;
    let overall = Overall::of(bundle);
    let word = overall.verdict.word();
    let _ =
        writeln!(text, "# {}: {word}\n\n{}\n", inline(&scenario.name), inline(&scenario.summary));
    let reasons = || overall.parts.iter().flat_map(|part| &part.reasons);
    for reason in reasons().chain(&bundle.manifest().notes) {
        let _ = writeln!(text, "- {}", inline(reason));
    }
    if reasons().chain(&bundle.manifest().notes).next().is_some() {
        text.push('\n');
    }
    let rows = headlines(bundle);
    let rows = rows.iter().map(|one| vec![one.name.to_owned(), one.printed()]);
    write_table(text, &["Figure", "Value"], rows);
}

/// The claim and the figures that its finding rests on.
fn write_claim(text: &mut String, place: &Place<'_>) {
    let Some(claim) = place.value().cloned() else { return };
    let Ok(claim) = serde_json::from_value::<ClaimReport>(claim) else { return };
    let _ = writeln!(text, "## Claim\n\n> {}\n", inline(&claim.text));
    let _ = writeln!(text, "**{}**: {}\n", claim.outcome(), inline(&claim.finding()));
    let head: Vec<&str> =
        ["Figure"].into_iter().chain(claim.variants.iter().map(String::as_str)).collect();
    let rows = claim.figures.iter().map(|row| {
        let values = row.values.iter().map(|value| printed(*value, &row.unit));
        [row.name.clone()].into_iter().chain(values).collect()
    });
    write_table(text, &head, rows);
}

fn write_simulation(text: &mut String, bundle: &Bundle) {
    let Some(report) = bundle.sim() else { return };
    text.push_str("## Simulation\n\n");
    let runs = bundle.place(Part::Sim).at("/runs");
    write_records(text, &runs.items(), &RUNS);
    for run in &report.runs {
        write_violations(text, run);
    }
}

fn write_violations(text: &mut String, run: &SimRun) {
    if run.violations.is_empty() {
        return;
    }
    let _ =
        writeln!(text, "### Violations of {}, seed {}\n\n```text", inline(&run.variant), run.seed);
    for violation in run.violations.iter().take(VIOLATIONS_MAX) {
        for line in violation_lines(violation) {
            let _ = writeln!(text, "{}", fenced(&line));
        }
        text.push('\n');
    }
    if run.violations.len() > VIOLATIONS_MAX {
        let _ = writeln!(text, "and {} more in sim.json\n", run.violations.len() - VIOLATIONS_MAX);
    }
    let _ = writeln!(text, "reproduce: {}\n```\n", fenced(&run.reproduce));
}

fn write_load(text: &mut String, load: &Place<'_>) {
    if !load.is_present() {
        return;
    }
    text.push_str("## Measured load\n\n");
    let rows = [
        ("Acceptance", "/acceptance/all"),
        ("Delivery", "/delivery/all"),
        ("Last recipient", "/last_recipient/all"),
        ("Generator behind its schedule", "/schedule_lag"),
    ];
    let names = [""].into_iter().chain(LATENCY.map(|(name, ..)| name)).collect::<Vec<_>>();
    let rows = rows.iter().map(|(name, pointer)| {
        let summary = load.at("/latencies").at(pointer).at("/summary");
        let figures = LATENCY.map(|(_, pointer, unit)| plain(&summary.at(pointer), unit));
        [(*name).to_owned()].into_iter().chain(figures).collect()
    });
    write_table(text, &names, rows);
    let ledger = |pointer| plain(&load.at("/ledger").at(pointer), Unit::Count);
    let _ = writeln!(
        text,
        "Ledger: {} deliveries expected, {} delivered, {} missing, {} duplicate, {} out of order.\n",
        ledger("/expected"),
        ledger("/delivered"),
        ledger("/missing"),
        ledger("/duplicate"),
        ledger("/reordered"),
    );
    let cost = plain(&load.at("/costs/server/cpu_us_per_delivery"), Unit::Microseconds);
    let _ = writeln!(text, "The server's processor time per delivery: {cost}.\n");
}

fn write_plan(text: &mut String, plan: &Place<'_>) {
    if !plan.is_present() {
        return;
    }
    text.push_str("## Capacity plan\n\n");
    let rows = [
        ("Sends", "/demand/sends"),
        ("Deliveries to users", "/demand/deliveries"),
        ("Deliveries to devices", "/demand/session_deliveries"),
    ];
    let rows = rows.iter().map(|(name, pointer)| {
        let levels = ["/average_per_s", "/peak_per_s", "/event_per_s"];
        let figures = levels.map(|level| plain(&plan.at(pointer).at(level), Unit::PerSecond));
        [(*name).to_owned()].into_iter().chain(figures).collect()
    });
    write_table(text, &["", "Average", "Peak", "Event"], rows);
    let mut roles = vec![plan.at("/servers/chat")];
    roles.extend(plan.at("/servers/others").items());
    write_records(text, &roles, &ROLE);
    write_records(text, &plan.at("/failures").items(), &FAILURE);
    let cost = plain(&plan.at("/cost/total_usd_per_month"), Unit::Dollars);
    let user = plain(&plan.at("/cost/daily_user_usd_per_month"), Unit::Dollars);
    let _ = writeln!(text, "Cost at list prices: {cost} a month, {user} per daily user.\n");
}

fn write_origin(text: &mut String, bundle: &Bundle) {
    let manifest = bundle.manifest();
    let machine = bundle.place(Part::Manifest).at("/machine");
    let _ =
        writeln!(text, "## How to reproduce\n\n```sh\n{}\n```\n", fenced(&manifest.command_line));
    let _ = writeln!(
        text,
        "Scenario `{}`, hash `{}`; Hubbub {}, revision `{}`; {}, {} cores, {} of memory, {}; begun {}.",
        code(&manifest.scenario.file),
        code(&manifest.scenario.hash),
        inline(&manifest.tool.version),
        code(&manifest.tool.revision),
        inline(&plain(&machine.at("/cpu"), Unit::Text)),
        plain(&machine.at("/cores"), Unit::Count),
        plain(&machine.at("/memory_bytes"), Unit::Bytes),
        inline(&manifest.machine.system),
        inline(&manifest.started_at),
    );
}

fn write_records(text: &mut String, records: &[Place<'_>], fields: &[Field]) {
    let names: Vec<_> = fields.iter().map(|(name, ..)| *name).collect();
    let rows = records
        .iter()
        .map(|record| fields.iter().map(|(_, at, unit)| plain(&record.at(at), *unit)).collect());
    write_table(text, &names, rows);
}

fn write_table(text: &mut String, names: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(text, "| {} |", names.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(names.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| inline(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
}

/// One line in which nothing is markup.
fn inline(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The inside of a code span, where backslashes would show.
fn code(text: &str) -> String {
    fenced(text).replace('`', "'")
}

/// A line that cannot end the fence around it.
fn fenced(text: &str) -> String {
    text.replace("```", "'''").replace(['\r', '\n'], " ")
}
