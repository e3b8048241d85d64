//! Text for people.

use std::fmt::Write as _;

use crate::{
    simulation::{Expected, SimReport, SimRun},
    unit::{NOT_MEASURED, Unit},
    verdict::Verdict,
    violation::ViolationReport,
};

/// Violations that a run shows at most; the bundle has the others.
const SHOWN_MAX: usize = 3;
/// Passed runs are listed when there are no more runs than this.
const LISTED_MAX: usize = 20;
/// Devices that a violation names at most.
const DEVICES_MAX: usize = 12;

/// A simulation as text: one line per run, and below a failed one why it failed, what was lost
/// and the command that makes it again.
#[must_use]
pub fn human(report: &SimReport) -> String {
    let mut text = String::new();
    let width = report.runs.iter().map(|run| run.variant.len()).max().unwrap_or(0);
    // The many runs of a search would bury the few that matter.
    let are_few = report.runs.len() <= LISTED_MAX;
    for run in report.runs.iter().filter(|run| are_few || run.verdict != Verdict::Pass) {
        write_run(&mut text, &report.scenario, run, width);
    }
    for variant in &report.variants {
        for missed in variant.expectations.iter().filter(|one| !one.met) {
            let _ = writeln!(text, "FAIL  {} {}, over all seeds", report.scenario, variant.name);
            let _ = writeln!(text, "      {}", missed.sentence());
        }
    }
    let totals = &report.totals;
    let _ = writeln!(
        text,
        "{}  {}: {}, {} failed, {} deliveries, {} simulated in {} of processor time",
        report.verdict.word(),
        report.scenario,
        counted(totals.runs, "run"),
        totals.failed_runs,
        count(totals.deliveries),
        Unit::Seconds.print_number(totals.simulated_s),
        Unit::Seconds.print_number(totals.cpu_s),
    );
    text
}

fn write_run(text: &mut String, scenario: &str, run: &SimRun, width: usize) {
    let _ = writeln!(
        text,
        "{}  {scenario} {:width$}  seed {:<4} {} sends, {} accepted, {} deliveries to {}; p99 {}; {}",
        run.verdict.word(),
        run.variant,
        run.seed,
        count(run.sends),
        count(run.accepted),
        count(run.deliveries),
        counted(run.devices, "device"),
        milliseconds(run.deliver_p99_ms),
        counted(u64::try_from(run.faults.len()).unwrap_or(u64::MAX), "fault"),
    );
    for checker in &run.checkers {
        if checker.expected == Expected::Violated && checker.violations > 0 {
            let found = count(checker.violations);
            let _ = writeln!(text, "      {} found {found}, as expected", checker.name);
        }
    }
    if run.verdict != Verdict::Pass {
        write_failure(text, run);
    }
}

fn write_failure(text: &mut String, run: &SimRun) {
    for reason in run.reasons() {
        let _ = writeln!(text, "      {reason}");
    }
    let unexpected: Vec<_> = run.unexpected_violations().collect();
    for violation in unexpected.iter().take(SHOWN_MAX) {
        text.push('\n');
        for line in violation_lines(violation) {
            let _ = writeln!(text, "      {line}");
        }
    }
    if unexpected.len() > SHOWN_MAX {
        let _ = writeln!(text, "\n      and {} more in sim.json", unexpected.len() - SHOWN_MAX);
    }
    let _ = writeln!(text, "\n      reproduce  {}", run.reproduce);
    let _ = writeln!(text, "      look at it {}\n", view(run));
}

/// A violation as lines, without the command that makes it again.
pub(crate) fn violation_lines(violation: &ViolationReport) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", violation.checker, violation.summary)];
    lines.extend(violation.subject().map(|subject| format!("  about      {subject}")));
    let parties = violation.parties().into_iter();
    lines.extend(parties.map(|(title, of)| format!("  {title:<9}  {}", devices(of))));
    let faults = if violation.faults.is_empty() { "none" } else { &violation.faults.join("; ") };
    lines.push(format!("  fault      {faults}"));
    for (index, event) in violation.events.iter().enumerate() {
        let head = if index == 0 { "before" } else { "" };
        lines.push(format!(
            "  {head:<9}  {:>8.3} s  {:<9}  {}",
            event.at_s, event.process, event.what
        ));
    }
    lines
}

/// `devices 3, 4 and 9`, cut off when there are many.
pub(crate) fn devices(ids: &[u64]) -> String {
    let shown: Vec<String> = ids.iter().take(DEVICES_MAX).map(u64::to_string).collect();
    match (ids.len(), shown.as_slice()) {
        (0, _) => "nobody".to_owned(),
        (1, [only]) => format!("device {only}"),
        (all, _) if all > DEVICES_MAX => {
            format!("devices {} and {} more", shown.join(", "), all - DEVICES_MAX)
        }
        (_, [first @ .., last]) => format!("devices {} and {last}", first.join(", ")),
        (_, []) => "nobody".to_owned(),
    }
}

fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

fn count(number: u64) -> String {
    Unit::Count.print(&number.into()).unwrap_or_else(|| number.to_string())
}

fn milliseconds(number: Option<f64>) -> String {
    number.map_or_else(|| NOT_MEASURED.to_owned(), |number| Unit::Milliseconds.print_number(number))
}

/// The commands that make the run's trace and draw it.
fn view(run: &SimRun) -> String {
    format!("{} --trace run.trace; hubbub view run.trace", run.reproduce)
}
