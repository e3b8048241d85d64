//! Can what is expected come out?

use std::collections::BTreeSet;

use super::none_at_all;
use crate::error::Problem;
use crate::{Expect, FigureBound, Scenario, ViolationName};

pub(super) fn problems(scenario: &Scenario) -> Vec<Problem> {
    let expect = &scenario.expect;
    let mut problems = violation_problems(scenario);
    let bounds = [
        ("deliver_p99", expect.deliver_p99),
        ("recover_p99", expect.recover_p99),
        ("reassign_max", Some(expect.reassign_max)),
        ("push_settle_max", Some(expect.push_settle_max)),
    ];
    problems.extend(
        bounds.into_iter().filter_map(|(key, bound)| none_at_all(&format!("expect.{key}"), bound?)),
    );
    problems.extend(flap_problems(scenario));
    let mut seen = BTreeSet::new();
    for (index, bound) in expect.figures.iter().enumerate() {
        let place = format!("expect.figures.{index}");
        problems.extend(figure_problem(&place, bound));
        if !seen.insert(bound.figure) {
            problems.push(
                Problem::new(&place, format!("`{}` has a bound already", bound.figure))
                    .advise("write `at_least` and `at_most` in one entry"),
            );
        }
    }
    problems
}

fn violation_problems(scenario: &Scenario) -> Vec<Problem> {
    let expect = &scenario.expect;
    let mut problems = Vec::new();
    for (index, name) in expect.violations.iter().enumerate() {
        if expect.not_applicable.contains(name) {
            problems.push(
                Problem::new(
                    "expect.not_applicable",
                    format!("`{name}` is expected, so it cannot be not applicable"),
                )
                .advise("keep it in one of `violations` and `not_applicable`"),
            );
        }
        // Without a simulation nothing can be expected at all, and that is said elsewhere.
        let nothing = scenario.inapplicable(*name, &scenario.design);
        if let Some(nothing) = nothing.filter(|_| scenario.workload.is_some()) {
            problems.push(
                Problem::new(
                    format!("expect.violations.{index}"),
                    format!("`{name}` cannot be violated: {}", nothing.reason),
                )
                .advise(nothing.advice),
            );
        }
    }
    problems
}

fn flap_problems(scenario: &Scenario) -> Vec<Problem> {
    let Expect { status_flaps: most, status_flaps_min: least, .. } = scenario.expect;
    let mut problems = Vec::new();
    if let (Some(most), Some(least)) = (most, least)
        && least > most
    {
        problems.push(Problem::new(
            "expect.status_flaps_min",
            format!("`status_flaps_min` must not be above `status_flaps` ({most})"),
        ));
    }
    let key = match (most, least) {
        (Some(_), _) => "status_flaps",
        (None, Some(_)) => "status_flaps_min",
        (None, None) => return problems,
    };
    let nothing = scenario.inapplicable(ViolationName::Status, &scenario.design);
    if let Some(nothing) = nothing.filter(|_| scenario.workload.is_some()) {
        let message = format!("no flap can be seen: {}", nothing.reason);
        problems.push(Problem::new(format!("expect.{key}"), message).advise(nothing.advice));
    }
    problems
}

fn figure_problem(place: &str, bound: &FigureBound) -> Option<Problem> {
    let FigureBound { figure, at_least, at_most } = *bound;
    if figure.is_of_loads_only() {
        let message = format!("no simulation yields `{figure}`");
        let advice = "only a load on a real server has it: take it as a figure of [claim]";
        return Some(Problem::new(format!("{place}.figure"), message).advise(advice));
    }
    if figure.is_of_probes_only() {
        let message = format!("no simulation yields `{figure}`");
        let advice = "only a probe of the store has it: take it as a figure of [claim]";
        return Some(Problem::new(format!("{place}.figure"), message).advise(advice));
    }
    for (key, value) in [("at_least", at_least), ("at_most", at_most)] {
        if value.is_some_and(|value| !value.is_finite()) {
            let message = format!("`{key}` must be a number with an end");
            return Some(Problem::new(format!("{place}.{key}"), message));
        }
    }
    match (at_least, at_most) {
        (None, None) => Some(
            Problem::new(place, format!("the bound on `{figure}` bounds nothing"))
                .advise("write `at_least` or `at_most`, or both"),
        ),
        (Some(least), Some(most)) if least > most => Some(Problem::new(
            format!("{place}.at_least"),
            format!("`at_least` must not be above `at_most` ({most})"),
        )),
        _ => None,
    }
}
