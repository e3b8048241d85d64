//! Why a trace can't be read.

use std::io;

use super::TRACE_VERSION;
use crate::lines::HistoryError;

/// Why a trace can't be read. Each says which line, counted from 1, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file can't be read.
    #[error("line {line} cannot be read: {source}")]
    Read {
        /// The line.
        line: usize,
        /// What the system says.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error(
        "line 1: the file is empty; make a trace with `hubbub sim FILE --seed N --trace run.trace`"
    )]
    Empty,
    /// It is no trace and no history.
    #[error(
        "line {line} is neither the header of a trace nor a line of a history ({reason}); make a trace with `hubbub sim FILE --seed N --trace run.trace`"
    )]
    Foreign {
        /// The first line with something in it.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It is a trace of another version.
    #[error(
        "line {line}: this is a trace of version {found}, and this program reads version {TRACE_VERSION}; run the same scenario and seed again with --trace"
    )]
    Version {
        /// The first line with something in it.
        line: usize,
        /// Its version.
        found: u64,
    },
    /// A line is none of a trace.
    #[error(
        "line {line} is no line of a trace ({reason}); run the same scenario and seed again with --trace"
    )]
    Line {
        /// The line.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It ends before its verdict.
    #[error(
        "line {line} is the last one and no verdict: the trace was cut off; run the same scenario and seed again with --trace"
    )]
    CutOff {
        /// The last line.
        line: usize,
    },
    /// Lines are missing in its middle.
    #[error(
        "line {line} is the verdict on {expected} lines, and {found} are there: the trace is damaged; run the same scenario and seed again with --trace"
    )]
    Missing {
        /// The verdict's line.
        line: usize,
        /// Lines that the verdict is on.
        expected: u64,
        /// Lines that are there.
        found: u64,
    },
    /// It is a history, and can't be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}
