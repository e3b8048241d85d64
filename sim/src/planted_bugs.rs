//! Searching for planted bugs: every one is hunted from the same scenarios with the same seeds, as
//! anybody would hunt who does not know what is wrong.

use std::collections::BTreeSet;

use hubbub_chat::planted::PlantedBug;
use hubbub_scenario::{Problem, Scenario};

use crate::{
    cpu::thread_cpu_s,
    hunt::{Case, Ran},
    setup::SetupError,
};

/// What a search for a planted bug came to.
#[derive(Debug, Clone)]
pub struct Search {
    /// The bug.
    pub bug: PlantedBug,
    /// What found it; `None` when nothing did.
    pub found: Option<Found>,
    /// Cases that were run with the bug.
    pub runs: u64,
    /// Cases that failed in the same way without the bug, and so say nothing of it.
    pub misled: u64,
    /// Processor time, in seconds.
    pub cpu_s: f64,
}

/// A case that fails with the bug and holds without it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The checkers that found something.
    pub violated: BTreeSet<String>,
    /// The case, with the bug in its design.
    pub case: Case,
}

/// Why a search could not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// A seed drew no scenario.
    #[error("seed {seed} draws no scenario from `{scenario}`: {}", .problem.message)]
    Drawn {
        /// The scenario's name.
        scenario: String,
        /// The seed.
        seed: u64,
        /// What is wrong.
        problem: Problem,
    },
    /// A drawn scenario does not run.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Looks for a bug: seed 1 in each scenario in turn, then seed 2, until one of them finds it or
/// `cpu_s_max` seconds of processor time are over.
///
/// # Errors
/// When a scenario cannot run.
pub fn search(
    bug: PlantedBug,
    scenarios: &[Scenario],
    cpu_s_max: f64,
) -> Result<Search, SearchError> {
    let began_s = thread_cpu_s();
    let mut search = Search { bug, found: None, runs: 0, misled: 0, cpu_s: 0.0 };
    'seeds: for seed in 1.. {
        for scenario in scenarios {
            if thread_cpu_s() - began_s >= cpu_s_max {
                break 'seeds;
            }
            search.runs += 1;
            if let Some(found) = try_seed(bug, scenario, seed, &mut search.misled)? {
                search.found = Some(found);
                break 'seeds;
            }
        }
    }
    search.cpu_s = thread_cpu_s() - began_s;
    Ok(search)
}

/// The case that a seed draws, when it fails because of the bug.
fn try_seed(
    bug: PlantedBug,
    scenario: &Scenario,
    seed: u64,
    misled: &mut u64,
) -> Result<Option<Found>, SearchError> {
    let sound = Case::drawn(scenario, seed).map_err(|problem| {
        let scenario = scenario.name.clone();
        SearchError::Drawn { scenario, seed, problem }
    })?;
    let mut case = sound.clone();
    case.scenario.design.planted = Some(bug);
    let Ran { mut violated, .. } = case.run()?;
    if violated.is_empty() {
        return Ok(None);
    }
    let without = sound.run()?.violated;
    violated.retain(|checker| !without.contains(checker));
    if violated.is_empty() {
        *misled += 1;
        return Ok(None);
    }
    Ok(Some(Found { violated, case }))
}
