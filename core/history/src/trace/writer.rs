//! A trace as JSON lines. The same trace gives the same bytes.

use std::io::{self, Write};

use serde::Serialize;

use super::{Trace, TraceLine, TraceMessage, TraceNote, TraceVerdict};
use crate::lines::write_event;

/// The lines of a trace that no history has. `line` says which kind it is.
#[derive(Serialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum OwnLine<'a> {
    Message(&'a TraceMessage),
    Note(&'a TraceNote),
    Verdict(&'a TraceVerdict),
}

pub(super) fn write(trace: &Trace, writer: &mut impl Write) -> io::Result<()> {
    write_line(&trace.header, writer)?;
    for line in &trace.lines {
        match line {
            TraceLine::Event(event) => write_event(writer, event)?,
            TraceLine::Message(message) => write_line(&OwnLine::Message(message), writer)?,
            TraceLine::Note(note) => write_line(&OwnLine::Note(note), writer)?,
        }
    }
    match &trace.verdict {
        Some(verdict) => write_line(&OwnLine::Verdict(verdict), writer),
        None => Ok(()),
    }
}

fn write_line(line: &impl Serialize, writer: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *writer, line)?;
    writer.write_all(b"\n")
}
