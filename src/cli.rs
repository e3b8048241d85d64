//! The command line as clap sees it. Each verb's arguments are beside what it does.

use clap::{Parser, Subcommand};

#[cfg(feature = "planted-bugs")]
use crate::verbs::planted::Planted;
use crate::verbs::{
    check::Check, completions::Completions, findings::Findings, hunt::Hunt, list::List, load::Load,
    new::New, plan::Plan, report::Report, run::Run, schema::Schema, serve::Serve, sim::Sim,
    view::View,
};

/// Does this chat design hold, under faults and at 50 million daily users, and what will it cost?
#[derive(Debug, Parser)]
#[command(
    name = "hubbub",
    version,
    max_term_width = 100,
    after_help = "Exit status: 0 all expectations met, 1 a violation or a missed expectation, \
                  2 bad arguments or a bad file (nothing is written), 3 the measurement itself is invalid.\n\n\
                  Begin with:\n  hubbub run scenarios/quickstart.toml\n  hubbub new my-design > my-design.toml"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do; each verb's help is beside its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Run(Run),
    Sim(Sim),
    Hunt(Hunt),
    Load(Load),
    Serve(Serve),
    Plan(Plan),
    #[cfg(feature = "planted-bugs")]
    Planted(Planted),
    Report(Report),
    Findings(Findings),
    Check(Check),
    View(View),
    New(New),
    List(List),
    Schema(Schema),
    Completions(Completions),
}
