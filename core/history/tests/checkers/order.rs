use hubbub_chat::{MessageId, body_hash};

use crate::story::{DIRECT, GROUP, Story, devices};

#[test]
fn devices_that_agree_are_in_order() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.say(21, DIRECT, "two");
    story.end();
    let finding = story.judge("order");
    assert!(finding.holds());
    assert_eq!(finding.judged, 6, "two messages on three devices");
}

#[test]
fn two_devices_with_different_bodies_at_a_place_are_caught() {
    let mut story = Story::of_two_friends().without_store();
    for (device, texts) in [(11, ["one", "two"]), (12, ["one", "two"]), (21, ["two", "one"])] {
        story.apply(device, DIRECT, 1, body_hash(texts[0]));
        story.apply(device, DIRECT, 2, body_hash(texts[1]));
    }
    story.end();
    let finding = story.judge("order");
    assert_eq!(finding.violations_total, 2);
    let violation = &finding.violations[0];
    assert_eq!((&violation.had, &violation.missing), (&devices(&[11, 12]), &devices(&[21])));
    assert_eq!(
        violation.summary,
        format!(
            "message 1 of direct-1-2 differs: devices 11 and 12 have the body {:016x} and came first, \
             device 21 has {:016x}",
            body_hash("one"),
            body_hash("two")
        )
    );
}

#[test]
fn a_device_that_differs_from_the_log_is_caught() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.apply(21, DIRECT, 1, body_hash("something else"));
    story.end();
    let finding = story.judge("order");
    assert_eq!(finding.violations[0].missing, devices(&[21]));
    assert_eq!(finding.violations[0].body_hash, Some(body_hash("one")), "what the log has");
}

#[test]
fn a_hole_is_caught_once_for_all_devices_that_have_it() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    let hole = story.say_except(11, DIRECT, "two", &[12, 21]);
    story.say(11, DIRECT, "three");
    story.end();
    let finding = story.judge("order");
    assert_eq!(finding.violations_total, 1);
    assert_eq!(finding.violations[0].message_id, Some(MessageId(hole)));
    assert_eq!(finding.violations[0].missing, devices(&[12, 21]));
    assert_eq!(
        finding.violations[0].summary,
        "devices 12 and 21 left out message 2 of direct-1-2 and went on past it"
    );
}

#[test]
fn a_hole_at_the_beginning_is_caught() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.say(11, DIRECT, "two");
    story.end();
    assert_eq!(story.judge("order").violations[0].message_id, Some(MessageId(1)));
}

#[test]
fn a_cursor_past_what_the_device_holds_is_a_hole() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.say_except(11, DIRECT, "two", &[21]);
    story.finally(21, DIRECT, 2);
    story.end();
    assert_eq!(story.judge("order").violations[0].missing, devices(&[21]));
}

#[test]
fn a_device_that_is_merely_behind_has_no_hole() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.say_except(11, DIRECT, "two", &[21]);
    story.finally(21, DIRECT, 1);
    story.end();
    assert!(story.judge("order").holds());
}

#[test]
fn a_device_that_is_behind_when_its_user_goes_has_no_hole() {
    let mut story = Story::of_a_group();
    story.say_except(11, GROUP, "one", &[21]);
    let gone = story.close(GROUP, 21, 2);
    story.deliver(GROUP, gone, &[21]);
    story.end();
    assert!(story.judge("order").holds());
    story.deliver_to(21, GROUP, gone);
    assert_eq!(story.judge("order").violations[0].missing, devices(&[21]), "now it went past it");
}

#[test]
fn storing_backwards_is_caught() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.say_except(11, DIRECT, "two", &[21]);
    story.deliver_to(21, DIRECT, 2);
    story.deliver_to(21, DIRECT, 1);
    story.end();
    let finding = story.judge("order");
    assert_eq!(
        finding.violations[0].summary,
        "device 21 stored message 1 of direct-1-2 after message 2"
    );
    assert_eq!(story.violated(), ["order"]);
}

#[test]
fn what_the_user_may_not_see_is_no_hole() {
    let mut story = Story::of_a_group();
    story.say(11, GROUP, "one");
    story.leave(GROUP, 21, 2);
    story.say(11, GROUP, "two");
    story.enter(GROUP, 21, &[2]);
    story.say(11, GROUP, "three");
    story.end();
    assert!(story.judge("order").holds());
}

#[test]
fn the_entry_that_brings_a_user_in_may_not_be_left_out() {
    let mut story = Story::of_a_group();
    let joined = story.open(GROUP, 11, &[3]);
    story.deliver(GROUP, joined, &[31]);
    story.say(11, GROUP, "welcome");
    story.end();
    assert_eq!(story.judge("order").violations[0].missing, devices(&[31]));
}

#[test]
fn an_entry_that_nobody_was_told_of_may_not_be_left_out() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    let skipped = story.commit(11, DIRECT, "two");
    story.deliver(DIRECT, skipped, &[21]);
    story.say(11, DIRECT, "three");
    story.end();
    assert_eq!(story.judge("order").violations[0].missing, devices(&[21]), "accepted or not");
}

#[test]
fn a_place_that_no_log_has_is_caught() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.apply(21, DIRECT, 7, body_hash("from nowhere"));
    story.end();
    let finding = story.judge("order");
    assert_eq!(
        finding.violations[0].summary,
        "message 7 of direct-1-2 is in no log, yet device 21 stored it"
    );
}

#[test]
fn without_lines_of_the_store_what_others_have_shows_the_holes() {
    let mut story = Story::of_two_friends().without_store();
    story.say(11, DIRECT, "one");
    story.say_except(11, DIRECT, "two", &[21]);
    story.say(11, DIRECT, "three");
    story.end();
    assert_eq!(story.judge("order").violations_total, 1);
}

#[test]
fn devices_that_take_no_part_are_passed_over() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.apply(99, DIRECT, 1, body_hash("something else"));
    story.end();
    assert!(story.violated().is_empty());
}
