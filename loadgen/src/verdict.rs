//! Whether a run met its objective, and whether its numbers may be believed.

use serde::{Deserialize, Serialize};

use crate::{
    latency::{LatencySummary, Reading, readable},
    ledger::LedgerCounts,
    measurement::{Counts, Measured},
    series::Window,
};

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub outcome: Outcome,
    /// Why, in sentences with their figures; the ones that decide come first.
    pub reasons: Vec<Reason>,
}

/// What a run came to, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The objective was met and nothing went wrong.
    Pass,
    /// The objective was missed, or a message was.
    Fail,
    /// The measurement says nothing about the server.
    Invalid,
}

/// A sentence of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What it speaks for.
    pub kind: ReasonKind,
    /// The sentence.
    pub text: String,
}

/// What a reason speaks for, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The server broke a promise. That fails the run however badly it was measured.
    Violation,
    /// The measurement cannot be believed. That outweighs a missed objective.
    Invalid,
    /// The objective was missed.
    Missed,
    /// Worth knowing; it decides nothing.
    Remark,
}

/// What a verdict is judged from.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The longest acceptable delivery at the 99th percentile, in nanoseconds.
    pub objective_ns: u64,
    /// The window that was measured.
    pub window: Window,
    /// What happened within it.
    pub counts: Counts,
    /// The account of every send.
    pub ledger: LedgerCounts,
    /// How late the generator acted.
    pub schedule_lag: LatencySummary,
    /// From the intended time to each delivery.
    pub delivery: LatencySummary,
    /// Latencies below zero in any distribution.
    pub negative_latencies: u64,
    /// The generator's CPU over the window; `None` when it was not measured.
    pub generator: Option<GeneratorCpu>,
    /// Whether the run was ended before its time.
    pub is_cut_short: bool,
}

/// The generator's CPU over the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeneratorCpu {
    /// CPU seconds that it used.
    pub used_s: f64,
    /// Threads that it may compute on at once.
    pub threads: u32,
    /// Cores of the machine.
    pub machine_cores: u32,
}

/// From where on a run is invalid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VerdictLimits {
    /// Most schedule lag at the 99th percentile, as a share of the objective.
    pub lag_share: f64,
    /// Most difference between sends begun and sends scheduled, as a share of the latter.
    pub offered_miss_share: f64,
    /// Most of the generator's own CPU that it may use, as a share.
    pub cpu_share: f64,
    /// Fewest deliveries within the window: below a thousand the 99th percentile stands on fewer
    /// than ten of them.
    pub deliveries_min: u64,
    /// Shortest window, in nanoseconds.
    pub window_ns_min: u64,
}

impl Default for VerdictLimits {
    fn default() -> Self {
        Self {
            lag_share: 0.1,
            offered_miss_share: 0.01,
            cpu_share: 0.8,
            deliveries_min: 1_000,
            window_ns_min: 5_000_000_000,
        }
    }
}

/// Judges a run. A violation fails it in any case; else an invalid measurement says nothing,
/// whatever the objective; else a missed objective fails it.
#[must_use]
pub fn judge(evidence: &Evidence, limits: &VerdictLimits) -> Verdict {
    let mut reasons = violations(evidence);
    reasons.extend(cut_short(evidence));
    reasons.extend(schedule_lag(evidence, limits));
    reasons.extend(offered_rate(&evidence.counts, limits));
    reasons.extend(generator_cpu(evidence, limits));
    reasons.extend(negative_latency(evidence));
    reasons.extend(short_window(evidence, limits));
    reasons.extend(unsettled(&evidence.ledger));
    reasons.extend(objective(evidence));
    // Stable: within a kind the order above stays.
    reasons.sort_by_key(|reason| reason.kind);
    let outcome = match reasons.first().map(|reason| reason.kind) {
        Some(ReasonKind::Violation | ReasonKind::Missed) => Outcome::Fail,
        Some(ReasonKind::Invalid) => Outcome::Invalid,
        Some(ReasonKind::Remark) | None => Outcome::Pass,
    };
    Verdict { outcome, reasons }
}

impl Verdict {
    /// Whether the latencies and costs may be believed. A run that fails by a violation may be
    /// badly measured as well.
    #[must_use]
    pub fn is_measurement_valid(&self) -> bool {
        !self.reasons.iter().any(|reason| reason.kind == ReasonKind::Invalid)
    }
}

impl Evidence {
    /// The evidence of a run that is over.
    #[must_use]
    pub fn new(measured: &Measured, objective_ns: u64, generator: Option<GeneratorCpu>) -> Self {
        let histograms = &measured.histograms;
        let latencies = [
            &histograms.acceptance,
            &histograms.delivery,
            &histograms.last_recipient,
            &histograms.delivery_uncorrected,
        ];
        let negative = |latency: &crate::latency::Latency| latency.summary().negative;
        let negative_latencies = negative(&histograms.schedule_lag)
            + latencies.iter().map(|kinds| negative(&kinds.all())).sum::<u64>();
        Self {
            objective_ns,
            window: measured.window,
            counts: measured.counts.clone(),
            ledger: measured.ledger.clone(),
            schedule_lag: histograms.schedule_lag.summary(),
            delivery: histograms.delivery.all().summary(),
            negative_latencies,
            generator,
            is_cut_short: measured.is_cut_short,
        }
    }
}

fn reason(kind: ReasonKind, text: String) -> Reason {
    Reason { kind, text }
}

fn violations(evidence: &Evidence) -> Vec<Reason> {
    let (ledger, expected) = (&evidence.ledger, evidence.ledger.expected);
    // Nobody waited for the deliveries of a run that was cut short.
    let missing = if evidence.is_cut_short { 0 } else { ledger.missing };
    let found = [
        (missing, format!("of {expected} expected deliveries never came")),
        (ledger.duplicate, "deliveries came twice".into()),
        (ledger.reordered, "deliveries came out of order".into()),
        (ledger.unexpected, "deliveries went to devices that they were not for".into()),
        (ledger.unknown, "deliveries carried messages that nobody sent".into()),
    ];
    let violated = found.into_iter().filter(|(count, _)| *count > 0);
    violated
        .map(|(count, what)| reason(ReasonKind::Violation, format!("{count} {what}.")))
        .collect()
}

fn cut_short(evidence: &Evidence) -> Option<Reason> {
    let text = "The run was cut short: what it measured until then decides nothing.";
    evidence.is_cut_short.then(|| reason(ReasonKind::Invalid, text.into()))
}

fn schedule_lag(evidence: &Evidence, limits: &VerdictLimits) -> Option<Reason> {
    let limit_ns = (evidence.objective_ns as f64 * limits.lag_share) as u64;
    let lag = evidence.schedule_lag.p99;
    lag.exceeds(limit_ns).then(|| {
        let text = format!(
            "The generator acted {lag} late at p99; above {} ({} % of the objective) it measures itself.",
            readable(limit_ns),
            percent(limits.lag_share),
        );
        reason(ReasonKind::Invalid, text)
    })
}

fn offered_rate(counts: &Counts, limits: &VerdictLimits) -> Option<Reason> {
    let (scheduled, begun) = (counts.sends_scheduled, counts.sends_begun);
    let miss_share = scheduled.abs_diff(begun) as f64 / scheduled.max(1) as f64;
    (miss_share > limits.offered_miss_share).then(|| {
        let text = format!(
            "{begun} sends were begun within the window instead of {scheduled}: the offered rate was missed by {} %, more than {} %.",
            percent(miss_share),
            percent(limits.offered_miss_share),
        );
        reason(ReasonKind::Invalid, text)
    })
}

/// One thread can use one core at most; more threads than cores share the machine.
fn generator_cpu(evidence: &Evidence, limits: &VerdictLimits) -> Option<Reason> {
    let Some(cpu) = evidence.generator else {
        let text = "The generator's CPU was not measured: whether it was saturated shows in its lag alone.";
        return Some(reason(ReasonKind::Remark, text.into()));
    };
    let cores = cpu.threads.min(cpu.machine_cores).max(1);
    let share = cpu.used_s / (evidence.window.length_s() * f64::from(cores));
    (share > limits.cpu_share).then(|| {
        let of_what = match cores {
            1 => "the one core that it runs on".to_owned(),
            _ if cores == cpu.machine_cores => format!("the machine's {cores} cores"),
            _ => format!("the {cores} cores that it runs on"),
        };
        let text = format!(
            "The generator used {} % of {of_what}, more than {} %.",
            percent(share),
            percent(limits.cpu_share),
        );
        reason(ReasonKind::Invalid, text)
    })
}

fn negative_latency(evidence: &Evidence) -> Option<Reason> {
    let count = evidence.negative_latencies;
    (count > 0).then(|| {
        let text = format!("{count} latencies were below zero: the clocks cannot be trusted.");
        reason(ReasonKind::Invalid, text)
    })
}

fn short_window(evidence: &Evidence, limits: &VerdictLimits) -> Option<Reason> {
    let (deliveries, length_ns) = (evidence.delivery.samples, evidence.window.length_ns());
    let text = if length_ns < limits.window_ns_min {
        format!(
            "The window lasted {}, less than {}.",
            readable(length_ns),
            readable(limits.window_ns_min)
        )
    } else if deliveries < limits.deliveries_min {
        format!(
            "The window held {deliveries} deliveries, fewer than {}: too few for a p99.",
            limits.deliveries_min
        )
    } else {
        return None;
    };
    Some(reason(ReasonKind::Invalid, text))
}

fn unsettled(ledger: &LedgerCounts) -> Vec<Reason> {
    let (sends, refused, unanswered) = (ledger.sends, ledger.refused, ledger.unanswered);
    let first = ledger.first_refusal.as_ref();
    let why = first.map_or_else(String::new, |why| format!(", the first as {why}"));
    let found = [
        (refused, format!("{refused} of {sends} sends were refused{why}.")),
        (unanswered, format!("{unanswered} of {sends} sends were never answered.")),
    ];
    let counted = found.into_iter().filter(|(count, _)| *count > 0);
    counted.map(|(_, text)| reason(ReasonKind::Missed, text)).collect()
}

fn objective(evidence: &Evidence) -> Option<Reason> {
    let (p99, limit_ns) = (evidence.delivery.p99, evidence.objective_ns);
    let text = match p99 {
        _ if !p99.exceeds(limit_ns) => return None,
        Reading::Missing => format!(
            "{} of {} deliveries never came, so the p99 has no end; the objective is {}.",
            evidence.delivery.missing,
            evidence.delivery.samples,
            readable(limit_ns)
        ),
        _ => format!(
            "Delivery took {p99} at p99, more than the objective of {}.",
            readable(limit_ns)
        ),
    };
    Some(reason(ReasonKind::Missed, text))
}

/// A share as a percentage with at most one decimal.
fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    text.trim_end_matches(".0").to_owned()
}
