//! Putting load on a real server, and repeating what could not be measured.

mod bar;
mod calibration;
mod child;

use std::sync::Arc;

use hubbub_history::checkers::{Finding, check_all};
use hubbub_loadgen::{
    HistoryHeader, LoadOrder, LoadOutcome, Outcome, Target, raise_file_limit, run_load,
};
use hubbub_report::{BundleWriter, Machine, Part, Verdict};
use hubbub_scenario::{Document, Kind, Load, Problem, Resolved};
use hubbub_service::net::{Net, RealNet};

pub(crate) use calibration::calibration;

use crate::{
    exit::{Failure, tell},
    interrupt::Interrupt,
};
use bar::Bar;
use child::ServerProcess;

/// What to measure.
pub(crate) struct Measurement<'run> {
    document: &'run Document,
    /// Whose load and design it is.
    variant: &'run Resolved,
    load: Load,
    pub(crate) seed: u64,
    /// Somebody else's server; `None` starts one.
    target: Option<Target>,
    /// What the server child needs to have the same design.
    set: Vec<String>,
}

/// What was measured.
pub(crate) struct Measured {
    pub(crate) outcome: LoadOutcome,
    /// What a reader should know: that the first window was invalid, what the checkers say.
    pub(crate) notes: Vec<String>,
    /// Whether a checker found something wrong in the history.
    pub(crate) is_violated: bool,
}

impl Measured {
    /// What came out, of the load and of its history.
    pub(crate) fn verdict(&self) -> Verdict {
        let measured = match self.outcome.result.verdict.outcome {
            Outcome::Pass => Verdict::Pass,
            Outcome::Fail => Verdict::Fail,
            Outcome::Invalid => Verdict::Invalid,
        };
        if self.is_violated { Verdict::Fail } else { measured }
    }

    /// Judges the history too: the ledger counts messages, the checkers know the rules.
    fn new(outcome: LoadOutcome, mut notes: Vec<String>) -> Self {
        let findings = match &outcome.history {
            // A run that was cut short left messages under way.
            Some(history) if !outcome.is_cut_short => check_all(history),
            _ => Vec::new(),
        };
        let named = |is: fn(&Finding) -> bool| -> Vec<String> {
            findings.iter().filter(|one| is(one)).map(|one| one.checker.clone()).collect()
        };
        let (violated, held) = (named(Finding::is_violated), named(Finding::holds));
        if !held.is_empty() {
            notes.push(format!("In the history of the load these hold: {}.", held.join(", ")));
        }
        if !violated.is_empty() {
            let text = violated.join(", ");
            notes.push(format!("IN THE HISTORY OF THE LOAD THESE ARE VIOLATED: {text}."));
        }
        Self { outcome, notes, is_violated: !violated.is_empty() }
    }
}

impl<'run> Measurement<'run> {
    /// What a variant's `[load]` section says.
    pub(crate) fn new(
        document: &'run Document,
        variant: &'run Resolved,
        seed: Option<u64>,
        target: Option<Target>,
        set: &[String],
    ) -> Result<Self, Failure> {
        let scenario = document.scenario();
        if !scenario.kinds().contains(&Kind::Measure) {
            let problem = Problem::new("", "the file has no [load]: there is nothing to measure")
                .advise("add a [load] section, or use `hubbub sim` or `hubbub plan`");
            return Err(document.refuse(problem).into());
        }
        let Some(load) = variant.scenario.load.clone() else {
            return Err(Failure::new("the file has no [load]"));
        };
        let seed = seed.or_else(|| scenario.run.seeds.first().copied()).unwrap_or(1);
        Ok(Self { document, variant, load, seed, target, set: set.to_vec() })
    }

    /// Measures; once more when the first window is invalid, since a busy machine is the usual
    /// reason and passes.
    pub(crate) fn measure(&self, interrupt: &Interrupt) -> Result<Measured, Failure> {
        let mut notes = Vec::new();
        let first = self.measure_once(interrupt)?;
        if first.result.verdict.outcome != Outcome::Invalid || interrupt.is_set() {
            return Ok(Measured::new(first, notes));
        }
        let reasons = sentences(&first);
        tell(format!("the measurement is invalid ({reasons}): measuring once more"));
        notes.push(format!("The first measurement was invalid and was repeated: {reasons}."));
        let outcome = self.measure_once(interrupt)?;
        Ok(Measured::new(outcome, notes))
    }

    fn measure_once(&self, interrupt: &Interrupt) -> Result<LoadOutcome, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(GENERATOR_THREADS)
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
        // Before the server starts, so that it inherits the raised limit.
        raise_file_limit(self.load.connections).map_err(Failure::new)?;
        let child = match &self.target {
            Some(_) => None,
            None => {
                let (file, variant) = (self.document.file_name(), &self.variant.name);
                Some(ServerProcess::start(file, variant, &self.set)?)
            }
        };
        let target = match (&self.target, &child) {
            (Some(target), _) => target.clone(),
            (None, Some(child)) => child.target(),
            (None, None) => return Err(Failure::new("there is no server to measure")),
        };
        let bar = Bar::new();
        let order = self.order(target);
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        let outcome = runtime.block_on(run_load(net, &order, &bar, interrupt.watch()));
        bar.finish();
        outcome.map_err(Failure::new)
    }

    fn order(&self, target: Target) -> LoadOrder {
        let scenario = self.document.scenario();
        LoadOrder {
            load: self.load.clone(),
            design: self.variant.design.clone(),
            target,
            seed: self.seed,
            connect_within: LoadOrder::CONNECT_WITHIN,
            history: Some(HistoryHeader {
                scenario: scenario.name.clone(),
                scenario_hash: self.document.hash(),
                variant: self.variant.name.clone(),
            }),
        }
    }
}

/// Why a measurement came out as it did.
pub(crate) fn sentences(outcome: &LoadOutcome) -> String {
    let reasons = outcome.result.verdict.reasons.iter();
    reasons.map(|reason| reason.text.trim_end_matches('.')).collect::<Vec<_>>().join("; ")
}

/// Threads of the generator. One is enough for tens of thousands of events a second, and leaves
/// the other cores to the server.
const GENERATOR_THREADS: usize = 1;

/// Writes the measurement's part of a bundle, and its unit costs.
pub(crate) fn write_measurement(
    writer: &BundleWriter,
    measured: &Measured,
    scope: &str,
) -> Result<(), Failure> {
    let outcome = &measured.outcome;
    writer.write_part(Part::Load, &outcome.result).map_err(Failure::new)?;
    writer.write_histograms("load", &outcome.interval_log).map_err(Failure::new)?;
    if let Some(history) = &outcome.history {
        writer.write_history("load", history).map_err(Failure::new)?;
    }
    let costs = calibration(&outcome.result, &Machine::of_this_host(), scope);
    writer.write_part(Part::Calibration, &costs).map_err(Failure::new)
}
