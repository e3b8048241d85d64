//! The library of scenarios: what a folder holds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Kind, Scenario, ScenarioError};

/// A scenario file of a folder.
#[derive(Debug)]
pub struct Listed {
    /// Where it is.
    pub path: PathBuf,
    /// What it is, or why it cannot run.
    pub summary: Result<Summary, ScenarioError>,
}

/// What a scenario file is, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub summary: String,
    /// What it asks for.
    pub kinds: Vec<Kind>,
    /// The names of its variants.
    pub variants: Vec<String>,
}

/// Every `*.toml` file in a folder and the folders in it, by path.
///
/// # Errors
/// When a folder cannot be read. A file that cannot be read or run is an entry of its own.
pub fn list(folder: impl AsRef<Path>) -> Result<Vec<Listed>, ScenarioError> {
    let mut paths = Vec::new();
    gather(folder.as_ref(), &mut paths)?;
    paths.sort();
    let listed = paths.into_iter().map(|path| Listed { summary: summary(&path), path });
    Ok(listed.collect())
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), ScenarioError> {
    let unreadable =
        |reason| ScenarioError::Unreadable { file: folder.display().to_string(), reason };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // The kind of the entry itself: a link to a folder above would never end.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            gather(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    Ok(())
}

fn summary(path: &Path) -> Result<Summary, ScenarioError> {
    let document = Scenario::read(path)?;
    let scenario = document.scenario();
    Ok(Summary {
        name: scenario.name.clone(),
        summary: scenario.summary.clone(),
        kinds: scenario.kinds(),
        variants: scenario.variants.iter().map(|variant| variant.name.clone()).collect(),
    })
}
