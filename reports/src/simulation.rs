//! What a simulation came to: the form of `sim.json`.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_history::{EventBody, EventType, History};
use serde::{Deserialize, Serialize};

use crate::{verdict::Verdict, violation::ViolationReport};

/// A simulation: every variant of a scenario with every seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimReport {
    /// The scenario's name.
    pub scenario: String,
    /// Its file, as it was given on the command line.
    pub file: String,
    /// `fast` or `full`.
    pub engine: String,
    /// Fails when a run or a variant fails.
    pub verdict: Verdict,
    /// Sums over all runs.
    pub totals: SimTotals,
    /// What holds over all seeds of a variant; the base first.
    pub variants: Vec<VariantOutcome>,
    /// The situations that machines passed through in any run, by name.
    #[serde(default)]
    pub situations: Vec<SituationReached>,
    /// The runs, by variant and then by seed.
    pub runs: Vec<SimRun>,
}

/// A situation that was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SituationReached {
    /// Its name, as `[hunt]` writes it.
    pub name: String,
    /// The runs that reached it.
    pub runs: u64,
}

/// Sums over all runs of a simulation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SimTotals {
    /// Runs.
    pub runs: u64,
    /// Runs that failed.
    pub failed_runs: u64,
    /// Messages that users sent.
    pub sends: u64,
    /// Of these, how many were accepted.
    pub accepted: u64,
    /// Messages that devices other than their author's stored.
    pub deliveries: u64,
    /// Violations found, expected or not.
    pub violations: u64,
    /// Violations found by checkers that should have found none.
    pub violations_unexpected: u64,
    /// Simulated time, in seconds.
    pub simulated_s: f64,
    /// Processor time, in seconds.
    pub cpu_s: f64,
    /// Network envelopes in the traces.
    pub trace_envelopes: u64,
}

/// What must hold over all seeds of a variant, such as the exact set of violations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantOutcome {
    /// Its name; `base` for the scenario itself.
    pub name: String,
    /// The knobs and other keys that it changes, such as `accept = "on-receipt"` or
    /// `workload.users = 30`; empty for the base.
    pub changes: Vec<String>,
    /// What must hold.
    pub expectations: Vec<ExpectationOutcome>,
}

/// One run of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimRun {
    /// The variant; `base` for the scenario itself.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// Fails when a checker or an expectation of this run fails.
    pub verdict: Verdict,
    /// Messages that users sent.
    pub sends: u64,
    /// Of these, how many were accepted.
    pub accepted: u64,
    /// Of these, how many were refused for good. The rest were given up or not answered.
    pub failed: u64,
    /// Messages that devices other than their author's stored.
    pub deliveries: u64,
    /// Devices that took part.
    pub devices: u64,
    /// Channels in which something was sent.
    pub channels: u64,
    /// From send to apply on devices that were reachable throughout: the median, in milliseconds.
    pub deliver_p50_ms: Option<f64>,
    /// The same at the 99th percentile, in milliseconds.
    pub deliver_p99_ms: Option<f64>,
    /// From heal to apply on the other devices, at the 99th percentile, in milliseconds.
    pub recover_p99_ms: Option<f64>,
    /// What each checker found.
    pub checkers: Vec<CheckerOutcome>,
    /// What each fault did.
    pub faults: Vec<FaultOutcome>,
    /// What happened in each second.
    pub series: Series,
    /// What the scenario expects of each run, the violations excepted.
    pub expectations: Vec<ExpectationOutcome>,
    /// The violations, with what surrounds them.
    pub violations: Vec<ViolationReport>,
    /// When all faults were over, in simulated seconds.
    pub healed_at_s: Option<f64>,
    /// The situations that machines passed through, by name.
    #[serde(default)]
    pub situations: BTreeSet<String>,
    /// Simulated time, in seconds.
    pub simulated_s: f64,
    /// Processor time, in seconds.
    pub cpu_s: f64,
    /// Network envelopes in the trace.
    pub trace_envelopes: u64,
    /// The one command that makes this run again.
    pub reproduce: String,
}

/// What a checker found in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckerOutcome {
    /// The checker's name.
    pub name: String,
    /// How many cases it judged.
    pub judged: u64,
    /// How many violations it found.
    pub violations: u64,
    /// What the scenario expects of it.
    pub expected: Expected,
}

/// What a scenario expects of a checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// No violation, and at least one case judged.
    Holds,
    /// Violations in at least one seed; a single run may have none.
    Violated,
    /// No violation; it may judge nothing.
    NotApplicable,
}

/// What a fault did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultOutcome {
    /// Its number in the schedule.
    pub id: u32,
    /// Its kind, as scenarios name it.
    pub kind: String,
    /// What it struck, for people.
    pub target: String,
    /// When it began, in simulated seconds.
    pub from_s: f64,
    /// When it ended, in simulated seconds.
    pub until_s: f64,
    /// How much it did: messages dropped or held, connections cut, and so on.
    pub affected: u64,
}

/// What was expected, and what came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectationOutcome {
    /// What the expectation is about, such as `deliver_p99`.
    pub what: String,
    /// What was wanted.
    pub wanted: String,
    /// What came out.
    pub got: String,
    /// Whether that is what was wanted.
    pub met: bool,
}

/// What happened in each second of a run; index 0 is the first second.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Messages sent by users.
    pub sends: Vec<u64>,
    /// Sends accepted.
    pub accepted: Vec<u64>,
    /// Messages applied on devices.
    pub applied: Vec<u64>,
}

impl SimReport {
    /// Puts a report together: sums up, and judges by the runs and variants.
    #[must_use]
    pub fn new(
        scenario: String,
        file: String,
        engine: String,
        variants: Vec<VariantOutcome>,
        runs: Vec<SimRun>,
    ) -> Self {
        let failed = runs.iter().any(|run| run.verdict != Verdict::Pass)
            || variants.iter().flat_map(|variant| &variant.expectations).any(|one| !one.met);
        let verdict = if failed { Verdict::Fail } else { Verdict::Pass };
        let totals = SimTotals::of(&runs);
        let situations = SituationReached::of(&runs);
        Self { scenario, file, engine, verdict, totals, variants, situations, runs }
    }

    /// Why it failed, a sentence each; nothing when it passed.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let over_seeds = self.variants.iter().flat_map(|variant| {
            let missed = variant.expectations.iter().filter(|one| !one.met);
            missed.map(|one| format!("{}, over all seeds: {}", variant.name, one.sentence()))
        });
        let in_runs = self.runs.iter().flat_map(|run| {
            let name = format!("{}, seed {}", run.variant, run.seed);
            run.reasons().into_iter().map(move |reason| format!("{name}: {reason}"))
        });
        over_seeds.chain(in_runs).collect()
    }
}

impl SituationReached {
    fn of(runs: &[SimRun]) -> Vec<Self> {
        let mut counts = BTreeMap::<&String, u64>::new();
        for name in runs.iter().flat_map(|run| &run.situations) {
            *counts.entry(name).or_default() += 1;
        }
        counts.into_iter().map(|(name, runs)| Self { name: name.clone(), runs }).collect()
    }
}

impl SimTotals {
    fn of(runs: &[SimRun]) -> Self {
        let mut totals = Self::default();
        for run in runs {
            totals.runs += 1;
            totals.failed_runs += u64::from(run.verdict != Verdict::Pass);
            totals.sends += run.sends;
            totals.accepted += run.accepted;
            totals.deliveries += run.deliveries;
            for checker in &run.checkers {
                let is_expected = checker.expected == Expected::Violated;
                totals.violations += checker.violations;
                totals.violations_unexpected += if is_expected { 0 } else { checker.violations };
            }
            totals.simulated_s += run.simulated_s;
            totals.cpu_s += run.cpu_s;
            totals.trace_envelopes += run.trace_envelopes;
        }
        totals
    }
}

impl SimRun {
    /// Judges a run by its checkers and expectations; whoever builds it sets `verdict` to this.
    #[must_use]
    pub fn judge(&self) -> Verdict {
        if self.reasons().is_empty() { Verdict::Pass } else { Verdict::Fail }
    }

    /// Why it failed, a sentence each; nothing when it passed.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let checkers = self.checkers.iter().filter_map(CheckerOutcome::complaint);
        let missed = self.expectations.iter().filter(|one| !one.met);
        checkers.chain(missed.map(ExpectationOutcome::sentence)).collect()
    }

    /// The violations of checkers that should have found none.
    pub fn unexpected_violations(&self) -> impl Iterator<Item = &ViolationReport> {
        self.violations.iter().filter(|violation| {
            let checker = self.checkers.iter().find(|checker| checker.name == violation.checker);
            checker.is_none_or(|checker| checker.expected != Expected::Violated)
        })
    }
}

impl CheckerOutcome {
    /// What is wrong in this run, if anything is.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let Self { name, judged, violations, expected } = self;
        match expected {
            Expected::Violated => None,
            Expected::Holds if *judged == 0 && *violations == 0 => {
                Some(format!("{name} is undecided: it found nothing to judge"))
            }
            _ if *violations > 0 => Some(format!("{name} found {violations} in {judged} cases")),
            _ => None,
        }
    }
}

impl ExpectationOutcome {
    /// As a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("{}: wanted {}, came out {}", self.what, self.wanted, self.got)
    }
}

impl Series {
    /// Counts what happened in each second of a history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let mut seconds: BTreeMap<u64, [u64; 3]> = BTreeMap::new();
        let mut last = 0;
        for event in history.events() {
            let second = event.t_ns / 1_000_000_000;
            last = last.max(second);
            let column = match &event.body {
                EventBody::Send { r#type: EventType::Invoke, .. } => 0,
                EventBody::Send { r#type: EventType::Ok, .. } => 1,
                EventBody::Apply { .. } => 2,
                _ => continue,
            };
            seconds.entry(second).or_default()[column] += 1;
        }
        let column = |index: usize| {
            let count = |second| seconds.get(&second).map_or(0, |counts| counts[index]);
            if history.events().is_empty() { Vec::new() } else { (0..=last).map(count).collect() }
        };
        Self { sends: column(0), accepted: column(1), applied: column(2) }
    }
}
