//! Histories as JSON lines.

use std::io::{self, BufRead, Write};

use crate::{event::Event, recorder::History};

/// The version of the form of a line.
pub const HISTORY_VERSION: u32 = 1;

/// Why a history can't be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file can't be read.
    #[error("cannot read line {line}: {source}")]
    Read {
        /// The line, from 1.
        line: usize,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not an event.
    #[error("line {line} is no event of a history: {reason}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A line has another version.
    #[error(
        "line {line} has version {found} of the history format; this program reads version {HISTORY_VERSION}; run the same scenario and seed again"
    )]
    Version {
        /// The line, from 1.
        line: usize,
        /// Its version.
        found: u64,
    },
    /// Lines are missing, or the file has been cut off.
    #[error(
        "line {line} has seq {found} where {expected} was expected: lines are missing or out of order; copy it again, or run the same scenario and seed again"
    )]
    Sequence {
        /// The line, from 1.
        line: usize,
        /// The `seq` that should follow.
        expected: u64,
        /// The `seq` that is there.
        found: u64,
    },
    /// There is nothing in it.
    #[error("line 1: the history is empty; write one with `hubbub sim FILE --out DIR`")]
    Empty,
    /// It does not say that the run ended.
    #[error(
        "line {lines} is the last whole one and no `end` phase: the history was cut off; copy it again, or run the same scenario and seed again"
    )]
    CutOff {
        /// How many lines there are.
        lines: usize,
    },
}

/// Writes one event as one line.
///
/// # Errors
/// Those of the writer.
pub fn write_event(writer: &mut impl Write, event: &Event) -> io::Result<()> {
    serde_json::to_writer(&mut *writer, event)?;
    writer.write_all(b"\n")
}

/// Writes a whole history.
///
/// # Errors
/// Those of the writer.
pub fn write_history(writer: &mut impl Write, history: &History) -> io::Result<()> {
    history.events().iter().try_for_each(|event| write_event(writer, event))
}

/// Reads a whole history.
///
/// # Errors
/// When a line cannot be read, is no event, has another version, or does not follow the one before,
/// and when the history is empty or was cut off.
pub fn read_history(reader: impl BufRead) -> Result<History, HistoryError> {
    read_history_lines(reader.lines().enumerate())
}

/// Reads a history from its lines, counted from 0.
pub(crate) fn read_history_lines(
    mut lines: impl Iterator<Item = (usize, io::Result<String>)>,
) -> Result<History, HistoryError> {
    let mut events: Vec<Event> = Vec::new();
    while let Some((index, text)) = lines.next() {
        let line = index + 1;
        let text = text.map_err(|source| HistoryError::Read { line, source })?;
        if text.trim().is_empty() {
            continue;
        }
        let event = match read_line(line, &text) {
            // The last line stops in its middle: whoever wrote it was stopped.
            Err(Unread { unfinished: true, .. }) if lines.next().is_none() => {
                return Err(HistoryError::CutOff { lines: events.len() });
            }
            Err(unread) => return Err(unread.error),
            Ok(event) => event,
        };
        let expected = events.len() as u64;
        if event.seq != expected {
            return Err(HistoryError::Sequence { line, expected, found: event.seq });
        }
        events.push(event);
    }
    check_end(&events)?;
    Ok(events.into_iter().collect())
}

struct Unread {
    unfinished: bool,
    error: HistoryError,
}

fn read_line(line: usize, text: &str) -> Result<Event, Unread> {
    let reason = match serde_json::from_str::<Event>(text) {
        Ok(event) if event.v == HISTORY_VERSION => return Ok(event),
        Ok(event) => return Err(other_version(line, u64::from(event.v))),
        Err(error) => error,
    };
    // Another version may have other fields: that is what is wrong then.
    match serde_json::from_str::<Version>(text) {
        Ok(version) if version.v != u64::from(HISTORY_VERSION) => {
            Err(other_version(line, version.v))
        }
        _ => {
            let (unfinished, reason) = (reason.is_eof(), reason.to_string());
            Err(Unread { unfinished, error: HistoryError::Line { line, reason } })
        }
    }
}

fn other_version(line: usize, found: u64) -> Unread {
    Unread { unfinished: false, error: HistoryError::Version { line, found } }
}

#[derive(serde::Deserialize)]
struct Version {
    v: u64,
}

fn check_end(events: &[Event]) -> Result<(), HistoryError> {
    use crate::event::{EventBody, Phase};
    if events.is_empty() {
        return Err(HistoryError::Empty);
    }
    let ended = |event: &Event| matches!(event.body, EventBody::Phase { phase: Phase::End, .. });
    if events.iter().rev().any(ended) {
        Ok(())
    } else {
        Err(HistoryError::CutOff { lines: events.len() })
    }
}
