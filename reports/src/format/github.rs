//! Annotations that GitHub Actions shows beside a scenario file.

use std::fmt::Write as _;

use crate::{
    format::human::devices,
    simulation::{SimReport, SimRun},
};

/// Simulations as workflow commands: an error per failed checker or expectation, and a notice per
/// scenario.
#[must_use]
pub fn github(reports: &[SimReport]) -> String {
    let mut text = String::new();
    for report in reports {
        for variant in &report.variants {
            let title = format!("{}: {}, over all seeds", report.scenario, variant.name);
            for missed in variant.expectations.iter().filter(|one| !one.met) {
                write_command(&mut text, "error", &report.file, &title, &missed.sentence());
            }
        }
        for run in &report.runs {
            let title = format!("{}: {}, seed {}", report.scenario, run.variant, run.seed);
            for message in run_messages(run) {
                write_command(&mut text, "error", &report.file, &title, &message);
            }
        }
        let totals = &report.totals;
        let summary = format!(
            "{}: {} of {} runs passed, {} deliveries",
            report.verdict.word(),
            totals.runs.saturating_sub(totals.failed_runs),
            totals.runs,
            totals.deliveries,
        );
        write_command(&mut text, "notice", &report.file, &report.scenario, &summary);
    }
    text
}

fn run_messages(run: &SimRun) -> Vec<String> {
    let checkers = run.checkers.iter().filter_map(|checker| {
        let mut message = checker.complaint()?;
        let first = run.violations.iter().find(|violation| violation.checker == checker.name);
        if let Some(violation) = first {
            let _ = write!(message, "\n{}", violation.summary);
            for (title, of) in violation.parties() {
                let _ = write!(message, "\n{title}: {}", devices(of));
            }
        }
        Some(message)
    });
    let missed = run.expectations.iter().filter(|one| !one.met);
    let messages = checkers.chain(missed.map(|one| one.sentence()));
    messages.map(|message| format!("{message}\nreproduce: {}", run.reproduce)).collect()
}

fn write_command(text: &mut String, command: &str, file: &str, title: &str, message: &str) {
    let (file, title) = (escape_property(file), escape_property(title));
    let _ = writeln!(text, "::{command} file={file},title={title}::{}", escape_data(message));
}

/// The per cent sign first, since the others bring new ones.
fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}
