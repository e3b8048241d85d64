//! Each rule of the verdict decides by itself, and its sentence has the figures.

use hubbub_loadgen::{
    Counts, Evidence, GeneratorCpu, Latency, LatencySummary, LedgerCounts, Outcome, ReasonKind,
    VerdictLimits, Window, judge,
};

const MILLISECOND: u64 = 1_000_000;

fn latencies(each_ns: u64, count: u64) -> LatencySummary {
    let mut latency = Latency::default();
    (0..count).for_each(|_| latency.record(0, each_ns));
    latency.summary()
}

/// A run of 10 s in which everything is well.
fn good() -> Evidence {
    let counts = Counts {
        sends_scheduled: 10_000,
        sends_begun: 9_950,
        acceptances: 10_000,
        deliveries: 10_000,
        connections_ended: 0,
    };
    Evidence {
        objective_ns: 50 * MILLISECOND,
        window: Window { start_ns: 0, end_ns: 10_000 * MILLISECOND },
        counts,
        ledger: LedgerCounts {
            sends: 10_000,
            accepted: 10_000,
            expected: 10_000,
            ..LedgerCounts::default()
        },
        schedule_lag: latencies(MILLISECOND, 10_000),
        delivery: latencies(20 * MILLISECOND, 10_000),
        negative_latencies: 0,
        generator: Some(GeneratorCpu { used_s: 7.9, threads: 1, machine_cores: 2 }),
        is_cut_short: false,
    }
}

/// The outcome of a run and the sentence that decides it.
fn judged(change: impl FnOnce(&mut Evidence)) -> (Outcome, String) {
    let mut evidence = good();
    change(&mut evidence);
    let verdict = judge(&evidence, &VerdictLimits::default());
    (
        verdict.outcome,
        verdict.reasons.first().map_or_else(String::new, |reason| reason.text.clone()),
    )
}

#[test]
fn a_run_within_all_limits_passes_without_a_word() {
    assert_eq!(judged(|_| {}), (Outcome::Pass, String::new()));
}

#[test]
fn an_unbelievable_measurement_is_invalid() {
    type Change = fn(&mut Evidence);
    let cases: [(Change, &str); 8] = [
        (
            |evidence| evidence.schedule_lag = latencies(6 * MILLISECOND, 10_000),
            "The generator acted 6 ms late at p99; above 5 ms (10 % of the objective) it measures itself.",
        ),
        (
            |evidence| evidence.counts.sends_begun = 9_880,
            "9880 sends were begun within the window instead of 10000: the offered rate was missed by 1.2 %, more than 1 %.",
        ),
        (
            |evidence| {
                evidence.generator =
                    Some(GeneratorCpu { used_s: 8.5, threads: 1, machine_cores: 2 })
            },
            "The generator used 85 % of the one core that it runs on, more than 80 %.",
        ),
        (
            |evidence| {
                evidence.generator =
                    Some(GeneratorCpu { used_s: 17.0, threads: 8, machine_cores: 2 })
            },
            "The generator used 85 % of the machine's 2 cores, more than 80 %.",
        ),
        (
            |evidence| {
                evidence.generator =
                    Some(GeneratorCpu { used_s: 17.0, threads: 2, machine_cores: 4 })
            },
            "The generator used 85 % of the 2 cores that it runs on, more than 80 %.",
        ),
        (
            |evidence| evidence.negative_latencies = 3,
            "3 latencies were below zero: the clocks cannot be trusted.",
        ),
        (
            |evidence| {
                evidence.window.end_ns = 4_000 * MILLISECOND;
                evidence.generator = None;
            },
            "The window lasted 4 s, less than 5 s.",
        ),
        (
            |evidence| evidence.delivery = latencies(20 * MILLISECOND, 999),
            "The window held 999 deliveries, fewer than 1000: too few for a p99.",
        ),
    ];
    for (change, text) in cases {
        assert_eq!(judged(change), (Outcome::Invalid, text.to_owned()));
    }
}

#[test]
fn a_missed_objective_fails() {
    type Change = fn(&mut Evidence);
    let cases: [(Change, &str); 3] = [
        (
            |evidence| evidence.delivery = latencies(60 * MILLISECOND, 10_000),
            "Delivery took 60 ms at p99, more than the objective of 50 ms.",
        ),
        (
            |evidence| {
                evidence.ledger.refused = 4;
                evidence.ledger.first_refusal = Some("Busy".into());
            },
            "4 of 10000 sends were refused, the first as Busy.",
        ),
        (|evidence| evidence.ledger.unanswered = 2, "2 of 10000 sends were never answered."),
    ];
    for (change, text) in cases {
        assert_eq!(judged(change), (Outcome::Fail, text.to_owned()));
    }
}

#[test]
fn a_violation_fails_however_the_run_was_measured() {
    type Change = fn(&mut LedgerCounts);
    let cases: [(Change, &str); 5] = [
        (|ledger| ledger.missing = 1, "1 of 10000 expected deliveries never came."),
        (|ledger| ledger.duplicate = 2, "2 deliveries came twice."),
        (|ledger| ledger.reordered = 3, "3 deliveries came out of order."),
        (|ledger| ledger.unexpected = 4, "4 deliveries went to devices that they were not for."),
        (|ledger| ledger.unknown = 5, "5 deliveries carried messages that nobody sent."),
    ];
    for (change, text) in cases {
        assert_eq!(
            judged(|evidence| change(&mut evidence.ledger)),
            (Outcome::Fail, text.to_owned())
        );
        let with_invalid = judged(|evidence| {
            change(&mut evidence.ledger);
            evidence.negative_latencies = 1;
        });
        assert_eq!(with_invalid, (Outcome::Fail, text.to_owned()));
    }
}

#[test]
fn an_invalid_measurement_outweighs_a_missed_objective() {
    let mut evidence = good();
    evidence.delivery = latencies(60 * MILLISECOND, 10_000);
    evidence.schedule_lag = latencies(6 * MILLISECOND, 10_000);
    let verdict = judge(&evidence, &VerdictLimits::default());
    assert_eq!(verdict.outcome, Outcome::Invalid);
    let kinds: Vec<ReasonKind> = verdict.reasons.iter().map(|reason| reason.kind).collect();
    assert_eq!(kinds, [ReasonKind::Invalid, ReasonKind::Missed]);
}

#[test]
fn an_unmeasured_generator_is_said_and_decides_nothing() {
    let (outcome, text) = judged(|evidence| evidence.generator = None);
    assert_eq!(outcome, Outcome::Pass);
    assert!(text.starts_with("The generator's CPU was not measured"), "{text}");
}

#[test]
fn missing_deliveries_leave_the_p99_without_end() {
    let (outcome, text) = judged(|evidence| {
        let mut latency = Latency::default();
        (0..9_000).for_each(|_| latency.record(0, MILLISECOND));
        latency.record_missing(1_000);
        evidence.delivery = latency.summary();
        evidence.ledger.unanswered = 0;
    });
    assert_eq!(outcome, Outcome::Fail);
    assert_eq!(
        text,
        "1000 of 10000 deliveries never came, so the p99 has no end; the objective is 50 ms."
    );
}

#[test]
fn a_run_that_was_cut_short_is_not_blamed_for_what_nobody_waited_for() {
    let (outcome, text) = judged(|evidence| {
        evidence.is_cut_short = true;
        evidence.ledger.missing = 7;
        evidence.ledger.unanswered = 3;
    });
    assert_eq!(outcome, Outcome::Invalid);
    assert!(text.starts_with("The run was cut short"), "{text}");
    // What did come must be right all the same.
    let (outcome, text) = judged(|evidence| {
        evidence.is_cut_short = true;
        evidence.ledger.duplicate = 1;
    });
    assert_eq!((outcome, text.as_str()), (Outcome::Fail, "1 deliveries came twice."));
}
