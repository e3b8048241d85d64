//! `hubbub hunt`: schedules of faults that nobody thought of.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use hubbub_chat::{situation::Situation, units};
use hubbub_scenario::{BASE, Document, Kind, Problem, Scenario};
use hubbub_sim::hunt::{Case, Reproduction, draw};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::{
    exit::{Exit, Failure, print, tell},
    format::{Format, print_json},
    hunting::{Found, Hunt as Hunting, HuntError, Hunted},
    interrupt::Interrupt,
    manifest::quote,
    progress,
    scenario_file::{Overrides, Share, parse_share, read, variant},
    sim_report::sim_report,
    simulate::Simulation,
};

/// How long a hunt lasts when nothing is said.
const LASTS: Duration = Duration::from_secs(60);

/// Search for schedules of faults under which a scenario fails, and make what is found small
///
/// Each seed draws one value for each key that [hunt] of the file may vary, and a schedule of faults
/// beside those of the file; without [hunt] it draws faults of every kind. All run on the fast engine.
/// What fails is made small and written as a scenario file, which fails in the same way.
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
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    first_seed: u64,
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

/// What a hunt came to, for programs.
#[derive(Debug, Serialize)]
struct HuntReport {
    scenario: String,
    file: String,
    /// Whether nothing was found and everything was reached that had to be.
    passed: bool,
    interrupted: bool,
    /// The first seed; those of other parts are left out.
    first_seed: u64,
    seeds: u64,
    failed_seeds: u64,
    /// Failed seeds that were made small; nobody looked at the others.
    made_small: u64,
    seeds_per_s: f64,
    found: Vec<FoundReport>,
    situations_reached: Vec<Situation>,
    /// Situations that `[hunt]` wants reached and that were not.
    situations_missed: Vec<Situation>,
}

/// A failure.
#[derive(Debug, Serialize)]
struct FoundReport {
    checker: String,
    /// The checkers that the small case violates.
    violated: Vec<String>,
    seed: u64,
    file: String,
    command: String,
    faults: [usize; 2],
    users: [u32; 2],
    servers: [usize; 2],
    duration_s: [f64; 2],
    /// Runs that it took to make it small.
    runs: u32,
    times: u64,
    #[serde(skip)]
    explanation: String,
}

impl FoundReport {
    /// The commands that draw it as a page, one after the other.
    fn look(&self) -> String {
        let trace = Path::new(&self.file).with_extension("trace").display().to_string();
        let trace = quote(&trace);
        format!("{} --trace {trace} ; hubbub view {trace}", self.command)
    }
}

impl Hunt {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let document = read(&self.file, &self.overrides)?;
        let scenario = self.scenario(&document)?;
        let folder = self.folder(&scenario)?;
        let refused = |problem| Failure::from(document.refuse(problem));
        let Some(first) = self.seeds().next() else { return Err(self.without_seeds()) };
        draw(&scenario, first).map_err(refused)?;

        let interrupt = Interrupt::listen();
        let bar = self.bar();
        let hunting = Hunting {
            scenario: &scenario,
            run: Case::run,
            until: self.until(),
            collect: self.collect,
            interrupt: &interrupt,
            bar: &bar,
        };
        let hunted = hunting.run(self.seeds()).map_err(|error| match error {
            HuntError::Draw(problem) => document.refuse(problem).into(),
            HuntError::Setup(error) => Failure::new(error),
        })?;
        bar.finish_and_clear();
        let interrupted = interrupt.is_set();
        if hunted.seeds == 0 && !interrupted {
            return Err(Failure::new("no seed was run within --for: give it more time"));
        }
        let found = hunted.found.iter().map(|found| write(&folder, &scenario.name, found));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        let report = self.report(&document, &scenario, &hunted, found, interrupted);
        self.print(&report, &hunted)?;
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

    /// Where failures are written. Nothing is made before there is one.
    fn folder(&self, scenario: &Scenario) -> Result<PathBuf, Failure> {
        let default = || PathBuf::from("out").join(format!("{}-hunt", scenario.name));
        let folder = self.out.clone().unwrap_or_else(default);
        if folder.exists() && !folder.is_dir() {
            return Err(Failure::new(format!("{} is no folder", folder.display())));
        }
        Ok(folder)
    }

    fn bar(&self) -> ProgressBar {
        match self.count() {
            Some(count) => progress::bar(count, "hunt"),
            None => progress::spinner("hunt"),
        }
    }

    /// How many seeds there are in this part; `None` for as many as time allows.
    fn count(&self) -> Option<u64> {
        self.seeds?;
        Some(self.seeds().count() as u64)
    }

    fn until(&self) -> Option<Instant> {
        let lasts = self.lasts.unwrap_or(LASTS);
        self.seeds.is_none().then(|| Instant::now().checked_add(lasts)).flatten()
    }

    fn seeds(&self) -> impl Iterator<Item = u64> + Send + use<> {
        let (first, last) = match self.seeds {
            // Seeds of scenario files end there.
            None => (self.first_seed, SEED_MAX),
            Some(HuntedSeeds::Count(count)) => {
                (self.first_seed, self.first_seed.saturating_add(count - 1).min(SEED_MAX))
            }
            Some(HuntedSeeds::Range(first, last)) => (first, last),
        };
        let share = self.partition.unwrap_or_default();
        (first..=last).zip(0..).filter(move |(_, place)| share.takes(*place)).map(|(seed, _)| seed)
    }

    fn report(
        &self,
        document: &Document,
        scenario: &Scenario,
        hunted: &Hunted,
        found: Vec<FoundReport>,
        interrupted: bool,
    ) -> HuntReport {
        let first_seed = self.seeds().next().unwrap_or(self.first_seed);
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
        }
    }

    fn print(&self, report: &HuntReport, hunted: &Hunted) -> Result<(), Failure> {
        if self.format == Format::Json {
            return print_json(report);
        }
        if report.interrupted {
            tell("interrupted: this is what was found until then");
        }
        print(human(report, hunted))
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

/// Writes a failure as a scenario file, and runs that file to say what happens in it.
fn write(folder: &Path, hunted: &str, found: &Found) -> Result<FoundReport, Failure> {
    let Found { seed, failure, shrunk, ran, times } = found;
    let checker = failure.checker();
    let file = Reproduction::new(hunted, *seed, checker, shrunk, ran).map_err(Failure::new)?;
    let path = folder.join(format!("{}.toml", file.name));
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(&path, &file.text).map_err(failed)?;
    let (before, after) = (&shrunk.before, &shrunk.after);
    Ok(FoundReport {
        checker: checker.to_owned(),
        violated: ran.violated.iter().cloned().collect(),
        seed: *seed,
        file: path.display().to_string(),
        command: format!("hubbub sim {}", quote(&path.display().to_string())),
        faults: [before.faults, after.faults],
        users: [before.users, after.users],
        servers: [before.servers, after.servers],
        duration_s: [before.duration, after.duration].map(|duration| duration.as_secs_f64()),
        runs: shrunk.runs,
        times: *times,
        explanation: match &ran.panic {
            Some(panic) => format!("      a machine panicked: {panic}\n"),
            None => explanation(&path)?,
        },
    })
}

/// What `hubbub sim` says about the file.
fn explanation(path: &Path) -> Result<String, Failure> {
    let document = Scenario::read(path)?;
    let run = &document.scenario().run;
    let simulation = Simulation {
        document: &document,
        variants: document.variants().to_vec(),
        seeds: run.seeds.clone(),
        engine: run.engine,
        traced: false,
        keep_histories: false,
    };
    let runs = simulation.run(&ProgressBar::hidden(), &Interrupt::never())?;
    let report = sim_report(&simulation, &runs, &Overrides::default());
    Ok(hubbub_report::human(&report))
}

fn human(report: &HuntReport, hunted: &Hunted) -> String {
    let mut text = String::new();
    for found in &report.found {
        text.push_str(&found.explanation);
        let [faults, users, servers] =
            [found.faults, found.users.map(|users| users as usize), found.servers]
                .map(|[before, after]| format!("{after} of {before}"));
        let [before_s, after_s] = found.duration_s;
        text.push_str(&format!(
            "FOUND {}, with seed {}: {faults} faults, {users} users, {servers} servers and {after_s:.0}s of \
             {before_s:.0}s are left after {} runs\n      reproduce  {}\n      look at    {}\n\n",
            found.violated.join(", "),
            found.seed,
            found.runs,
            found.command,
            found.look(),
        ));
    }
    let all = Situation::ALL.len();
    text.push_str(&format!(
        "{}  {}: {} seeds from {} on, {} failed, {} distinct; {:.1} seeds/s; {} of {all} situations reached\n",
        if report.passed { "PASS" } else { "FAIL" },
        report.scenario,
        report.seeds,
        report.first_seed,
        report.failed_seeds,
        hunted.found.len(),
        report.seeds_per_s,
        report.situations_reached.len(),
    ));
    let others = report.failed_seeds - report.made_small;
    if others > 0 {
        text.push_str(&format!(
            "      of {} failed seeds {} were made small; nobody looked at the other {others}, one of which \
             may have failed by something else\n",
            report.failed_seeds, report.made_small,
        ));
    }
    for missed in &report.situations_missed {
        text.push_str(&format!("      never reached: {missed}. {}\n", missed.doc()));
    }
    text
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
