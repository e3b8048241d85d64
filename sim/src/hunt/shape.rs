//! When two failures are the same.

use std::collections::BTreeSet;

use hubbub_scenario::FaultKind;

use super::{Case, Ran};

/// What a failure looks like once it is small: two with the same shape are taken for one defect that
/// was found twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// The checkers that are violated.
    pub violated: BTreeSet<String>,
    /// The kinds of fault that it takes.
    pub faults: BTreeSet<FaultKind>,
}

impl Shape {
    /// The shape of a case and of what came of it.
    #[must_use]
    pub fn of(case: &Case, ran: &Ran) -> Self {
        let faults = case.scenario.faults.iter().map(|fault| fault.kind).collect();
        Self { violated: ran.violated.clone(), faults }
    }
}
