//! A violation is shown with who had the message, the fault under way and the last events.

#![allow(clippy::unwrap_used, reason = "a test stops where its sample is broken")]

mod support;

use std::sync::Arc;

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};
use hubbub_history::{EventBody, History, Path, Process, Source, checkers::Violation, explain};
use hubbub_report::{Series, ViolationReport};
use support::{failing_history, lost_message};

#[test]
fn a_report_says_what_the_explanation_says() {
    let (violation, history) = (lost_message(), failing_history());
    let report = ViolationReport::new(&violation, &history);
    let explanation = explain(&history, &violation);
    assert_eq!(report.faults, explanation.faults);
    assert_eq!(report.events.len(), explanation.events.len());
    for (event, explained) in report.events.iter().zip(&explanation.events) {
        assert_eq!((event.seq, &event.what), (explained.seq, &explained.text));
        assert_eq!(event.process, *explained.process.0);
    }
    let (begun, shown) = (report.events[0].at_s, report.at_s);
    assert_eq!((begun, shown), (10.9, 15.2));
}

#[test]
fn a_report_names_who_had_the_message_and_what_it_is_about() {
    let mut violation = lost_message();
    let report = ViolationReport::new(&violation, &failing_history());
    assert_eq!((report.had, report.missing), (vec![4], vec![9, 12]));
    let subject =
        |violation: &Violation| ViolationReport::new(violation, &failing_history()).subject();
    assert_eq!(subject(&violation).as_deref(), Some("group-3-1"));
    violation.message_id = Some(MessageId(14));
    assert_eq!(subject(&violation).as_deref(), Some("message 14 of group-3-1"));
    violation.channel = None;
    assert_eq!(subject(&violation), None);
}

#[test]
fn without_a_conversation_nobody_has_or_misses_anything() {
    let mut violation = lost_message();
    let report = |violation: &Violation| ViolationReport::new(violation, &failing_history());
    let with = report(&violation);
    assert_eq!(with.parties(), [("had it", [4].as_slice()), ("did not", [9, 12].as_slice())]);
    violation.channel = None;
    assert_eq!(report(&violation).parties(), [("about", [4].as_slice())]);
    violation.had.clear();
    assert_eq!(report(&violation).parties(), []);
}

fn apply(device: u64, id: u64) -> EventBody {
    EventBody::Apply {
        device: DeviceId(device),
        channel: ChannelId::direct(UserId(1), UserId(2)),
        message_id: MessageId(id),
        body_hash: id * 10,
        path: Path::Sync,
    }
}

fn history(bodies: impl IntoIterator<Item = EventBody>) -> History {
    let mut history = History::default();
    for (second, body) in (1..).zip(bodies) {
        history.push(second * 500_000_000, Source::Device, Process(Arc::from("device")), 0, body);
    }
    history
}

#[test]
fn a_series_counts_each_second_of_a_history() {
    let series = Series::of(&history((1..=5).map(|id| apply(1, id))));
    assert_eq!(series.applied, [1, 2, 2]);
    assert_eq!(series.sends, [0, 0, 0]);
    let sample = Series::of(&failing_history());
    assert_eq!((sample.sends[10], sample.sends[12], sample.accepted[12]), (1, 1, 1));
    assert_eq!(Series::of(&History::default()), Series::default());
}
