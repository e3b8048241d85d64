//! Why a batch cannot run.

use std::fmt;

use hubbub_scenario::ScenarioError;

use crate::setup::SetupError;

/// Why a batch cannot run. Its debug form is its display: that is what a test that returns an error
/// prints.
#[derive(thiserror::Error)]
pub enum BatchError {
    /// The scenario cannot be read, is none that can run, or has a fault that the fast engine
    /// cannot do.
    #[error("{0}")]
    Scenario(#[from] ScenarioError),
    /// It has no such variant.
    #[error("{file} has no variant `{name}`: it has {known}")]
    UnknownVariant {
        /// The file.
        file: String,
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// There is no seed to run.
    #[error("a batch without seeds tests nothing: name one at least")]
    NoSeeds,
    /// It cannot be simulated.
    #[error("{0}")]
    Setup(#[from] SetupError),
}

impl fmt::Debug for BatchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
