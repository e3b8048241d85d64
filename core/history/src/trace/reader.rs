//! Reading what a run has written: a trace, or its history alone.

use std::io::{self, BufRead};

use serde::Deserialize;

use super::{
    TRACE_VERSION, Trace, TraceError, TraceHeader, TraceLine, TraceMessage, TraceNote, TraceVerdict,
};
use crate::{
    event::Event,
    lines::{HISTORY_VERSION, HistoryError, read_history_lines},
    recorder::History,
};

/// What a run has written.
#[derive(Debug, Clone)]
pub enum Recording {
    /// Everything that happened.
    Trace(Trace),
    /// What clients and the harness could see.
    History(History),
}

impl Recording {
    /// Its history, which is a part of a trace.
    #[must_use]
    pub fn into_history(self) -> History {
        match self {
            Self::History(history) => history,
            Self::Trace(trace) => trace.events().cloned().collect(),
        }
    }
}

/// Reads a trace or a history: the first line says which it is.
///
/// # Errors
/// When it is neither, or one of another version, or damaged, or cut off.
pub fn read_recording(reader: impl BufRead) -> Result<Recording, TraceError> {
    let mut lines = reader.split(b'\n').map(text).enumerate();
    // Empty lines say nothing, here as elsewhere.
    let is_something = |line: &(usize, io::Result<String>)| {
        line.1.as_ref().map_or(true, |text| !text.trim().is_empty())
    };
    let Some((index, first)) = lines.find(is_something) else { return Err(TraceError::Empty) };
    let line = index + 1;
    let first = first.map_err(|source| TraceError::Read { line, source })?;
    match Opening::of(line, &first)? {
        Opening::Trace => Ok(Recording::Trace(read_lines((line, &first), lines)?)),
        Opening::History => {
            let all = std::iter::once((index, Ok(first))).chain(lines);
            Ok(Recording::History(read_history_lines(all)?))
        }
    }
}

/// Reads a whole trace.
///
/// # Errors
/// As [`read_recording`], and when it is a history.
pub fn read_trace(reader: impl BufRead) -> Result<Trace, TraceError> {
    match read_recording(reader)? {
        Recording::Trace(trace) => Ok(trace),
        Recording::History(_) => {
            let reason = "it is the first line of a history".into();
            Err(TraceError::Foreign { line: 1, reason })
        }
    }
}

/// Bytes that are no text are shown as such, so that the line and not the whole file is refused.
fn text(line: io::Result<Vec<u8>>) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&line?).into_owned())
}

/// What the first line says the file is.
enum Opening {
    Trace,
    History,
}

/// The first line, whatever its version.
#[derive(Deserialize)]
struct AnyOpening {
    trace: Option<u64>,
    v: Option<u64>,
}

impl Opening {
    fn of(line: usize, text: &str) -> Result<Self, TraceError> {
        // The first version was plain text.
        if text.starts_with("hubbub-trace v1") {
            return Err(TraceError::Version { line, found: 1 });
        }
        // Fields of a list would be taken for those of an object, in their order.
        if !text.trim_start().starts_with('{') {
            return Err(TraceError::Foreign { line, reason: "it is no JSON object".into() });
        }
        match serde_json::from_str(text) {
            Ok(AnyOpening { trace: Some(found), .. }) if found != u64::from(TRACE_VERSION) => {
                Err(TraceError::Version { line, found })
            }
            Ok(AnyOpening { trace: Some(_), .. }) => Ok(Self::Trace),
            Ok(AnyOpening { v: Some(_), .. }) => Ok(Self::History),
            Ok(_) => {
                let reason = "it has neither `trace` nor `v`".into();
                Err(TraceError::Foreign { line, reason })
            }
            // A history of which not even the first line is whole.
            Err(error) if error.is_eof() && text.starts_with("{\"v\":") => Ok(Self::History),
            Err(error) if error.is_eof() && text.starts_with("{\"trace\":") => {
                Err(TraceError::CutOff { line })
            }
            Err(error) => Err(TraceError::Foreign { line, reason: error.to_string() }),
        }
    }
}

/// Which kind of line it is.
#[derive(Deserialize)]
struct Tag {
    line: Option<String>,
}

/// Own lines carry the tag beside their fields, which these types do not know.
#[derive(Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum OwnLine {
    Message(Box<TraceMessage>),
    Note(TraceNote),
    Verdict(TraceVerdict),
}

fn read_lines(
    (line, first): (usize, &str),
    lines: impl Iterator<Item = (usize, io::Result<String>)>,
) -> Result<Trace, TraceError> {
    let header: TraceHeader = serde_json::from_str(first)
        .map_err(|error| TraceError::Line { line, reason: error.to_string() })?;
    let mut trace = Trace::new(header);
    let mut lines = lines.peekable();
    let mut last = line;
    while let Some((index, text)) = lines.next() {
        let line = index + 1;
        let text = text.map_err(|source| TraceError::Read { line, source })?;
        if text.trim().is_empty() {
            continue;
        }
        if trace.verdict.is_some() {
            let reason = "it follows the verdict".into();
            return Err(TraceError::Line { line, reason });
        }
        last = line;
        match read_line(&text) {
            Ok(Read::Line(read)) => {
                check_version(&read, line)?;
                trace.push(read);
            }
            Ok(Read::Verdict(verdict)) => {
                let found = trace.lines.len() as u64;
                if verdict.lines != found {
                    return Err(TraceError::Missing { line, expected: verdict.lines, found });
                }
                trace.verdict = Some(verdict);
            }
            // The last line stops in its middle: whoever wrote it was stopped.
            Err(error) if error.is_eof() && lines.peek().is_none() => {
                return Err(TraceError::CutOff { line });
            }
            Err(error) => return Err(TraceError::Line { line, reason: error.to_string() }),
        }
    }
    if trace.verdict.is_none() { Err(TraceError::CutOff { line: last }) } else { Ok(trace) }
}

fn check_version(line: &TraceLine, number: usize) -> Result<(), TraceError> {
    match line {
        TraceLine::Event(event) if event.v != HISTORY_VERSION => {
            let (line, found) = (number, u64::from(event.v));
            Err(HistoryError::Version { line, found }.into())
        }
        _ => Ok(()),
    }
}

enum Read {
    Line(TraceLine),
    Verdict(TraceVerdict),
}

fn read_line(text: &str) -> Result<Read, serde_json::Error> {
    let tag: Tag = serde_json::from_str(text)?;
    if tag.line.is_none() {
        let event: Event = serde_json::from_str(text)?;
        return Ok(Read::Line(TraceLine::Event(Box::new(event))));
    }
    Ok(match serde_json::from_str(text)? {
        OwnLine::Message(message) => Read::Line(TraceLine::Message(message)),
        OwnLine::Note(note) => Read::Line(TraceLine::Note(note)),
        OwnLine::Verdict(verdict) => Read::Verdict(verdict),
    })
}
