//! `hubbub load`: a real server under load.

use std::path::PathBuf;

use clap::Args;
use hubbub_loadgen::Target;
use hubbub_report::{Bundle, BundleWriter, Headline, headlines};
use hubbub_scenario::BASE;

use crate::{
    exit::{Exit, Failure, print, tell},
    format::{Format, print_json},
    interrupt::Interrupt,
    manifest::manifest,
    measure::{Measurement, sentences, write_measurement},
    scenario_file::{Overrides, default_folder, read, variant},
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
  hubbub load scenarios/load-2000.toml --set design.transport=long-polling
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
    /// Where the bundle goes; out/<scenario>-<seed>-load by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// The figures that tell most, a line each.
pub(crate) fn figures(bundle: &Bundle) -> String {
    let line = |one: &Headline<'_>| format!("  {:<28} {}\n", one.name, one.printed());
    headlines(bundle).iter().map(line).collect()
}

/// What a calibration of this verb includes.
pub(crate) const SCOPE: &str = "chat, API and store in one process";

impl Load {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let document = read(&self.file, &self.overrides)?;
        let set = &self.overrides.set;
        let base = variant(&document, BASE)?;
        let measurement = Measurement::new(&document, base, self.seed, self.target.clone(), set)?;
        let seed = measurement.seed;
        let mut manifest = manifest(&document, &[seed]);
        let folder = self.out.unwrap_or_else(|| {
            // Beside the bundle of `run`, which has more in it.
            let mut folder = default_folder(document.scenario(), seed).into_os_string();
            folder.push("-load");
            folder.into()
        });
        BundleWriter::check(&folder).map_err(Failure::new)?;
        let measured = measurement.measure(&Interrupt::listen())?;
        manifest.notes.clone_from(&measured.notes);
        let writer =
            BundleWriter::begin(&folder, &manifest, document.text()).map_err(Failure::new)?;
        write_measurement(&writer, &measured, SCOPE)?;
        let page = writer.write_reports().map_err(Failure::new)?;
        let result = &measured.outcome.result;
        if self.format == Format::Json {
            print_json(result)?;
        } else {
            let bundle = Bundle::read(&folder).map_err(Failure::new)?;
            let outcome = format!("{:?}", result.verdict.outcome).to_uppercase();
            let reasons = sentences(&measured.outcome);
            let because = if reasons.is_empty() { String::new() } else { format!(": {reasons}") };
            print(format!("{outcome}{because}\n{}", figures(&bundle)))?;
        }
        for note in &measured.notes {
            tell(note);
        }
        tell(format!("report: {}", page.display()));
        Ok(measured.verdict().into())
    }
}
