//! How the program ends.

use std::{fmt::Display, io::Write as _, process::ExitCode};

use hubbub_report::Verdict;
use hubbub_scenario::ScenarioError;

/// A run that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All expectations are met: status 0.
    Met,
    /// A violation or a missed expectation: status 1.
    Missed,
    /// The measurement itself is invalid: status 3.
    Invalid,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Met => 0,
            Exit::Missed => 1,
            Exit::Invalid => 3,
        })
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Met,
            Verdict::Fail => Self::Missed,
            Verdict::Invalid => Self::Invalid,
        }
    }
}

/// Why a run could not be made at all: status 2, and nothing is written. A defect that shows as a
/// panic is a missed expectation: status 1.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    status: u8,
}

impl Failure {
    /// Something that the user can mend. The text says what to do, in one line or more.
    pub(crate) fn new(text: impl Display) -> Self {
        Self { text: format!("error: {text}"), status: 2 }
    }

    /// A defect of the design or of the program under test.
    pub(crate) fn defect(text: impl Display) -> Self {
        Self { text: format!("error: {text}"), status: 1 }
    }

    /// Tells why, where work goes on without what failed.
    pub(crate) fn tell(&self) {
        tell(self.text.trim_end());
    }

    pub(crate) fn report(self) -> ExitCode {
        self.tell();
        ExitCode::from(self.status)
    }
}

impl From<ScenarioError> for Failure {
    /// Its text begins with `error:` itself and shows the lines.
    fn from(error: ScenarioError) -> Self {
        Self { text: error.to_string(), status: 2 }
    }
}

/// Writes a result to the standard output. A reader that has gone, as `head` does, ends the
/// program quietly.
pub(crate) fn print(text: impl Display) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(format!("cannot write to the standard output: {error}"))),
    }
}

/// Writes a line for people to the standard error.
pub(crate) fn tell(text: impl Display) {
    // Nobody is left to tell when the standard error is gone.
    let _ = writeln!(std::io::stderr(), "{text}");
}
