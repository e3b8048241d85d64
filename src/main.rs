//! The `hubbub` command line.

mod claims;
mod cli;
mod exit;
mod format;
mod hunting;
mod interrupt;
mod manifest;
mod measure;
mod probe;
mod progress;
mod scenario_file;
mod sim_report;
mod simulate;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    // clap exits with 2 by itself when the arguments are bad.
    let cli = Cli::parse();
    match verbs::run(cli.verb) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}
