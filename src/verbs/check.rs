//! `hubbub check`: the checkers on a history.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use clap::Args;
use hubbub_history::{
    History, checkers,
    checkers::Finding,
    explain,
    trace::{Recording, read_recording},
};

use crate::{
    exit::{Exit, Failure, print},
    format::{Format, print_json},
};

/// Judge a history by the checkers
///
/// Reads the JSON lines that a simulation or a load run has written and says what each checker
/// judged and found. A trace has the history in it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub check out/quickstart-1/history/load.jsonl
  hubbub check history.jsonl --checker accepted-lost --checker order
  hubbub check history.jsonl --format json

Exit status: 0 what was judged holds, 1 a checker found a violation, one that was asked for by name
found nothing to judge, or none found anything to judge, 2 bad arguments or no such history.")]
pub(crate) struct Check {
    /// The history or the trace, as JSON lines
    history: PathBuf,
    /// Ask this checker alone; may be repeated
    #[arg(long = "checker", value_name = "NAME")]
    checkers: Vec<String>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Violations that are explained per checker.
const EXPLAINED_MAX: usize = 3;

impl Check {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let history = recording(&self.history)?.into_history();
        let findings = if self.checkers.is_empty() {
            checkers::check_all(&history)
        } else {
            let names: Vec<&str> = self.checkers.iter().map(String::as_str).collect();
            checkers::check_named(&history, &names).map_err(Failure::new)?
        };
        match self.format {
            Format::Human => print(human(&history, &findings))?,
            Format::Json => print_json(&findings)?,
        }
        // A checker that was asked for by name has to judge something.
        let undecided = !self.checkers.is_empty() && findings.iter().any(Finding::undecided);
        let nothing = findings.iter().all(Finding::undecided);
        let violated = findings.iter().any(Finding::is_violated);
        Ok(if violated || undecided || nothing { Exit::Missed } else { Exit::Met })
    }
}

/// Reads a trace or a history.
pub(crate) fn recording(path: &Path) -> Result<Recording, Failure> {
    let name = path.display();
    let file =
        File::open(path).map_err(|error| Failure::new(format!("cannot read {name}: {error}")))?;
    read_recording(BufReader::new(file)).map_err(|error| Failure::new(format!("{name}: {error}")))
}

fn human(history: &History, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { checker, judged, violations_total, .. } = finding;
        let verdict = if finding.undecided() {
            "undecided".to_owned()
        } else if finding.is_violated() {
            let times = if *violations_total == 1 { "time" } else { "times" };
            format!("VIOLATED {violations_total} {times}")
        } else {
            "holds".to_owned()
        };
        text.push_str(&format!("{checker:<14} {verdict:<20} {judged} cases judged\n"));
    }
    for finding in findings {
        for violation in finding.violations.iter().take(EXPLAINED_MAX) {
            let explained = explain(history, violation).lines().join("\n");
            text.push_str(&format!("\n{explained}\n"));
        }
    }
    text
}
