//! The trace of a run: everything that happened, in the order in which it was decided, as JSON
//! lines. The history is a part of it, and its lines look as they do in a history file.

mod about;
mod error;
mod frames;
mod line;
mod reader;
mod requests;
mod writer;

use std::io::{self, Write};

pub use about::{About, Stretch};
pub use error::TraceError;
pub use frames::{client_frame, peer_frame, server_frame};
pub use line::{
    TraceFault, TraceHeader, TraceHost, TraceLine, TraceMessage, TraceNote, TraceVerdict, Transit,
};
pub use reader::{Recording, read_recording, read_trace};
pub use requests::{answer, request};

use crate::{checkers::Finding, event::Event};

/// The version of the form of a trace.
pub const TRACE_VERSION: u32 = 2;

/// A trace in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The first line: what was run, and where.
    pub header: TraceHeader,
    /// What happened, in the order in which the engine came to it.
    pub lines: Vec<TraceLine>,
    /// The last line: what the checkers say. `None` until the run is judged.
    pub verdict: Option<TraceVerdict>,
}

impl Trace {
    /// A trace in which nothing has happened.
    #[must_use]
    pub fn new(header: TraceHeader) -> Self {
        Self { header, lines: Vec::new(), verdict: None }
    }

    /// Adds a line, and says which it is, counted from 0.
    pub fn push(&mut self, line: TraceLine) -> usize {
        self.lines.push(line);
        self.lines.len() - 1
    }

    /// Adds what a machine was given or what woke it, at `t_ns` nanoseconds since the run began.
    pub fn note(&mut self, t_ns: u64, at: &str, what: String) {
        self.push(TraceLine::Note(TraceNote { t_ns, at: at.to_owned(), what }));
    }

    /// Adds the verdict. Findings without a violation are only counted.
    pub fn judge(&mut self, findings: &[Finding]) {
        self.verdict = Some(TraceVerdict {
            lines: self.lines.len() as u64,
            checkers: findings.len() as u64,
            findings: findings.iter().filter(|it| it.is_violated()).cloned().collect(),
        });
    }

    /// The part that clients and the harness could see.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.lines.iter().filter_map(|line| match line {
            TraceLine::Event(event) => Some(event.as_ref()),
            TraceLine::Message(_) | TraceLine::Note(_) => None,
        })
    }

    /// Messages over the network.
    pub fn messages(&self) -> impl Iterator<Item = &TraceMessage> {
        self.lines.iter().filter_map(|line| match line {
            TraceLine::Message(message) => Some(message.as_ref()),
            TraceLine::Event(_) | TraceLine::Note(_) => None,
        })
    }

    /// Writes it as JSON lines: the header, what happened, and the verdict if there is one.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        writer::write(self, writer)
    }

    /// Every line as text, the header first.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let mut bytes = Vec::new();
        // A vector takes everything, and lines are JSON, which is text.
        let written = self.write(&mut bytes);
        debug_assert!(written.is_ok(), "a trace is JSON: {written:?}");
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }
}
