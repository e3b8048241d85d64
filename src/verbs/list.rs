//! `hubbub list`: what there is.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hubbub_chat::situation::Situation;
use hubbub_history::checkers;
use hubbub_scenario::{FaultEntry, Kind, Listed, faults, figures, knobs, list};

use crate::exit::{Exit, Failure, print};

/// List scenarios, faults, checkers, knobs, figures or situations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub list
  hubbub list faults
  hubbub list scenarios my-scenarios/")]
pub(crate) struct List {
    /// What to list
    #[arg(value_enum, default_value_t = What::Scenarios)]
    what: What,
    /// The folder of scenarios
    #[arg(default_value = "scenarios")]
    folder: PathBuf,
}

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The scenario files of a folder
    Scenarios,
    /// The kinds of fault
    Faults,
    /// The checkers
    Checkers,
    /// The design knobs and their hardened values
    Knobs,
    /// The figures that expectations bound and claims compare
    Figures,
    /// The situations that hunts are to reach
    Situations,
}

impl List {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        print(match self.what {
            What::Scenarios => {
                let listed = list(&self.folder)?;
                if listed.is_empty() {
                    let folder = self.folder.display();
                    return Err(Failure::new(format!(
                        "there is no scenario file (*.toml) in {folder}"
                    )));
                }
                listed.iter().map(scenario).collect::<Vec<_>>().join("\n")
            }
            What::Faults => faults().iter().map(fault).collect(),
            What::Checkers => checkers::all()
                .iter()
                .map(|checker| {
                    entry(checker.name(), &format!("Holds when {}", checker.holds_when()))
                })
                .collect(),
            What::Knobs => knobs()
                .iter()
                .map(|knob| {
                    let name = format!("{} = {}", knob.name, knob.default);
                    entry(&name, &format!("{} ({})", knob.description, knob.takes))
                })
                .collect(),
            What::Figures => figures()
                .map(|entry_of| {
                    let unit = if entry_of.unit.is_empty() { "" } else { " in " };
                    let name = format!("{}{unit}{}", entry_of.figure, entry_of.unit);
                    entry(&name, entry_of.description)
                })
                .collect(),
            What::Situations => Situation::ALL
                .iter()
                .map(|situation| entry(situation.as_str(), situation.doc()))
                .collect(),
        })?;
        Ok(Exit::Met)
    }
}

fn scenario(listed: &Listed) -> String {
    let path = listed.path.display();
    match &listed.summary {
        Err(error) => format!("{path}\n{error}\n"),
        Ok(summary) => {
            let kinds: Vec<_> = summary.kinds.iter().map(|kind| verb(*kind)).collect();
            let mut asks = kinds.join(", ");
            if !summary.variants.is_empty() {
                asks.push_str(&format!("; variants {}", summary.variants.join(", ")));
            }
            entry(&format!("{path}  ({asks})"), &summary.summary)
        }
    }
}

fn fault(fault: &FaultEntry) -> String {
    let kind = fault.kind;
    let keys = kind.targets().iter().map(|target| target.key());
    let keys: Vec<_> = keys.chain(kind.parameter().key()).collect();
    let full = kind.in_full().unwrap_or("cannot");
    let name = match keys[..] {
        [] => kind.as_str().to_owned(),
        _ => format!("{kind}  ({})", keys.join(", ")),
    };
    let does = format!(
        "{}\n    fast engine: {}\n    full engine: {full}\n    counts: {}",
        fault.description,
        kind.in_fast(),
        kind.counts()
    );
    format!("{name}\n    {does}\n")
}

fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Simulate => "sim",
        Kind::Measure => "load",
        Kind::Plan => "plan",
        Kind::Probe => "run",
    }
}

fn entry(name: &str, description: &str) -> String {
    format!("{name}\n    {}\n", description.replace('\n', " "))
}
