//! Scenarios in tests: one design of a file, run with many seeds on the fast engine, and judged.
//!
//! ```no_run
//! use hubbub_sim::{Batch, BatchError};
//!
//! # fn main() -> Result<(), BatchError> {
//! Batch::read("tests/tunnel.toml")?.seeds(1..=50).run()?.assert_met();
//! # Ok(())
//! # }
//! ```

mod error;
mod outcome;
mod parallel;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use hubbub_history::{checkers::Checker, explain};
use hubbub_scenario::{BASE, Document, Engine, Resolved, Scenario};

pub use error::BatchError;
pub use outcome::{BatchOutcome, SeedRun};
pub use parallel::on_all_cores;

use crate::{custom::CustomFault, fast, judge::judge_with, outcome::Outcome, setup::Setup};

/// Violations that are explained for each checker of a run; the rest are counted.
const EXPLAINED_MAX: usize = 3;

type MakeFault<'run> = Box<dyn Fn() -> Box<dyn CustomFault> + Sync + 'run>;

/// What to run: a scenario, one of its variants, and seeds.
pub struct Batch<'run> {
    document: Document,
    variant: String,
    seeds: Vec<u64>,
    checkers: Vec<&'run dyn Checker>,
    faults: Vec<MakeFault<'run>>,
}

impl<'run> Batch<'run> {
    /// The base of a scenario, with the seeds that the file names, on the fast engine, whichever
    /// engine the file names.
    #[must_use]
    pub fn of(document: Document) -> Self {
        let seeds = document.scenario().run.seeds.clone();
        let (checkers, faults) = (Vec::new(), Vec::new());
        Self { document, variant: BASE.to_owned(), seeds, checkers, faults }
    }

    /// As [`Self::of`], from a file. Cargo runs tests in the folder of their package.
    ///
    /// # Errors
    /// When it cannot be read or is no scenario that can run.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, BatchError> {
        Ok(Self::of(Scenario::read(path)?))
    }

    /// These seeds instead of those in the file.
    #[must_use]
    pub fn seeds(self, seeds: impl IntoIterator<Item = u64>) -> Self {
        Self { seeds: seeds.into_iter().collect(), ..self }
    }

    /// This variant instead of the base.
    ///
    /// # Errors
    /// When the scenario has none of that name.
    pub fn variant(self, name: &str) -> Result<Self, BatchError> {
        let batch = Self { variant: name.to_owned(), ..self };
        batch.resolved()?;
        Ok(batch)
    }

    /// Changes a value of the file: `design.heartbeat=2s`.
    ///
    /// # Errors
    /// When there is no such key, or the scenario cannot run with it.
    pub fn set(mut self, change: &str) -> Result<Self, BatchError> {
        self.document.set(change)?;
        Ok(self)
    }

    /// Judges every run by a checker of one's own as well. What it finds is a violation that no
    /// scenario expects; where it [applies](Checker::applies) and judges nothing, the expectations
    /// are not met.
    #[must_use]
    pub fn checker(mut self, checker: &'run dyn Checker) -> Self {
        self.checkers.push(checker);
        self
    }

    /// Adds a fault of one's own to every run; `make` makes it for each.
    #[must_use]
    pub fn fault<F: CustomFault + 'static>(mut self, make: impl Fn() -> F + Sync + 'run) -> Self {
        self.faults.push(Box::new(move || Box::new(make())));
        self
    }

    /// Makes the runs on all cores. For the same batch it gives the same, by seed in the order in
    /// which they were named.
    ///
    /// # Errors
    /// When there are no seeds, or the scenario cannot be simulated on the fast engine. A machine
    /// that panics is no error but a run that is not as expected.
    pub fn run(&self) -> Result<BatchOutcome, BatchError> {
        self.document.check_engine(Engine::Fast)?;
        if self.seeds.is_empty() {
            return Err(BatchError::NoSeeds);
        }
        let (resolved, hash) = (self.resolved()?, self.document.hash());
        let runs =
            on_all_cores(&self.seeds, || false, |seed| self.run_seed(resolved, &hash, *seed));
        let runs = runs.into_iter().collect::<Result<_, _>>()?;
        Ok(BatchOutcome::new(self, resolved, runs))
    }

    fn run_seed(&self, resolved: &Resolved, hash: &str, seed: u64) -> Result<SeedRun, BatchError> {
        let Resolved { name, design, scenario, .. } = resolved;
        let setup = Setup::new(scenario, hash, name, design, seed)?;
        let faults = self.faults.iter().map(|make| make()).collect();
        let simulated = catch_unwind(AssertUnwindSafe(|| {
            let outcome = fast::run_with_faults(&setup, false, faults);
            self.judged(&setup, &outcome, seed)
        }));
        Ok(simulated.unwrap_or_else(|panic| SeedRun::panicked(seed, words_of(panic.as_ref()))))
    }

    fn judged(&self, setup: &Setup, outcome: &Outcome, seed: u64) -> SeedRun {
        let judged = judge_with(setup, outcome, &self.checkers);
        let findings = judged.findings.iter();
        let shown = findings.flat_map(|finding| finding.violations.iter().take(EXPLAINED_MAX));
        let explained = shown
            .map(|violation| {
                let lines = explain(&outcome.history, violation).lines();
                (violation.checker.clone(), lines.join("\n"))
            })
            .collect();
        SeedRun::judged(seed, judged, explained)
    }

    fn resolved(&self) -> Result<&Resolved, BatchError> {
        let variants = self.document.variants();
        let found = variants.iter().find(|variant| variant.name == self.variant);
        found.ok_or_else(|| BatchError::UnknownVariant {
            file: self.document.file_name().to_owned(),
            name: self.variant.clone(),
            known: variants.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without words").to_owned()
}
