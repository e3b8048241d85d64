//! Searching for planted bugs: every one is hunted from the same scenarios with the same seeds, as
//! anybody would hunt who does not know what is wrong.

use std::collections::BTreeSet;

use hubbub_chat::planted::PlantedBug;
use hubbub_scenario::{Problem, Scenario};

use crate::{
    cpu::thread_cpu_s,
    hunt::{Case, Shrunk, shrink},
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
    /// The case, without the bug.
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

/// Looks for a bug: seed 1 in each scenario in turn, then seed 2, until one of them finds it,
/// `cpu_s_max` seconds of processor time are over, or `goes_on` says no.
///
/// # Errors
/// When a scenario cannot run.
pub fn search(
    bug: PlantedBug,
    scenarios: &[Scenario],
    cpu_s_max: f64,
    goes_on: &dyn Fn() -> bool,
) -> Result<Search, SearchError> {
    let began_s = thread_cpu_s();
    let mut search = Search { bug, found: None, runs: 0, misled: 0, cpu_s: 0.0 };
    let turns = (1..).flat_map(|seed| scenarios.iter().map(move |scenario| (scenario, seed)));
    for (scenario, seed) in turns {
        if thread_cpu_s() - began_s >= cpu_s_max || !goes_on() {
            break;
        }
        let case = Case::drawn(scenario, seed).map_err(|problem| SearchError::Drawn {
            scenario: scenario.name.clone(),
            seed,
            problem,
        })?;
        search.runs += 1;
        let violated = violated_with(bug, &case)?;
        if violated.is_empty() {
            continue;
        }
        let violated = not_without(&case, violated)?;
        if !violated.is_empty() {
            search.found = Some(Found { violated, case });
            break;
        }
        search.misled += 1;
    }
    search.cpu_s = thread_cpu_s() - began_s;
    Ok(search)
}

impl Found {
    /// Makes the case small, within so many candidates: each has to violate one of the same checkers
    /// with the bug, and not without it.
    #[must_use]
    pub fn shrink(
        &self,
        bug: PlantedBug,
        candidates_max: u32,
        goes_on: &dyn Fn() -> bool,
    ) -> Shrunk {
        shrink(&self.case, candidates_max, goes_on, &mut |case| {
            self.fails_likewise(bug, case).unwrap_or(false)
        })
    }

    fn fails_likewise(&self, bug: PlantedBug, case: &Case) -> Result<bool, SetupError> {
        let violated = violated_with(bug, case)?;
        let same: BTreeSet<String> = violated.intersection(&self.violated).cloned().collect();
        Ok(!same.is_empty() && !not_without(case, same)?.is_empty())
    }
}

fn violated_with(bug: PlantedBug, case: &Case) -> Result<BTreeSet<String>, SetupError> {
    let mut case = case.clone();
    case.scenario.design.planted = Some(bug);
    Ok(case.run()?.violated)
}

/// Those of the checkers that find nothing in the case as it is.
fn not_without(
    case: &Case,
    mut violated: BTreeSet<String>,
) -> Result<BTreeSet<String>, SetupError> {
    let without = case.run()?.violated;
    violated.retain(|checker| !without.contains(checker));
    Ok(violated)
}
