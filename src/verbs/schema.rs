//! `hubbub schema`: the form of the scenario file.

use clap::Args;
use hubbub_scenario::{schema_json, schema_markdown};

use crate::exit::{Exit, Failure, print};

/// Print the schema of the scenario file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub schema > docs/scenario.schema.json
  hubbub schema --markdown > docs/scenario.md")]
pub(crate) struct Schema {
    /// As a page to read instead of a JSON schema for editors
    #[arg(long)]
    markdown: bool,
}

impl Schema {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        print(if self.markdown { schema_markdown() } else { schema_json() })?;
        Ok(Exit::Met)
    }
}
