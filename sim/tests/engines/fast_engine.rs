//! The fast engine runs the hardened design through every fault without a violation.

use std::collections::BTreeMap;

use hubbub_scenario::{Figure, ViolationName};
use hubbub_sim::expectations;

use crate::support::{
    BUSY, BUSY_FAULTS, FAULTS, assert_clean, assert_effects, assert_no_violation, busy_with,
    lively_with, run_fast, scenario,
};

#[test]
fn a_quiet_network_leaves_nothing_to_complain_about() {
    let (_, outcome, judged) = run_fast(&lively_with(""), 1);
    assert_clean("quiet", &judged);
    assert!(judged.counts.sends > 200, "{:?}", judged.counts);
    assert_eq!(judged.counts.accepted, judged.counts.sends, "{:?}", judged.counts);
    assert!(judged.times.deliver.p99_ms < 500.0, "{:?}", judged.times);
    assert!(outcome.machine_events > 1000);
}

#[test]
fn the_hardened_design_holds_under_every_kind_of_fault() {
    for (name, faults) in FAULTS {
        let scenario = lively_with(faults);
        for seed in 1..=20 {
            let (_, _, judged) = run_fast(&scenario, seed);
            assert_clean(name, &judged);
            assert_effects(name, &judged);
        }
    }
}

#[test]
fn every_role_holds_under_every_kind_of_fault() {
    let mut cases: BTreeMap<String, u64> = BTreeMap::new();
    for (name, faults) in BUSY_FAULTS.into_iter().chain(FAULTS) {
        let scenario = busy_with(faults);
        for seed in 1..=10 {
            let (_, _, judged) = run_fast(&scenario, seed);
            // Where nobody is away for long, nobody is owed a push.
            assert_no_violation(name, &judged);
            assert_effects(name, &judged);
            for finding in judged.findings {
                *cases.entry(finding.checker).or_default() += finding.judged;
            }
        }
    }
    for checker in ViolationName::ALL {
        assert!(cases[checker.as_str()] > 500, "{checker}: {cases:?}");
    }
}

#[test]
fn a_run_with_everything_yields_every_figure_of_simulations() {
    let faults: String = [5, 15].map(|index| BUSY_FAULTS[index].1).concat();
    let mut scenario = busy_with(&faults);
    if let Some(workload) = &mut scenario.workload {
        workload.quiet_users = 0.2;
    }
    let (_, _, judged) = run_fast(&scenario, 1);
    let missing: Vec<&Figure> = Figure::ALL
        .iter()
        .filter(|figure| !figure.is_of_loads_only() && !figure.is_of_probes_only())
        .filter(|figure| !judged.figures.contains_key(figure))
        .collect();
    // Nobody polls over a WebSocket, and the users who send nothing receive something.
    assert_eq!(missing, [&Figure::EmptyPollsShare, &Figure::RequestsPerIdleUserHour]);
    assert!(judged.figures.values().all(|value| value.is_finite() && *value >= 0.0));
    let figure = |figure: Figure| judged.figures[&figure];
    assert_eq!(figure(Figure::LostMessages), 0.0);
    assert!(figure(Figure::DeliverP50Ms) <= figure(Figure::DeliverP99Ms));
    assert!(figure(Figure::ReattachS) < 60.0);
    assert!(figure(Figure::StoreRowsPerMessage) > 2.0, "the entry, copies and the answer");
    assert!((0.4..0.9).contains(&figure(Figure::CrossServerShare)), "of three servers");
    assert!(figure(Figure::OfflineNoticeS) <= 17.0, "lease and publication");
    assert!(figure(Figure::Pushes) > 10.0);
}

#[test]
fn nobody_is_shown_as_offline_for_a_tunnel() {
    let (name, tunnel) = BUSY_FAULTS[12];
    assert_eq!(name, "tunnel");
    let scenario = busy_with(tunnel);
    let runs: Vec<_> = (1..=5).map(|seed| run_fast(&scenario, seed).2).collect();
    for (least, most, met) in [(None, Some(0), true), (Some(1), None, false)] {
        let mut expect = scenario.expect.clone();
        (expect.status_flaps_min, expect.status_flaps) = (least, most);
        let got = expectations(&expect, &runs);
        let flaps = got.iter().find(|one| one.what == "status_flaps").unwrap();
        assert_eq!((flaps.got.as_str(), flaps.met), ("0", met));
    }
}

#[test]
fn figures_without_a_measure_are_left_out() {
    let (_, _, judged) = run_fast(&lively_with(""), 1);
    for figure in [
        Figure::RecoverP99Ms,
        Figure::ReattachS,
        Figure::DetachedShare,
        Figure::Pushes,
        Figure::StatusFlaps,
        Figure::BelievedConnectedS,
    ] {
        assert_eq!(judged.figures.get(&figure), None, "{figure}");
    }
}

#[test]
fn the_worst_run_decides_whether_a_figure_keeps_to_its_bound() {
    let runs: Vec<_> = (1..=3).map(|seed| run_fast(&busy_with(""), seed).2).collect();
    let delivered = runs.iter().map(|run| run.figures[&Figure::DeliveredMessages]);
    let (least, most) = (delivered.clone().fold(f64::MAX, f64::min), delivered.fold(0.0, f64::max));
    assert!(least < most);
    let judge = |bound: &str| {
        let expect = format!("[expect]\nfigures = [{{ {bound} }}]\n");
        let scenario = scenario(&format!("{}{expect}", BUSY));
        let got = expectations(&scenario.expect, &runs);
        let find = |what: &str| got.iter().find(|one| one.what == what).unwrap().clone();
        find(if bound.contains("reattach_s") { "reattach_s" } else { "delivered_messages" })
    };
    let delivered = "figure = \"delivered_messages\"";
    assert!(judge(&format!("{delivered}, at_least = {least}, at_most = {most}")).met);
    assert!(!judge(&format!("{delivered}, at_most = {least}")).met);
    assert!(!judge(&format!("{delivered}, at_least = {most}")).met);
    let unmeasured = judge("figure = \"reattach_s\", at_most = 9");
    assert_eq!((unmeasured.got.as_str(), unmeasured.met), ("not measured", false));
}

#[test]
fn a_time_that_nobody_could_measure_meets_no_expectation() {
    let faults = "[[fault]]\nat = \"0s\"\nfor = \"30s\"\nkind = \"latency\"\nhost = \"store\"\nlatency = \"100ms\"\n\
                  [expect]\ndeliver_p99 = \"1ms\"\n";
    let scenario = lively_with(faults);
    let (_, _, judged) = run_fast(&scenario, 1);
    let expectations = expectations(&scenario.expect, &[judged]);
    let deliver = expectations.iter().find(|one| one.what == "deliver_p99").unwrap();
    assert_eq!((deliver.got.as_str(), deliver.met), ("not measured", false));
}
