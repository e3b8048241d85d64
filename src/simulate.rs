//! Running all variants and seeds of a scenario, on all cores.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hubbub_history::{History, trace::Trace};
use hubbub_scenario::{Document, Engine, Resolved};
use hubbub_sim::{Judged, Outcome, Setup, fast, judge, on_all_cores};
use indicatif::ProgressBar;

use crate::{exit::Failure, interrupt::Interrupt};

/// What to simulate of a scenario.
pub(crate) struct Simulation<'run> {
    pub(crate) document: &'run Document,
    pub(crate) variants: Vec<Resolved>,
    pub(crate) seeds: Vec<u64>,
    pub(crate) engine: Engine,
    /// Whether to keep a trace of each run.
    pub(crate) traced: bool,
    /// Whether to keep the history of runs in which nothing was found.
    pub(crate) keep_histories: bool,
}

/// One run that was made.
pub(crate) struct Simulated {
    pub(crate) variant: usize,
    /// When all faults were over, in simulated seconds.
    pub(crate) healed_at_s: f64,
    pub(crate) judged: Judged,
    /// Kept when it is asked for or when there is something to explain.
    pub(crate) history: Option<History>,
    pub(crate) trace: Option<Trace>,
}

impl Simulation<'_> {
    /// How many runs that makes.
    pub(crate) fn count(&self) -> u64 {
        (self.variants.len() * self.seeds.len()) as u64
    }

    /// Makes the runs, in any order, and gives them by variant and then by seed. When the user
    /// interrupts, what was run so far.
    pub(crate) fn run(
        &self,
        bar: &ProgressBar,
        interrupt: &Interrupt,
    ) -> Result<Vec<Simulated>, Failure> {
        let jobs: Vec<(usize, u64)> = (0..self.variants.len())
            .flat_map(|variant| self.seeds.iter().map(move |seed| (variant, *seed)))
            .collect();
        let run = |(variant, seed): &(usize, u64)| {
            let result = self.run_one(*variant, *seed);
            bar.inc(1);
            result
        };
        on_all_cores(&jobs, || interrupt.is_set(), run).into_iter().collect()
    }

    fn run_one(&self, variant: usize, seed: u64) -> Result<Simulated, Failure> {
        let Resolved { name, design, scenario, .. } = &self.variants[variant];
        let hash = self.document.hash();
        let setup = Setup::new(scenario, &hash, name, design, seed).map_err(Failure::new)?;
        let outcome = self.simulate(&setup)?;
        let judged = judge(&setup, &outcome);
        let found = judged.findings.iter().any(|finding| finding.is_violated());
        let Outcome { history, mut trace, .. } = outcome;
        if let Some(trace) = &mut trace {
            trace.judge(&judged.findings);
        }
        let history = (self.keep_histories || found).then_some(history);
        let healed_at_s = setup.heal_at().as_secs_f64();
        Ok(Simulated { variant, healed_at_s, judged, history, trace })
    }

    fn simulate(&self, setup: &Setup) -> Result<Outcome, Failure> {
        match self.engine {
            Engine::Fast => {
                let run = AssertUnwindSafe(|| fast::run(setup, self.traced));
                catch_unwind(run).map_err(|_| {
                    let Setup { variant, seed, .. } = setup;
                    Failure::defect(format!("a machine panicked in {variant} with seed {seed}"))
                })
            }
            Engine::Full => simulate_full(setup, self.traced),
        }
    }
}

#[cfg(feature = "full")]
fn simulate_full(setup: &Setup, traced: bool) -> Result<Outcome, Failure> {
    hubbub_sim::full::run(setup, traced).map_err(|error| {
        let Setup { variant, seed, .. } = setup;
        Failure::defect(format!("{variant} with seed {seed}: {error}"))
    })
}

#[cfg(not(feature = "full"))]
fn simulate_full(_: &Setup, _: bool) -> Result<Outcome, Failure> {
    Err(Failure::new("this program was built without the full engine: use --engine fast"))
}
