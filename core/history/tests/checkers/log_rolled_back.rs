//! A store that loses the end of its log and writes other entries in its place.

use hubbub_chat::MessageId;

use crate::story::{DIRECT, GROUP, Story, devices};

#[test]
fn an_entry_that_was_never_accepted_may_go_and_come_again() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    story.commit(11, DIRECT, "two");
    story.roll_back(DIRECT, 1);
    story.say(21, DIRECT, "another");
    let two = story.commit(11, DIRECT, "two");
    story.accept(11, DIRECT, "two", Some(two));
    story.deliver(DIRECT, two, &[]);
    story.end();
    assert!(story.violated().is_empty(), "the first line of it is void");
}

#[test]
fn an_accepted_entry_that_went_is_lost() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    let two = story.commit(11, DIRECT, "two");
    story.accept(11, DIRECT, "two", Some(two));
    story.roll_back(DIRECT, 1);
    story.say(21, DIRECT, "another");
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(finding.violations[0].missing, devices(&[11, 12, 21]));
    assert_eq!(finding.violations[0].message_id, Some(MessageId(2)), "as it was told");
}

#[test]
fn what_stood_above_the_new_entries_is_gone_too() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    for text in ["two", "three"] {
        story.invoke(11, DIRECT, text);
        story.commit(11, DIRECT, text);
    }
    story.refuse(11, DIRECT, "two");
    story.accept(11, DIRECT, "three", Some(3));
    story.roll_back(DIRECT, 1);
    story.say(21, DIRECT, "another");
    story.end();
    assert_eq!(story.violated(), ["accepted-lost"], "`three` is in no log, so it cannot be late");
    assert_eq!(story.judge("accepted-lost").violations_total, 1);
}

#[test]
fn devices_that_had_it_disagree_with_the_new_entry() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[12, 21]);
    story.roll_back(DIRECT, 0);
    story.say_except(21, DIRECT, "another", &[11]);
    story.end();
    assert_eq!(story.judge("order").violations[0].missing, devices(&[11]));
}

#[test]
fn lines_that_come_again_change_nothing() {
    let mut story = Story::of_a_group();
    story.say(11, GROUP, "one");
    story.leave(GROUP, 21, 2);
    story.say(11, GROUP, "two");
    let dump: Vec<_> = story.history().events().iter().map(|event| event.body.clone()).collect();
    let entries =
        dump.into_iter().filter(|body| body.message_id().is_some() && body.device().is_some());
    for entry in entries.filter(|body| matches!(body, hubbub_history::EventBody::Entry { .. })) {
        story.write(entry);
    }
    story.end();
    assert!(story.violated().is_empty());
}
