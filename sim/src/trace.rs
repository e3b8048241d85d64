//! The trace: everything that happened in a run, line by line. The same seed gives the same bytes.

use std::{fmt::Write as _, io};

use crate::setup::Setup;

/// A trace in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    lines: Vec<String>,
    envelopes: u64,
}

impl Trace {
    /// A trace with its header.
    #[must_use]
    pub fn new(header: String) -> Self {
        Self { lines: vec![header], envelopes: 0 }
    }

    /// A trace of a run of this engine.
    pub(crate) fn of(setup: &Setup, engine: &str) -> Self {
        let Setup { scenario, variant, seed, .. } = setup;
        Self::new(format!(
            "hubbub-trace v1 engine={engine} scenario={scenario} variant={variant} seed={seed}"
        ))
    }

    /// Adds what happened at `t_ns` nanoseconds since the run began.
    pub fn push(&mut self, t_ns: u64, host: &str, what: &str) {
        let mut line = String::with_capacity(24 + host.len() + what.len());
        // Writing to a String does not fail.
        let _ = write!(line, "{}.{:09} {host} {what}", t_ns / 1_000_000_000, t_ns % 1_000_000_000);
        self.lines.push(line);
    }

    /// Adds a network envelope.
    pub fn push_envelope(&mut self, t_ns: u64, host: &str, what: &str) {
        self.envelopes += 1;
        self.push(t_ns, host, what);
    }

    /// How many network envelopes it has.
    #[must_use]
    pub fn envelopes(&self) -> u64 {
        self.envelopes
    }

    /// The lines, the header first.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Writes it as text.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, writer: &mut impl io::Write) -> io::Result<()> {
        for line in &self.lines {
            writer.write_all(line.as_bytes())?;
            writer.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Where two traces part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line, from 1.
    pub line: usize,
    /// What the first trace says there; `None` behind its end.
    pub first: Option<String>,
    /// What the second trace says there; `None` behind its end.
    pub second: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |line: &Option<String>| line.clone().unwrap_or_else(|| "(end)".into());
        writeln!(formatter, "the traces differ at line {}:", self.line)?;
        writeln!(formatter, "  first:  {}", show(&self.first))?;
        write!(formatter, "  second: {}", show(&self.second))
    }
}

/// The first line in which two traces differ, if any.
#[must_use]
pub fn first_difference(first: &Trace, second: &Trace) -> Option<Difference> {
    let length = first.lines.len().max(second.lines.len());
    let index = (0..length).find(|index| first.lines.get(*index) != second.lines.get(*index))?;
    Some(Difference {
        line: index + 1,
        first: first.lines.get(index).cloned(),
        second: second.lines.get(index).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found() {
        let mut one = Trace::new("header".into());
        let mut other = one.clone();
        assert_eq!(first_difference(&one, &other), None);
        one.push(1_500_000_000, "chat-1", "a");
        other.push(1_500_000_000, "chat-1", "b");
        let difference = first_difference(&one, &other).unwrap();
        assert_eq!(difference.line, 2);
        assert_eq!(difference.first.as_deref(), Some("1.500000000 chat-1 a"));
    }

    #[test]
    fn a_longer_trace_differs_behind_the_end_of_the_other() {
        let one = Trace::new("header".into());
        let mut other = one.clone();
        other.push(0, "store", "x");
        let difference = first_difference(&one, &other).unwrap();
        assert_eq!((difference.line, difference.first), (2, None));
    }
}
