use hubbub_chat::{MessageId, body_hash};

use crate::story::{DIRECT, GROUP, Story, devices};

#[test]
fn equal_devices_have_converged() {
    let mut story = Story::of_a_group();
    story.say(11, GROUP, "one");
    story.say(11, DIRECT, "two");
    story.end();
    let finding = story.judge("converged");
    assert!(finding.holds());
    assert_eq!(finding.judged, 2, "user 1 in two channels; user 3 holds nothing");
}

#[test]
fn a_user_with_one_device_is_no_case() {
    let mut story = Story::new(&[(1, &[11]), (2, &[21])]);
    story.say(11, DIRECT, "one");
    story.end();
    assert!(story.judge("converged").undecided());
}

#[test]
fn a_device_that_lacks_what_the_other_has_is_caught() {
    let mut story = Story::of_two_friends();
    story.invoke(21, DIRECT, "one");
    let place = story.commit(21, DIRECT, "one");
    story.deliver(DIRECT, place, &[12]);
    story.give_up(21, DIRECT, "one");
    story.end();
    let finding = story.judge("converged");
    let violation = &finding.violations[0];
    assert_eq!((&violation.had, &violation.missing), (&devices(&[11]), &devices(&[12])));
    assert_eq!(
        violation.summary,
        "user 1 sees different things: device 11 has message 1 of direct-1-2, which device 12 \
         lacks"
    );
    assert_eq!(story.violated(), ["converged"], "it was never accepted");
}

#[test]
fn a_device_with_another_body_is_caught() {
    let mut story = Story::of_two_friends();
    story.say_except(21, DIRECT, "one", &[12]);
    story.apply(12, DIRECT, 1, body_hash("other"));
    story.end();
    let finding = story.judge("converged");
    assert_eq!(finding.violations_total, 1);
    assert!(finding.violations[0].summary.contains("has otherwise"));
}

#[test]
fn a_stretch_that_one_device_was_told_is_gone_is_not_compared() {
    let mut story = Story::of_two_friends();
    story.say_except(21, DIRECT, "one", &[12]);
    story.say(21, DIRECT, "two");
    assert_eq!(story.judge("converged").violations[0].message_id, Some(MessageId(1)));
    story.truncate(12, DIRECT, 0, 1);
    story.end();
    assert!(story.judge("converged").holds());
    assert!(story.violated().is_empty());
}

#[test]
fn friends_need_not_be_equal() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.end();
    assert!(story.judge("converged").holds());
}
