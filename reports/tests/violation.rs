//! A violation is shown with who had the message, the fault under way and the last events.

#![allow(clippy::unwrap_used, reason = "a test stops where its sample is broken")]

mod support;

use std::sync::Arc;

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};
use hubbub_history::{EventBody, History, Path, Process, Source, checkers::Violation};
use hubbub_report::{CONTEXT_EVENTS_MAX, Series, ViolationReport};
use support::{failing_history, failing_simulation};

fn violation(seq: u64) -> Violation {
    Violation {
        checker: "order".to_owned(),
        summary: "two devices disagree".to_owned(),
        channel: Some(ChannelId::direct(UserId(1), UserId(2))),
        message_id: Some(MessageId(3)),
        body_hash: Some(30),
        had: vec![DeviceId(1)],
        missing: vec![DeviceId(2)],
        seq,
    }
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
fn the_fault_under_way_is_named_and_a_fault_that_is_over_only_when_there_is_no_other() {
    let run = &failing_simulation().runs[1];
    assert_eq!(run.violations[0].faults, ["partition of chat-1 | store since 12.000 s"]);
    let mut later = violation(11);
    later.channel = None;
    let report = ViolationReport::new(&later, &failing_history());
    assert_eq!(report.faults, ["partition of chat-1 | store, over at 32.000 s, affected 418"]);
    assert_eq!(report.at_s, 32.0);
}

#[test]
fn nothing_after_the_violation_is_shown() {
    let report = ViolationReport::new(&violation(1), &history((1..=4).map(|id| apply(1, id))));
    assert_eq!(report.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(report.subject().as_deref(), Some("message 3 of direct-1-2"));
}

#[test]
fn the_messages_own_story_is_kept_however_much_happens_around_it() {
    let story = [apply(1, 3)];
    let noise = (0..500).map(|id| apply(1, 100 + id));
    let report = ViolationReport::new(&violation(500), &history(story.into_iter().chain(noise)));
    assert_eq!(report.events.len(), CONTEXT_EVENTS_MAX);
    assert_eq!(report.events[0].what, "device 1 applied message 3 of direct-1-2 by sync");
    assert_eq!(report.events.last().map(|event| event.seq), Some(500));
    assert!(report.events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
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
