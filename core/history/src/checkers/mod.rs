//! The checkers: each judges a whole history by itself.

mod accepted_lost;
mod causality;
mod converged;
mod duplicated;
mod finding;
mod group_limit;
mod ids;
mod leases;
mod liveness;
mod order;
mod push;
mod real_time;
mod reassigned;
mod status;
mod unauthorised;
mod words;

pub use accepted_lost::AcceptedLost;
pub use causality::Causality;
pub use converged::Converged;
pub use duplicated::Duplicated;
pub use finding::{Finding, VIOLATIONS_MAX, Violation};
pub use group_limit::GroupLimit;
pub use ids::MessageIds;
pub use leases::Leases;
pub use liveness::Liveness;
pub use order::Order;
pub use push::Push;
pub(crate) use push::push_counts;
pub use real_time::RealTime;
pub use reassigned::Reassigned;
pub(crate) use reassigned::reattached_ns;
pub use status::Status;
pub use unauthorised::Unauthorised;

use crate::{index::Index, recorder::History};

/// Judges a whole history by one rule.
pub trait Checker: Sync {
    /// Its name, as scenarios and reports use it.
    fn name(&self) -> &'static str;
    /// When it holds, in one sentence.
    fn holds_when(&self) -> &'static str;
    /// Judges a history.
    fn check(&self, index: &Index<'_>) -> Finding;
    /// Whether the history has what the checker is for. If not, it is no wonder that it has nothing
    /// to judge: a run without friends says nothing about statuses.
    fn applies(&self, _index: &Index<'_>) -> bool {
        true
    }
}

/// A name that no checker has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no checker `{name}`: expected one of {}", names())]
pub struct UnknownChecker {
    /// The name.
    pub name: String,
}

/// All checkers, in the order of reports.
#[must_use]
pub fn all() -> &'static [&'static dyn Checker] {
    &[
        &AcceptedLost,
        &Duplicated,
        &Order,
        &RealTime,
        &Causality,
        &Converged,
        &MessageIds,
        &Unauthorised,
        &GroupLimit,
        &Status,
        &Push,
        &Reassigned,
        &Liveness,
        &Leases,
    ]
}

/// Judges a history by all checkers, in the order of [`all`].
#[must_use]
pub fn check_all(history: &History) -> Vec<Finding> {
    check_index(&Index::new(history))
}

/// As [`check_all`], with an index that is there already.
#[must_use]
pub fn check_index(index: &Index<'_>) -> Vec<Finding> {
    all().iter().map(|checker| judged(*checker, index)).collect()
}

/// Judges a history by the checkers with these names, in the order of the names.
///
/// # Errors
/// When there is no checker of a name; then nothing is judged.
pub fn check_named(history: &History, names: &[&str]) -> Result<Vec<Finding>, UnknownChecker> {
    let find = |name: &&str| {
        let found = all().iter().find(|checker| checker.name() == *name);
        found.ok_or_else(|| UnknownChecker { name: (*name).to_owned() })
    };
    let checkers = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let index = Index::new(history);
    Ok(checkers.iter().map(|checker| judged(**checker, &index)).collect())
}

pub(crate) fn judged(checker: &dyn Checker, index: &Index<'_>) -> Finding {
    Finding { applies: checker.applies(index), ..checker.check(index) }
}

fn names() -> String {
    let names: Vec<String> = all().iter().map(|checker| format!("`{}`", checker.name())).collect();
    names.join(", ")
}
