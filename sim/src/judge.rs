//! The verdict on a run, and on all runs of a design against what its scenario expects.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_history::{
    EventBody, EventType, History,
    checkers::{self, Finding},
};
use hubbub_scenario::{Expect, Period, ViolationName};
use serde::{Deserialize, Serialize};

use crate::{
    faults::FaultEffect,
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
    /// What each fault did.
    pub effects: Vec<FaultEffect>,
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
    /// Messages that were refused for good.
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
    Judged {
        variant: setup.variant.clone(),
        seed: setup.seed,
        findings: checkers::check_all(&outcome.history),
        applicable: setup.applicable.clone(),
        times: DeliveryTimes::of(&outcome.history, setup),
        counts: Counts::of(&outcome.history, setup),
        effects: outcome.effects.clone(),
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
        what: "faults without effect".into(),
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
