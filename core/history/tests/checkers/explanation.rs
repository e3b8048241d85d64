use hubbub_chat::body_hash;
use hubbub_history::{EVENTS_SHOWN, FaultState, checkers::Violation, explain};

use crate::story::{DIRECT, GROUP, Story, devices};

fn lost_in_a_partition() -> Story {
    let mut story = Story::of_two_friends();
    story.session(21, true);
    story.fault(1, "partition", "chat-1 | store", FaultState::On);
    story.fault(1, "partition", "chat-1 | store", FaultState::Off);
    story.fault(2, "crash", "chat-2", FaultState::On);
    story.session(21, false);
    story.invoke(11, DIRECT, "one");
    story.accept(11, DIRECT, "one", None);
    story.fault(2, "crash", "chat-2", FaultState::Off);
    story.end();
    story
}

#[test]
fn an_explanation_shows_the_finding_the_fault_and_what_went_before() {
    let story = lost_in_a_partition();
    let finding = story.judge("accepted-lost");
    // Without any line of the store the audience is the two friends.
    let lines = explain(story.history(), &finding.violations[0]).lines();
    assert_eq!(
        lines.join("\n"),
        "accepted-lost: the message that device 11 sent to direct-1-2 as its number 1 was accepted and is lost: no device has it, and it is missing on devices 11, 12 and 21
  missing: device 11, device 12, device 21
  faults:
    fault 2, crash of chat-2, from 0.007000 s to 0.011000 s, 3 affected
  last events:
    0.004000 s  #3  device-21: device 21 is attached to chat-1
    0.005000 s  #4  harness: fault 1 begins, partition of chat-1 | store
    0.006000 s  #5  harness: fault 1 ends, partition of chat-1 | store, 3 affected
    0.007000 s  #6  harness: fault 2 begins, crash of chat-2
    0.008000 s  #7  device-21: device 21 loses chat-1: the connection broke
    0.009000 s  #8  device-11: device 11 sends number 1 to direct-1-2 (body 1a08aa1921ca5caf)
    0.010000 s  #9  device-11: device 11 sends number 1 to direct-1-2: accepted without a place"
    );
}

#[test]
fn without_a_fault_under_way_the_nearest_ones_are_shown() {
    let mut story = Story::of_two_friends();
    story.fault(1, "blip", "chat-1", FaultState::On);
    story.fault(1, "blip", "chat-1", FaultState::Off);
    story.invoke(11, DIRECT, "one");
    story.accept(11, DIRECT, "one", None);
    story.fault(2, "crash", "chat-1", FaultState::On);
    story.end();
    let finding = story.judge("accepted-lost");
    let explanation = explain(story.history(), &finding.violations[0]);
    assert_eq!(
        explanation.faults,
        [
            "none was under way",
            "the last before: fault 1, blip of chat-1, from 0.004000 s to 0.005000 s, 3 affected",
            "the next after: fault 2, crash of chat-1, from 0.008000 s to the end",
        ]
    );
}

#[test]
fn only_the_events_of_the_channel_and_its_devices_are_shown() {
    let mut story = Story::of_a_group();
    for number in 0..20 {
        story.say(11, DIRECT, &format!("elsewhere {number}"));
        story.say(11, GROUP, &format!("here {number}"));
    }
    story.session(31, true);
    story.say_except(11, GROUP, "lost", &[21]);
    story.end();
    let finding = story.judge("accepted-lost");
    let explanation = explain(story.history(), &finding.violations[0]);
    assert_eq!(explanation.events.len(), EVENTS_SHOWN);
    assert!(explanation.events.iter().all(|event| event.text.contains("group-1-1")));
    assert!(explanation.events[EVENTS_SHOWN - 1].text.contains("accepted as message 22"));
    assert!(explanation.finding.iter().any(|line| line == "  missing: device 21"));
}

/// A violation about `text` in [`DIRECT`], shown by the last line of the story.
fn about(story: &Story, text: &str, missing: &[u64]) -> Violation {
    let seq = story.history().events().len() as u64 - 1;
    Violation::new(seq, DIRECT, "planted".to_owned())
        .of(None, body_hash(text))
        .between(devices(&[11, 12]), devices(missing))
}

fn texts(story: &Story, violation: &Violation) -> Vec<String> {
    let events = explain(story.history(), violation).events;
    assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    events.into_iter().map(|event| event.text).collect()
}

#[test]
fn nothing_after_the_line_that_shows_the_violation_is_shown() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    let violation = about(&story, "one", &[21]);
    let before = explain(story.history(), &violation);
    let later = story.say(11, DIRECT, "two");
    story.deliver_to(21, DIRECT, later);
    let after = explain(story.history(), &violation);
    assert_eq!(before, after);
    assert_eq!(after.events.last().map(|event| event.seq), Some(violation.seq));
    assert_eq!(after.events.last().map(|event| event.t_ns), Some(after.t_ns));
}

#[test]
fn the_messages_own_story_is_kept_however_much_happens_around_it() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "lost", &[21]);
    for number in 0..200 {
        story.session(21, number % 2 == 0);
        story.fault(number, "blip", "chat-1", FaultState::On);
        story.say(12, DIRECT, &format!("noise {number}"));
    }
    let shown = texts(&story, &about(&story, "lost", &[21]));
    assert_eq!(shown.len(), EVENTS_SHOWN);
    assert!(shown[0].starts_with("device 11 sends number 1 to direct-1-2 (body "), "{shown:?}");
    assert_eq!(
        shown[1..5],
        [
            "message 1 of direct-1-2 is written: number 1 of device 11",
            "device 11 sends number 1 to direct-1-2: accepted as message 1",
            "device 11 stores message 1 of direct-1-2, come by hint",
            "device 12 stores message 1 of direct-1-2, come by hint",
        ]
    );
}

#[test]
fn half_of_the_room_is_for_sessions_and_faults_however_long_the_messages_own_story_is() {
    let mut story = Story::of_two_friends();
    for number in 0..10 {
        story.session(21, number % 2 == 0);
        story.session(12, number % 2 == 0);
    }
    story.invoke(11, DIRECT, "lost");
    let place = story.commit(11, DIRECT, "lost");
    for _ in 0..100 {
        story.apply(21, DIRECT, place, body_hash("lost"));
    }
    let shown = texts(&story, &about(&story, "lost", &[21]));
    assert_eq!(shown.len(), EVENTS_SHOWN);
    // Where it did not arrive says more: device 12 had it, so that its sessions say nothing.
    let sessions = shown
        .iter()
        .filter(|text| text.ends_with(" chat-1") || text.contains(" chat-1: "))
        .collect::<Vec<_>>();
    assert_eq!(sessions.len(), EVENTS_SHOWN / 2);
    assert!(sessions.iter().all(|text| text.starts_with("device 21 ")), "{sessions:?}");
}

#[test]
fn what_a_device_stored_is_not_shown_as_received_too() {
    let mut story = Story::of_two_friends();
    story.invoke(11, DIRECT, "half");
    let place = story.commit(11, DIRECT, "half");
    story.deliver(DIRECT, place, &[21]);
    story.receive(21, DIRECT, place, body_hash("half"));
    story.accept(11, DIRECT, "half", Some(place));
    let shown = texts(&story, &about(&story, "half", &[21]));
    let reached: Vec<_> = shown.iter().filter(|text| text.contains("reaches")).collect();
    assert_eq!(reached, ["message 1 of direct-1-2 reaches device 21 by hint"]);
    assert_eq!(shown.iter().filter(|text| text.contains("stores")).count(), 2);
}

#[test]
fn the_line_that_shows_the_violation_is_shown_even_when_it_was_stored_before() {
    let mut story = Story::of_two_friends();
    let place = story.say(11, DIRECT, "again");
    story.receive(21, DIRECT, place, body_hash("again"));
    let shown = texts(&story, &about(&story, "again", &[21]));
    let last = shown.last().map(String::as_str);
    assert_eq!(last, Some("message 1 of direct-1-2 reaches device 21 by hint"));
}

#[test]
fn sends_of_the_channel_come_before_deliveries_to_devices_that_are_not_concerned() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "lost", &[21]);
    story.invoke(11, DIRECT, "other");
    for place in 100..200 {
        story.apply(12, DIRECT, place, place);
    }
    let shown = texts(&story, &about(&story, "lost", &[21]));
    assert_eq!(shown.len(), EVENTS_SHOWN);
    assert!(shown.iter().any(|text| text.contains("sends number 2 ")), "{shown:?}");
}
