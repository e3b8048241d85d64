//! The manifest of a bundle.

use serde::{Deserialize, Serialize};

use super::machine::Machine;

/// The version of the form of a manifest.
pub const MANIFEST_VERSION: u32 = 1;

/// What was run, with what, where. Two runs can be compared when these agree in what matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form: [`MANIFEST_VERSION`].
    pub version: u32,
    /// The program.
    pub tool: Tool,
    /// The scenario.
    pub scenario: ScenarioOrigin,
    /// The seeds, in the order in which they were run.
    pub seeds: Vec<u64>,
    /// The command line that made the run; running it again makes it again.
    pub command_line: String,
    /// The machine. The simulation and the plan do not depend on it, the measurement does.
    pub machine: Machine,
    /// When the run began, as RFC 3339 text. The caller reads the clock.
    pub started_at: String,
    /// What a reader should know about the run, a sentence each, such as that an invalid
    /// measurement was repeated.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The program that made a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its version.
    pub version: String,
    /// The revision of its source, or `unknown`.
    pub revision: String,
}

/// Which scenario was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioOrigin {
    /// Its name.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub summary: String,
    /// The file, as it was given on the command line.
    pub file: String,
    /// A hash of the file and of everything that overrode it.
    pub hash: String,
}
