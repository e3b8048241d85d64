//! Reading a scenario with what the command line changes of it.

use std::path::{Path, PathBuf};

use clap::Args;
use hubbub_scenario::{Document, Engine, Resolved, Scenario};

use crate::exit::Failure;

/// Changes of a scenario on the command line.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Overrides {
    /// Change a value of the file, such as design.heartbeat=2s; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Reads a scenario and changes it.
pub(crate) fn read(path: &Path, overrides: &Overrides) -> Result<Document, Failure> {
    let mut document = Scenario::read(path)?;
    document.set_all(&overrides.set)?;
    Ok(document)
}

/// A variant of a scenario by its name; `base` is the file without variants.
pub(crate) fn variant<'a>(document: &'a Document, name: &str) -> Result<&'a Resolved, Failure> {
    let variants = document.variants();
    variants.iter().find(|variant| variant.name == name).ok_or_else(|| {
        let known: Vec<_> = variants.iter().map(|variant| variant.name.as_str()).collect();
        let (file, known) = (document.file_name(), known.join(", "));
        Failure::new(format!("{file} has no variant `{name}`: it has {known}"))
    })
}

/// `--seeds 1..50`, `--seeds 3` or `--seeds 1,5,9`; the end of a range is included.
pub(crate) fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let wrong = || format!("`{text}` names no seeds: write 7, 1..50 (both ends included) or 1,5,9");
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    if let Some((first, last)) = text.split_once("..") {
        let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
        if first > last || last - first >= SEEDS_MAX {
            return Err(format!("{}, at most {SEEDS_MAX} of them", wrong()));
        }
        return Ok(Seeds((first..=last).collect()));
    }
    Ok(Seeds(text.split(',').map(number).collect::<Result<_, _>>()?))
}

/// Seeds of one command at most.
const SEEDS_MAX: u64 = 1_000_000;

/// The seeds of a command.
#[derive(Debug, Clone)]
pub(crate) struct Seeds(pub(crate) Vec<u64>);

/// `--engine`.
pub(crate) fn parse_engine(text: &str) -> Result<Engine, String> {
    match text {
        "fast" => Ok(Engine::Fast),
        "full" => Ok(Engine::Full),
        _ => Err(format!("`{text}` is no engine: write fast or full")),
    }
}

/// Where a run's bundle goes when nothing else is said.
pub(crate) fn default_folder(scenario: &Scenario, seed: u64) -> PathBuf {
    PathBuf::from("out").join(format!("{}-{seed}", scenario.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_in_three_forms() {
        assert_eq!(parse_seeds("7").unwrap().0, [7]);
        assert_eq!(parse_seeds("1..3").unwrap().0, [1, 2, 3]);
        assert_eq!(parse_seeds("1..=3").unwrap().0, [1, 2, 3]);
        assert_eq!(parse_seeds("1,5,9").unwrap().0, [1, 5, 9]);
    }

    #[test]
    fn other_texts_are_no_seeds() {
        for text in ["", "x", "3..1", "1..", "1..99999999999"] {
            assert!(parse_seeds(text).unwrap_err().contains("1..50"), "{text}");
        }
    }
}
