//! `hubbub run`: everything a scenario file asks for, and one report.

use std::path::PathBuf;

use clap::Args;
use hubbub_plan::Calibration;
use hubbub_report::{Bundle, BundleWriter, Manifest, Overall, SimReport, human};
use hubbub_scenario::{Document, Engine, Kind};
use hubbub_service::probe::Probe;

use super::{
    load::{SCOPE, figures},
    plan::{size, write_plan},
    sim::write_simulation,
};
use crate::{
    exit::{Exit, Failure, print, tell},
    interrupt::Interrupt,
    manifest::manifest,
    measure::{Measured, Measurement, calibration, write_measurement},
    probe::{probe, write_probe},
    progress,
    scenario_file::{Overrides, default_folder, parse_engine, read},
    sim_report::sim_report,
    simulate::{Simulated, Simulation},
};

/// Do whatever a scenario file asks for, and write one report
///
/// A [workload] is simulated under the file's faults, a [load] is put on a real server, a
/// [store_probe] reads old messages in stores of several sizes, and a [plan] is sized with the costs
/// that the load measured.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub run scenarios/quickstart.toml
  hubbub run scenarios/quickstart.toml --out /tmp/report --seed 7")]
pub(crate) struct Run {
    /// The scenario file
    file: PathBuf,
    /// Run this seed instead of those in the file
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The simulation engine, fast or full, instead of the one in the file
    #[arg(long, value_name = "ENGINE", value_parser = parse_engine)]
    engine: Option<Engine>,
    #[command(flatten)]
    overrides: Overrides,
    /// Where the bundle goes; out/<scenario>-<seed> by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What came out of the parts that the file asks for.
struct Parts {
    simulation: Option<(Vec<Simulated>, SimReport)>,
    measured: Option<Measured>,
    probe: Option<Probe>,
}

impl Run {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let document = read(&self.file, &self.overrides)?;
        let seeds =
            self.seed.map_or_else(|| document.scenario().run.seeds.clone(), |seed| vec![seed]);
        let manifest = manifest(&document, &seeds);
        let folder = self.out.clone().unwrap_or_else(|| {
            default_folder(document.scenario(), seeds.first().copied().unwrap_or(1))
        });
        BundleWriter::check(&folder).map_err(Failure::new)?;
        let interrupt = Interrupt::listen();
        let parts = self.make(&document, &seeds, &interrupt)?;
        let page = write(&document, manifest, &parts, &folder)?;
        let bundle = Bundle::read(&folder).map_err(Failure::new)?;
        let overall = Overall::of(&bundle);
        if let Some((_, report)) = &parts.simulation {
            print(human(report))?;
        }
        for part in &overall.parts {
            print(format!("{}: {}\n", part.part, part.verdict.word()))?;
            for reason in &part.reasons {
                print(format!("  {reason}\n"))?;
            }
        }
        print(format!("{}report: {}\n", figures(&bundle), page.display()))?;
        if interrupt.is_set() {
            tell("interrupted: the report shows what was done until then");
            return Ok(Exit::Missed);
        }
        if parts.measured.as_ref().is_some_and(|measured| measured.is_violated) {
            tell("the history of the load violates a checker; see the report's notes");
            return Ok(Exit::Missed);
        }
        Ok(overall.verdict.into())
    }

    fn make(
        &self,
        document: &Document,
        seeds: &[u64],
        interrupt: &Interrupt,
    ) -> Result<Parts, Failure> {
        let mut parts = Parts { simulation: None, measured: None, probe: None };
        for kind in document.scenario().kinds() {
            match kind {
                Kind::Simulate => {
                    parts.simulation = Some(self.simulate(document, seeds, interrupt)?)
                }
                Kind::Measure if interrupt.is_set() => {}
                Kind::Measure => {
                    tell("measuring a real server");
                    let set = &self.overrides.set;
                    let measurement = Measurement::new(document, self.seed, None, set)?;
                    parts.measured = Some(measurement.measure(interrupt)?);
                }
                // It takes no time, and needs what the others have measured.
                Kind::Plan => {}
                Kind::Probe if interrupt.is_set() => {}
                Kind::Probe => {
                    tell("measuring reads of old messages");
                    let seed = seeds.first().copied().unwrap_or(1);
                    let section = document.scenario().store_probe.as_ref();
                    parts.probe =
                        section.map(|section| probe(section, seed, interrupt)).transpose()?;
                }
            }
        }
        Ok(parts)
    }

    fn simulate(
        &self,
        document: &Document,
        seeds: &[u64],
        interrupt: &Interrupt,
    ) -> Result<(Vec<Simulated>, SimReport), Failure> {
        let simulation = Simulation {
            document,
            variants: document.variants().to_vec(),
            seeds: seeds.to_vec(),
            engine: self.engine.unwrap_or(document.scenario().run.engine),
            traced: false,
            keep_histories: true,
        };
        tell("simulating");
        let bar = progress::bar(simulation.count(), "simulate");
        let runs = simulation.run(&bar, interrupt)?;
        bar.finish_and_clear();
        let report = sim_report(&simulation, &runs, &self.overrides);
        Ok((runs, report))
    }
}

fn write(
    document: &Document,
    mut manifest: Manifest,
    parts: &Parts,
    folder: &std::path::Path,
) -> Result<PathBuf, Failure> {
    if let Some(measured) = &parts.measured {
        manifest.notes.clone_from(&measured.notes);
    }
    let writer = BundleWriter::begin(folder, &manifest, document.text()).map_err(Failure::new)?;
    if let Some((runs, report)) = &parts.simulation {
        write_simulation(&writer, runs, report)?;
    }
    if let Some(measured) = &parts.measured {
        write_measurement(&writer, measured, SCOPE)?;
    }
    if let Some(probe) = &parts.probe {
        write_probe(&writer, probe)?;
    }
    if document.scenario().kinds().contains(&Kind::Plan) {
        let costs = parts.measured.as_ref().map(|measured| costs(&manifest.machine, measured));
        write_plan(&writer, &size(document, costs.as_ref())?)?;
    }
    writer.write_reports().map_err(Failure::new)
}

fn costs(machine: &hubbub_report::Machine, measured: &Measured) -> Calibration {
    calibration(&measured.outcome.result, machine, SCOPE)
}
