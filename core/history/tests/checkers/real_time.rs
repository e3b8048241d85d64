use hubbub_chat::{MessageId, body_hash};
use hubbub_history::{Event, EventBody, EventType, History, checkers::check_named};

use crate::story::{DIRECT, GROUP, Story, devices};

/// Device 11 sends and is accepted at place 2, then device 21 sends and gets place 1.
fn overtaken() -> Story {
    let mut story = Story::of_two_friends();
    story.commit_as(21, DIRECT, "late", 1);
    story.commit_as(11, DIRECT, "early", 1);
    story.invoke(11, DIRECT, "early");
    story.accept(11, DIRECT, "early", Some(2));
    story.invoke(21, DIRECT, "late");
    story.accept(21, DIRECT, "late", Some(1));
    story.deliver(DIRECT, 1, &[]);
    story.deliver(DIRECT, 2, &[]);
    story.end();
    story
}

#[test]
fn a_log_that_follows_time_holds() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.say(21, DIRECT, "two");
    story.say(11, DIRECT, "three");
    story.end();
    let finding = story.judge("real-time");
    assert!(finding.holds());
    assert_eq!(finding.judged, 2, "nothing was accepted before the first");
}

#[test]
fn a_later_send_at_a_lower_place_is_caught() {
    let story = overtaken();
    let finding = story.judge("real-time");
    assert_eq!((finding.judged, finding.violations_total), (1, 1));
    let violation = &finding.violations[0];
    assert_eq!(violation.message_id, Some(MessageId(1)));
    assert_eq!(violation.had, devices(&[11, 21]));
    assert_eq!(
        violation.summary,
        "message 1 of direct-1-2 was sent by device 21 after message 2 of device 11 had been \
         accepted, yet does not stand after it"
    );
    assert_eq!(story.violated(), ["real-time"]);
}

#[test]
fn sends_at_the_same_time_may_stand_in_either_order() {
    let mut story = Story::of_two_friends();
    story.invoke(11, DIRECT, "one");
    story.invoke(21, DIRECT, "two");
    let two = story.commit(21, DIRECT, "two");
    let one = story.commit(11, DIRECT, "one");
    story.accept(11, DIRECT, "one", Some(one));
    story.accept(21, DIRECT, "two", Some(two));
    story.deliver(DIRECT, 1, &[]);
    story.deliver(DIRECT, 2, &[]);
    story.end();
    assert!(story.judge("real-time").undecided());
    assert!(story.violated().is_empty());
}

#[test]
fn channels_are_judged_apart() {
    let mut story = Story::of_a_group();
    story.say(11, GROUP, "second place there");
    story.say(11, DIRECT, "first place here");
    story.end();
    assert!(story.judge("real-time").undecided());
}

#[test]
fn it_is_the_highest_accepted_place_that_counts() {
    let mut story = Story::of_two_friends().without_store();
    for (text, place) in [("one", 1), ("two", 5), ("three", 3), ("four", 4)] {
        story.invoke(11, DIRECT, text);
        story.accept(11, DIRECT, text, Some(place));
    }
    assert_eq!(story.judge("real-time").violations_total, 2, "three and four stand below two");
}

#[test]
fn two_messages_at_one_place_are_caught() {
    let mut story = Story::of_two_friends().without_store();
    for (device, text) in [(11, "one"), (21, "two")] {
        story.invoke(device, DIRECT, text);
        story.accept(device, DIRECT, text, Some(1));
    }
    assert_eq!(story.judge("real-time").violations_total, 1);
}

#[test]
fn clocks_that_may_differ_by_more_than_the_gap_prove_nothing() {
    let events = overtaken().history().events().to_vec();
    let judge = |t_error_ns: u64| {
        let widen = |event: &Event| {
            let t_error_ns =
                if matches!(event.body, EventBody::Send { .. }) { t_error_ns } else { 0 };
            Event { t_error_ns, ..event.clone() }
        };
        let history: History = events.iter().map(widen).collect();
        check_named(&history, &["real-time"]).unwrap().remove(0)
    };
    // From the acceptance to the next send it is a millisecond.
    assert!(judge(400_000).is_violated());
    assert!(judge(600_000).undecided());
}

#[test]
fn a_repeated_acceptance_does_not_move_the_first() {
    let mut story = overtaken();
    let hash = body_hash("early");
    let ok = story.history().events().iter().find(|event| {
        matches!(event.body, EventBody::Send { r#type: EventType::Ok, body_hash, .. } if body_hash == hash)
    });
    let ok = ok.unwrap().body.clone();
    story.write(ok);
    assert_eq!(story.judge("real-time").violations_total, 1);
}
