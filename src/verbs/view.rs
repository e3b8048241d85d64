//! `hubbub view`: a trace or a history as a page.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::{Args, ValueEnum};
use hubbub_history::{checkers, trace::Recording};
use hubbub_report::render_view;

use super::check::recording;
use crate::exit::{Exit, Failure, print, tell};

/// Draw a trace or a history as a page
///
/// One HTML file without anything from elsewhere: a lane per host and device, messages as arrows,
/// faults shaded, violations listed. A history of a bundle has no messages of the network in it:
/// there an arrow leads from a send to its entry, and from the entry to each device that stored it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub sim scenarios/partition.toml --seed 7 --trace partition.trace
  hubbub view partition.trace
  hubbub view out/quickstart-1/history/sim-base-1.jsonl -o quickstart.html --open no")]
pub(crate) struct View {
    /// The trace, or the history, as JSON lines
    trace: PathBuf,
    /// Where to write the page; beside the trace when it is left out
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Whether to open the page; `auto` does so when a person is at the terminal
    #[arg(long, value_enum, default_value_t = Open::Auto)]
    open: Open,
}

/// Whether to open the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Open {
    /// When the output goes to a terminal
    Auto,
    /// In any case
    Yes,
    /// Never
    No,
}

impl View {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let page = self.out.clone().unwrap_or_else(|| self.trace.with_extension("html"));
        // An input whose name ends in .html would be written over.
        if page == self.trace {
            return Err(Failure::new(format!(
                "the page would replace {}: name another file with -o",
                page.display()
            )));
        }
        let recording = recording(&self.trace)?;
        let findings = match &recording {
            Recording::Trace(trace) => {
                trace.verdict.as_ref().map(|verdict| verdict.findings.clone()).unwrap_or_default()
            }
            Recording::History(history) => checkers::check_all(history),
        };
        let name = self.trace.file_name().unwrap_or_default().to_string_lossy();
        let html = render_view(&name, &recording, &findings);
        std::fs::write(&page, html)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", page.display())))?;
        print(format!("{}\n", page.display()))?;
        if self.open.is_wanted() {
            open(&page);
        }
        Ok(Exit::Met)
    }
}

impl Open {
    fn is_wanted(self) -> bool {
        match self {
            Self::Auto => std::io::IsTerminal::is_terminal(&std::io::stdout()),
            Self::Yes => true,
            Self::No => false,
        }
    }
}

/// Leaves it to the desktop; without one the path that was printed has to do.
fn open(page: &Path) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(opener);
    command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.spawn().is_err() {
        tell(format!("there is no {opener} here: open {} in a browser", page.display()));
    }
}
