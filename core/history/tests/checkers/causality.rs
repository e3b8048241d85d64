use hubbub_chat::MessageId;

use crate::story::{DIRECT, GROUP, Story, devices};

#[test]
fn answers_that_stand_after_hold() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "question");
    story.say(21, DIRECT, "answer");
    story.end();
    let finding = story.judge("causality");
    assert!(finding.holds());
    assert_eq!(finding.judged, 1, "device 21 had stored the question, device 11 had nothing");
}

#[test]
fn an_answer_that_stands_before_its_question_is_caught() {
    let mut story = Story::of_two_friends();
    story.commit_as(21, DIRECT, "answer", 1);
    story.invoke(11, DIRECT, "question");
    let question = story.commit(11, DIRECT, "question");
    story.deliver_to(21, DIRECT, question);
    story.invoke(21, DIRECT, "answer");
    story.end();
    let finding = story.judge("causality");
    let violation = &finding.violations[0];
    assert_eq!((finding.judged, finding.violations_total), (1, 1));
    assert_eq!((violation.message_id, &violation.had), (Some(MessageId(1)), &devices(&[21])));
    assert_eq!(
        violation.summary,
        "message 1 of direct-1-2 was sent by device 21 of user 2 after it had stored message 2, \
         yet does not stand after it"
    );
}

#[test]
fn sends_of_a_device_that_change_places_are_caught() {
    let mut story = Story::of_two_friends();
    story.invoke(11, DIRECT, "first");
    story.invoke(11, DIRECT, "second");
    let second = story.commit_as(11, DIRECT, "second", 2);
    let first = story.commit_as(11, DIRECT, "first", 1);
    story.accept(11, DIRECT, "second", Some(second));
    story.accept(11, DIRECT, "first", Some(first));
    story.deliver(DIRECT, second, &[]);
    story.deliver(DIRECT, first, &[]);
    story.end();
    let finding = story.judge("causality");
    assert!(finding.violations[0].summary.contains("after it had sent message 2"));
    assert_eq!(story.violated(), ["causality"]);
}

#[test]
fn what_is_stored_after_sending_is_no_cause() {
    let mut story = Story::of_two_friends();
    story.invoke(21, DIRECT, "two");
    story.say(11, DIRECT, "one");
    let two = story.commit(21, DIRECT, "two");
    story.accept(21, DIRECT, "two", Some(two));
    story.deliver(DIRECT, two, &[]);
    story.end();
    let finding = story.judge("causality");
    assert!(finding.undecided() && story.violated().is_empty());
}

#[test]
fn another_device_of_the_user_and_another_channel_are_no_cause() {
    let mut story = Story::of_a_group();
    story.commit_as(12, DIRECT, "two", 1);
    story.say(11, DIRECT, "one");
    story.deliver(DIRECT, 1, &[]);
    story.end();
    let finding = story.judge("causality");
    assert!(finding.undecided(), "device 11 had stored nothing of this channel: {finding:?}");
    story.say(11, GROUP, "elsewhere");
    assert_eq!(story.judge("causality").judged, 1, "the entry that opened the group");
}

#[test]
fn a_send_without_a_place_is_not_judged() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    story.refuse(11, DIRECT, "two");
    story.end();
    assert!(story.judge("causality").undecided());
}

#[test]
fn without_lines_of_the_store_the_told_places_are_judged() {
    let mut story = Story::of_two_friends().without_store();
    for (text, place) in [("one", 2), ("two", 1)] {
        story.invoke(11, DIRECT, text);
        story.accept(11, DIRECT, text, Some(place));
    }
    story.end();
    assert_eq!(story.judge("causality").violations_total, 1);
}
