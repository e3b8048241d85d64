//! The failures of a hunt, and which of them are made small.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_scenario::FaultKind;
use hubbub_sim::hunt::{Case, Failure, Ran, Shape};

/// Failures that are made small of those that violate the same checkers, before anybody looks what they
/// come to: a naive design fails with every seed, and each takes hundreds of runs to make small.
const FIRST: usize = 4;
/// Failures that are made small at most of those that violate the same checkers.
const SMALL_MAX: usize = 12;
/// Failures that are remembered of those that violate the same checkers.
const KEPT_MAX: usize = 2_000;

/// Failed seeds, the lowest of each group: those that violate the same checkers, or that panic in the
/// same way.
#[derive(Default)]
pub(super) struct Kept {
    /// How many failed, kept or not.
    pub(super) failed: u64,
    groups: BTreeMap<Group, BTreeMap<u64, Failed>>,
}

/// What failures have in common before they are small.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    failure: Failure,
    violated: BTreeSet<String>,
}

struct Failed {
    /// The kinds of fault that the seed drew.
    kinds: BTreeSet<FaultKind>,
    /// Whether it was taken to be made small.
    is_small: bool,
}

impl Kept {
    /// Whether it is the first of its group.
    pub(super) fn keep(&mut self, case: &Case, ran: &Ran) -> bool {
        self.failed += 1;
        let Some(failure) = ran.failure() else { return false };
        let same =
            self.groups.entry(Group { failure, violated: ran.violated.clone() }).or_default();
        let is_first = same.is_empty();
        same.insert(case.seed, Failed { kinds: case.kinds(), is_small: false });
        if same.len() > KEPT_MAX {
            same.pop_last();
        }
        is_first
    }

    /// The lowest seed of all.
    pub(super) fn lowest(&mut self) -> Vec<(u64, Failure)> {
        let seeds =
            self.groups.iter().filter_map(|(group, same)| Some((*same.keys().next()?, group)));
        let lowest = seeds.min().map(|(seed, group)| (seed, group.failure.clone()));
        self.taken(lowest.into_iter().collect())
    }

    /// What to make small next: the lowest seeds of each group first, and then one after the other
    /// whose faults are none of the shapes that were found, and so a defect of its own. Nothing when
    /// there is no such one, or when there were enough of its group.
    pub(super) fn next(&mut self, shapes: &[Shape]) -> Vec<(u64, Failure)> {
        let next = self.groups.iter().flat_map(|(Group { failure, .. }, same)| {
            let small = same.values().filter(|one| one.is_small).count();
            let count = if small == 0 { FIRST } else { usize::from(small < SMALL_MAX) };
            let others = same.iter().filter(|(_, one)| !one.is_small);
            let new = others.filter(move |(_, one)| {
                small == 0 || !shapes.iter().any(|shape| shape.may_be(failure, &one.kinds))
            });
            new.take(count).map(|(seed, _)| (*seed, failure.clone()))
        });
        let next = next.collect();
        self.taken(next)
    }

    /// The lowest seed of each group of which none was taken yet: what there is to show when there is
    /// no time to make anything small.
    pub(super) fn unseen(&mut self) -> Vec<(u64, Failure)> {
        let unseen = self.groups.iter().filter(|(_, same)| !same.values().any(|one| one.is_small));
        let lowest = unseen.filter_map(|(group, same)| Some((*same.keys().next()?, group)));
        let lowest = lowest.map(|(seed, group)| (seed, group.failure.clone())).collect();
        self.taken(lowest)
    }

    fn taken(&mut self, taken: Vec<(u64, Failure)>) -> Vec<(u64, Failure)> {
        for (seed, _) in &taken {
            let same = self.groups.values_mut().find_map(|same| same.get_mut(seed));
            same.into_iter().for_each(|one| one.is_small = true);
        }
        taken
    }
}
