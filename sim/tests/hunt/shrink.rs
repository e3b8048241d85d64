//! What shrinking leaves still fails, in the same way, and is smaller.

use std::{cell::Cell, collections::BTreeSet, time::Duration};

use crate::support::hunted;
use hubbub_chat::{
    DeviceId,
    design::Accept,
    device::{DeviceEvent, DeviceOutput},
};
use hubbub_scenario::{Fault, FaultKind, Period, Scenario, ViolationName};
use hubbub_sim::{
    Setup,
    fast::{Planted, run_planted},
    hunt::{Case, Ran, Reproduction, SHRINK_RUNS_MAX, Shape, Shrunk, Size, shrink},
    judge,
};

const LOST: &str = "accepted-lost";

/// A schedule of eight faults among which there is one that the test is after.
fn with(kind: FaultKind) -> Case {
    let scenario = hunted("presence-and-push");
    let of_kind = |case: &Case| case.scenario.faults.iter().filter(|it| it.kind == kind).count();
    let mut cases = (1..).map(|seed| Case::drawn(&scenario, seed).unwrap());
    cases.find(|case| case.scenario.faults.len() == 8 && of_kind(case) == 1).unwrap()
}

#[test]
fn what_has_no_part_in_it_goes() {
    let case = with(FaultKind::StoreSlow);
    let mut asked = 0;
    let shrunk = shrink(&case, SHRINK_RUNS_MAX, &|| true, &mut |case| {
        asked += 1;
        assert_eq!(case.scenario.problems(), [], "a candidate cannot run");
        assert_eq!(case.scenario.run.seeds, [case.seed]);
        let Size { users, .. } = Size::of(case);
        users >= 3 && case.scenario.faults.iter().any(|it| it.kind == FaultKind::StoreSlow)
    });
    assert_eq!(asked, shrunk.runs);
    assert_eq!((shrunk.before.faults, shrunk.after.faults), (8, 1));
    assert_eq!(shrunk.after.users, 3);
    // A chat server and the store.
    assert_eq!(shrunk.after.servers, 2);
    let Scenario { workload, design, .. } = &shrunk.case.scenario;
    let workload = workload.as_ref().unwrap();
    assert_eq!((workload.friends, workload.groups.count, workload.push), (0, 0, 0.0));
    assert_eq!(*design, hubbub_chat::Design::default());
    assert_eq!(shrunk.after.duration.as_secs(), 5);
}

#[test]
fn what_fails_no_more_stays_as_it_was() {
    let case = with(FaultKind::Crash);
    let shrunk = shrink(&case, SHRINK_RUNS_MAX, &|| true, &mut |_| false);
    assert_eq!((&shrunk.case, shrunk.before), (&case, shrunk.after));
}

#[test]
fn there_are_no_more_runs_than_allowed() {
    let case = with(FaultKind::Crash);
    for most in [0, 1, 7, 50] {
        let mut asked = 0;
        let shrunk = shrink(&case, most, &|| true, &mut |_| {
            asked += 1;
            asked % 2 == 0
        });
        assert!(shrunk.runs <= most && asked == shrunk.runs, "{asked} of {most}");
    }
}

#[test]
fn who_interrupts_gets_what_is_small_by_then_and_no_run_that_was_not_made() {
    let case = with(FaultKind::Crash);
    for most in [0, 1, 7] {
        let asked = Cell::new(0);
        let shrunk = shrink(&case, SHRINK_RUNS_MAX, &|| asked.get() < most, &mut |_| {
            asked.set(asked.get() + 1);
            true
        });
        assert_eq!((shrunk.runs, asked.get(), shrunk.interrupted), (most, most, true));
        assert_eq!(shrunk.case == case, most == 0, "each run made it smaller");
    }
    assert!(!shrink(&case, SHRINK_RUNS_MAX, &|| true, &mut |_| false).interrupted);
}

#[test]
fn a_file_says_what_was_not_made_small() {
    let (scenario, seed) = (hunted("messages"), 7);
    let case = Case::drawn(&scenario, seed).unwrap();
    let ran = case.run().unwrap();
    let header = |shrunk: &Shrunk| {
        let file = Reproduction::new("messages", seed, LOST, shrunk, &ran).unwrap();
        file.text.lines().next().unwrap().to_owned()
    };
    let not_yet = Shrunk::not_yet(&case);
    assert_eq!(header(&not_yet), "# Not made small: it is as it was drawn.");
    let partly = header(&Shrunk { runs: 7, ..not_yet.clone() });
    assert!(partly.contains("interrupted after 7 runs"), "{partly}");
    let small = header(&Shrunk { runs: 7, interrupted: false, ..not_yet });
    assert!(small.starts_with("# ") && small.ends_with("are left."), "{small}");
}

fn naive() -> Scenario {
    let mut scenario = hunted("messages");
    scenario.design.accept = Accept::OnReceipt;
    scenario
}

fn found(scenario: &Scenario) -> Case {
    let mut cases = (1..200).map(|seed| Case::drawn(scenario, seed).unwrap());
    let fails = |case: &Case| {
        case.scenario.faults.len() >= 4 && case.run().unwrap().violated.contains(LOST)
    };
    cases.find(fails).unwrap()
}

fn shrunk(case: &Case) -> Shrunk {
    shrink(case, SHRINK_RUNS_MAX, &|| true, &mut |case| case.run().unwrap().violated.contains(LOST))
}

#[test]
fn a_naive_design_is_left_with_what_breaks_it() {
    let case = found(&naive());
    let small = shrunk(&case);
    let ran = small.case.run().unwrap();
    assert!(ran.violated.contains(LOST));
    assert_eq!(small, shrunk(&case), "shrinking is not the same twice");
    let (before, after) = (small.before, small.after);
    assert!(after.faults * 4 <= before.faults, "{before:?} {after:?}");
    assert!(after.users < before.users && after.duration < before.duration, "{after:?}");
    // The one knob that matters is the only one that is still turned.
    assert_eq!(small.case.scenario.turned_knobs(), ["accept"]);

    let shape = Shape::of(&small.case, &ran);
    assert_eq!(shape.faults.len(), after.faults);
    assert!(shape.violated.contains(LOST));
}

#[test]
fn its_file_fails_in_the_same_way() {
    let case = found(&naive());
    let small = shrunk(&case);
    let ran = small.case.run().unwrap();
    let file = Reproduction::new("messages", case.seed, LOST, &small, &ran).unwrap();
    assert_eq!(file.name, format!("repro-accepted-lost-{}", case.seed));
    let read = Scenario::parse("repro.toml", &file.text).unwrap().scenario().clone();
    let again = Case { seed: read.run.seeds[0], scenario: read };
    assert_eq!(again.run().unwrap().violated, ran.violated);
    assert!(file.text.lines().count() < 60, "{}", file.text);
}

/// All that is violated, expected or not.
fn all_violated(ran: &Ran) -> BTreeSet<String> {
    let (_, judged) = ran.run.as_ref().unwrap();
    let violated = judged.findings.iter().filter(|finding| finding.is_violated());
    violated.map(|finding| finding.checker.clone()).collect()
}

#[test]
fn its_file_expects_what_is_expected_anyway_as_far_as_it_comes() {
    let mut scenario = naive();
    scenario.expect.violations = vec![ViolationName::Duplicated, ViolationName::RealTime];
    let mut cases = (1..200).map(|seed| Case::drawn(&scenario, seed).unwrap());
    let both = BTreeSet::from([LOST.to_owned(), "real-time".to_owned()]);
    let shows_both = |case: &Case| all_violated(&case.run().unwrap()) == both;
    let case = cases.find(shows_both).unwrap();
    let ran = case.run().unwrap();
    let file = file(&case, &ran);
    assert_eq!(file.expect.violations, [ViolationName::RealTime]);
    // What is not expected is what the file fails by.
    let again = Case { scenario: file, seed: case.seed }.run().unwrap();
    assert_eq!(again.violated, BTreeSet::from([LOST.to_owned()]));
}

/// The file of a case as it is.
fn file(case: &Case, ran: &Ran) -> Scenario {
    let shrunk = Shrunk::not_yet(case);
    let file = Reproduction::new("messages", case.seed, LOST, &shrunk, ran).unwrap();
    Scenario::parse("repro.toml", &file.text).unwrap().scenario().clone()
}

#[test]
fn a_fault_of_its_file_may_miss_only_where_one_does_or_nobody_knows() {
    let mut case = shrunk(&found(&naive())).case;
    assert!(case.scenario.expect.faults_may_miss, "what is drawn may miss");
    let ran = case.run().unwrap();
    let (outcome, _) = ran.run.as_ref().unwrap();
    assert!(!outcome.effects.is_empty() && outcome.effects.iter().all(|it| it.affected > 0));
    assert!(!file(&case, &ran).expect.faults_may_miss);
    let panicked = Ran { run: None, ..ran };
    assert!(file(&case, &panicked).expect.faults_may_miss);

    // Too short for anybody to ask anything, and not when everybody does.
    let first = case.scenario.faults[0].clone();
    let idle = Fault {
        at: Period(first.at.0 + Duration::from_millis(333)),
        r#for: Period::from_millis(1),
        kind: FaultKind::RegistryUnavailable,
        host: None,
        between: None,
        users: None,
        latency: None,
        ..first
    };
    case.scenario.faults.push(idle);
    let ran = case.run().unwrap();
    assert!(file(&case, &ran).expect.faults_may_miss);
}

/// A device that stores some entries twice.
struct RepeatingDevice;

impl Planted for RepeatingDevice {
    fn device_output(&mut self, _: DeviceId, output: DeviceOutput) -> Vec<DeviceOutput> {
        match &output {
            DeviceOutput::Event(DeviceEvent::Applied { .. }) => vec![output.clone(), output],
            _ => vec![output],
        }
    }
}

#[test]
fn a_defect_that_needs_no_fault_is_left_without_any() {
    let case = with(FaultKind::Crash);
    let violated = |case: &Case| {
        let design = &case.scenario.design;
        let setup = Setup::new(&case.scenario, "", "", design, case.seed).unwrap();
        let judged = judge(&setup, &run_planted(&setup, false, &mut RepeatingDevice));
        let violated = judged.findings.into_iter().filter(|finding| finding.is_violated());
        violated.map(|finding| finding.checker).collect::<BTreeSet<String>>()
    };
    let small =
        shrink(&case, SHRINK_RUNS_MAX, &|| true, &mut |case| violated(case).contains("duplicated"));
    assert!(violated(&small.case).contains("duplicated"));
    assert_eq!((small.after.faults, small.after.users, small.after.servers), (0, 2, 2));
}
