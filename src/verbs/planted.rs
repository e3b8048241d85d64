//! `hubbub planted`: how soon the hunt finds defects that are known.

mod page;

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clap::Args;
use hubbub_chat::{planted::PlantedBug, units};
use hubbub_scenario::{Scenario, list};
use hubbub_sim::{
    hunt::{SHRINK_RUNS_MAX, Shrunk},
    planted_bugs::{Search, SearchError, search},
};

use crate::{
    exit::{Exit, Failure, print, tell},
    hunting::keep_quiet,
    interrupt::Interrupt,
};

/// What is hunted for each bug, and where the page is, from the folder of the project.
const SCENARIOS: &str = "scenarios/hunt";
const PAGE: &str = "docs/planted-bugs.md";

/// Hunt defects that are planted in the machines, and write how soon each was found
///
/// Every bug is hunted from the same scenarios with the same seeds, one thread per bug. A case counts
/// when it fails with the bug and holds without it; then it is made small. Without names all bugs are
/// hunted and the page is written; with names the table is printed.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 every bug was found, 1 one was not, 2 bad arguments or a bad \
                        file (nothing is written).

Examples:
  hubbub planted
  hubbub planted gaps-taken answers-forgotten --for 30s
  hubbub planted --list"
)]
pub(crate) struct Planted {
    /// The bugs to hunt; all when none is named
    #[arg(value_name = "BUG")]
    bugs: Vec<PlantedBug>,
    /// Processor time for each bug
    #[arg(long = "for", value_name = "TIME", value_parser = units::parse_duration, default_value = "120s")]
    lasts: Duration,
    /// The scenarios: a folder
    #[arg(long, value_name = "DIR", default_value = SCENARIOS)]
    scenarios: PathBuf,
    /// Write the page here
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only name the bugs
    #[arg(long)]
    list: bool,
}

/// A bug that was hunted, and what is left of the case that found it.
struct Hunted {
    search: Search,
    shrunk: Option<Shrunk>,
}

impl Planted {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let bugs = if self.bugs.is_empty() { PlantedBug::ALL } else { &self.bugs };
        if self.list {
            return bugs.iter().try_for_each(|bug| print(format!("{bug}\n"))).map(|()| Exit::Met);
        }
        let scenarios = self.scenarios()?;
        let interrupt = Interrupt::listen();
        let hunted = self.hunt(bugs, &scenarios, &interrupt).map_err(Failure::new)?;
        let page = page::page(&hunted, self.lasts);
        match self.out() {
            // A page with bugs missing would look as if they were not there.
            Some(path) if !interrupt.is_set() => write(path, &page)?,
            _ => print(page)?,
        }
        let missed = hunted.iter().filter(|one| one.search.found.is_none());
        let missed: Vec<&str> = missed.map(|one| one.search.bug.as_str()).collect();
        if !missed.is_empty() {
            tell(format!("not found: {}", missed.join(", ")));
        }
        Ok(if missed.is_empty() && !interrupt.is_set() { Exit::Met } else { Exit::Missed })
    }

    fn out(&self) -> Option<&Path> {
        let page = self.bugs.is_empty().then_some(Path::new(PAGE));
        self.out.as_deref().or(page)
    }

    fn scenarios(&self) -> Result<Vec<Scenario>, Failure> {
        let listed = list(&self.scenarios)?;
        if listed.is_empty() {
            let folder = self.scenarios.display();
            return Err(Failure::new(format!("{folder} has no scenario: name a folder that has")));
        }
        let read = |path: &Path| Ok(Scenario::read(path)?.scenario().clone());
        listed.iter().map(|listed| read(&listed.path)).collect()
    }

    /// One thread takes one bug after the other: processor time is that of its thread.
    fn hunt(
        &self,
        bugs: &[PlantedBug],
        scenarios: &[Scenario],
        interrupt: &Interrupt,
    ) -> Result<Vec<Hunted>, SearchError> {
        keep_quiet();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        crate::hunting::on_hunting_threads(|| {
            while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed))
                && !interrupt.is_set()
            {
                let hunted = hunt_one(*bug, scenarios, self.lasts, interrupt);
                if let Ok(hunted) = &hunted {
                    tell(page::line(hunted));
                }
                done.lock().unwrap_or_else(PoisonError::into_inner).push(hunted);
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut hunted = done.into_iter().collect::<Result<Vec<Hunted>, _>>()?;
        hunted.sort_by_key(|one| one.search.bug);
        Ok(hunted)
    }
}

fn hunt_one(
    bug: PlantedBug,
    scenarios: &[Scenario],
    lasts: Duration,
    interrupt: &Interrupt,
) -> Result<Hunted, SearchError> {
    let goes_on = || !interrupt.is_set();
    let search = search(bug, scenarios, lasts.as_secs_f64(), &goes_on)?;
    let shrunk = search.found.as_ref().map(|found| found.shrink(bug, SHRINK_RUNS_MAX, &goes_on));
    Ok(Hunted { search, shrunk })
}

fn write(path: &Path, page: &str) -> Result<(), Failure> {
    std::fs::write(path, page)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
    tell(format!("written to {}", path.display()));
    Ok(())
}
