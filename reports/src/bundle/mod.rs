//! A run bundle: a folder with everything that a run produced.
//!
//! ```text
//! manifest.json      what was run, with what, where
//! scenario.toml      a copy of the scenario file
//! sim.json           the simulation            (optional, as are the next five)
//! load.json          the measured load
//! calibration.json   unit costs of that load
//! plan.json          the capacity plan
//! probe.json         random reads of stores of several sizes
//! claim.json         what was found about the scenario's claim
//! history/*.jsonl    the histories that the checkers judged
//! histograms/*.hlog  the distributions of the measured load
//! report.html        the reports made from the above
//! report.md
//! report.json
//! ```

mod machine;
mod manifest;
mod writer;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{place::Place, simulation::SimReport};

pub use machine::Machine;
pub use manifest::{MANIFEST_VERSION, Manifest, ScenarioOrigin, Tool};
pub use writer::BundleWriter;

/// The copy of the scenario file.
pub(crate) const SCENARIO_FILE: &str = "scenario.toml";
/// The histories that the checkers judged.
const HISTORIES: Kind = Kind { folder: "history", extension: "jsonl" };
/// The distributions of a measured load.
const HISTOGRAMS: Kind = Kind { folder: "histograms", extension: "hlog" };
/// The reports, in the order in which they are written.
pub(crate) const REPORT_FILES: [&str; 3] = ["report.md", "report.json", "report.html"];

/// A kind of file of which a bundle may have several.
#[derive(Debug, Clone, Copy)]
struct Kind {
    folder: &'static str,
    extension: &'static str,
}

/// A JSON document of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What was run, with what, where. The only part that must be there.
    Manifest,
    /// The simulation: a [`SimReport`].
    Sim,
    /// The measured load.
    Load,
    /// Unit costs of the measured load.
    Calibration,
    /// The capacity plan.
    Plan,
    /// Random reads of stores of several sizes.
    Probe,
    /// What was found about the scenario's claim: a [`ClaimReport`](crate::ClaimReport).
    Claim,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Manifest,
        Self::Sim,
        Self::Load,
        Self::Calibration,
        Self::Plan,
        Self::Probe,
        Self::Claim,
    ];

    /// The name of its file.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Manifest => "manifest.json",
            Self::Sim => "sim.json",
            Self::Load => "load.json",
            Self::Calibration => "calibration.json",
            Self::Plan => "plan.json",
            Self::Probe => "probe.json",
            Self::Claim => "claim.json",
        }
    }
}

/// Why a bundle can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is no such folder, or it holds no manifest.
    #[error("{} is no run bundle: it has no manifest.json; give the folder that a run printed", folder.display())]
    NotABundle {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder that should be written holds something else.
    #[error("{} holds files that no run has written, such as `{example}`; choose another folder with --out", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// One of those files.
        example: String,
    },
    /// A file can't be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// `read`, `write` and so on.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what its name promises.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column where there are any.
        reason: String,
    },
    /// The bundle comes from a newer program.
    #[error("{} has manifest version {found}; this program reads version {MANIFEST_VERSION}: use a newer one", folder.display())]
    Version {
        /// The folder.
        folder: PathBuf,
        /// Its version.
        found: u64,
    },
    /// A name of a file could leave the folder.
    #[error("`{name}` is no name for a file: use letters, digits, `-`, `_` and `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// A value can't be written as JSON.
    #[error("cannot write {} as JSON: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A bundle, read into memory.
#[derive(Debug, Clone)]
pub struct Bundle {
    manifest: Manifest,
    scenario: String,
    documents: BTreeMap<Part, Value>,
    histories: Vec<String>,
}

impl Bundle {
    /// Makes a bundle in memory, without histories. Parts that are not given are not measured.
    ///
    /// # Errors
    /// When the manifest cannot be JSON, or a part is not what its name promises.
    pub fn in_memory(
        manifest: Manifest,
        scenario: String,
        mut documents: BTreeMap<Part, Value>,
    ) -> Result<Self, BundleError> {
        let encoded = serde_json::to_value(&manifest).map_err(|error| BundleError::Encode {
            path: PathBuf::from(Part::Manifest.file()),
            reason: error.to_string(),
        })?;
        documents.insert(Part::Manifest, encoded);
        check_sim(documents.get(&Part::Sim), Path::new(Part::Sim.file()))?;
        Ok(Self { manifest, scenario, documents, histories: Vec::new() })
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// When it is no bundle, comes from a newer program, or one of its files cannot be read or is
    /// damaged.
    pub fn read(folder: &Path) -> Result<Self, BundleError> {
        if !folder.join(Part::Manifest.file()).is_file() {
            return Err(BundleError::NotABundle { folder: folder.to_owned() });
        }
        let mut documents = BTreeMap::new();
        for part in Part::ALL {
            let path = folder.join(part.file());
            if path.is_file() {
                documents.insert(part, read_document(&path)?);
            }
        }
        let manifest = read_manifest(folder, documents.get(&Part::Manifest))?;
        check_sim(documents.get(&Part::Sim), &folder.join(Part::Sim.file()))?;
        let scenario = read_text(&folder.join(SCENARIO_FILE))?;
        let histories = list_files(folder, HISTORIES)?;
        Ok(Self { manifest, scenario, documents, histories })
    }

    /// What was run, with what, where.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The scenario file, as it was run.
    #[must_use]
    pub fn scenario(&self) -> &str {
        &self.scenario
    }

    /// A document; `None` when the run did not produce it.
    #[must_use]
    pub fn document(&self, part: Part) -> Option<&Value> {
        self.documents.get(&part)
    }

    /// The top of a document, whether it is there or not.
    #[must_use]
    pub fn place(&self, part: Part) -> Place<'_> {
        Place::top(part, self.documents.get(&part))
    }

    /// The simulation; `None` when nothing was simulated.
    #[must_use]
    pub fn sim(&self) -> Option<SimReport> {
        // Reading has checked that it is one.
        self.documents.get(&Part::Sim).and_then(|value| serde_json::from_value(value.clone()).ok())
    }

    /// The paths of the histories within the folder.
    #[must_use]
    pub fn histories(&self) -> &[String] {
        &self.histories
    }
}

fn read_text(path: &Path) -> Result<String, BundleError> {
    fs::read_to_string(path).map_err(|source| BundleError::File {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

fn read_document(path: &Path) -> Result<Value, BundleError> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|error| BundleError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// Looks at the version before the rest, because a newer manifest may have another form.
fn read_manifest(folder: &Path, value: Option<&Value>) -> Result<Manifest, BundleError> {
    let damaged =
        |reason: String| BundleError::Damaged { path: folder.join(Part::Manifest.file()), reason };
    let value = value.ok_or_else(|| BundleError::NotABundle { folder: folder.to_owned() })?;
    let found = value.get("version").and_then(Value::as_u64);
    let found = found.ok_or_else(|| damaged("it has no version".to_owned()))?;
    if found != u64::from(MANIFEST_VERSION) {
        return Err(BundleError::Version { folder: folder.to_owned(), found });
    }
    serde_json::from_value(value.clone()).map_err(|error| damaged(error.to_string()))
}

fn check_sim(value: Option<&Value>, path: &Path) -> Result<(), BundleError> {
    let Some(value) = value else { return Ok(()) };
    serde_json::from_value::<SimReport>(value.clone())
        .map(|_| ())
        .map_err(|error| BundleError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

fn list_files(bundle: &Path, kind: Kind) -> Result<Vec<String>, BundleError> {
    let folder = bundle.join(kind.folder);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |source| BundleError::File { action: "read", path: folder.clone(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == kind.extension) {
            found.push(format!("{}/{name}", kind.folder));
        }
    }
    found.sort();
    Ok(found)
}
