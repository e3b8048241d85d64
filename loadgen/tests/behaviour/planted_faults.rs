//! A fault that is planted between generator and server shows where it must.

use crate::model::{Faults, MILLISECOND, SECOND, measure, plan, verdict};
use hubbub_chat::DeviceId;
use hubbub_loadgen::{Measured, Outcome, Reading, ReasonKind};

fn p99_ns(measured: &Measured) -> u64 {
    measured.histograms.delivery.all().summary().p99.nanoseconds().expect("the p99 is finite")
}

#[test]
fn without_faults_every_message_arrives_and_the_run_passes() {
    let measured = measure(plan(1_000.0, 10, None), Faults::default());
    assert!(measured.ledger.is_clean());
    assert_eq!(measured.ledger.delivered, measured.ledger.expected);
    assert!(measured.ledger.delivered > 10_000);
    // One outbox per device: a send may wait 2 ms for the one before it.
    assert!((2 * MILLISECOND..40 * MILLISECOND).contains(&p99_ns(&measured)));
    let verdict = verdict(&measured);
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::Pass, vec![]));
}

#[test]
fn one_delivery_in_ten_thousand_dropped_fails_the_run() {
    let faults = Faults { drop_every: Some(10_000), ..Faults::default() };
    let measured = measure(plan(1_000.0, 14, None), faults);
    assert_eq!(measured.ledger.missing, 1);
    assert_eq!(measured.missing_examples.len(), 1);
    // The p99 alone would have passed.
    assert!(p99_ns(&measured) < 50 * MILLISECOND);
    assert_eq!(measured.histograms.delivery.all().summary().max, Reading::Missing);
    let verdict = verdict(&measured);
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert_eq!(verdict.reasons[0].kind, ReasonKind::Violation);
    assert!(verdict.reasons[0].text.starts_with("1 of "), "{}", verdict.reasons[0].text);
}

#[test]
fn one_recipient_delayed_by_50_ms_moves_the_last_recipient() {
    let slow = Some((DeviceId(3), 50 * MILLISECOND));
    let base = measure(plan(2_000.0, 10, Some(20)), Faults::default());
    let delayed = measure(plan(2_000.0, 10, Some(20)), Faults { slow, ..Faults::default() });
    let p50 = |measured: &Measured| {
        let histograms = &measured.histograms;
        let read = |latency: hubbub_loadgen::Latency| latency.summary().p50.nanoseconds().unwrap();
        (read(histograms.last_recipient.all()), read(histograms.delivery.all()))
    };
    let ((base_last, base_each), (delayed_last, delayed_each)) = (p50(&base), p50(&delayed));
    let moved = delayed_last - base_last;
    assert!((49 * MILLISECOND..51 * MILLISECOND).contains(&moved), "{moved}");
    assert_eq!(base_each, delayed_each);
    assert!(delayed.ledger.is_clean());
}

#[test]
fn a_stall_of_two_seconds_shows_from_the_intended_time_alone() {
    let faults = Faults { stall_ns: Some((20 * SECOND, 22 * SECOND)), ..Faults::default() };
    let measured = measure(plan(100.0, 60, None), faults);
    assert!(p99_ns(&measured) > SECOND, "{}", p99_ns(&measured));
    // Each of ten devices has one send in flight during the stall and sends the others after it:
    // measured from the actual send, they look fast.
    let uncorrected = measured.histograms.delivery_uncorrected.all().summary();
    assert!(!uncorrected.p99.exceeds(10 * MILLISECOND), "{}", uncorrected.p99);
    assert!(uncorrected.max.exceeds(SECOND));
    let verdict = verdict(&measured);
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert!(verdict.is_measurement_valid(), "{verdict:?}");
    // The series shows when: nothing arrives in the 21st second of the run.
    assert_eq!(measured.series.seconds[20].deliveries, 0);
    assert!(measured.series.seconds[21].slowest_delivery_ns > SECOND);
}

#[test]
fn a_repeated_delivery_fails_the_run() {
    let faults = Faults { repeat_every: Some(7_000), ..Faults::default() };
    let measured = measure(plan(1_000.0, 10, None), faults);
    assert_eq!((measured.ledger.duplicate, measured.ledger.reordered), (1, 0));
    assert_eq!(verdict(&measured).outcome, Outcome::Fail);
}

#[test]
fn an_overtaken_delivery_fails_the_run() {
    let faults = Faults { hold: Some(7_000), ..Faults::default() };
    let measured = measure(plan(1_000.0, 10, None), faults);
    assert_eq!((measured.ledger.reordered, measured.ledger.late), (1, 1));
    assert_eq!((measured.ledger.duplicate, measured.ledger.missing), (0, 0));
    assert_eq!(verdict(&measured).outcome, Outcome::Fail);
}

#[test]
fn a_generator_that_wakes_up_late_invalidates_the_run() {
    let faults = Faults { generator_tick_ns: Some(20 * MILLISECOND), ..Faults::default() };
    let measured = measure(plan(1_000.0, 10, None), faults);
    let verdict = verdict(&measured);
    assert_eq!(verdict.outcome, Outcome::Invalid);
    assert!(verdict.reasons[0].text.contains("late at p99"), "{verdict:?}");
}

#[test]
fn a_violation_fails_even_an_invalid_run() {
    let faults = Faults {
        generator_tick_ns: Some(20 * MILLISECOND),
        drop_every: Some(5_000),
        ..Faults::default()
    };
    let verdict = verdict(&measure(plan(1_000.0, 10, None), faults));
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert!(!verdict.is_measurement_valid());
}
