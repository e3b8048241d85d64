//! Reading a scenario file.

use std::path::Path;

use hubbub_chat::body_hash;
use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use crate::error::{LocatedProblem, Problem, ScenarioError};
use crate::overrides::apply;
use crate::shape::check_form;
use crate::source::{Source, span_of};
use crate::variants::Resolved;
use crate::{SCENARIO_VERSION, Scenario};

/// A scenario that can run, with the text it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    scenario: Scenario,
    variants: Vec<Resolved>,
    source: Source,
}

impl Scenario {
    /// Reads and judges a scenario file.
    ///
    /// # Errors
    /// When the file cannot be read, is not text, or is not a scenario that can run; then with
    /// everything that is wrong in it.
    pub fn read(path: impl AsRef<Path>) -> Result<Document, ScenarioError> {
        let file = path.as_ref().display().to_string();
        let bytes = std::fs::read(path.as_ref())
            .map_err(|reason| ScenarioError::Unreadable { file: file.clone(), reason })?;
        let text = String::from_utf8(bytes).map_err(|error| ScenarioError::NotText {
            file: file.clone(),
            offset: error.utf8_error().valid_up_to(),
        })?;
        Self::parse(&file, &text)
    }

    /// Reads and judges the text of a scenario. The file name only serves the errors.
    ///
    /// # Errors
    /// When it is not a scenario that can run; then with everything that is wrong in it.
    pub fn parse(file_name: &str, text: &str) -> Result<Document, ScenarioError> {
        // Some editors begin a file with a byte order mark; it is no part of the text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Document::from_source(Source::new(file_name, text))
    }
}

impl Document {
    /// The scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What runs side by side: the base first, then every variant as a whole.
    #[must_use]
    pub fn variants(&self) -> &[Resolved] {
        &self.variants
    }

    /// The file's name as it was given.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.source.file
    }

    /// The text as overrides changed it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The overrides that were applied, as they were written, the oldest first.
    pub fn overrides(&self) -> impl Iterator<Item = &str> {
        self.source.edits.iter().map(|edit| edit.written.as_str())
    }

    /// A hash of the text as overrides changed it, in 16 hexadecimal digits (FNV-1a). It tells
    /// scenarios apart; it is no protection against forgery.
    #[must_use]
    pub fn hash(&self) -> String {
        format!("{:016x}", body_hash(&self.source.text))
    }

    /// Changes one key: `design.heartbeat=5s`. The value is read as TOML, and taken as text when
    /// it is none.
    ///
    /// # Errors
    /// When the override cannot be applied, or makes the scenario one that cannot run; it is
    /// named, and the document stays as it was.
    pub fn set(&mut self, written: &str) -> Result<(), ScenarioError> {
        self.set_all(&[written])
    }

    /// Changes several keys, and judges the scenario only after the last: a pair of values may
    /// be right together and wrong apart.
    ///
    /// # Errors
    /// Like [`Document::set`].
    pub fn set_all(&mut self, written: &[impl AsRef<str>]) -> Result<(), ScenarioError> {
        let mut source = self.source.clone();
        for written in written {
            source = apply(source, written.as_ref())?;
        }
        *self = Self::from_source(source)?;
        Ok(())
    }

    /// The error that refuses this scenario because of one place in it, such as a fault that an
    /// engine cannot do.
    #[must_use]
    pub fn refuse(&self, problem: Problem) -> ScenarioError {
        self.refuse_all(vec![problem])
    }

    /// The error that refuses this scenario because of several places in it.
    #[must_use]
    pub fn refuse_all(&self, problems: Vec<Problem>) -> ScenarioError {
        match DeTable::parse(&self.source.text) {
            Ok(root) => invalid(&self.source, locate_all(&self.source, root.get_ref(), problems)),
            Err(error) => invalid(&self.source, vec![syntax_problem(&self.source, &error)]),
        }
    }

    fn from_source(source: Source) -> Result<Self, ScenarioError> {
        let (scenario, variants) =
            judged(&source).map_err(|problems| invalid(&source, problems))?;
        Ok(Self { scenario, variants, source })
    }
}

/// Syntax, version, form and sense, in this order: what comes later makes no sense before.
fn judged(source: &Source) -> Result<(Scenario, Vec<Resolved>), Vec<LocatedProblem>> {
    let (root, mut errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        return Err(errors.iter().map(|error| syntax_problem(source, error)).collect());
    }
    let table = root.get_ref();
    refuse(other_version(source, table).into_iter().collect())?;
    refuse(check_form(source, table))?;
    // What is left is what only the types themselves know.
    let scenario = Scenario::deserialize(toml::Deserializer::from(root.clone()))
        .map_err(|error| vec![syntax_problem(source, &error)])?;
    let located = |problems: Vec<Problem>| locate_all(source, table, problems);
    refuse(located(scenario.problems()))?;
    let variants = scenario.resolve().map_err(located)?;
    Ok((scenario, variants))
}

fn refuse(problems: Vec<LocatedProblem>) -> Result<(), Vec<LocatedProblem>> {
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn invalid(source: &Source, problems: Vec<LocatedProblem>) -> ScenarioError {
    let overrides = source.edits.iter().map(|edit| edit.written.clone()).collect();
    ScenarioError::Invalid { problems, overrides }
}

/// A file of another version has another form: judged by this one it would be wrong everywhere.
fn other_version(source: &Source, root: &DeTable<'_>) -> Option<LocatedProblem> {
    let version = root.get("version")?;
    let DeValue::Integer(number) = version.get_ref() else { return None };
    if number.as_str() == SCENARIO_VERSION.to_string() {
        return None;
    }
    let message = format!("version {} of the form is not known", number.as_str());
    let advice = format!("this program reads `version = {SCENARIO_VERSION}`");
    let problem = LocatedProblem::new(source, Some(version.span()), message);
    Some(problem.advise(Some(advice)))
}

fn syntax_problem(source: &Source, error: &toml::de::Error) -> LocatedProblem {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    LocatedProblem::new(source, error.span(), message)
}

/// In the order of the file, what concerns the whole of it first.
fn locate_all(
    source: &Source,
    root: &DeTable<'_>,
    mut problems: Vec<Problem>,
) -> Vec<LocatedProblem> {
    problems.sort_by_key(|problem| span_of(root, &problem.place).map(|span| span.start));
    problems.into_iter().map(|problem| locate(source, root, problem)).collect()
}

fn locate(source: &Source, root: &DeTable<'_>, problem: Problem) -> LocatedProblem {
    let span = span_of(root, &problem.place);
    LocatedProblem::new(source, span, problem.message).advise(problem.advice)
}
