//! `hubbub completions`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{
    cli::Cli,
    exit::{Exit, Failure, print},
};

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:
  hubbub completions bash > ~/.local/share/bash-completion/completions/hubbub")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "hubbub", &mut script);
        print(String::from_utf8_lossy(&script))?;
        Ok(Exit::Met)
    }
}
