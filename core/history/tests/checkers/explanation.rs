use hubbub_history::{EVENTS_SHOWN, FaultState, explain};

use crate::story::{DIRECT, GROUP, Story};

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
    fault 2, crash of chat-2, from 0.007000 s to 0.011000 s
  last events:
    0.004000 s  #3  device-21: device 21 is attached to chat-1: it connected
    0.008000 s  #7  device-21: device 21 is not attached to chat-1: the connection broke
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
            "the last before: fault 1, blip of chat-1, from 0.004000 s to 0.005000 s",
            "the next after: fault 2, crash of chat-1, from 0.008000 s to the end",
        ]
    );
}

#[test]
fn only_the_last_events_of_the_channel_and_its_devices_are_shown() {
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
    assert!(explanation.events.iter().all(|line| line.contains("group-1-1")));
    assert!(explanation.events[EVENTS_SHOWN - 1].contains("accepted as message 22"));
    assert!(explanation.finding.iter().any(|line| line == "  missing: device 21"));
}
