//! The failures of a hunt that are kept to be made small.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_sim::hunt::{Case, Ran};

use super::first_of;

/// Failures that are kept of those that violate the same checkers: a naive design fails with every
/// seed, and each takes hundreds of runs to make small.
const KEPT_MAX: usize = 4;

/// Failed cases, the lowest seeds of each set of violated checkers.
#[derive(Default)]
pub(super) struct Kept {
    /// How many failed, kept or not.
    pub(super) failed: u64,
    cases: BTreeMap<BTreeSet<String>, BTreeMap<u64, (Case, String)>>,
}

impl Kept {
    pub(super) fn keep(&mut self, case: Case, ran: &Ran) {
        self.failed += 1;
        let Some(checker) = first_of(ran) else { return };
        let same = self.cases.entry(ran.violated.clone()).or_default();
        same.insert(case.seed, (case, checker));
        if same.len() > KEPT_MAX {
            same.pop_last();
        }
    }

    /// So many of the lowest seeds at most.
    pub(super) fn lowest(self, most: usize) -> Vec<(Case, String)> {
        let by_seed: BTreeMap<u64, (Case, String)> = self.cases.into_values().flatten().collect();
        by_seed.into_values().take(most).collect()
    }
}
