//! The checkers: each judges a whole history by itself.

mod accepted_lost;
mod causality;
mod converged;
mod duplicated;
mod finding;
mod liveness;
mod order;
mod real_time;
mod unauthorised;
mod words;

pub use accepted_lost::AcceptedLost;
pub use causality::Causality;
pub use converged::Converged;
pub use duplicated::Duplicated;
pub use finding::{Finding, VIOLATIONS_MAX, Violation};
pub use liveness::Liveness;
pub use order::Order;
pub use real_time::RealTime;
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
        &Unauthorised,
        &Liveness,
    ]
}

/// Judges a history by all checkers, in the order of [`all`].
#[must_use]
pub fn check_all(history: &History) -> Vec<Finding> {
    let index = Index::new(history);
    all().iter().map(|checker| checker.check(&index)).collect()
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
    Ok(checkers.iter().map(|checker| checker.check(&index)).collect())
}

fn names() -> String {
    let names: Vec<String> = all().iter().map(|checker| format!("`{}`", checker.name())).collect();
    names.join(", ")
}
