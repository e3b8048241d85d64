//! Shrinking: a smaller case that fails in the same way.

mod cluster;
mod faults;
mod workload;

use std::time::Duration;

use hubbub_scenario::{Run, Scenario};

use super::Case;

/// Runs that make a failure small enough to understand, and take some seconds at most.
pub const SHRINK_RUNS_MAX: u32 = 600;
/// How many other seeds are tried where a change makes everything be drawn anew: a few at first, and
/// more once nothing gets smaller with those.
const OTHER_SEEDS: [u64; 2] = [3, 15];

/// What shrinking came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The smallest case that was found to fail.
    pub case: Case,
    /// How large it was.
    pub before: Size,
    /// How large it is.
    pub after: Size,
    /// Runs that it took.
    pub runs: u32,
    /// Whether somebody ended it before nothing got smaller any more.
    pub interrupted: bool,
}

impl Shrunk {
    /// A case that nobody has made small yet.
    #[must_use]
    pub fn not_yet(case: &Case) -> Self {
        let size = Size::of(case);
        Self { case: case.clone(), before: size, after: size, runs: 0, interrupted: true }
    }
}

/// How large a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Faults of the schedule.
    pub faults: usize,
    /// Users.
    pub users: u32,
    /// Hosts, without those of devices.
    pub servers: usize,
    /// How long they last, all together.
    pub faulty: Duration,
    /// How long users send.
    pub duration: Duration,
}

impl Size {
    /// How large a case is.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        let Scenario { cluster, workload, faults, .. } = &case.scenario;
        let workload = workload.as_ref();
        Self {
            faults: faults.len(),
            faulty: faults.iter().map(|fault| fault.r#for.0).sum(),
            users: workload.map_or(0, |workload| workload.users),
            servers: cluster.hosts().len() - cluster.devices as usize,
            duration: workload.map_or(Duration::ZERO, |workload| workload.duration.0),
        }
    }
}

/// Looks for the smallest case that still fails, within so many runs: first fewer faults, then less
/// of a workload, a smaller cluster and fewer knobs turned, then shorter and earlier faults, and all
/// of it again until nothing gets smaller, with more seeds in the end. Every candidate can run
/// ([`Scenario::problems`]).
///
/// What comes out follows from the case and from what `still_fails` says, which is asked for each
/// candidate and decides what "the same way" is. Where it says no to everything, the case comes
/// back as it was. `goes_on` is asked before each run: once it says no, the case stays as small as it
/// is by then.
pub fn shrink(
    case: &Case,
    runs_max: u32,
    goes_on: &dyn Fn() -> bool,
    still_fails: &mut dyn FnMut(&Case) -> bool,
) -> Shrunk {
    let best = case.clone();
    let (runs, other_seeds, interrupted) = (0, 0, false);
    let mut search =
        Search { best, runs, runs_max, other_seeds, interrupted, goes_on, still_fails };
    for other_seeds in OTHER_SEEDS {
        search.other_seeds = other_seeds;
        while search.gets_smaller() {}
    }
    let Search { best, runs, interrupted, .. } = search;
    Shrunk { before: Size::of(case), after: Size::of(&best), case: best, runs, interrupted }
}

/// Which seeds a candidate is tried with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seeds {
    /// The one that failed.
    Same,
    /// That one and a few others: the change makes the same seed draw something else anyway.
    Others,
}

struct Search<'run> {
    best: Case,
    runs: u32,
    runs_max: u32,
    /// How many others are tried with [`Seeds::Others`].
    other_seeds: u64,
    interrupted: bool,
    goes_on: &'run dyn Fn() -> bool,
    still_fails: &'run mut dyn FnMut(&Case) -> bool,
}

impl Search<'_> {
    /// Tries everything once; false when nothing of it helped.
    fn gets_smaller(&mut self) -> bool {
        let before = self.best.clone();
        self.fewer_faults();
        self.less_workload();
        self.smaller_cluster();
        self.fewer_knobs();
        self.shorter_faults();
        self.earlier_faults();
        self.shorter();
        self.rounder_faults();
        self.best != before
    }

    /// Takes a changed scenario for the best one when it can run and still fails.
    fn takes(&mut self, seeds: Seeds, change: impl FnOnce(&mut Scenario)) -> bool {
        let mut scenario = self.best.scenario.clone();
        change(&mut scenario);
        if scenario == self.best.scenario || !scenario.problems().is_empty() {
            return false;
        }
        let same = self.best.seed;
        let others = if seeds == Seeds::Same { 0 } else { self.other_seeds };
        let others = (1..=others).filter(|seed| *seed != same);
        for seed in std::iter::once(same).chain(others) {
            if self.interrupted || self.runs == self.runs_max {
                return false;
            }
            self.interrupted = !(self.goes_on)();
            if self.interrupted {
                return false;
            }
            self.runs += 1;
            let run = Run { seeds: vec![seed], ..scenario.run.clone() };
            let case = Case { scenario: Scenario { run, ..scenario.clone() }, seed };
            if (self.still_fails)(&case) {
                self.best = case;
                return true;
            }
        }
        false
    }

    /// Turns knobs back to what they are by default, all at once or one by one.
    fn fewer_knobs(&mut self) {
        let default = hubbub_chat::Design::default();
        if self.takes(Seeds::Same, |scenario| scenario.design = default) {
            return;
        }
        for knob in self.best.scenario.turned_knobs() {
            self.takes(Seeds::Others, |scenario| {
                if let Some(changed) = scenario.with_default_knob(&knob) {
                    *scenario = changed;
                }
            });
        }
    }
}
