//! `hubbub run`: everything a scenario file asks for, and one report.

use std::path::PathBuf;

use clap::Args;
use hubbub_plan::Calibration;
use hubbub_report::{
    Bundle, BundleWriter, ClaimReport, Machine, Manifest, Overall, Part, SimReport, Verdict, human,
};
use hubbub_scenario::{BASE, Document, Engine, Kind};
use hubbub_service::probe::Probe;

use super::{
    load::{SCOPE, figures},
    plan::{size, write_plan},
    sim::write_simulation,
};
use crate::{
    claims::{Figures, claim_report},
    exit::{Exit, Failure, print, tell},
    interrupt::Interrupt,
    manifest::manifest,
    measure::{Measured, Measurement, calibration, write_measurement},
    probe::{probe, probe_figures, write_probe},
    progress,
    scenario_file::{Overrides, default_folder, parse_engine, read},
    sim_report::sim_report,
    simulate::{Simulated, Simulation},
};

/// Do whatever a scenario file asks for, and write one report
///
/// A [workload] is simulated under the file's faults, a [load] is put on a real server, and a [plan]
/// is sized with the costs that the load measured.
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
#[derive(Default)]
pub(crate) struct Parts {
    simulation: Option<(Vec<Simulated>, SimReport)>,
    /// What was measured, the base first, then each variant with a load of its own.
    measured: Vec<(String, Measured)>,
    probe: Option<Probe>,
    pub(crate) figures: Figures,
}

impl Parts {
    /// Whether everything came out as the scenario expects, variants included.
    pub(crate) fn verdict(&self) -> Verdict {
        let simulated = self.simulation.iter().map(|(_, report)| report.verdict);
        let measured = self.measured.iter().map(|(_, measured)| measured.verdict());
        let probed = self.probe.iter().map(|probe| match probe.is_complete {
            true => Verdict::Pass,
            false => Verdict::Invalid,
        });
        Verdict::of_whole(simulated.chain(measured).chain(probed))
    }

    fn base_load(&self) -> Option<&Measured> {
        self.measured.first().map(|(_, measured)| measured)
    }
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
        let engine = self.engine.unwrap_or(document.scenario().run.engine);
        let parts = make(&document, &seeds, self.seed, engine, &self.overrides, &interrupt)?;
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
        if let Some(claim) = claim_of(&document, &parts) {
            print(claim.human())?;
        }
        print(format!("{}report: {}\n", figures(&bundle), page.display()))?;
        if interrupt.is_set() {
            tell("interrupted: the report shows what was done until then");
            return Ok(Exit::Missed);
        }
        if parts.measured.iter().any(|(_, measured)| measured.is_violated) {
            tell("the history of the load violates a checker; see the report's notes");
            return Ok(Exit::Missed);
        }
        Ok(Verdict::of_whole([overall.verdict, parts.verdict()]).into())
    }
}

/// Does what the scenario asks for. `seed` is the load's, if it is not the scenario's.
pub(crate) fn make(
    document: &Document,
    seeds: &[u64],
    seed: Option<u64>,
    engine: Engine,
    overrides: &Overrides,
    interrupt: &Interrupt,
) -> Result<Parts, Failure> {
    let mut parts = Parts::default();
    for kind in document.scenario().kinds() {
        match kind {
            Kind::Simulate => {
                let (runs, report) = simulate(document, seeds, engine, overrides, interrupt)?;
                parts.figures = Figures::of_runs(&runs);
                parts.simulation = Some((runs, report));
            }
            Kind::Measure if interrupt.is_set() => {}
            Kind::Measure => {
                parts.measured = measure(document, seed, overrides, interrupt)?;
                for (name, measured) in &parts.measured {
                    parts.figures.add_load(name, &measured.outcome.result);
                }
            }
            // It takes no time, and needs what the others have measured.
            Kind::Plan => {}
            Kind::Probe if interrupt.is_set() => {}
            Kind::Probe => {
                tell("measuring reads of old messages");
                let seed = seeds.first().copied().unwrap_or(1);
                let section = document.scenario().store_probe.as_ref();
                parts.probe = section.map(|section| probe(section, seed, interrupt)).transpose()?;
                for (column, figure, value) in parts.probe.iter().flat_map(probe_figures) {
                    parts.figures.add(&column, figure, Some(value));
                }
            }
        }
    }
    Ok(parts)
}

fn simulate(
    document: &Document,
    seeds: &[u64],
    engine: Engine,
    overrides: &Overrides,
    interrupt: &Interrupt,
) -> Result<(Vec<Simulated>, SimReport), Failure> {
    document.check_engine(engine)?;
    let simulation = Simulation {
        document,
        variants: document.variants().to_vec(),
        seeds: seeds.to_vec(),
        engine,
        traced: false,
        keep_histories: true,
    };
    tell("simulating");
    let bar = progress::bar(simulation.count(), "simulate");
    let runs = simulation.run(&bar, interrupt)?;
    bar.finish_and_clear();
    let report = sim_report(&simulation, &runs, overrides);
    Ok((runs, report))
}

/// Measures the base, and each variant whose load is another or that nothing simulates.
fn measure(
    document: &Document,
    seed: Option<u64>,
    overrides: &Overrides,
    interrupt: &Interrupt,
) -> Result<Vec<(String, Measured)>, Failure> {
    let base = document.scenario();
    let mut measured = Vec::new();
    for variant in document.variants() {
        let is_simulated = variant.name != BASE && base.workload.is_some();
        let has_no_load_of_its_own = variant.scenario.load == base.load;
        if interrupt.is_set()
            || variant.scenario.load.is_none()
            || (is_simulated && has_no_load_of_its_own)
        {
            continue;
        }
        tell(format!("measuring a real server: {}", variant.name));
        let measurement = Measurement::new(document, variant, seed, None, &overrides.set)?;
        measured.push((variant.name.clone(), measurement.measure(interrupt)?));
    }
    Ok(measured)
}

fn claim_of(document: &Document, parts: &Parts) -> Option<ClaimReport> {
    let confirmed = parts.verdict() == Verdict::Pass;
    claim_report(document.scenario(), document.file_name(), &parts.figures, confirmed)
}

fn write(
    document: &Document,
    mut manifest: Manifest,
    parts: &Parts,
    folder: &std::path::Path,
) -> Result<PathBuf, Failure> {
    for (name, measured) in &parts.measured {
        let notes = measured.notes.iter().map(|note| match parts.measured.len() {
            1 => note.clone(),
            _ => format!("{name}: {note}"),
        });
        manifest.notes.extend(notes);
    }
    let writer = BundleWriter::begin(folder, &manifest, document.text()).map_err(Failure::new)?;
    if let Some((runs, report)) = &parts.simulation {
        write_simulation(&writer, runs, report)?;
    }
    if let Some(measured) = parts.base_load() {
        write_measurement(&writer, measured, SCOPE)?;
    }
    if let Some(probe) = &parts.probe {
        write_probe(&writer, probe)?;
    }
    if document.scenario().kinds().contains(&Kind::Plan) {
        let costs = parts.base_load().map(|measured| costs(&manifest.machine, measured));
        write_plan(&writer, &size(document, costs.as_ref())?)?;
    }
    if let Some(claim) = claim_of(document, parts) {
        writer.write_part(Part::Claim, &claim).map_err(Failure::new)?;
    }
    writer.write_reports().map_err(Failure::new)
}

fn costs(machine: &Machine, measured: &Measured) -> Calibration {
    calibration(&measured.outcome.result, machine, SCOPE)
}
