//! Hunts of cases that fail as a test says.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use hubbub_scenario::{FaultKind, Scenario};
use hubbub_sim::{
    SetupError,
    hunt::{Case, Failure, Panic, Ran},
};
use indicatif::ProgressBar;

use super::{Hunt, Hunted};
use crate::interrupt::Interrupt;

const SEEDS: u64 = 400;

/// Draws up to six faults of a few kinds.
const SCENARIO: &str = r#"
version = 1
name = "drawn"
summary = "Is drawn."
[workload]
users = 6
sends_per_user = "6/min"
duration = "60s"
[hunt]
faults = ["crash", "pause", "latency", "store-slow"]
faults_max = 6
"#;

fn hunted(collect: bool, run: fn(&Case) -> Result<Ran, SetupError>) -> Hunted {
    hunted_saying(collect, run, Duration::from_secs(3_600)).0
}

/// What came of it, and the lines for people.
fn hunted_saying(
    collect: bool,
    run: fn(&Case) -> Result<Ran, SetupError>,
    say_every: Duration,
) -> (Hunted, Vec<String>) {
    let document = Scenario::parse("drawn.toml", SCENARIO).unwrap();
    let (bar, interrupt) = (ProgressBar::hidden(), Interrupt::never());
    let said = Mutex::new(Vec::new());
    let hunt = Hunt {
        scenario: document.scenario(),
        run,
        until: None,
        collect,
        interrupt: &interrupt,
        bar: &bar,
        say: &|line| said.lock().unwrap().push(line.to_owned()),
        say_every,
        keep_large: &|_, _, _| {},
    };
    let hunted = hunt.run(1..=SEEDS).unwrap_or_else(|error| panic!("{error:?}"));
    (hunted, said.into_inner().unwrap())
}

fn violates(checkers: &[&str]) -> Ran {
    let violated = checkers.iter().map(|checker| (*checker).to_owned()).collect();
    Ran { violated, run: None, panic: None }
}

fn panics(said: String, place: &str) -> Ran {
    let panic = Panic { said, place: Some(place.to_owned()) };
    Ran { panic: Some(panic), ..violates(&["panic"]) }
}

/// Two panics: the one of many faults is gone when it is looked for with fewer.
fn of_many_and_of_any(case: &Case) -> Result<Ran, SetupError> {
    Ok(match case.scenario.faults.len() {
        0 => violates(&[]),
        count @ 1..=3 => panics(format!("{count} is few"), "few.rs:1:1"),
        count => panics(format!("{count} is many"), "many.rs:1:1"),
    })
}

#[test]
fn a_panic_is_made_small_as_that_panic_and_two_are_two() {
    let hunted = hunted(true, of_many_and_of_any);
    let mut faults: Vec<usize> =
        hunted.found.iter().map(|found| found.shrunk.after.faults).collect();
    for found in &hunted.found {
        let kind = found.ran.panic.as_ref().unwrap().kind();
        assert_eq!(found.failure, Failure::Panicked(kind), "it has become another panic");
    }
    faults.sort_unstable();
    faults.dedup();
    assert_eq!(faults, [1, 4]);
}

/// Nearly everything fails by a crash; now and then there is a pause without any.
fn seldom_without_a_crash(case: &Case) -> Result<Ran, SetupError> {
    let kinds = case.kinds();
    let common = kinds.contains(&FaultKind::Crash);
    let rare = kinds.contains(&FaultKind::Pause) && case.scenario.faults.len() == 1;
    Ok(if common || rare { violates(&["order"]) } else { violates(&[]) })
}

#[test]
fn a_rare_defect_is_found_behind_a_common_one_of_the_same_checker() {
    let hunted = hunted(true, seldom_without_a_crash);
    let kinds: BTreeSet<Vec<FaultKind>> =
        hunted.found.iter().map(|found| found.shrunk.case.kinds().into_iter().collect()).collect();
    assert_eq!(kinds, BTreeSet::from([vec![FaultKind::Crash], vec![FaultKind::Pause]]));
    // The first that fail do so by the common one, and most are never looked at.
    assert!(hunted.made_small > 4 && hunted.made_small < 12, "{}", hunted.made_small);
    assert!(hunted.failed > 100, "{}", hunted.failed);
}

#[test]
fn without_collecting_the_lowest_seed_alone_is_made_small() {
    let hunted = hunted(false, seldom_without_a_crash);
    assert_eq!((hunted.found.len(), hunted.made_small), (1, 1));
}

#[test]
fn who_sees_no_bar_is_told_how_far_it_is() {
    let (_, said) = hunted_saying(true, seldom_without_a_crash, Duration::ZERO);
    let far: Vec<&String> = said.iter().filter(|line| line.contains("seeds/s, ")).collect();
    assert_eq!(far.len() as u64, SEEDS);
    assert!(far.iter().any(|line| line.starts_with("400 seeds, ")), "{far:?}");
    assert!(far.iter().all(|line| line.contains(" failed, ") && line.contains(" situations")));
    assert!(said.iter().any(|line| line.ends_with("failures small")), "{said:?}");
    let (_, said) = hunted_saying(true, seldom_without_a_crash, Duration::from_secs(3_600));
    assert!(said.iter().all(|line| line.contains(" fails: ")), "{said:?}");
}
