use std::collections::BTreeMap;

use hubbub_chat::{MessageId, UserId, body_hash};

use crate::story::{DIRECT, GROUP, Story, devices};

#[test]
fn members_may_see_their_interval_with_both_ends() {
    let mut story = Story::of_a_group();
    let seen =
        [story.enter(GROUP, 11, &[3]), story.say(31, GROUP, "hello"), story.leave(GROUP, 31, 3)];
    story.end();
    let finding = story.judge("unauthorised");
    assert!(finding.holds());
    // The opening on three devices, then three entries on five; each received and stored.
    assert_eq!(finding.judged, 2 * (3 + 5 * seen.len() as u64));
}

#[test]
fn receiving_after_leaving_is_caught_although_it_was_not_kept() {
    let mut story = Story::of_a_group();
    story.leave(GROUP, 21, 2);
    let secret = story.say(11, GROUP, "secret");
    let seq = story.receive(21, GROUP, secret, body_hash("secret"));
    story.end();
    let finding = story.judge("unauthorised");
    let violation = &finding.violations[0];
    assert_eq!((violation.seq, &violation.had), (seq, &devices(&[21])));
    assert_eq!(
        violation.summary,
        "message 3 of group-1-1 reached device 21, whose user may not see it"
    );
    assert_eq!(story.violated(), ["unauthorised"]);
}

#[test]
fn storing_what_came_before_the_join_is_caught_once() {
    let mut story = Story::of_a_group();
    let early = story.say(11, GROUP, "early");
    story.enter(GROUP, 11, &[3]);
    story.deliver_to(31, GROUP, early);
    story.deliver_to(32, GROUP, early);
    story.end();
    let finding = story.judge("unauthorised");
    assert_eq!(finding.violations_total, 1, "one entry");
    assert_eq!(finding.violations[0].had, devices(&[31, 32]));
}

#[test]
fn the_gap_between_two_memberships_stays_hidden() {
    let mut story = Story::of_a_group();
    story.leave(GROUP, 21, 2);
    let gap = story.say(11, GROUP, "gap");
    story.enter(GROUP, 21, &[2]);
    story.receive(21, GROUP, gap, body_hash("gap"));
    story.end();
    assert_eq!(story.judge("unauthorised").violations[0].message_id, Some(MessageId(gap)));
}

#[test]
fn a_stranger_in_a_direct_channel_is_caught() {
    let mut story = Story::new(&[(1, &[11]), (2, &[21]), (3, &[31])]);
    let place = story.say(11, DIRECT, "for user 2");
    story.receive(31, DIRECT, place, body_hash("for user 2"));
    story.end();
    assert_eq!(story.judge("unauthorised").violations[0].had, devices(&[31]));
}

#[test]
fn without_lines_of_the_store_the_members_of_the_beginning_may_see_all() {
    let members = BTreeMap::from([(GROUP, vec![UserId(1), UserId(2)])]);
    let users: [(u64, &[u64]); 3] = [(1, &[11]), (2, &[21]), (3, &[31])];
    let mut story = Story::with_members(&users, members).without_store();
    let place = story.say(11, GROUP, "one");
    assert!(story.judge("unauthorised").holds());
    story.receive(31, GROUP, place, body_hash("one"));
    story.end();
    assert_eq!(story.judge("unauthorised").violations_total, 1);
}

#[test]
fn a_group_that_the_store_never_wrote_to_has_no_members() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "one");
    story.receive(21, GROUP, 1, body_hash("two"));
    story.end();
    assert_eq!(story.judge("unauthorised").violations_total, 1);
}

#[test]
fn members_of_the_beginning_stay_when_the_first_entry_names_them() {
    let members = BTreeMap::from([(GROUP, vec![UserId(1), UserId(2)])]);
    let users: [(u64, &[u64]); 2] = [(1, &[11]), (2, &[21])];
    let mut story = Story::with_members(&users, members);
    story.say(11, GROUP, "before the opening");
    story.leave(GROUP, 21, 2);
    story.say(11, GROUP, "after");
    story.end();
    assert!(story.violated().is_empty());
}
