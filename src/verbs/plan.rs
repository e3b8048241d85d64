//! `hubbub plan`: the size of a deployment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::Args;
use hubbub_plan::{Calibration, Sizing, plan};
use hubbub_report::{Bundle, BundleWriter, Part, render_markdown};
use hubbub_scenario::{Document, Kind, Problem};

use crate::{
    exit::{Exit, Failure, print, tell},
    format::{Format, print_json},
    manifest::manifest,
    scenario_file::{Overrides, read},
};

/// Size a deployment for a population
///
/// Without a calibration every unit cost of this design is "not measured", and servers are counted
/// by published figures alone. A load run writes a calibration into its bundle.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub plan scenarios/quickstart.toml
  hubbub plan scenarios/quickstart.toml --calibration out/quickstart-1/calibration.json
  hubbub plan my.toml --set plan.population.dau=10e6 --format json")]
pub(crate) struct Plan {
    /// The scenario file, with a [plan] section
    file: PathBuf,
    /// Unit costs measured by a load run
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Write a bundle with a report
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Plan {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let document = read(&self.file, &self.overrides)?;
        let calibration = self.calibration.as_deref().map(read_calibration).transpose()?;
        let sizing = size(&document, calibration.as_ref())?;
        let manifest = manifest(&document, &[]);
        let text = document.text().to_owned();
        if let Some(folder) = &self.out {
            let writer = BundleWriter::begin(folder, &manifest, &text).map_err(Failure::new)?;
            write_plan(&writer, &sizing)?;
            let page = writer.write_reports().map_err(Failure::new)?;
            tell(format!("report: {}", page.display()));
        }
        let value = serde_json::to_value(&sizing).map_err(Failure::new)?;
        if self.format == Format::Json {
            print_json(&value)?;
        } else {
            let parts = BTreeMap::from([(Part::Plan, value)]);
            let bundle = Bundle::in_memory(manifest, text, parts).map_err(Failure::new)?;
            print(render_markdown(&bundle))?;
        }
        Ok(Exit::Met)
    }
}

/// Sizes what the scenario's `[plan]` section says.
pub(crate) fn size(
    document: &Document,
    calibration: Option<&Calibration>,
) -> Result<Sizing, Failure> {
    let scenario = document.scenario();
    if !scenario.kinds().contains(&Kind::Plan) {
        let problem = Problem::new("", "the file has no [plan]: there is nothing to plan")
            .advise("add a [plan] section; it may be empty, for 50 million daily users");
        return Err(document.refuse(problem).into());
    }
    let section = scenario.plan.clone().unwrap_or_default();
    Ok(plan(&section, calibration))
}

/// Writes the plan's part of a bundle.
pub(crate) fn write_plan(writer: &BundleWriter, sizing: &Sizing) -> Result<(), Failure> {
    writer.write_part(Part::Plan, sizing).map_err(Failure::new)?;
    if let Some(calibration) = &sizing.calibration {
        writer.write_part(Part::Calibration, calibration).map_err(Failure::new)?;
    }
    Ok(())
}

fn read_calibration(path: &Path) -> Result<Calibration, Failure> {
    let name = path.display();
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{name}: {error}"));
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let calibration: Calibration = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    match calibration.problems().first() {
        Some(problem) => Err(failed(problem)),
        None => Ok(calibration),
    }
}
