//! Hunting on all cores: runs the cases of many seeds, and makes small what fails.

mod kept;
mod pulse;

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
    hunt::{Case, Failure, Ran, SHRINK_RUNS_MAX, Shape, Shrunk, note_panic, shrink},
};
use indicatif::ProgressBar;

use crate::interrupt::Interrupt;
use kept::Kept;
use pulse::Pulse;

/// Threads of a hunt have this name: a panic of theirs is a finding, and says nothing by itself.
const THREAD: &str = "hunt";

/// What to hunt.
pub(crate) struct Hunt<'run> {
    pub(crate) scenario: &'run Scenario,
    /// What runs a case.
    pub(crate) run: fn(&Case) -> Result<Ran, SetupError>,
    /// When to begin no more seeds.
    pub(crate) until: Option<Instant>,
    /// Whether to go on after the first failure.
    pub(crate) collect: bool,
    pub(crate) interrupt: &'run Interrupt,
    pub(crate) bar: &'run ProgressBar,
    /// Takes lines for people.
    pub(crate) say: &'run (dyn Fn(&str) + Sync),
    /// How often a line says how far it is where nobody sees the bar.
    pub(crate) say_every: Duration,
    /// Takes the first failures that violate their checkers, as they were drawn and as soon as they are
    /// found: whoever is killed has these.
    pub(crate) keep_large: &'run (dyn Fn(&Case, &Failure, &Ran) + Sync),
}

/// What came of a hunt.
pub(crate) struct Hunted {
    /// Seeds that were run.
    pub(crate) seeds: u64,
    /// Seeds that failed.
    pub(crate) failed: u64,
    /// Failed seeds that were made small.
    pub(crate) made_small: u64,
    /// How long the seeds took, on all cores.
    pub(crate) took: Duration,
    pub(crate) situations: Situations,
    /// Distinct failures, by the seed that was first to find each. Of those that nobody had the time to
    /// make small there is one for each way to fail that nothing small may be.
    pub(crate) found: Vec<Found>,
}

/// A failure, made small.
pub(crate) struct Found {
    /// The seed that drew it.
    pub(crate) seed: u64,
    /// The way in which it fails before and after it was made small.
    pub(crate) failure: Failure,
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
    pulse: Pulse,
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
            pulse: Pulse::new(self.say_every, Instant::now()),
        });
        on_hunting_threads(|| while self.run_next(&shared) {});
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let took = shared.began.elapsed();
        if let Some(error) = shared.error {
            return Err(error);
        }
        let failed = shared.kept.failed;
        let small = self.shrink_kept(shared.kept, &shared.pulse)?;
        let made_small = small.iter().filter(|(_, found)| !found.shrunk.interrupted).count() as u64;
        let found = distinct(small);
        let (seeds, situations) = (shared.run, shared.situations);
        Ok(Hunted { seeds, failed, made_small, took, situations, found })
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
        let result = self.run_one(seed);
        let mut shared = lock();
        match result {
            Ok((case, ran)) => {
                shared.run += 1;
                shared.situations.add(ran.situations());
                if let Some(failure) = ran.failure()
                    && shared.kept.keep(&case, &ran)
                {
                    (self.keep_large)(&case, &failure, &ran);
                    let violated: Vec<&str> = ran.violated.iter().map(String::as_str).collect();
                    self.say(&format!("seed {seed} fails: {}", violated.join(", ")));
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
        let message = format!("{rate:.0} seeds/s, {failed} failed, {reached} of {all} situations");
        self.say_now_and_then(&shared.pulse, || format!("{} seeds, {message}", shared.run));
        self.bar.set_position(shared.run);
        self.bar.set_message(message);
    }

    /// Says how far it is, where nobody sees the bar.
    fn say_now_and_then(&self, pulse: &Pulse, line: impl FnOnce() -> String) {
        if self.bar.is_hidden() && pulse.beats(Instant::now()) {
            self.say(&line());
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| (self.say)(line));
    }

    fn run_one(&self, seed: u64) -> Result<(Case, Ran), HuntError> {
        let case = Case::drawn(self.scenario, seed).map_err(HuntError::Draw)?;
        let ran = (self.run)(&case)?;
        Ok((case, ran))
    }

    /// Makes failures small, each of them another one as far as can be seen before: all that are
    /// wanted, by their seeds.
    fn shrink_kept(&self, mut kept: Kept, pulse: &Pulse) -> Result<Vec<(Shape, Found)>, HuntError> {
        self.bar.set_message("making what was found small");
        if !self.collect {
            return self.shrink_all(&kept.lowest(), pulse);
        }
        let (mut small, mut shapes) = (Vec::new(), Vec::new());
        loop {
            let interrupted = self.interrupt.is_set();
            let next = if interrupted { kept.unseen() } else { kept.next(&shapes) };
            if next.is_empty() {
                break;
            }
            let found = self.shrink_all(&next, pulse)?;
            shapes.extend(found.iter().map(|(shape, _)| shape.clone()));
            small.extend(found);
        }
        small.sort_by_key(|(_, found)| found.seed);
        Ok(small)
    }

    fn shrink_all(
        &self,
        seeds: &[(u64, Failure)],
        pulse: &Pulse,
    ) -> Result<Vec<(Shape, Found)>, HuntError> {
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        on_hunting_threads(|| {
            while let Some((seed, failure)) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                let found = self.shrink_one(*seed, failure);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push(found);
                self.say_now_and_then(pulse, || {
                    format!("made {} of the next {} failures small", done.len(), seeds.len())
                });
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
    }

    fn shrink_one(&self, seed: u64, failure: &Failure) -> Result<(Shape, Found), HuntError> {
        let case = Case::drawn(self.scenario, seed).map_err(HuntError::Draw)?;
        // Who interrupts wants what was found, as small as it is by then.
        let goes_on = || !self.interrupt.is_set();
        let shrunk = shrink(&case, SHRINK_RUNS_MAX, &goes_on, &mut |case| {
            (self.run)(case).is_ok_and(|ran| ran.fails_by(failure))
        });
        let ran = (self.run)(&shrunk.case)?;
        let shape = Shape::of(&shrunk.case, &ran);
        Ok((shape, Found { seed, failure: failure.clone(), shrunk, ran, times: 1 }))
    }
}

/// One of each shape, and of what is not small one for each way to fail that has no small one.
fn distinct(found: Vec<(Shape, Found)>) -> Vec<Found> {
    let mut distinct: Vec<(Shape, Found)> = Vec::new();
    let (large, small): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, found)| found.shrunk.interrupted);
    for (shape, found) in small {
        match distinct.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, first)) => first.times += 1,
            None => distinct.push((shape, found)),
        }
    }
    for (shape, found) in large {
        let is_known = |(other, first): &(Shape, Found)| {
            let fails_alike = (&other.violated, &other.panic) == (&shape.violated, &shape.panic);
            other.may_be(&found.failure, &shape.faults) || (first.shrunk.interrupted && fails_alike)
        };
        if !distinct.iter().any(is_known) {
            distinct.push((shape, found));
        }
    }
    distinct.sort_by_key(|(_, found)| found.seed);
    distinct.into_iter().map(|(_, found)| found).collect()
}

/// A panic is a finding of the hunt, with what was said and where; nothing else is written of it.
pub(crate) fn keep_quiet() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match std::thread::current().name() {
        Some(THREAD) => note_panic(panic),
        _ => before(panic),
    }));
}

pub(crate) fn on_hunting_threads(work: impl Fn() + Sync) {
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

#[cfg(test)]
mod tests;
