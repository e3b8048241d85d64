//! Does the probe of the store make sense?

use std::collections::BTreeSet;

use super::outside;
use crate::StoreProbe;
use crate::error::Problem;

/// Messages at most: several times what the largest claim names, and what a disk may have room for.
const LEVEL_MAX: u64 = 100_000_000;
/// Reads at most, of each sort at each level.
const READS_MAX: u32 = 1_000_000;

pub(super) fn problems(probe: &StoreProbe) -> Vec<Problem> {
    let mut problems = Vec::new();
    if probe.levels.is_empty() {
        problems.push(
            Problem::new("store_probe.levels", "no level, so nothing to measure")
                .advise("write numbers of messages: `levels = [10000, 100000, 1000000]`"),
        );
    }
    for (index, level) in probe.levels.iter().enumerate() {
        let place = format!("store_probe.levels.{index}");
        if !(1..=LEVEL_MAX).contains(level) {
            let message = format!("a level must be from 1 to {LEVEL_MAX} messages, not {level}");
            problems.push(Problem::new(&place, message));
        }
        let before = index.checked_sub(1).and_then(|before| probe.levels.get(before));
        if let Some(before) = before.filter(|before| *before >= level) {
            problems.push(
                Problem::new(
                    &place,
                    format!("the levels must rise, not go from {before} to {level}"),
                )
                .advise("the store is filled from one level to the next: order them"),
            );
        }
    }
    if probe.engines.is_empty() {
        problems.push(
            Problem::new("store_probe.engines", "no engine, so nothing to measure")
                .advise("write at least one: `engines = [\"key-value\", \"relational\"]`"),
        );
    }
    let mut seen = BTreeSet::new();
    let repeated = probe.engines.iter().enumerate().filter(|(_, engine)| !seen.insert(**engine));
    problems.extend(repeated.map(|(index, engine)| {
        Problem::new(format!("store_probe.engines.{index}"), format!("`{engine}` comes twice"))
    }));
    problems.extend(outside("store_probe.reads", probe.reads, 1, READS_MAX));
    problems
}
