//! `hubbub load`: a real server under load.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hubbub_loadgen::{Outcome, Target};
use hubbub_report::{Bundle, BundleWriter, headlines};

use crate::{
    exit::{Exit, Failure, print, tell},
    interrupt::Interrupt,
    manifest::manifest,
    measure::{Measurement, sentences, write_measurement},
    scenario_file::{Overrides, default_folder, read},
};

/// Measure a real server under load
///
/// Messages are sent when the schedule says, however the server does, and every delivery is
/// accounted for. Without --target the server is started as a process of its own, with the design
/// of the file. An invalid measurement is repeated once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub load scenarios/load-2000.toml
  hubbub load scenarios/load-2000.toml --set load.connections=500 --set load.rate=1000/s
  hubbub serve --provision &
  hubbub load scenarios/quickstart.toml --target 127.0.0.1:7700")]
pub(crate) struct Load {
    /// The scenario file, with a [load] section
    file: PathBuf,
    /// A running server, started with --provision
    #[arg(long, value_name = "HOST:PORT")]
    target: Option<Target>,
    /// The seed of who sends what when
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    overrides: Overrides,
    /// Where the bundle goes; out/<scenario>-<seed> by default
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
    /// One JSON object
    Json,
}

/// What a calibration of this verb includes.
pub(crate) const SCOPE: &str = "chat, API and store in one process";

impl Load {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let document = read(&self.file, &self.overrides)?;
        let set = &self.overrides.set;
        let measurement = Measurement::new(&document, self.seed, self.target.clone(), set)?;
        let seed = measurement.seed;
        let measured = measurement.measure(&Interrupt::listen())?;
        let folder = self.out.unwrap_or_else(|| default_folder(document.scenario(), seed));
        let manifest = manifest(&document, &[seed], measured.notes.clone());
        let writer =
            BundleWriter::begin(&folder, &manifest, document.text()).map_err(Failure::new)?;
        write_measurement(&writer, &measured, SCOPE)?;
        let page = writer.write_reports().map_err(Failure::new)?;
        let result = &measured.outcome.result;
        if self.format == Format::Json {
            print(serde_json::to_string_pretty(result).map_err(Failure::new)? + "\n")?;
        } else {
            let bundle = Bundle::read(&folder).map_err(Failure::new)?;
            let figures = headlines(&bundle);
            let figures = figures.iter().map(|one| format!("  {}: {}\n", one.name, one.printed()));
            let outcome = format!("{:?}", result.verdict.outcome).to_uppercase();
            let reasons = sentences(&measured.outcome);
            print(format!("{outcome}: {reasons}\n{}", figures.collect::<String>()))?;
        }
        tell(format!("report: {}", page.display()));
        Ok(match result.verdict.outcome {
            Outcome::Pass => Exit::Met,
            Outcome::Fail => Exit::Missed,
            Outcome::Invalid => Exit::Invalid,
        })
    }
}
