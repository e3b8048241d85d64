//! One scenario with one seed, and what came of running it.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use hubbub_chat::situation::Situations;
use hubbub_scenario::{FaultKind, Problem, Scenario};

use super::{PANIC, Panic, draw};
use crate::{
    fast,
    judge::{Judged, judge},
    outcome::Outcome,
    setup::{Setup, SetupError},
};

/// A run of the fast engine: a scenario with an explicit schedule, and a seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The scenario; of its seeds and variants nothing is used.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
}

/// What came of a case.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The checkers that found something that the scenario does not expect; [`PANIC`] when a machine
    /// panicked.
    pub violated: BTreeSet<String>,
    /// What came out and the verdict on it; `None` when a machine panicked.
    pub run: Option<(Outcome, Judged)>,
    /// The panic, when a machine panicked.
    pub panic: Option<Panic>,
}

impl Case {
    /// The case that a seed draws from a scenario with a hunt.
    ///
    /// # Errors
    /// As [`draw`].
    pub fn drawn(scenario: &Scenario, seed: u64) -> Result<Self, Problem> {
        Ok(Self { scenario: draw(scenario, seed)?, seed })
    }

    /// Runs it on the fast engine. A panic of a machine is what came of it, and no panic of the
    /// caller's; what the panic hook prints is the caller's to silence.
    ///
    /// # Errors
    /// When the scenario has no workload or a fault has no target: one without
    /// [`Scenario::problems`] has both.
    pub fn run(&self) -> Result<Ran, SetupError> {
        let design = &self.scenario.design;
        let setup = Setup::new(&self.scenario, "", hubbub_scenario::BASE, design, self.seed)?;
        let run = catch_unwind(AssertUnwindSafe(|| {
            let outcome = fast::run(&setup, false);
            let judged = judge(&setup, &outcome);
            (outcome, judged)
        }));
        Ok(match run {
            Ok(run) => Ran { violated: self.unexpected(&run.1), run: Some(run), panic: None },
            Err(carried) => Ran {
                violated: BTreeSet::from([PANIC.to_owned()]),
                run: None,
                panic: Some(Panic::caught(carried.as_ref())),
            },
        })
    }

    /// The kinds of fault of its schedule.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<FaultKind> {
        self.scenario.faults.iter().map(|fault| fault.kind).collect()
    }

    fn unexpected(&self, judged: &Judged) -> BTreeSet<String> {
        let expected = &self.scenario.expect.violations;
        let violated = judged.findings.iter().filter(|finding| finding.is_violated());
        violated
            .filter(|finding| !expected.iter().any(|name| name.as_str() == finding.checker))
            .map(|finding| finding.checker.clone())
            .collect()
    }
}

impl Ran {
    /// Whether something was found that the scenario does not expect.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.violated.is_empty()
    }

    /// The situations that the run reached.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.run.as_ref().map(|(_, judged)| judged.situations).unwrap_or_default()
    }
}
