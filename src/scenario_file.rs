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

/// `--partition 2/4`: the second of four parts.
pub(crate) fn parse_share(text: &str) -> Result<Share, String> {
    let wrong = || format!("`{text}` is no part: write 2/4 for the second of four");
    let (index, of) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let (index, of) = (number(index)?, number(of)?);
    if (1..=of).contains(&index) { Ok(Share { index, of }) } else { Err(wrong()) }
}

/// A machine's part of the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    index: u64,
    of: u64,
}

impl Default for Share {
    /// All of them.
    fn default() -> Self {
        Self { index: 1, of: 1 }
    }
}

impl Share {
    /// Whether the seed at this place, counted from 0, is in it. The parts take turns, so that each has
    /// as many.
    pub(crate) fn takes(self, place: u64) -> bool {
        place % self.of == self.index - 1
    }
}

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
    fn every_seed_is_in_one_part() {
        for of in 1..=7 {
            let shares: Vec<Share> =
                (1..=of).map(|index| parse_share(&format!("{index}/{of}")).unwrap()).collect();
            for place in 0..100 {
                let takers = shares.iter().filter(|share| share.takes(place)).count();
                assert_eq!(takers, 1, "{place} of {of}");
            }
            for share in shares {
                let count = (0..100).filter(|place| share.takes(*place)).count() as u64;
                assert!(count == 100 / of || count == 100 / of + 1, "{share:?}: {count}");
            }
        }
    }

    #[test]
    fn other_texts_are_no_parts() {
        for text in ["", "2", "0/4", "5/4", "1/0", "a/b", "-1/2"] {
            assert!(parse_share(text).unwrap_err().contains("2/4"), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_seeds() {
        for text in ["", "x", "3..1", "1..", "1..99999999999"] {
            assert!(parse_seeds(text).unwrap_err().contains("1..50"), "{text}");
        }
    }
}
