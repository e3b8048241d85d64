//! A run goes through its phases and knows when it is over.

use crate::model::{Faults, MILLISECOND, SECOND, measure, plan};
use hubbub_loadgen::{LoadRun, Observation, Outcome, RunPhase};
use hubbub_traffic::{What, message_number};

#[test]
fn phases_follow_the_plan() {
    let run = LoadRun::new(plan(10.0, 6, None), 5 * SECOND);
    assert_eq!(run.phase(0), RunPhase::WarmUp);
    assert_eq!(run.phase(6 * SECOND - 1), RunPhase::WarmUp);
    assert_eq!(run.phase(6 * SECOND), RunPhase::Window);
    assert_eq!(run.phase(12 * SECOND), RunPhase::Drain);
    assert_eq!(run.phase(22 * SECOND), RunPhase::Done);
    assert!(run.poll_timeout(0).is_some_and(|next_ns| next_ns > 5 * SECOND));
    assert_eq!(run.poll_timeout(22 * SECOND), None);
    let progress = run.progress(9 * SECOND);
    assert_eq!((progress.sends, progress.window_share), (0, 0.5));
}

#[test]
fn warm_up_is_accounted_for_but_not_measured() {
    let measured = measure(plan(1_000.0, 5, None), Faults::default());
    let in_window = measured.histograms.delivery.all().samples();
    assert_eq!(in_window, measured.counts.sends_scheduled);
    assert!(measured.ledger.sends > in_window + 800, "a second of warm-up is in the ledger");
    assert_eq!(measured.series.total().sends, measured.counts.sends_begun);
}

#[test]
fn the_drain_ends_when_everything_came_or_when_it_has_lasted_long_enough() {
    let mut run = LoadRun::new(plan(10.0, 5, None), 0);
    let over_ns = 6 * SECOND;
    let mut begun = Vec::new();
    while let Some(due) = run.poll_action(over_ns) {
        begun.push(due.action);
    }
    assert_eq!(run.phase(over_ns), RunPhase::Drain);
    for action in &begun {
        let What::Send { channel, body } = &action.what else { panic!("a load only sends") };
        let number = message_number(body).unwrap();
        let message_id = hubbub_chat::MessageId(number + 1);
        let at_ns = over_ns;
        run.handle_observation(&Observation::Accepted { number, message_id: None, at_ns });
        assert_eq!(run.phase(over_ns), RunPhase::Drain);
        let [one, other] = channel.pair().unwrap().map(|user| hubbub_chat::DeviceId(user.0));
        let device = if one == action.device { other } else { one };
        run.handle_observation(&Observation::Delivered { device, message_id, number, at_ns });
    }
    assert_eq!(run.phase(over_ns), RunPhase::Done);
    assert!(run.finish().ledger.is_clean());
}

#[test]
fn a_run_that_is_cut_short_missed_its_rate() {
    let mut run = LoadRun::new(plan(100.0, 10, None), 0);
    while run.poll_action(2 * SECOND).is_some() {}
    let measured = run.finish();
    let counts = &measured.counts;
    assert!(counts.sends_scheduled > 800 && counts.sends_begun < 400, "{counts:?}");
    assert!(measured.ledger.unanswered > 100);
    // Nothing was accepted, so nothing was promised; yet every delivery is waited for in vain.
    assert_eq!(measured.ledger.missing, 0);
    let delivery = measured.histograms.delivery.all().summary();
    assert_eq!((delivery.samples, delivery.missing), (delivery.missing, delivery.samples));
    let texts: Vec<String> =
        crate::model::verdict(&measured).reasons.into_iter().map(|reason| reason.text).collect();
    assert!(texts.iter().any(|text| text.contains("offered rate was missed")), "{texts:?}");
}

#[test]
fn lag_is_the_generators_and_not_the_servers() {
    let faults = Faults { stall_ns: Some((3 * SECOND, 5 * SECOND)), ..Faults::default() };
    let measured = measure(plan(100.0, 10, None), faults);
    let lag = measured.histograms.schedule_lag.summary();
    assert!(!lag.max.exceeds(MILLISECOND), "{}", lag.max);
}

#[test]
fn a_run_that_is_cut_short_waits_two_seconds_and_says_nothing() {
    let mut run = LoadRun::new(plan(100.0, 10, None), 0);
    while run.poll_action(3 * SECOND).is_some() {}
    run.cut_short(3 * SECOND);
    assert_eq!(run.phase(3 * SECOND), RunPhase::Drain);
    assert_eq!(run.poll_timeout(3 * SECOND), Some(5 * SECOND));
    assert_eq!(run.poll_action(11 * SECOND), None);
    run.cut_short(4 * SECOND);
    assert_eq!(run.phase(5 * SECOND), RunPhase::Done, "a second cut changes nothing");
    let measured = run.finish();
    assert!(measured.is_cut_short);
    let verdict = crate::model::verdict(&measured);
    assert_eq!(verdict.outcome, Outcome::Invalid);
    assert!(verdict.reasons[0].text.contains("cut short"), "{verdict:?}");
}

#[test]
fn nobody_can_cut_short_what_is_over() {
    let mut run = LoadRun::new(plan(100.0, 10, None), 0);
    run.cut_short(60 * SECOND);
    assert!(!run.finish().is_cut_short);
}
