//! `hubbub findings`: what came out of every claim.

use std::path::PathBuf;

use clap::Args;
use hubbub_report::{ClaimReport, render_findings};
use hubbub_scenario::{Document, list};

use super::run::{Parts, make};
use crate::{
    claims::claim_report,
    exit::{Exit, Failure, print, tell},
    format::{Format, print_json},
    interrupt::Interrupt,
    scenario_file::{Overrides, read},
};

/// Try every claim of a folder, and write the page of findings
///
/// Each scenario with a [claim] is run as `hubbub run` does it, with all its variants and seeds.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubbub findings
  hubbub findings --out docs/findings.md
  hubbub findings scenarios/claims/blind-retry.toml
  hubbub findings my-claims/ --format json")]
pub(crate) struct Findings {
    /// Scenario files, or folders of them
    #[arg(default_value = "scenarios/claims", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Write the page here instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Findings {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let documents = self.documents()?;
        let interrupt = Interrupt::listen();
        let mut claims = Vec::new();
        for (index, document) in documents.iter().enumerate() {
            if interrupt.is_set() {
                tell("interrupted: these are the findings until then");
                break;
            }
            let (file, count) = (document.file_name(), documents.len());
            tell(format!("{} of {count}: {file}", index + 1));
            if let Some(claim) = self.find(document, &interrupt)? {
                claims.push(claim);
            }
        }
        self.write(&claims)?;
        let unconfirmed: Vec<&ClaimReport> =
            claims.iter().filter(|claim| !claim.confirmed).collect();
        for claim in &unconfirmed {
            tell(format!("not confirmed: {}; see {}", claim.text, claim.command));
        }
        let whole = claims.len() == documents.len() && unconfirmed.is_empty();
        Ok(if whole { Exit::Met } else { Exit::Missed })
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
    ) -> Result<Option<ClaimReport>, Failure> {
        let seeds = document.scenario().run.seeds.clone();
        let engine = document.scenario().run.engine;
        let parts = make(document, &seeds, None, engine, &self.overrides, interrupt)?;
        let confirmed = parts.verdict() == hubbub_report::Verdict::Pass && !interrupt.is_set();
        let Parts { figures, .. } = &parts;
        Ok(claim_report(document.scenario(), document.file_name(), figures, confirmed))
    }

    fn write(&self, claims: &[ClaimReport]) -> Result<(), Failure> {
        if self.format == Format::Json {
            return print_json(claims);
        }
        let page = render_findings(claims, "hubbub findings --out docs/findings.md");
        match &self.out {
            None => print(page),
            Some(path) => std::fs::write(path, page)
                .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display()))),
        }
    }
}
