//! Of what the store is about to sync when its power goes, a beginning is there afterwards: its answers
//! are lost, and what is asked again becomes no second entry.

use hubbub_history::{Event, EventBody, EventType, History};
use hubbub_scenario::Scenario;
use hubbub_sim::{Judged, Outcome, Setup};

#[cfg(feature = "full")]
use crate::support::run_full;
use crate::support::{LIVELY, assert_effects, assert_no_violation, run_fast, scenario};

type Run = fn(&Scenario, u64) -> (Setup, Outcome, Judged);

/// Twenty users with five messages a second each, and a store that dies six times.
fn with_a_dying_store(kind: &str) -> Scenario {
    let busy = LIVELY.replace("sends_per_user = \"30/min\"", "sends_per_user = \"300/min\"");
    let died = |nth: u32| {
        let at = 4 + 4 * nth;
        format!("[[fault]]\nat = \"{at}s\"\nfor = \"500ms\"\nkind = \"{kind}\"\nhost = \"store\"\n")
    };
    scenario(&(busy + &(0..6).map(died).collect::<String>()))
}

/// How many entries came to be in the store while it was down.
fn entries_while_down(history: &History) -> usize {
    let mut is_down = false;
    let mut entries = 0;
    for event in history.events() {
        match &event.body {
            EventBody::Truth { name, up, .. } if name == "store" => is_down = !up,
            EventBody::Entry { .. } => entries += usize::from(is_down),
            _ => {}
        }
    }
    entries
}

fn is_send(event: &&Event) -> bool {
    matches!(event.body, EventBody::Send { r#type: EventType::Invoke, .. })
}

/// How many entries some seeds find in a store that died.
fn torn(run: Run, kind: &str) -> usize {
    let of_seed = |seed| {
        let (_, outcome, judged) = run(&with_a_dying_store(kind), seed);
        assert_no_violation(kind, &judged);
        assert_effects(kind, &judged);
        assert!(outcome.history.events().iter().filter(is_send).count() > 1000);
        entries_while_down(&outcome.history)
    };
    (1..=3).map(of_seed).sum()
}

#[test]
fn the_fast_engine_tears_the_last_write() {
    assert!(torn(run_fast, "power-loss") > 0);
    assert_eq!(torn(run_fast, "crash"), 0);
}

#[cfg(feature = "full")]
#[test]
fn the_full_engine_tears_the_last_write() {
    assert!(torn(run_full, "power-loss") > 0);
    assert_eq!(torn(run_full, "crash"), 0);
}
