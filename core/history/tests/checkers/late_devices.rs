//! A device that joins a run under way starts with the newest entries only.

use hubbub_chat::MessageId;

use crate::story::{DIRECT, Story, devices};

fn with_a_late_device() -> Story {
    let mut story = Story::of_two_friends();
    for text in ["one", "two", "three", "four"] {
        story.say(11, DIRECT, text);
    }
    story.name(&[(2, &[22])]);
    story
}

#[test]
fn it_need_not_hold_what_came_before_its_first_entry() {
    let mut story = with_a_late_device();
    story.deliver_to(22, DIRECT, 3);
    story.deliver_to(22, DIRECT, 4);
    story.say(11, DIRECT, "five");
    story.end();
    assert!(story.violated().is_empty());
    assert!(story.judge("converged").holds());
}

#[test]
fn a_hole_after_its_first_entry_is_caught() {
    let mut story = with_a_late_device();
    story.deliver_to(22, DIRECT, 3);
    story.say(11, DIRECT, "five");
    story.end();
    assert_eq!(story.judge("order").violations[0].message_id, Some(MessageId(4)));
    assert_eq!(story.judge("converged").violations[0].missing, devices(&[22]));
}

#[test]
fn everything_after_it_was_named_is_due_even_if_it_holds_nothing() {
    let mut story = with_a_late_device();
    story.say_except(11, DIRECT, "five", &[22]);
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(finding.violations_total, 1);
    assert_eq!(finding.violations[0].message_id, Some(MessageId(5)));
    assert_eq!(finding.violations[0].missing, devices(&[22]));
}

#[test]
fn starting_above_what_came_after_it_was_named_is_a_hole() {
    let mut story = with_a_late_device();
    story.say_except(11, DIRECT, "five", &[22]);
    story.say(11, DIRECT, "six");
    story.end();
    assert_eq!(story.judge("order").violations[0].message_id, Some(MessageId(5)));
}

#[test]
fn a_device_of_the_beginning_must_hold_everything() {
    let mut story = Story::of_two_friends();
    story.name(&[(2, &[22])]);
    story.say_except(11, DIRECT, "one", &[22]);
    story.say(11, DIRECT, "two");
    story.end();
    assert_eq!(story.judge("order").violations[0].missing, devices(&[22]), "nothing was sent yet");
}
