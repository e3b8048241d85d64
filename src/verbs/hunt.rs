//! `hubbub hunt`: schedules of faults that nobody thought of.

mod folder;
mod report;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use hubbub_chat::{situation::Situation, units};
use hubbub_scenario::{BASE, Document, Kind, Problem, Scenario};
use hubbub_sim::hunt::{Case, Failure as Failed, Ran, Reproduction, Shrunk, draw};
use indicatif::ProgressBar;

use crate::{
    exit::{Exit, Failure, print, tell},
    format::{Format, print_json},
    hunting::{Hunt as Hunting, HuntError, Hunted},
    interrupt::Interrupt,
    progress,
    scenario_file::{Overrides, Share, parse_share, read, variant},
};
use folder::Folder;
use report::{FoundReport, HuntReport};

/// How long a hunt lasts when nothing is said.
const LASTS: Duration = Duration::from_secs(60);
/// How often a line says how far a hunt is where there is no terminal: a log of an hour stays short,
/// and nobody takes the hunt for stuck.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// Search for schedules of faults under which a scenario fails, and make what is found small
///
/// Each seed draws one value for each key that [hunt] of the file may vary, and a schedule of faults
/// beside those of the file; without [hunt] it draws faults of every kind. All run on the fast engine.
/// What fails is made small and written as a scenario file, which fails in the same way.
///
/// With --collect that begins after the last seed. Until it is done, the first failure of each kind is in
/// the folder as it was drawn, repro-CHECKER-SEED-large.toml: a hunt that is killed leaves these. After
/// Ctrl-C, or SIGTERM, what was found is written as small as it is by then.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub hunt scenarios/hunt/messages.toml --for 60s
  hubbub hunt scenarios/hunt/messages.toml --seeds 500
  hubbub hunt scenarios/hunt/messages.toml --seeds 1..10000 --partition 2/4 --collect
  hubbub hunt scenarios/hunt/messages.toml --set design.accept=on-receipt

What was found, again and as a page:
  hubbub sim out/messages-hunt/repro-accepted-lost-7.toml --trace found.trace
  hubbub view found.trace")]
pub(crate) struct Hunt {
    /// The scenario file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Begin no more seeds after this time; 60s when neither this nor --seeds is given
    #[arg(long = "for", value_name = "TIME", value_parser = units::parse_duration, conflicts_with = "seeds")]
    lasts: Option<Duration>,
    /// So many seeds, from --first-seed on; or 1..50, both ends included
    #[arg(long, value_name = "N|A..B", value_parser = parse_hunted_seeds)]
    seeds: Option<HuntedSeeds>,
    /// The first seed, 1 when it is not given; a range in --seeds says it itself
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    first_seed: Option<u64>,
    /// Go on after the first failure, and give one of each shape
    #[arg(long)]
    collect: bool,
    /// Run one part of the seeds, such as 2/4 on the second of four machines
    #[arg(long, value_name = "I/N", value_parser = parse_share)]
    partition: Option<Share>,
    /// Hunt this variant instead of the file without variants
    #[arg(long, value_name = "NAME", default_value = BASE)]
    variant: String,
    #[command(flatten)]
    overrides: Overrides,
    /// Where scenario files of failures are written; out/NAME-hunt when it is not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// What `--seeds` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HuntedSeeds {
    Count(u64),
    Range(u64, u64),
}

impl Hunt {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let document = read(&self.file, &self.overrides)?;
        let scenario = self.scenario(&document)?;
        let refused = |problem| Failure::from(document.refuse(problem));
        let Some(first) = self.seeds()?.next() else { return Err(self.without_seeds()) };
        draw(&scenario, first).map_err(refused)?;
        let folder = self.folder(&scenario)?;

        let interrupt = Interrupt::listen();
        let bar = self.bar()?;
        let hunting = Hunting {
            scenario: &scenario,
            run: Case::run,
            until: self.until(),
            collect: self.collect,
            interrupt: &interrupt,
            bar: &bar,
            say: &|line| tell(line),
            say_every: SAY_EVERY,
            keep_large: &|case, failure, ran| {
                keep_large(&folder, &scenario.name, case, failure, ran)
            },
        };
        let hunted = hunting.run(self.seeds()?).map_err(|error| match error {
            HuntError::Draw(problem) => document.refuse(problem).into(),
            HuntError::Setup(error) => Failure::new(error),
        })?;
        bar.finish_and_clear();
        let interrupted = interrupt.is_set();
        if hunted.seeds == 0 && !interrupted {
            return Err(Failure::new("no seed was run within --for: give it more time"));
        }
        let found = hunted.found.iter();
        let found = found.map(|found| FoundReport::write(&folder, &scenario.name, found));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        let report = self.report(&document, &scenario, &hunted, found, (first, interrupted));
        self.print(&report)?;
        if let Some(why) = report.unwritten() {
            return Err(Failure::new(why));
        }
        folder.forget_large();
        Ok(if report.passed { Exit::Met } else { Exit::Missed })
    }

    /// Why there is nothing to run: a part of the seeds can have none, the whole always has some.
    fn without_seeds(&self) -> Failure {
        Failure::new(
            "there are fewer seeds than parts, and none is in this one: give more seeds with --seeds, or \
             fewer parts",
        )
    }

    fn scenario(&self, document: &Document) -> Result<Scenario, Failure> {
        if !document.scenario().kinds().contains(&Kind::Simulate) {
            let problem = Problem::new("", "the file has no [workload]: there is nothing to hunt")
                .advise("add a [workload]");
            return Err(document.refuse(problem).into());
        }
        Ok(variant(document, &self.variant)?.scenario.clone())
    }

    /// Where failures are written.
    fn folder(&self, scenario: &Scenario) -> Result<Folder, Failure> {
        let default = || PathBuf::from("out").join(format!("{}-hunt", scenario.name));
        Folder::new(self.out.clone().unwrap_or_else(default))
    }

    fn bar(&self) -> Result<ProgressBar, Failure> {
        Ok(match self.seeds {
            // As many as time allows.
            None => progress::spinner("hunt"),
            Some(_) => progress::bar(self.seeds()?.count() as u64, "hunt"),
        })
    }

    fn until(&self) -> Option<Instant> {
        let lasts = self.lasts.unwrap_or(LASTS);
        self.seeds.is_none().then(|| Instant::now().checked_add(lasts)).flatten()
    }

    fn seeds(&self) -> Result<impl Iterator<Item = u64> + Send + use<>, Failure> {
        let first = self.first_seed.unwrap_or(1);
        let (first, last) = match self.seeds {
            // Seeds of scenario files end there.
            None => (first, SEED_MAX),
            Some(HuntedSeeds::Count(count)) => {
                (first, first.saturating_add(count - 1).min(SEED_MAX))
            }
            Some(HuntedSeeds::Range(..)) if self.first_seed.is_some() => {
                return Err(Failure::new(
                    "--seeds A..B says which seed is the first: leave --first-seed out, or give --seeds a \
                     count",
                ));
            }
            Some(HuntedSeeds::Range(first, last)) => (first, last),
        };
        let share = self.partition.unwrap_or_default();
        let seeds = (first..=last).zip(0..).filter(move |(_, place)| share.takes(*place));
        Ok(seeds.map(|(seed, _)| seed))
    }

    fn report(
        &self,
        document: &Document,
        scenario: &Scenario,
        hunted: &Hunted,
        found: Vec<FoundReport>,
        (first_seed, interrupted): (u64, bool),
    ) -> HuntReport {
        let reach = scenario.hunt.as_ref().map(|hunt| hunt.reach.clone()).unwrap_or_default();
        let missed = reach.into_iter().filter(|one| !hunted.situations.has(*one));
        // A hunt that was ended by a failure, or by somebody, had no time to reach everything.
        let ended_early = interrupted || (hunted.failed > 0 && !self.collect);
        let missed: Vec<Situation> = missed.filter(|_| !ended_early).collect();
        HuntReport {
            scenario: scenario.name.clone(),
            file: document.file_name().to_owned(),
            passed: found.is_empty() && missed.is_empty() && !interrupted,
            interrupted,
            first_seed,
            seeds: hunted.seeds,
            failed_seeds: hunted.failed,
            made_small: hunted.made_small,
            seeds_per_s: hunted.seeds as f64 / hunted.took.as_secs_f64().max(1e-9),
            found,
            situations_reached: hunted.situations.iter().collect(),
            situations_missed: missed,
            ended_early,
        }
    }

    fn print(&self, report: &HuntReport) -> Result<(), Failure> {
        if self.format == Format::Json {
            return print_json(report);
        }
        if report.interrupted {
            tell("interrupted: this is what was found until then");
        }
        print(report.human())
    }
}

/// Writes a failure as it was drawn. Where that fails the hunt goes on: what is small is written later.
fn keep_large(folder: &Folder, hunted: &str, case: &Case, failure: &Failed, ran: &Ran) {
    let shrunk = Shrunk::not_yet(case);
    let file = Reproduction::new(hunted, case.seed, failure.checker(), &shrunk, ran);
    let file = file.map_err(|error| error.to_string());
    if let Err(why) = file.and_then(|file| folder.keep_large(&file)) {
        tell(format!("{why}; the hunt goes on"));
    }
}

/// The largest number that a scenario file can have as a seed.
const SEED_MAX: u64 = i64::MAX as u64;

/// `--seeds 500` or `--seeds 1..500`; the end of a range is included.
fn parse_hunted_seeds(text: &str) -> Result<HuntedSeeds, String> {
    let wrong = || {
        format!(
            "`{text}` names no seeds: write how many, such as 500, or 1..500 (both ends included)"
        )
    };
    let number = |text: &str| {
        let number = text.trim().parse::<u64>().ok();
        number.filter(|number| *number <= SEED_MAX).ok_or_else(wrong)
    };
    match text.split_once("..") {
        None => match number(text)? {
            0 => Err(wrong()),
            count => Ok(HuntedSeeds::Count(count)),
        },
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
            if first > last { Err(wrong()) } else { Ok(HuntedSeeds::Range(first, last)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_count_or_a_range() {
        assert_eq!(parse_hunted_seeds("500"), Ok(HuntedSeeds::Count(500)));
        assert_eq!(parse_hunted_seeds("3..9"), Ok(HuntedSeeds::Range(3, 9)));
        assert_eq!(parse_hunted_seeds("3..=9"), Ok(HuntedSeeds::Range(3, 9)));
        for text in ["", "0", "x", "9..3", "1..", "1,2", "1..99999999999999999999"] {
            assert!(parse_hunted_seeds(text).unwrap_err().contains("1..500"), "{text}");
        }
    }
}
