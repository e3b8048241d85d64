//! `hubbub findings`: what came out of every claim.

use std::path::PathBuf;

use clap::Args;
use hubbub_report::{ClaimReport, Verdict, render_findings};
use hubbub_scenario::{Document, list};

use super::run::make;
use crate::{
    claims::claim_report,
    exit::{Exit, Failure, print, tell},
    format::{Format, json},
    interrupt::Interrupt,
    scenario_file::{Overrides, read},
};

/// Try every claim of a folder, and write the page of findings
///
/// Each scenario with a [claim] is run as `hubbub run` does it, with all its variants and seeds.
/// Ctrl-C keeps the findings of the claims that were tried until then.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 every claim came out as its file says, 1 one did not, or was \
                        not tried, 2 bad arguments or a bad file (nothing is written), 3 one could \
                        not be measured.

Examples:
  hubbub findings
  hubbub findings --out docs/findings.md
  hubbub findings scenarios/claims/blind-retry.toml
  hubbub findings my-claims/ --format json --out findings.json"
)]
pub(crate) struct Findings {
    /// Scenario files, or folders of them
    #[arg(default_value = "scenarios/claims", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Write the findings here instead of printing them
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Findings {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        self.check_out()?;
        let documents = self.documents()?;
        let interrupt = Interrupt::listen();
        let (mut claims, mut verdicts) = (Vec::new(), Vec::new());
        for (index, document) in documents.iter().enumerate() {
            let (file, count) = (document.file_name(), documents.len());
            tell(format!("{} of {count}: {file}", index + 1));
            let found = self.find(document, &interrupt);
            if interrupt.is_set() {
                // What was found about the last one is half of it.
                tell(format!("interrupted: {index} of {count} claims were tried until then"));
                break;
            }
            match found {
                Ok((verdict, claim)) => {
                    verdicts.push(verdict);
                    claims.extend(claim);
                }
                // The findings of hours shall not be lost by one file.
                Err(failure) => {
                    failure.tell();
                    verdicts.push(Verdict::Fail);
                }
            }
        }
        self.write(&claims)?;
        for claim in claims.iter().filter(|claim| !claim.confirmed) {
            tell(format!("not confirmed: {}; see {}", claim.text, claim.command));
        }
        if verdicts.len() < documents.len() {
            return Ok(Exit::Missed);
        }
        Ok(Verdict::of_whole(verdicts).into())
    }

    /// Told before anything is run, not when everything was.
    fn check_out(&self) -> Result<(), Failure> {
        let Some(path) = &self.out else { return Ok(()) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let reason = if path.is_dir() {
            "it is a folder"
        } else if folder.is_some_and(|folder| !folder.is_dir()) {
            "its folder is not there"
        } else {
            return Ok(());
        };
        Err(Failure::new(format!("cannot write {}: {reason}", path.display())))
    }

    fn documents(&self) -> Result<Vec<Document>, Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            if path.is_dir() {
                let listed = list(path).map_err(Failure::new)?;
                files.extend(listed.into_iter().map(|listed| listed.path));
            } else {
                files.push(path.clone());
            }
        }
        let mut documents = Vec::new();
        for file in files {
            let document = read(&file, &self.overrides)?;
            if document.scenario().claim.is_some() {
                documents.push(document);
            }
        }
        if documents.is_empty() {
            return Err(Failure::new("no scenario there makes a claim: give it a [claim]"));
        }
        Ok(documents)
    }

    fn find(
        &self,
        document: &Document,
        interrupt: &Interrupt,
    ) -> Result<(Verdict, Option<ClaimReport>), Failure> {
        let seeds = document.scenario().run.seeds.clone();
        let engine = document.scenario().run.engine;
        let parts = make(document, &seeds, None, engine, &self.overrides, interrupt)?;
        let verdict = parts.verdict();
        let (scenario, file) = (document.scenario(), document.file_name());
        let claim = claim_report(scenario, file, &parts.figures, verdict == Verdict::Pass);
        Ok((verdict, claim))
    }

    fn write(&self, claims: &[ClaimReport]) -> Result<(), Failure> {
        let findings = match self.format {
            Format::Human => render_findings(claims, "hubbub findings --out docs/findings.md"),
            Format::Json => json(claims)?,
        };
        match &self.out {
            None => print(findings),
            Some(path) => std::fs::write(path, findings)
                .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display()))),
        }
    }
}
