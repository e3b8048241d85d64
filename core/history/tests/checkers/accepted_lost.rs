use std::collections::BTreeMap;

use hubbub_chat::{MessageId, UserId, body_hash};

use crate::story::{DIRECT, GROUP, Story, devices};

#[test]
fn what_reached_everybody_is_not_lost() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.say(21, DIRECT, "two");
    story.end();
    let finding = story.judge("accepted-lost");
    assert!(finding.holds());
    assert_eq!(finding.judged, 2);
}

#[test]
fn a_message_that_one_device_never_got_is_lost() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    let place = story.say_except(11, DIRECT, "two", &[21]);
    story.end();
    let finding = story.judge("accepted-lost");
    let violation = &finding.violations[0];
    assert_eq!(finding.violations_total, 1);
    assert_eq!(violation.channel, Some(DIRECT));
    assert_eq!(violation.message_id, Some(MessageId(place)));
    assert_eq!(violation.body_hash, Some(body_hash("two")));
    assert_eq!((&violation.had, &violation.missing), (&devices(&[11, 12]), &devices(&[21])));
    assert_eq!(
        violation.summary,
        "message 2 of direct-1-2 was accepted and is lost: devices 11 and 12 have it, and it is \
         missing on device 21"
    );
    // It was delivered late, that is never, as well; the last place leaves no hole.
    assert_eq!(story.violated(), ["accepted-lost", "liveness"]);
}

#[test]
fn the_authors_other_device_counts() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[12]);
    story.end();
    assert_eq!(story.judge("accepted-lost").violations[0].missing, devices(&[12]));
}

#[test]
fn an_accepted_message_without_an_entry_is_lost_to_everybody() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    story.accept(11, DIRECT, "two", None);
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(finding.judged, 2);
    let violation = &finding.violations[0];
    assert_eq!((&violation.had, &violation.missing), (&devices(&[]), &devices(&[11, 12, 21])));
    assert_eq!(
        violation.summary,
        "the message that device 11 sent to direct-1-2 as its number 2 was accepted and is in no \
         log: no device has it, and it is missing on devices 11, 12 and 21"
    );
    assert_eq!(story.violated(), ["accepted-lost"], "it is lost, not late");
}

#[test]
fn a_place_that_was_told_does_not_stand_for_an_entry() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    story.accept(11, DIRECT, "two", Some(2));
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(finding.violations[0].message_id, Some(MessageId(2)));
    assert_eq!(finding.violations[0].missing, devices(&[11, 12, 21]));
}

#[test]
fn an_acceptance_without_a_place_is_found_by_its_body() {
    let mut story = Story::of_two_friends();
    story.invoke(11, DIRECT, "one");
    story.accept(11, DIRECT, "one", None);
    let place = story.commit(11, DIRECT, "one");
    story.deliver(DIRECT, place, &[]);
    story.end();
    assert!(story.judge("accepted-lost").holds());
}

#[test]
fn what_was_never_accepted_may_be_lost() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.invoke(11, DIRECT, "two");
    story.refuse(11, DIRECT, "two");
    story.end();
    assert_eq!(story.judge("accepted-lost").judged, 1);
    assert!(story.violated().is_empty());
}

#[test]
fn a_truncation_that_the_device_was_told_of_covers_the_loss() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.say_except(11, DIRECT, "two", &[21]);
    story.say(11, DIRECT, "three");
    story.truncate(21, DIRECT, 2, 5);
    assert_eq!(story.judge("accepted-lost").violations_total, 2, "below the stretch");
    story.truncate(21, DIRECT, 0, 1);
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(finding.violations_total, 1);
    assert_eq!(finding.violations[0].message_id, Some(MessageId(2)), "above the stretch");

    story.truncate(21, DIRECT, 1, 1);
    assert!(story.judge("accepted-lost").is_violated(), "an empty stretch covers nothing");
    story.truncate(21, DIRECT, 1, 2);
    assert!(story.judge("accepted-lost").holds());
}

#[test]
fn who_left_before_and_who_came_after_need_not_have_it() {
    let mut story = Story::of_a_group();
    story.leave(GROUP, 21, 2);
    story.say(11, GROUP, "only user 1 is here");
    story.enter(GROUP, 11, &[3]);
    story.say(31, GROUP, "and now user 3");
    story.end();
    assert!(story.judge("accepted-lost").holds());
    assert!(story.violated().is_empty());
}

#[test]
fn who_came_back_must_have_what_came_after() {
    let mut story = Story::of_a_group();
    story.leave(GROUP, 21, 2);
    story.say(11, GROUP, "away");
    story.enter(GROUP, 21, &[2]);
    story.say_except(11, GROUP, "back", &[21]);
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(finding.violations_total, 1);
    assert_eq!(finding.violations[0].body_hash, Some(body_hash("back")));
    assert_eq!(finding.violations[0].missing, devices(&[21]));
}

#[test]
fn without_lines_of_the_store_the_members_of_the_beginning_are_the_audience() {
    let members = BTreeMap::from([(GROUP, vec![UserId(1), UserId(3)])]);
    let users: [(u64, &[u64]); 3] = [(1, &[11]), (2, &[21]), (3, &[31])];
    let mut story = Story::with_members(&users, members).without_store();
    story.say(11, GROUP, "all");
    story.say(11, DIRECT, "all");
    story.say_except(11, GROUP, "not all", &[31]);
    story.say_except(21, DIRECT, "nor here", &[11]);
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!((finding.judged, finding.violations_total), (4, 2));
    assert_eq!(finding.violations[0].missing, devices(&[31]));
    assert_eq!(finding.violations[1].missing, devices(&[11]));
}

#[test]
fn without_lines_of_the_store_a_message_that_nobody_holds_is_lost() {
    let mut story = Story::of_two_friends().without_store();
    story.invoke(11, DIRECT, "one");
    story.accept(11, DIRECT, "one", None);
    story.end();
    let finding = story.judge("accepted-lost");
    assert_eq!(finding.violations[0].missing, devices(&[11, 12, 21]));
}

#[test]
fn a_group_of_which_nothing_is_known_is_not_judged() {
    let mut story = Story::of_two_friends().without_store();
    story.invoke(11, GROUP, "one");
    story.accept(11, GROUP, "one", Some(1));
    story.end();
    assert!(story.judge("accepted-lost").undecided());
}
