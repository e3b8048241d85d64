//! `hubbub report`: the reports of a bundle, made again.

use std::path::PathBuf;

use clap::Args;
use hubbub_report::{Bundle, BundleWriter, Overall};

use crate::exit::{Exit, Failure, print};

/// Make the reports of a run bundle again
///
/// Every figure is read from the bundle's files, so this needs neither the scenario nor the machine
/// of the run.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  hubbub report out/quickstart-1")]
pub(crate) struct Report {
    /// The folder of the bundle
    bundle: PathBuf,
}

impl Report {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let bundle = Bundle::read(&self.bundle).map_err(Failure::new)?;
        let writer = BundleWriter::resume(&self.bundle).map_err(Failure::new)?;
        let page = writer.write_reports().map_err(Failure::new)?;
        print(format!("report: {}\n", page.display()))?;
        Ok(Overall::of(&bundle).verdict.into())
    }
}
