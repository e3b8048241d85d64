//! The second judgement of a scenario: does it make sense? All problems are found at once.

mod claim;
mod cluster;
mod expect;
mod fault_target;
mod faults;
mod hunt;
mod load;
mod store_probe;
mod variants;
mod without_effect;
mod workload;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::Problem;
use crate::{Expect, Groups, Kind, Period, SCENARIO_VERSION, Scenario};

/// Characters of a name at most: it becomes a folder's name, with a seed behind it.
const NAME_CHARACTERS_MAX: usize = 60;
/// Bytes of a message at least: each body begins with `m`, a number of up to 20 digits and a
/// space, so that no two are the same.
const BODY_BYTES_MIN: u32 = 24;

impl Scenario {
    /// What is wrong with it, by place; empty when it can run.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.head_problems();
        problems.extend(cluster::problems(&self.cluster));
        let designs = self.design.problems().into_iter();
        problems.extend(
            designs.map(|(knob, sentence)| Problem::new(format!("design.{knob}"), sentence)),
        );
        if let Some(workload) = &self.workload {
            problems.extend(workload::problems(workload, &self.design));
        }
        problems.extend(faults::problems(self));
        problems.extend(expect::problems(self));
        problems.extend(variants::problems(self));
        problems.extend(self.seed_problems());
        if let Some(load) = &self.load {
            problems.extend(load::problems(load, &self.design));
        }
        if let Some(plan) = &self.plan {
            let sentences = plan.problems().into_iter();
            problems.extend(sentences.map(|(key, sentence)| {
                Problem::new(
                    format!("plan.{key}"),
                    format!("bad value of `plan.{key}`: {sentence}"),
                )
            }));
        }
        if let Some(hunt) = &self.hunt {
            problems.extend(hunt::problems(hunt, self));
        }
        if let Some(claim) = &self.claim {
            problems.extend(claim::problems(claim, self));
        }
        if let Some(probe) = &self.store_probe {
            problems.extend(store_probe::problems(probe));
        }
        problems
    }

    fn head_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.version != SCENARIO_VERSION {
            problems.push(Problem::new("version", format!("version must be {SCENARIO_VERSION}")));
        }
        problems.extend(name_problem("name", &self.name));
        if self.summary.trim().is_empty() {
            problems.push(
                Problem::new("summary", "the summary is empty")
                    .advise("say in a sentence or two what the scenario shows"),
            );
        }
        if self.kinds().is_empty() {
            problems.push(Problem::new("", "the scenario asks for nothing").advise(
                "add [workload] to simulate, [load] or [store_probe] to measure, or [plan] to \
                             plan",
            ));
        }
        let simulates = self.kinds().contains(&Kind::Simulate);
        if !simulates && !self.faults.is_empty() {
            problems.push(
                Problem::new("fault.0", "a fault needs a simulation to strike")
                    .advise("add [workload], or remove the faults"),
            );
        }
        if !simulates && self.expect != Expect::default() {
            problems.push(
                Problem::new("expect", "an expectation needs a simulation to judge")
                    .advise("add [workload]; the objective of a load is `deliver_p99` in [load]"),
            );
        }
        problems
    }

    fn seed_problems(&self) -> Vec<Problem> {
        if self.run.seeds.is_empty() {
            let problem = Problem::new("run.seeds", "no seed, so no run");
            return vec![problem.advise("write at least one: `seeds = [1]`")];
        }
        let mut seen = BTreeSet::new();
        let repeated = self.run.seeds.iter().enumerate().filter(|(_, seed)| !seen.insert(**seed));
        repeated
            .map(|(index, seed)| {
                Problem::new(format!("run.seeds.{index}"), format!("seed {seed} comes twice"))
                    .advise("the same seed is the same run: remove one")
            })
            .collect()
    }
}

/// Whether a text may name a scenario or a variant: lower case, digits and single dashes.
pub(crate) fn name_problem(place: &str, name: &str) -> Option<Problem> {
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let is_name = name.len() <= NAME_CHARACTERS_MAX && name.split('-').all(is_word);
    (!is_name).then(|| {
        Problem::new(place, format!("`{name}` is no name")).advise(format!(
            "use lower-case letters, digits and single dashes, such as `lost-store`; \
             {NAME_CHARACTERS_MAX} characters at most"
        ))
    })
}

/// A problem when a count is not within its bounds.
fn outside(place: &str, value: u32, least: u32, most: u32) -> Option<Problem> {
    let message = || {
        if most == u32::MAX {
            format!("`{}` must be at least {least}, not {value}", last_key(place))
        } else {
            format!("`{}` must be from {least} to {most}, not {value}", last_key(place))
        }
    };
    (!(least..=most).contains(&value)).then(|| Problem::new(place, message()))
}

/// A problem when a share is not one.
fn no_share(place: &str, value: f64) -> Option<Problem> {
    (!(0.0..=1.0).contains(&value)).then(|| {
        Problem::new(place, format!("`{}` must be from 0 to 1, not {value}", last_key(place)))
    })
}

/// A problem when a duration is zero.
fn none_at_all(place: &str, value: Period) -> Option<Problem> {
    (value.0 == Duration::ZERO)
        .then(|| Problem::new(place, format!("`{}` must be longer than 0", last_key(place))))
}

/// Problems of groups out of so many people.
fn group_problems(place: &str, groups: &Groups, people: u32, who: &str) -> Vec<Problem> {
    let [least, most] = groups.size;
    let place = format!("{place}.size");
    let mut problems = Vec::new();
    if groups.count == 0 {
        return problems;
    }
    if least < 2 {
        problems.push(Problem::new(&place, format!("a group has at least 2 members, not {least}")));
    }
    if least > most {
        problems.push(Problem::new(
            &place,
            format!("the smaller size comes first, not [{least}, {most}]"),
        ));
    }
    if most > people {
        problems.push(Problem::new(
            &place,
            format!("groups of {most} members need as many {who}, not {people}"),
        ));
    }
    problems
}

fn last_key(place: &str) -> &str {
    place.rsplit('.').next().unwrap_or(place)
}
