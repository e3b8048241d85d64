//! Do the variants change something, and can what they make of the base run?

use std::collections::BTreeSet;

use super::name_problem;
use crate::changes::{Change, changes};
use crate::error::Problem;
use crate::variants::BASE;
use crate::{Scenario, Variant};

pub(super) fn problems(scenario: &Scenario) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::from([BASE]);
    // What is wrong with the base is said there.
    let of_base = if scenario.variants.is_empty() {
        Vec::new()
    } else {
        scenario.resolve_base().scenario.problems()
    };
    for (index, variant) in scenario.variants.iter().enumerate() {
        let place = format!("variant.{index}");
        problems.extend(name_problem(&format!("{place}.name"), &variant.name));
        if !names.insert(variant.name.as_str()) {
            let message = format!("the name `{}` is taken", variant.name);
            problems.push(
                Problem::new(format!("{place}.name"), message)
                    .advise(format!("`{BASE}` is the file without variants; give each its own")),
            );
        }
        if variant.design.is_empty() && variant.set.is_empty() {
            problems.push(
                Problem::new(&place, format!("the variant `{}` changes no knob", variant.name))
                    .advise(
                        "write what differs: `design = { accept = \"on-receipt\" }` or \
                         `set = { \"cluster.chat\" = 1 }`",
                    ),
            );
        }
        let changes = changes(&variant.set);
        problems.extend(twice(&place, variant, &changes));
        match scenario.resolve_variant(index, variant) {
            Err(problem) => problems.push(problem),
            Ok(resolved) => {
                let found = resolved.scenario.problems().into_iter();
                let new = found.filter(|problem| !of_base.contains(problem));
                problems.extend(new.map(|problem| moved(&place, variant, &changes, problem)));
            }
        }
    }
    problems
}

/// A key that two tables of a variant change has two values.
fn twice<'a>(
    place: &'a str,
    variant: &'a Variant,
    changes: &'a [Change],
) -> impl Iterator<Item = Problem> + 'a {
    let sections = [("design", &variant.design), ("expect", &variant.expect)];
    sections.into_iter().flat_map(move |(section, table)| {
        let both = table.keys().filter(move |key| {
            changes.iter().any(|change| change.touches(&format!("{section}.{key}")))
        });
        both.map(move |key| {
            Problem::new(
                format!("{place}.set.{section}.{key}"),
                format!("`{section}.{key}` is changed twice"),
            )
            .advise(format!("keep it in one of `{section}` and `set`"))
        })
    })
}

/// A problem of the changed scenario, at what the variant says: at the key where it is one of the
/// variant's own, else at the table that it must come from.
fn moved(place: &str, variant: &Variant, changes: &[Change], problem: Problem) -> Problem {
    let own = |table: &str, rest: &str| format!("{place}.{table}{rest}");
    if let Some(change) = changes.iter().find(|change| change.touches(&problem.place)) {
        return Problem { place: own("set.", &change.place()), ..problem };
    }
    let sections = [("design", &variant.design), ("expect", &variant.expect)];
    for (section, table) in sections {
        match problem.place.strip_prefix(section) {
            Some(rest) if !table.is_empty() && (rest.is_empty() || rest.starts_with('.')) => {
                return Problem { place: own(section, rest), ..problem };
            }
            _ => {}
        }
    }
    let table = if variant.set.is_empty() { "design" } else { "set" };
    let message = format!("{} in the variant `{}`", problem.message, variant.name);
    Problem { place: own(table, ""), message, ..problem }
}
