//! `hubbub sim`: scenarios under faults, in virtual time.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use hubbub_history::trace::Trace;
use hubbub_report::{
    BundleWriter, ClaimReport, Manifest, Part, SimReport, Verdict, github, human, junit,
};
use hubbub_scenario::{Document, Engine, Kind, Problem};

use crate::{
    claims::{Figures, claim_report},
    exit::{Exit, Failure, print, tell},
    format::print_json,
    interrupt::Interrupt,
    manifest::{manifest, quote},
    progress,
    scenario_file::{
        Overrides, Seeds, Share, parse_engine, parse_seeds, parse_share, read, variant,
    },
    sim_report::sim_report,
    simulate::{Simulated, Simulation},
};

/// Simulate scenarios under faults, in virtual time
///
/// Every variant of every file is run with every seed; then the violations found are compared with
/// those that the file expects.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub sim scenarios/partition.toml
  hubbub sim scenarios/partition.toml --seeds 1..50 --engine fast
  hubbub sim scenarios/partition.toml --seed 7 --trace partition.trace
  hubbub sim scenarios/*.toml --format junit > report.xml
  hubbub sim scenarios/claims/accept-on-receipt.toml --set design.accept=after-append")]
pub(crate) struct Sim {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run this seed instead of those in the file
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Run these seeds: 1..50 (both ends included) or 1,5,9
    #[arg(long, value_name = "SEEDS", value_parser = parse_seeds)]
    seeds: Option<Seeds>,
    /// Run one part of the runs, such as 2/4 on the second of four machines: the seeds of all files
    /// take turns
    #[arg(long, value_name = "I/N", value_parser = parse_share)]
    partition: Option<Share>,
    /// The engine, fast or full, instead of the one in the file
    #[arg(long, value_name = "ENGINE", value_parser = parse_engine)]
    engine: Option<Engine>,
    /// Run this variant alone; `base` for the file without variants
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// Write the trace of the run, for `hubbub view`; needs exactly one run
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write a bundle with histories and a report; needs exactly one file
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON array with an object per file
    Json,
    /// JUnit XML, a test case per variant, seed and checker
    Junit,
    /// Annotations of GitHub Actions, for what failed
    Github,
}

impl Sim {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let documents = self.documents()?;
        let simulations = documents
            .iter()
            .map(|document| self.simulation(document))
            .collect::<Result<Vec<_>, _>>()?;
        let simulations = self.in_this_part(simulations)?;
        let count = simulations.iter().map(Simulation::count).sum();
        self.refuse_impossible(count)?;
        for simulation in &simulations {
            simulation.document.check_engine(simulation.engine)?;
        }
        let manifests: Vec<_> =
            simulations.iter().map(|one| manifest(one.document, &one.seeds)).collect();
        let interrupt = Interrupt::listen();
        let bar = progress::bar(count, "simulate");
        let (mut reports, mut claims) = (Vec::new(), Vec::new());
        for (simulation, manifest) in simulations.iter().zip(&manifests) {
            let runs = simulation.run(&bar, &interrupt)?;
            let report = sim_report(simulation, &runs, &self.overrides);
            let claim = self.claim(simulation, &runs, &report);
            self.write(simulation, manifest, &runs, &report, claim.as_ref())?;
            claims.extend(claim);
            reports.push(report);
        }
        bar.finish_and_clear();
        self.print(&reports, &claims)?;
        for (simulation, report) in simulations.iter().zip(&reports) {
            if simulation.document.scenario().hunt.is_some() && report.verdict != Verdict::Pass {
                let file = quote(simulation.document.file_name());
                tell(format!("{file} is made for `hubbub hunt {file}`, which draws its faults"));
            }
        }
        if interrupt.is_set() {
            tell("interrupted: these are the results of the runs that were made");
        }
        let failed = reports.iter().any(|report| report.verdict != Verdict::Pass);
        Ok(if failed || interrupt.is_set() { Exit::Missed } else { Exit::Met })
    }

    fn documents(&self) -> Result<Vec<Document>, Failure> {
        let documents = self.files.iter().map(|file| read(file, &self.overrides));
        let documents = documents.collect::<Result<Vec<_>, _>>()?;
        for document in &documents {
            if !document.scenario().kinds().contains(&Kind::Simulate) {
                let problem =
                    Problem::new("", "the file has no [workload]: there is nothing to simulate")
                        .advise("add a [workload], or use `hubbub load` or `hubbub plan`");
                return Err(document.refuse(problem).into());
            }
        }
        Ok(documents)
    }

    fn simulation<'run>(&self, document: &'run Document) -> Result<Simulation<'run>, Failure> {
        let run = &document.scenario().run;
        let seeds = match (self.seed, &self.seeds) {
            (Some(seed), _) => vec![seed],
            (None, Some(seeds)) => seeds.0.clone(),
            (None, None) => run.seeds.clone(),
        };
        let variants = match &self.variant {
            Some(name) => vec![variant(document, name)?.clone()],
            None => document.variants().to_vec(),
        };
        Ok(Simulation {
            document,
            variants,
            seeds,
            engine: self.engine.unwrap_or(run.engine),
            traced: self.trace.is_some(),
            keep_histories: self.out.is_some(),
        })
    }

    /// What of it is this machine's. Files of which no seed is are left out.
    fn in_this_part<'run>(
        &self,
        mut simulations: Vec<Simulation<'run>>,
    ) -> Result<Vec<Simulation<'run>>, Failure> {
        let Some(share) = self.partition else { return Ok(simulations) };
        let mut places = 0..;
        for simulation in &mut simulations {
            simulation.seeds.retain(|_| places.next().is_some_and(|place| share.takes(place)));
        }
        simulations.retain(|simulation| !simulation.seeds.is_empty());
        if simulations.is_empty() {
            return Err(Failure::new("there are fewer seeds than parts, and none is in this one"));
        }
        Ok(simulations)
    }

    fn refuse_impossible(&self, count: u64) -> Result<(), Failure> {
        if self.trace.is_some() && count != 1 {
            let advice = "choose one with --seed N and --variant NAME";
            return Err(Failure::new(format!(
                "--trace needs exactly one run, this makes {count}: {advice}"
            )));
        }
        if self.out.is_some() && self.files.len() != 1 {
            return Err(Failure::new("--out needs exactly one file"));
        }
        if let Some(folder) = &self.out {
            BundleWriter::check(folder).map_err(Failure::new)?;
        }
        Ok(())
    }

    /// What the runs say about the scenario's claim. Without all its variants they say nothing.
    fn claim(
        &self,
        simulation: &Simulation<'_>,
        runs: &[Simulated],
        report: &SimReport,
    ) -> Option<ClaimReport> {
        if self.variant.is_some() {
            return None;
        }
        let document = simulation.document;
        let confirmed = report.verdict == Verdict::Pass;
        let figures = Figures::of_runs(runs);
        claim_report(document.scenario(), document.file_name(), &figures, confirmed)
    }

    fn write(
        &self,
        simulation: &Simulation<'_>,
        manifest: &Manifest,
        runs: &[Simulated],
        report: &SimReport,
        claim: Option<&ClaimReport>,
    ) -> Result<(), Failure> {
        if let (Some(path), Some(trace)) =
            (&self.trace, runs.first().and_then(|run| run.trace.as_ref()))
        {
            write_trace(path, trace)?;
        }
        if let Some(folder) = &self.out {
            let document = simulation.document;
            let writer =
                BundleWriter::begin(folder, manifest, document.text()).map_err(Failure::new)?;
            write_simulation(&writer, runs, report)?;
            if let Some(claim) = claim {
                writer.write_part(Part::Claim, claim).map_err(Failure::new)?;
            }
            let page = writer.write_reports().map_err(Failure::new)?;
            tell(format!("report: {}", page.display()));
        }
        Ok(())
    }

    fn print(&self, reports: &[SimReport], claims: &[ClaimReport]) -> Result<(), Failure> {
        match self.format {
            Format::Human => {
                print(reports.iter().map(human).collect::<Vec<_>>().join("\n"))?;
                print(claims.iter().map(ClaimReport::human).collect::<String>())
            }
            Format::Json => print_json(reports),
            Format::Junit => print(junit(reports)),
            Format::Github => print(github(reports)),
        }
    }
}

/// Writes the simulation's part of a bundle.
pub(crate) fn write_simulation(
    writer: &BundleWriter,
    runs: &[Simulated],
    report: &SimReport,
) -> Result<(), Failure> {
    writer.write_part(Part::Sim, report).map_err(Failure::new)?;
    for run in runs {
        if let Some(history) = &run.history {
            let name = format!("sim-{}-{}", run.judged.variant, run.judged.seed);
            writer.write_history(&name, history).map_err(Failure::new)?;
        }
    }
    Ok(())
}

fn write_trace(path: &Path, trace: &Trace) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    let mut writer = BufWriter::new(File::create(path).map_err(failed)?);
    trace.write(&mut writer).and_then(|()| writer.flush()).map_err(failed)
}
