//! The design of this product, as the scenario in `tunnel.toml` has it, under many seeds.

use std::{collections::BTreeSet, time::Duration};

use hubbub_chat::situation::Situation;
use hubbub_sim::{Batch, BatchError};
use simulate_in_tests::{FirstMessage, SlowAnswers};

const FIRST_MESSAGE: FirstMessage = FirstMessage { within: Duration::from_secs(2) };

fn tunnel() -> Result<Batch<'static>, BatchError> {
    Ok(Batch::read("tests/tunnel.toml")?.seeds(1..=20))
}

/// A third of the answers is late by more than devices wait before they send again.
fn slow_answers() -> SlowAnswers {
    SlowAnswers::new(3, Duration::from_secs(2))
}

#[test]
fn nothing_is_lost_in_a_tunnel() -> Result<(), BatchError> {
    let outcome = tunnel()?.run()?;
    outcome.assert_met();
    // A tunnel in which no phone sends would prove nothing.
    assert!(outcome.situations().has(Situation::RetryMetAppend), "nobody had to send again");
    Ok(())
}

#[test]
fn a_blind_retry_shows_messages_twice() -> Result<(), BatchError> {
    tunnel()?.variant("blind-retry")?.run()?.assert_met();
    Ok(())
}

#[test]
fn what_was_missed_shows_soon() -> Result<(), BatchError> {
    let outcome = tunnel()?.checker(&FIRST_MESSAGE).run()?;
    outcome.assert_met();
    let judged = |run: &hubbub_sim::SeedRun| run.finding("first-message").map(|it| it.judged);
    assert!(outcome.runs().iter().all(|run| judged(run) > Some(10)), "too few came back");
    Ok(())
}

#[test]
fn polls_are_too_rare_for_that() -> Result<(), BatchError> {
    let outcome = tunnel()?.variant("polling")?.checker(&FIRST_MESSAGE).run()?;
    outcome.assert_violated("first-message");
    Ok(())
}

#[test]
fn slow_answers_of_the_store_do_no_harm() -> Result<(), BatchError> {
    let outcome = tunnel()?.fault(slow_answers).run()?;
    outcome.assert_met();
    let late = |run: &hubbub_sim::SeedRun| run.effects().last().map(|effect| effect.affected);
    assert!(outcome.runs().iter().all(|run| late(run) > Some(100)), "too few answers were late");
    Ok(())
}

#[test]
fn slow_answers_make_a_blind_retry_send_again() -> Result<(), BatchError> {
    let outcome = tunnel()?.variant("blind-retry")?.fault(slow_answers).run()?;
    outcome.assert_met();
    // It is the slow answers that do it: on a calm network nothing else does.
    let calm = || Batch::read("tests/calm.toml")?.seeds(1..=5).variant("blind-retry");
    assert_eq!(calm()?.run()?.violated(), BTreeSet::new());
    assert_eq!(calm()?.fault(slow_answers).run()?.violated(), BTreeSet::from(["duplicated"]));
    Ok(())
}

/// A failed assertion says everything that is needed to see the run again.
#[test]
#[should_panic(expected = ".seeds([1])")]
fn a_failure_tells_how_to_make_it_again() {
    let batch = tunnel().and_then(|batch| batch.set("design.retry=blind"));
    batch.and_then(|batch| batch.run()).expect("the scenario runs").assert_met();
}
