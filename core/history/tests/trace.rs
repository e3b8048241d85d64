//! The form of a trace is fixed, and a damaged or foreign file is named as what it is.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeSet, io::Cursor};

use hubbub_history::{
    HistoryError,
    trace::{Recording, Trace, TraceError, TraceLine, Transit, read_recording, read_trace},
};

/// The document's lines, in order, make a trace.
fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/trace.md");
    let document = std::fs::read_to_string(path).unwrap();
    let blocks = document.split("```json\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

fn trace() -> Trace {
    read_trace(Cursor::new(document())).unwrap()
}

fn error(text: impl AsRef<[u8]>) -> TraceError {
    read_recording(Cursor::new(text)).unwrap_err()
}

#[test]
fn the_document_has_every_kind_of_line_as_it_is_written() {
    let trace = trace();
    let kind = |line: &TraceLine| match line {
        TraceLine::Event(_) => "event",
        TraceLine::Message(_) => "message",
        TraceLine::Note(_) => "note",
    };
    let kinds: BTreeSet<&str> = trace.lines.iter().map(kind).collect();
    assert_eq!(kinds, BTreeSet::from(["event", "message", "note"]));
    let transits: BTreeSet<Transit> = trace.messages().map(|it| it.transit).collect();
    assert_eq!(transits, BTreeSet::from([Transit::Passes, Transit::Lost, Transit::Held]));
    assert!(trace.messages().any(|message| message.bytes.is_some()));
    assert!(trace.messages().any(|message| !message.about.stretches.is_empty()));
    assert!(!trace.header.faults.is_empty());
    let verdict = trace.verdict.as_ref().unwrap();
    assert!(!verdict.findings[0].violations.is_empty());
    assert_eq!(trace.texts().join("\n") + "\n", document());
}

#[test]
fn a_trace_is_read_as_it_was_written() {
    let trace = trace();
    let mut written = Vec::new();
    trace.write(&mut written).unwrap();
    assert_eq!(read_trace(Cursor::new(written)).unwrap(), trace);
}

#[test]
fn the_first_line_says_whether_it_is_a_history() {
    let trace = trace();
    let history: String = document()
        .lines()
        .filter(|it| it.starts_with("{\"v\":"))
        .map(|it| format!("{it}\n"))
        .collect();
    let Recording::History(read) = read_recording(Cursor::new(&history)).unwrap() else {
        panic!("a history was read as a trace");
    };
    let events: Vec<_> = trace.events().cloned().collect();
    assert_eq!(read.events(), events);
    assert_eq!(Recording::Trace(trace).into_history().events(), events);
    let refused = read_trace(Cursor::new(&history)).unwrap_err();
    assert!(matches!(refused, TraceError::Foreign { .. }), "{refused}");
}

#[test]
fn every_shorter_file_was_cut_off() {
    let whole = document();
    for length in 1..whole.len() - 1 {
        let found = error(&whole.as_bytes()[..length]);
        let is_named = match &found {
            TraceError::CutOff { .. } => true,
            // Less than the name of the first field can be anything.
            TraceError::Foreign { .. } => length < "{\"trace\":".len(),
            _ => false,
        };
        assert!(is_named, "{length} bytes: {found}");
    }
    assert!(matches!(error(""), TraceError::Empty));
    assert!(matches!(error("\n"), TraceError::Empty));
}

#[test]
fn another_version_is_named() {
    let newer = document().replacen("{\"trace\":2", "{\"trace\":3", 1);
    let text = error(newer).to_string();
    assert!(text.contains("version 3") && text.contains("reads version 2"), "{text}");
    let text = error("hubbub-trace v1 engine=fast\n0.0 store x\n").to_string();
    assert!(text.contains("version 1") && text.contains("run the same scenario"), "{text}");
    let other_event = document().replacen("{\"v\":1,", "{\"v\":2,", 1);
    let found = error(other_event);
    assert!(
        matches!(found, TraceError::History(HistoryError::Version { found: 2, .. })),
        "{found}"
    );
}

#[test]
fn a_foreign_file_is_refused_at_its_first_line() {
    for text in ["version = 1\n", "{\"name\":1}\n", "[1,2]\n", "\u{7f}ELF\u{0}\n"] {
        let found = error(text);
        assert!(matches!(found, TraceError::Foreign { .. }), "{text}: {found}");
        assert!(found.to_string().contains("line 1"), "{found}");
    }
    assert!(matches!(error([0x7f, 0xff, 0xfe]), TraceError::Foreign { .. }));
}

#[test]
fn a_damaged_line_is_named() {
    let whole = document();
    let mut lines: Vec<&str> = whole.lines().collect();
    lines[2] = "{\"line\":\"other\"}";
    let text = error(lines.join("\n")).to_string();
    assert!(text.starts_with("line 3 is no line of a trace"), "{text}");
    lines.remove(2);
    let found = error(lines.join("\n"));
    assert!(matches!(found, TraceError::Missing { .. }), "{found}");
    let text = error(format!("{whole}{{\"line\":\"note\"}}\n")).to_string();
    assert!(text.contains("follows the verdict"), "{text}");
}
