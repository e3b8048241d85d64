use hubbub_chat::{MessageId, body_hash};

use crate::story::{DIRECT, GROUP, Story, devices};

#[test]
fn what_came_once_is_no_duplicate() {
    let mut story = Story::of_two_friends();
    let place = story.say(11, DIRECT, "one");
    story.receive(21, DIRECT, place, body_hash("one"));
    story.end();
    let finding = story.judge("duplicated");
    assert!(finding.holds(), "a second frame is no second message");
    assert_eq!(finding.judged, 4, "three devices and one entry");
}

#[test]
fn storing_an_entry_again_is_caught() {
    let mut story = Story::of_two_friends();
    let one = story.say(11, DIRECT, "one");
    story.say(11, DIRECT, "two");
    let again = story.apply(21, DIRECT, one, body_hash("one"));
    story.end();
    let finding = story.judge("duplicated");
    let violation = &finding.violations[0];
    assert_eq!(finding.violations_total, 1);
    assert_eq!((violation.seq, &violation.had), (again, &devices(&[21])));
    assert_eq!(
        violation.summary,
        "device 21 stored message 1 of direct-1-2 although it stored it before"
    );
    assert_eq!(story.violated(), ["duplicated"]);
}

#[test]
fn a_send_with_two_entries_is_caught_in_the_log_and_on_the_devices() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    let again = story.commit(11, DIRECT, "one");
    story.deliver(DIRECT, again, &[]);
    story.end();
    let finding = story.judge("duplicated");
    assert_eq!(finding.violations_total, 4, "the log and three devices");
    let summaries: Vec<&str> =
        finding.violations.iter().map(|violation| violation.summary.as_str()).collect();
    assert_eq!(
        summaries[0],
        "device 11 stored message 2 of direct-1-2 although it had it as message 1"
    );
    assert_eq!(
        summaries[3],
        "number 1 of device 11 stands twice in direct-1-2: as message 1 and as message 2"
    );
    assert_eq!(story.violated(), ["duplicated"]);
}

#[test]
fn a_second_entry_is_caught_although_nobody_has_it_yet() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    let again = story.commit_as(11, DIRECT, "one", 2);
    story.end();
    let finding = story.judge("duplicated");
    assert_eq!(finding.violations[0].message_id, Some(MessageId(again)));
    assert_eq!(finding.violations_total, 1);
}

#[test]
fn a_number_that_stands_for_two_bodies_is_caught() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    let other = story.commit_as(11, DIRECT, "other", 1);
    story.deliver(DIRECT, other, &[]);
    story.end();
    assert_eq!(story.judge("duplicated").violations_total, 1);
}

#[test]
fn a_send_that_has_failed_and_stands_in_the_log_is_caught() {
    let failed = |with_store: bool| {
        let mut story = Story::of_two_friends();
        if !with_store {
            story = story.without_store();
        }
        story.invoke(11, DIRECT, "one");
        let place = story.commit(11, DIRECT, "one");
        story.refuse(11, DIRECT, "one");
        story.deliver(DIRECT, place, &[]);
        story.end();
        story
    };
    for with_store in [true, false] {
        let story = failed(with_store);
        let finding = story.judge("duplicated");
        assert_eq!(finding.violations_total, 1);
        let violation = &finding.violations[0];
        assert_eq!((violation.message_id, &violation.had), (Some(MessageId(1)), &devices(&[11])));
        assert_eq!(
            violation.summary,
            "number 1 of device 11 has failed in direct-1-2, and yet it stands there as message 1"
        );
        assert_eq!(story.violated(), ["duplicated"]);
    }
}

#[test]
fn a_send_that_has_failed_or_was_given_up_is_no_duplicate() {
    let mut story = Story::of_two_friends();
    story.invoke(11, DIRECT, "failed");
    story.refuse(11, DIRECT, "failed");
    story.invoke(11, DIRECT, "given up");
    let place = story.commit(11, DIRECT, "given up");
    story.give_up(11, DIRECT, "given up");
    story.deliver(DIRECT, place, &[]);
    story.end();
    let finding = story.judge("duplicated");
    assert!(story.violated().is_empty(), "{:?}", story.violated());
    assert_eq!(finding.judged, 5, "three devices, one entry and one failure");
}

#[test]
fn numbers_begin_anew_with_a_new_membership() {
    let mut story = Story::of_a_group();
    story.say(21, GROUP, "first stay");
    story.leave(GROUP, 21, 2);
    story.enter(GROUP, 21, &[2]);
    story.say(21, GROUP, "second stay");
    story.end();
    assert!(story.judge("duplicated").holds());
    assert!(story.violated().is_empty());
}

#[test]
fn changes_that_say_the_same_are_no_duplicates() {
    let mut story = Story::of_a_group();
    for _ in 0..3 {
        story.leave(GROUP, 21, 2);
        story.enter(GROUP, 21, &[2]);
    }
    story.end();
    assert!(story.judge("duplicated").holds());
}

#[test]
fn a_change_that_a_device_stores_again_is_caught() {
    let mut story = Story::of_a_group();
    let joined = story.enter(GROUP, 11, &[3]);
    story.deliver_to(31, GROUP, joined);
    story.end();
    assert_eq!(story.violated(), ["duplicated"]);
}

#[test]
fn without_lines_of_the_store_a_message_at_two_places_is_caught_on_its_devices() {
    let mut story = Story::of_two_friends().without_store();
    story.say(11, DIRECT, "one");
    let again = story.commit(11, DIRECT, "one");
    story.deliver(DIRECT, again, &[]);
    story.end();
    assert_eq!(story.judge("duplicated").violations_total, 3);
}
