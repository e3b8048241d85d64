//! Why a scenario is refused, and how that is shown.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use crate::source::{Position, Source};

/// Problems that one error shows at most; the rest are counted.
const SHOWN_MAX: usize = 20;

/// Something wrong in a scenario, by its place in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The dotted key, with list entries counted from 0: `fault.0.host`. Empty for the whole.
    pub place: String,
    /// What is wrong, without the place in the file.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// Something wrong in a scenario, by its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedProblem {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// Where it stands.
    pub location: Location,
}

/// Where a problem stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a file as a whole, such as a key that is missing.
    File(String),
    /// At a place of a file.
    Place(String, Position),
    /// In an override of the command line.
    Override(String),
    /// In another argument of the command line.
    Argument(String),
}

/// Why a scenario is refused. Its display is the whole text for people, over several lines.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file or folder cannot be read.
    #[error("error: cannot read the scenario\n  --> {file}\n   = {reason}")]
    Unreadable {
        /// The path as the user wrote it.
        file: String,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// The file is not text.
    #[error(
        "error: not a text file: byte {offset} is not UTF-8\n  --> {file}\n   = a scenario is a TOML file; `hubbub new NAME` writes one to start from"
    )]
    NotText {
        /// The path as the user wrote it.
        file: String,
        /// The first byte that is not UTF-8, counted from 0.
        offset: usize,
    },
    /// An override of the command line cannot be applied.
    #[error("error: {message}\n  --> --set {written}\n   = {advice}")]
    Override {
        /// The override as the user wrote it.
        written: String,
        /// What is wrong with it.
        message: String,
        /// What to do about it.
        advice: String,
    },
    /// The file, or what overrides made of it, is not a scenario that can run.
    #[error("{}", Listing(.problems, .overrides))]
    Invalid {
        /// Everything that is wrong.
        problems: Vec<LocatedProblem>,
        /// The overrides of the command line that were applied.
        overrides: Vec<String>,
    },
}

impl Problem {
    /// A problem at a dotted key.
    #[must_use]
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into(), advice: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

impl ScenarioError {
    /// What is wrong in the file, when it could be read at all.
    #[must_use]
    pub fn problems(&self) -> &[LocatedProblem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            _ => &[],
        }
    }
}

impl LocatedProblem {
    /// A problem at a span of the source, or of the whole file.
    pub(crate) fn new(source: &Source, span: Option<Range<usize>>, message: String) -> Self {
        let location = match span {
            None => Location::File(source.file.clone()),
            Some(span) => match source.edit_at(span.start) {
                Some(edit) => Location::Override(edit.written.clone()),
                None => Location::Place(source.file.clone(), source.position(&span)),
            },
        };
        Self { message, advice: None, location }
    }

    pub(crate) fn advise(self, advice: Option<String>) -> Self {
        Self { advice, ..self }
    }
}

impl Display for LocatedProblem {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.message)?;
        let margin = match &self.location {
            Location::Place(file, position) => write_excerpt(formatter, file, position)?,
            Location::Override(written) => write_arrow(formatter, &format!("--set {written}"))?,
            Location::File(place) | Location::Argument(place) => write_arrow(formatter, place)?,
        };
        match &self.advice {
            Some(advice) => write!(formatter, "\n{:margin$}= {advice}", ""),
            None => Ok(()),
        }
    }
}

/// Writes a place that has no line to show, and returns the width of the margin.
fn write_arrow(formatter: &mut Formatter<'_>, place: &str) -> Result<usize, fmt::Error> {
    write!(formatter, "\n  --> {place}")?;
    Ok(3)
}

/// Writes the line with what is meant underlined, and returns the width of its margin.
fn write_excerpt(
    formatter: &mut Formatter<'_>,
    file: &str,
    position: &Position,
) -> Result<usize, fmt::Error> {
    let margin = position.line.to_string().len() + 1;
    let indent: String = position
        .text
        .chars()
        .take(position.column - 1)
        .map(|character| if character == '\t' { '\t' } else { ' ' })
        .collect();
    let arrow = margin - 1;
    write!(formatter, "\n{:arrow$}--> {file}:{}:{}", "", position.line, position.column)?;
    write!(formatter, "\n{:margin$}|", "")?;
    write!(formatter, "\n{} | {}", position.line, position.text)?;
    write!(formatter, "\n{:margin$}| {indent}{}", "", "^".repeat(position.width))?;
    Ok(margin)
}

/// All problems of an error, an empty line between them, and the overrides that may be behind
/// them.
struct Listing<'a>(&'a [LocatedProblem], &'a [String]);

impl Display for Listing<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self(problems, overrides) = self;
        for (index, problem) in problems.iter().take(SHOWN_MAX).enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(formatter, "{gap}{problem}")?;
        }
        if problems.len() > SHOWN_MAX {
            write!(formatter, "\n\nand {} more", problems.len() - SHOWN_MAX)?;
        }
        let is_named = |problem: &LocatedProblem| matches!(problem.location, Location::Override(_));
        if !overrides.is_empty() && !problems.iter().any(is_named) {
            write!(formatter, "\n\nnote: this is with --set {}", overrides.join(" --set "))?;
        }
        Ok(())
    }
}
