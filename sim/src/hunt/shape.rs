//! When two failures are the same.

use std::collections::BTreeSet;

use hubbub_scenario::FaultKind;

use super::{Case, Failure, Panic, Ran};

/// What a failure looks like once it is small: two with the same shape are taken for one defect that
/// was found twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// The checkers that are violated.
    pub violated: BTreeSet<String>,
    /// How a machine panics ([`Panic::kind`]), when one does.
    pub panic: Option<String>,
    /// The kinds of fault that it takes.
    pub faults: BTreeSet<FaultKind>,
}

impl Shape {
    /// The shape of a case and of what came of it.
    #[must_use]
    pub fn of(case: &Case, ran: &Ran) -> Self {
        let panic = ran.panic.as_ref().map(Panic::kind);
        Self { violated: ran.violated.clone(), panic, faults: case.kinds() }
    }

    /// Whether a case that fails in this way, under these kinds of fault, may be this one again. One
    /// that drew not all of its kinds is another.
    #[must_use]
    pub fn may_be(&self, failure: &Failure, kinds: &BTreeSet<FaultKind>) -> bool {
        let same = match failure {
            Failure::Violated(checker) => self.violated.contains(checker),
            Failure::Panicked(kind) => self.panic.as_ref() == Some(kind),
        };
        same && self.faults.is_subset(kinds)
    }
}
