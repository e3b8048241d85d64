//! `hubbub view`: the page has in it what the trace has, and nothing from elsewhere.

use std::io::Cursor;

use hubbub_history::{
    Event, EventBody,
    trace::{Trace, TraceLine, read_trace},
};
use hubbub_report::{Drawing, LaneKind, Mark};

use crate::program::{Ended, Program, SMALL, library};

/// Makes a trace and the page of it.
fn viewed(program: &Program, scenario: &str, engine: &str) -> (Trace, String) {
    let arguments =
        ["sim", scenario, "--seed", "1", "--engine", engine, "--variant", "base", "--trace", "t"];
    let ended = program.run(&arguments);
    assert_ne!(ended.status, 2, "{}", ended.stderr);
    let ended = program.run(&["view", "t", "-o", "page.html", "--open", "no"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (0, "page.html\n"), "{}", ended.stderr);
    let trace = std::fs::read(program.path("t")).unwrap();
    let page = std::fs::read_to_string(program.path("page.html")).unwrap();
    (read_trace(Cursor::new(trace)).unwrap(), page)
}

const DATA: &str = "<script id=\"drawing\" type=\"application/json\">";

fn drawing(page: &str) -> Drawing {
    let (_, rest) = page.split_once(DATA).unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn assert_shows_everything(trace: &Trace, drawing: &Drawing) {
    assert_eq!(drawing.marks.len(), trace.lines.len());
    // Marks are in the order of time; what happened at one time is in the order of the trace.
    let mut lines: Vec<&TraceLine> = trace.lines.iter().collect();
    lines.sort_by_key(|line| match line {
        TraceLine::Event(event) => event.t_ns,
        TraceLine::Message(message) => message.sent_ns,
        TraceLine::Note(note) => note.t_ns,
    });
    let lane = |name: &str| drawing.lanes.iter().position(|lane| lane.name == name);
    for (line, mark) in lines.into_iter().zip(&drawing.marks) {
        match line {
            TraceLine::Event(event) => {
                assert_eq!((mark.t, mark.seq, mark.to), (event.t_ns, Some(event.seq), None));
                assert_eq!(mark.device, event.body.device());
                assert_eq!(mark.id, event.body.message_id().map(|id| id.to_string()));
                let channels = mark.channels.iter().map(|at| drawing.channels[*at].clone());
                let channel = event.body.channel().map(|channel| channel.to_string());
                assert!(channels.eq(channel));
                assert!(hubbub_history::describe(event).ends_with(&mark.text), "{}", mark.text);
            }
            TraceLine::Message(message) => {
                assert_eq!((mark.t, mark.end), (message.sent_ns, message.arrives_ns));
                assert_eq!((Some(mark.lane), mark.to), (lane(&message.from), lane(&message.to)));
                assert_eq!((&mark.kind, &mark.says), (&message.kind, &message.says));
            }
            TraceLine::Note(note) => {
                assert_eq!((mark.t, &mark.text), (note.t_ns, &note.what));
                assert_eq!(Some(mark.lane), lane(&note.at));
            }
        }
    }
}

#[test]
fn the_page_has_every_line_of_the_trace() {
    for engine in ["fast", "full"] {
        let program = Program::new();
        program.write("small.toml", SMALL);
        let (trace, page) = viewed(&program, "small.toml", engine);
        let drawing = drawing(&page);
        assert!(trace.messages().count() > 500, "{engine}");
        assert_shows_everything(&trace, &drawing);
        let partition = &drawing.faults[0];
        let struck = partition.lanes.iter().map(|at| drawing.lanes[*at].name.as_str());
        assert!(struck.eq(["harness", "store", "chat-1"]), "{engine}: {partition:?}");
        let is_fault = |event: &&Event| matches!(event.body, EventBody::Fault { .. });
        let times: Vec<u64> = trace.events().filter(is_fault).map(|event| event.t_ns).collect();
        assert_eq!([partition.from, partition.to], times[..]);
        assert_eq!(drawing.violations, []);
    }
}

#[test]
fn the_page_loads_nothing() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let (_, page) = viewed(&program, "small.toml", "fast");
    let (before, rest) = page.split_once(DATA).unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    for part in [before, after] {
        for word in ["http:", "https:", " src=", "href=", "url(", "@import", "fetch(", "import "] {
            assert!(!part.contains(word), "the page has {word}");
        }
    }
    assert!(before.contains("default-src 'none'"));
    // Nothing in the data can end its script.
    assert!(!rest.split_once("</script>").unwrap().0.contains('<'));
}

#[test]
fn a_violation_is_listed_with_what_is_about_it() {
    let program = Program::new();
    let file = library("claims/accept-on-receipt.toml");
    let (trace, page) = viewed(&program, &file, "fast");
    let drawing = drawing(&page);
    let findings = &trace.verdict.as_ref().unwrap().findings;
    let found: usize = findings.iter().map(|finding| finding.violations.len()).sum();
    assert!(found > 0 && drawing.violations.len() == found);
    let shown = drawing.violations.iter().find(|it| it.checker == "accepted-lost").unwrap();
    assert!(shown.marks.iter().any(|at| drawing.marks[*at].seq == Some(shown.seq)));
    let kinds: Vec<&str> = shown.marks.iter().map(|at| drawing.marks[*at].kind.as_str()).collect();
    assert!(kinds.contains(&"send"), "{kinds:?}");
    let arrows = shown.marks.iter().filter(|at| drawing.marks[**at].to.is_some()).count();
    assert!(arrows >= 1, "the message on its way: {kinds:?}");
    assert!(!shown.missing.is_empty());
}

/// What a device received of a message that is in the log twice has an arrow that brought it.
#[test]
fn a_duplicate_is_shown_with_all_that_brought_it() {
    let program = Program::new();
    let (_, page) = viewed(&program, &library("claims/blind-retry.toml"), "fast");
    let drawing = drawing(&page);
    let mut received = 0;
    for shown in drawing.violations.iter().filter(|it| it.checker == "duplicated") {
        let marks = || shown.marks.iter().map(|at| &drawing.marks[*at]);
        for receive in marks().filter(|mark| mark.kind == "receive") {
            let brings = |mark: &Mark| mark.to == Some(receive.lane) && mark.end == Some(receive.t);
            assert!(marks().any(brings), "{}: nothing brings {receive:?}", shown.summary);
            received += 1;
        }
    }
    assert!(received > 2);
}

#[test]
fn a_history_is_drawn_with_arrows_from_send_to_entry_to_apply() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    assert_eq!(program.run(&["sim", "small.toml", "--out", "bundle"]).status, 0);
    let history = "bundle/history/sim-base-1.jsonl";
    assert_eq!(program.run(&["view", history, "--open", "no"]).status, 0);
    let page = std::fs::read_to_string(program.path("bundle/history/sim-base-1.html")).unwrap();
    let drawing = drawing(&page);
    let text = std::fs::read_to_string(program.path(history)).unwrap();
    let dots = drawing.marks.iter().filter(|mark| mark.to.is_none()).count();
    assert_eq!(dots, text.lines().count());
    let kind = |at: usize| drawing.lanes[at].kind;
    for (name, from, to) in
        [("send", LaneKind::Device, LaneKind::Host), ("apply", LaneKind::Host, LaneKind::Device)]
    {
        let is_it = |mark: &&hubbub_report::Mark| mark.kind == name && mark.to.is_some();
        let arrows: Vec<_> = drawing.marks.iter().filter(is_it).collect();
        assert!(arrows.len() > 20, "{name}: {}", arrows.len());
        assert!(arrows.iter().all(|it| kind(it.lane) == from && it.to.map(kind) == Some(to)));
        assert!(arrows.iter().all(|it| it.end.is_some_and(|end| end >= it.t)));
    }
}

#[test]
fn what_is_no_whole_trace_is_refused_with_its_line() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let ended = program.run(&["sim", "small.toml", "--trace", "whole"]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let whole = std::fs::read_to_string(program.path("whole")).unwrap();
    let without_verdict: Vec<&str> = whole.lines().collect();
    let without_verdict = without_verdict[..without_verdict.len() - 1].join("\n");
    let files = [
        ("old", "hubbub-trace v1 engine=fast\n".to_owned(), "version 1"),
        ("newer", whole.replacen("{\"trace\":2", "{\"trace\":9", 1), "version 9"),
        ("cut", whole[..whole.len() / 2].to_owned(), "cut off"),
        ("unjudged", without_verdict, "cut off"),
        ("foreign", SMALL.to_owned(), "line 2 is neither"),
        ("empty", String::new(), "empty"),
    ];
    for (name, text, expected) in files {
        program.write(name, text);
        let names = program.names();
        for verb in ["view", "check"] {
            let Ended { status, stdout, stderr } = program.run(&[verb, name]);
            assert_eq!((status, stdout.as_str()), (2, ""), "{verb} {name}");
            let begins = stderr.starts_with(&format!("error: {name}: line "));
            assert!(begins && stderr.contains(expected), "{verb} {name}: {stderr}");
        }
        assert_eq!(program.names(), names, "something was written");
    }
    let ended = program.run(&["view", "nowhere"]);
    assert!(ended.status == 2 && ended.stderr.contains("nowhere"), "{}", ended.stderr);
    program.write("page.html", &whole);
    let ended = program.run(&["view", "page.html"]);
    assert!(ended.status == 2 && ended.stderr.contains("-o"), "{}", ended.stderr);
}

#[test]
fn the_history_in_a_trace_is_judged() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    assert_eq!(program.run(&["sim", "small.toml", "--trace", "t", "--out", "bundle"]).status, 0);
    let judged = ["t", "bundle/history/sim-base-1.jsonl"].map(|file| {
        let ended = program.run(&["check", file]);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        ended.stdout
    });
    assert_eq!(judged[0], judged[1]);
}

#[test]
fn a_failed_run_says_how_to_look_at_it() {
    let program = Program::new();
    let file = library("claims/accept-on-receipt.toml");
    let ended = program.run(&["sim", &file, "--variant", "base", "--set", "expect.violations=[]"]);
    assert_eq!(ended.status, 1, "{}{}", ended.stdout, ended.stderr);
    let line = ended.stdout.lines().find_map(|line| line.trim().strip_prefix("look at it "));
    let (make, view) = line.unwrap().split_once("; ").unwrap();
    for command in [make, view] {
        let words = command.split(' ').skip(1).map(|word| word.trim_matches('\''));
        let words: Vec<&str> = words.collect();
        let ended = program.run(&words);
        assert_ne!(ended.status, 2, "{command}: {}", ended.stderr);
    }
    assert!(program.path("run.html").is_file());
}
