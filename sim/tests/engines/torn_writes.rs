//! Of what the store is syncing when it dies, all or nothing is there afterwards, or a beginning when its
//! power went: the answers are lost, and what is asked again becomes no second entry.

use hubbub_history::{Event, EventBody, EventType, History};
use hubbub_scenario::Scenario;
use hubbub_sim::{Judged, Outcome, Setup};

#[cfg(feature = "full")]
use crate::support::run_full;
use crate::support::{LIVELY, assert_effects, assert_no_violation, run_fast, scenario};

type Run = fn(&Scenario, u64) -> (Setup, Outcome, Judged);

/// Twenty users with fifteen messages a second each, and a store that dies six times.
fn with_a_dying_store(kind: &str) -> Scenario {
    let busy = LIVELY.replace("sends_per_user = \"30/min\"", "sends_per_user = \"900/min\"");
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

/// Some seeds have the store find entries again that it had not answered for.
fn assert_found_again(run: Run, kind: &str) {
    let of_seed = |seed| {
        let (_, outcome, judged) = run(&with_a_dying_store(kind), seed);
        assert_no_violation(kind, &judged);
        assert_effects(kind, &judged);
        assert!(outcome.history.events().iter().filter(is_send).count() > 1000);
        entries_while_down(&outcome.history)
    };
    assert!((1..=3).map(of_seed).sum::<usize>() > 0, "{kind}");
}

#[test]
fn the_fast_engine_has_a_disk() {
    assert_found_again(run_fast, "power-loss");
    assert_found_again(run_fast, "crash");
}

#[cfg(feature = "full")]
#[test]
fn the_full_engine_has_a_disk() {
    assert_found_again(run_full, "power-loss");
    assert_found_again(run_full, "crash");
}
