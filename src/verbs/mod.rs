//! The verbs, one file each.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod findings;
pub(crate) mod hunt;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod new;
pub(crate) mod plan;
#[cfg(feature = "planted-bugs")]
pub(crate) mod planted;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod sim;
pub(crate) mod view;

use crate::{
    cli::Verb,
    exit::{Exit, Failure},
};

/// Does what the command line says.
pub(crate) fn run(verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Run(run) => run.run(),
        Verb::Sim(sim) => sim.run(),
        Verb::Hunt(hunt) => hunt.run(),
        Verb::Load(load) => load.run(),
        Verb::Serve(serve) => serve.run(),
        Verb::Plan(plan) => plan.run(),
        #[cfg(feature = "planted-bugs")]
        Verb::Planted(planted) => planted.run(),
        Verb::Report(report) => report.run(),
        Verb::Findings(findings) => findings.run(),
        Verb::Check(check) => check.run(),
        Verb::View(view) => view.run(),
        Verb::New(new) => new.run(),
        Verb::List(list) => list.run(),
        Verb::Schema(schema) => schema.run(),
        Verb::Completions(completions) => completions.run(),
    }
}
