//! Can the hunt vary what it names?

use std::collections::BTreeSet;

use crate::error::Problem;
use crate::{Hunt, Scenario};

/// Sections whose keys a hunt may vary: what is expected stays the same.
const VARIED: [&str; 3] = ["cluster", "design", "workload"];

pub(super) fn problems(hunt: &Hunt, scenario: &Scenario) -> Vec<Problem> {
    let mut problems = Vec::new();
    if scenario.workload.is_none() {
        problems.push(Problem::new("hunt", "a hunt needs a simulation").advise("add [workload]"));
    }
    let mut seen = BTreeSet::new();
    for (index, kind) in hunt.faults.iter().enumerate() {
        if !seen.insert(*kind) {
            let place = format!("hunt.faults.{index}");
            problems.push(Problem::new(place, format!("`{kind}` comes twice")));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, situation) in hunt.reach.iter().enumerate() {
        if !seen.insert(*situation) {
            let place = format!("hunt.reach.{index}");
            problems.push(Problem::new(place, format!("`{situation}` comes twice")));
        }
    }
    for (key, count) in hunt.alternatives() {
        let place = format!("hunt.vary.{key}");
        let section = key.split('.').next().unwrap_or_default().trim();
        if !VARIED.contains(&section) {
            let message = format!("`{key}` is the same for all seeds of a hunt");
            let advice = format!("a hunt varies keys of {}", VARIED.join(", "));
            problems.push(Problem::new(place, message).advise(advice));
        } else if count == 0 {
            problems.push(
                Problem::new(place, format!("`{key}` needs a list of values"))
                    .advise("write the values to draw from: `[1, 3]`"),
            );
        }
    }
    problems
}
