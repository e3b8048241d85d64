//! The verdict on a run, and on all runs of a design against what its scenario expects.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::situation::Situations;
use hubbub_history::{
    self as history, EventBody, EventType, History,
    checkers::{Checker, Finding},
};
use hubbub_scenario::{Expect, Figure, FigureBound, Period, ViolationName};
use serde::{Deserialize, Serialize};

use crate::{
    faults::FaultEffect,
    figures::{Measured, figures},
    latency::{DeliveryTimes, Percentiles},
    outcome::Outcome,
    setup::Setup,
};

/// One run, judged by all checkers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The variant; empty for the base.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// What each checker found.
    pub findings: Vec<Finding>,
    /// The checkers that had to find something to judge.
    pub applicable: BTreeSet<ViolationName>,
    /// How long deliveries took.
    pub times: DeliveryTimes,
    /// What was done.
    pub counts: Counts,
    /// Everything that could be measured; what could not is left out.
    pub figures: BTreeMap<Figure, f64>,
    /// What each fault did.
    pub effects: Vec<FaultEffect>,
    /// What the machines passed through.
    pub situations: Situations,
    /// Simulated seconds.
    pub simulated_s: f64,
    /// Messages over the simulated network.
    pub envelopes: u64,
    /// Processor time, in seconds.
    pub cpu_s: f64,
}

/// What was done in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Devices that took part.
    pub devices: u64,
    /// Channels in which something was written.
    pub channels: u64,
    /// Messages that users sent.
    pub sends: u64,
    /// Messages that senders were told are accepted.
    pub accepted: u64,
    /// Messages that were refused for good, without those that were given up.
    pub failed: u64,
    /// Messages that devices other than their author's stored.
    pub delivered: u64,
    /// Connections that devices lost or could not open.
    pub detached: u64,
}

/// One expectation of a scenario, and what came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// What is expected, such as `violations`.
    pub what: String,
    /// What was wanted.
    pub wanted: String,
    /// What came out.
    pub got: String,
    /// Whether that is it.
    pub met: bool,
}

/// Judges one run.
#[must_use]
pub fn judge(setup: &Setup, outcome: &Outcome) -> Judged {
    judge_with(setup, outcome, &[])
}

/// As [`judge`], and by further checkers, whose findings come last.
#[must_use]
pub fn judge_with(setup: &Setup, outcome: &Outcome, further: &[&dyn Checker]) -> Judged {
    let (findings, counted) = history::judge_with(&outcome.history, further);
    let times = DeliveryTimes::of(&outcome.history, setup);
    let counts = Counts::of(&outcome.history, setup);
    let measured = Measured { history: &counted, times: &times, counts: &counts };
    Judged {
        variant: setup.variant.clone(),
        seed: setup.seed,
        findings,
        applicable: setup.applicable.clone(),
        figures: figures(setup, outcome, &measured),
        times,
        counts,
        effects: outcome.effects.clone(),
        situations: outcome.situations,
        simulated_s: outcome.simulated_s,
        envelopes: outcome.envelopes,
        cpu_s: outcome.cpu_s,
    }
}

impl Judged {
    /// The checkers that apply and found nothing to judge.
    #[must_use]
    pub fn undecided(&self) -> Vec<String> {
        let applies =
            |finding: &&Finding| self.applicable.iter().any(|it| it.as_str() == finding.checker);
        let undecided = self.findings.iter().filter(applies).filter(|finding| finding.undecided());
        undecided.map(|finding| finding.checker.clone()).collect()
    }
}

impl Counts {
    fn of(history: &History, setup: &Setup) -> Self {
        let mut counts = Self { devices: setup.population.device_count(), ..Self::default() };
        let mut channels = BTreeSet::new();
        let mut authors = BTreeMap::new();
        for event in history.events() {
            match &event.body {
                EventBody::Send { r#type: EventType::Invoke, body_hash, device, .. } => {
                    counts.sends += 1;
                    authors.insert(*body_hash, *device);
                }
                EventBody::Send { r#type: EventType::Ok, .. } => counts.accepted += 1,
                EventBody::Send { r#type: EventType::Fail, .. } => counts.failed += 1,
                EventBody::Apply { channel, device, body_hash, .. } => {
                    let author = authors.get(body_hash);
                    counts.delivered += u64::from(author.is_some_and(|author| author != device));
                    channels.insert(*channel);
                }
                EventBody::Session { attached: false, .. } => counts.detached += 1,
                _ => {}
            }
        }
        counts.channels = channels.len() as u64;
        counts
    }
}

/// Holds the runs of one design against what is expected of them all.
#[must_use]
pub fn expectations(expect: &Expect, runs: &[Judged]) -> Vec<Expectation> {
    let mut expectations = vec![violations(expect, runs)];
    let times = |pick: fn(&DeliveryTimes) -> &Percentiles| {
        runs.iter().map(|run| pick(&run.times)).collect::<Vec<_>>()
    };
    let deliver = expect.deliver_p99.map(|most| ("deliver_p99", most, times(|it| &it.deliver)));
    let recover = expect.recover_p99.map(|most| ("recover_p99", most, times(|it| &it.recover)));
    let wanted = [deliver, recover].into_iter().flatten();
    expectations.extend(wanted.map(|(what, most, times)| at_most(what, most, &times)));
    expectations.extend(bounds(expect).map(|bound| figure(&bound, runs)));
    expectations.push(decided(runs));
    if runs.iter().any(|run| !run.effects.is_empty()) && !expect.faults_may_miss {
        expectations.push(effects(runs));
    }
    expectations
}

/// The set of violations over all seeds must be exactly the expected one.
fn violations(expect: &Expect, runs: &[Judged]) -> Expectation {
    let wanted: BTreeSet<String> = expect.violations.iter().map(name).collect();
    let violated =
        runs.iter().flat_map(|run| &run.findings).filter(|finding| finding.is_violated());
    let got: BTreeSet<String> = violated.map(|finding| finding.checker.clone()).collect();
    let met = wanted == got;
    Expectation { what: "violations".into(), wanted: listed(&wanted), got: listed(&got), met }
}

/// Every checker that applies must have judged something, in every run.
fn decided(runs: &[Judged]) -> Expectation {
    let undecided: BTreeSet<String> = runs.iter().flat_map(Judged::undecided).collect();
    Expectation {
        what: "checkers that found nothing to judge and are not named by `not_applicable`".into(),
        wanted: "none".into(),
        got: listed(&undecided),
        met: undecided.is_empty(),
    }
}

/// The bounds on figures; those on flaps have names of their own.
fn bounds(expect: &Expect) -> impl Iterator<Item = FigureBound> + '_ {
    let count = |count: Option<u64>| count.map(|count| count as f64);
    let (at_least, at_most) = (count(expect.status_flaps_min), count(expect.status_flaps));
    let is_bound = at_least.is_some() || at_most.is_some();
    let flaps = FigureBound { figure: Figure::StatusFlaps, at_least, at_most };
    expect.figures.iter().copied().chain(is_bound.then_some(flaps))
}

/// The worst run decides: the largest figure of all is held against `at_most`, the smallest against
/// `at_least`, and a run that has none meets nothing.
fn figure(bound: &FigureBound, runs: &[Judged]) -> Expectation {
    let values: Vec<Option<f64>> =
        runs.iter().map(|run| run.figures.get(&bound.figure).copied()).collect();
    let met = !values.is_empty()
        && values.iter().all(|value| value.is_some_and(|value| bound.allows(value)));
    let known = || values.iter().copied().flatten();
    let got = match (known().reduce(f64::min), known().reduce(f64::max)) {
        _ if values.iter().any(Option::is_none) => "not measured".into(),
        (Some(least), Some(most)) if least == most => format!("{least}"),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => "not measured".into(),
    };
    Expectation { what: bound.figure.to_string(), wanted: bound.to_string(), got, met }
}

/// The worst of all runs; where there was nothing to measure, nothing is met.
fn at_most(what: &str, most: Period, times: &[&Percentiles]) -> Expectation {
    let measured = times.iter().filter(|times| times.count > 0);
    let worst_ms = measured.map(|times| times.p99_ms).reduce(f64::max);
    Expectation {
        what: what.to_owned(),
        wanted: format!("at most {most}"),
        got: worst_ms.map_or_else(|| "not measured".into(), |worst_ms| format!("{worst_ms:.1}ms")),
        met: worst_ms.is_some_and(|worst_ms| worst_ms <= most.0.as_secs_f64() * 1e3),
    }
}

/// A fault that did nothing tests nothing.
fn effects(runs: &[Judged]) -> Expectation {
    let idle: BTreeSet<String> = runs
        .iter()
        .flat_map(|run| &run.effects)
        .filter(|effect| effect.affected == 0)
        .map(|effect| format!("{} of {} at {}s", effect.kind, effect.target, effect.from_s))
        .collect();
    Expectation {
        what: "faults without effect, while `faults_may_miss` is not set".into(),
        wanted: "none".into(),
        got: listed(&idle),
        met: idle.is_empty(),
    }
}

fn name(name: &ViolationName) -> String {
    name.as_str().to_owned()
}

fn listed(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.iter().cloned().collect::<Vec<_>>().join(", ")
    }
}
