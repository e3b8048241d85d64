//! `hubbub new`: a scenario file to begin with.

use clap::Args;
use hubbub_scenario::template;

use crate::exit::{Exit, Failure, print};

/// Print a commented scenario file to begin with
#[derive(Debug, Args)]
#[command(after_help = "Example:
  hubbub new tunnel > tunnel.toml && hubbub sim tunnel.toml")]
pub(crate) struct New {
    /// The scenario's name: lower case, digits and dashes
    name: String,
}

impl New {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        print(template(&self.name)?)?;
        Ok(Exit::Met)
    }
}
