//! Hunting on all cores: runs the cases of many seeds, and makes small what fails.

mod kept;

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hubbub_chat::situation::Situations;
use hubbub_scenario::{Problem, Scenario};
use hubbub_sim::{
    SetupError,
    hunt::{Case, PANIC, Ran, SHRINK_RUNS_MAX, Shape, Shrunk, shrink},
};
use indicatif::ProgressBar;

use crate::{exit::tell, interrupt::Interrupt};
use kept::Kept;

/// Threads of a hunt have this name: a panic of theirs is a finding, and says nothing by itself.
const THREAD: &str = "hunt";

/// What to hunt.
pub(crate) struct Hunt<'run> {
    pub(crate) scenario: &'run Scenario,
    /// When to begin no more seeds.
    pub(crate) until: Option<Instant>,
    /// Whether to go on after the first failure.
    pub(crate) collect: bool,
    pub(crate) interrupt: &'run Interrupt,
    pub(crate) bar: &'run ProgressBar,
}

/// What came of a hunt.
pub(crate) struct Hunted {
    /// Seeds that were run.
    pub(crate) seeds: u64,
    /// Seeds that failed.
    pub(crate) failed: u64,
    /// How long the seeds took, on all cores.
    pub(crate) took: Duration,
    pub(crate) situations: Situations,
    /// Distinct failures, by the seed that was first to find each.
    pub(crate) found: Vec<Found>,
}

/// A failure, made small.
pub(crate) struct Found {
    /// The seed that drew it.
    pub(crate) seed: u64,
    /// The checker that is violated before and after it was made small.
    pub(crate) checker: String,
    pub(crate) shrunk: Shrunk,
    /// What comes of the small case.
    pub(crate) ran: Ran,
    /// How many of the failures that were made small came to the same.
    pub(crate) times: u64,
}

/// Why a hunt cannot be.
#[derive(Debug)]
pub(crate) enum HuntError {
    /// What a seed drew is no scenario that can run.
    Draw(Problem),
    /// A case has nothing to run, or strikes what is not there.
    Setup(SetupError),
}

impl From<SetupError> for HuntError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

/// What the threads share.
struct Shared<I> {
    seeds: I,
    run: u64,
    situations: Situations,
    kept: Kept,
    error: Option<HuntError>,
    began: Instant,
}

impl Hunt<'_> {
    /// Runs the seeds in their order until there are no more, time is up, somebody interrupts, or the
    /// first has failed and no more are wanted; then makes the failures small. Which failures are
    /// found follows from the seeds that were run, not from the number of threads.
    pub(crate) fn run(&self, seeds: impl Iterator<Item = u64> + Send) -> Result<Hunted, HuntError> {
        keep_quiet();
        let shared = Mutex::new(Shared {
            seeds,
            run: 0,
            situations: Situations::default(),
            kept: Kept::default(),
            error: None,
            began: Instant::now(),
        });
        on_all_cores(|| while self.run_next(&shared) {});
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let took = shared.began.elapsed();
        if let Some(error) = shared.error {
            return Err(error);
        }
        let failed = shared.kept.failed;
        let most = if self.collect { usize::MAX } else { 1 };
        let found = self.shrink_all(shared.kept.lowest(most))?;
        let (seeds, situations) = (shared.run, shared.situations);
        Ok(Hunted { seeds, failed, took, situations, found })
    }

    /// Takes the next seed and runs it; false when there is none to run.
    fn run_next<I: Iterator<Item = u64>>(&self, shared: &Mutex<Shared<I>>) -> bool {
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        if self.interrupt.is_set() || self.until.is_some_and(|until| Instant::now() >= until) {
            return false;
        }
        let seed = {
            let mut shared = lock();
            let is_over = shared.error.is_some() || (shared.kept.failed > 0 && !self.collect);
            match shared.seeds.next().filter(|_| !is_over) {
                Some(seed) => seed,
                None => return false,
            }
        };
        let result = run_one(self.scenario, seed);
        let mut shared = lock();
        match result {
            Ok((case, ran)) => {
                shared.run += 1;
                shared.situations.add(ran.situations());
                if ran.failed() && shared.kept.keep(case, &ran) {
                    let violated: Vec<&str> = ran.violated.iter().map(String::as_str).collect();
                    self.bar
                        .suspend(|| tell(format!("seed {seed} fails: {}", violated.join(", "))));
                }
            }
            Err(error) => shared.error = Some(error),
        }
        self.tell_progress(&shared);
        true
    }

    fn tell_progress<I>(&self, shared: &Shared<I>) {
        let rate = shared.run as f64 / shared.began.elapsed().as_secs_f64().max(1e-3);
        let reached = shared.situations.iter().count();
        let all = hubbub_chat::situation::Situation::ALL.len();
        let failed = shared.kept.failed;
        self.bar.set_position(shared.run);
        self.bar.set_message(format!(
            "{rate:.0} seeds/s, {failed} failed, {reached} of {all} situations"
        ));
    }

    /// Makes all failures small, and keeps one of each shape.
    fn shrink_all(&self, cases: Vec<(Case, String)>) -> Result<Vec<Found>, HuntError> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        self.bar.set_message("making what was found small");
        on_all_cores(|| {
            while let Some((case, checker)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let found = self.shrink_one(case, checker);
                done.lock().unwrap_or_else(PoisonError::into_inner).push(found);
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut small = done.into_iter().collect::<Result<Vec<Found>, _>>()?;
        small.sort_by_key(|found| found.seed);
        let mut distinct: Vec<(Shape, Found)> = Vec::new();
        for found in small {
            let shape = Shape::of(&found.shrunk.case, &found.ran);
            match distinct.iter_mut().find(|(other, _)| *other == shape) {
                Some((_, first)) => first.times += 1,
                None => distinct.push((shape, found)),
            }
        }
        Ok(distinct.into_iter().map(|(_, found)| found).collect())
    }

    fn shrink_one(&self, case: &Case, checker: &str) -> Result<Found, HuntError> {
        // Who interrupts wants what was found, as small as it is by then.
        let shrunk = shrink(case, SHRINK_RUNS_MAX, &mut |case| {
            !self.interrupt.is_set() && case.run().is_ok_and(|ran| ran.violated.contains(checker))
        });
        let ran = shrunk.case.run()?;
        Ok(Found { seed: case.seed, checker: checker.to_owned(), shrunk, ran, times: 1 })
    }
}

fn run_one(scenario: &Scenario, seed: u64) -> Result<(Case, Ran), HuntError> {
    let case = Case::drawn(scenario, seed).map_err(HuntError::Draw)?;
    let ran = case.run()?;
    Ok((case, ran))
}

/// A panic is a finding of the hunt, with what was said; nothing else is written of it.
pub(crate) fn keep_quiet() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(THREAD) {
            before(panic);
        }
    }));
}

pub(crate) fn on_all_cores(work: impl Fn() + Sync) {
    let count = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..count {
            let builder = std::thread::Builder::new().name(THREAD.to_owned());
            if builder.spawn_scoped(scope, &work).is_err() {
                // Without a thread of its own the work is done by those that there are.
                work();
            }
        }
    });
}

/// The checker that a failure is made small for: the first of those that are violated, in the order
/// in which checkers are listed.
fn first_of(ran: &Ran) -> Option<String> {
    let listed = hubbub_scenario::ViolationName::ALL.iter().map(|name| name.as_str());
    std::iter::once(PANIC)
        .chain(listed)
        .find(|name| ran.violated.contains(*name))
        .map(str::to_owned)
}
