use hubbub_chat::{UserId, design::Ids};
use hubbub_history::{Bounds, Member};

use crate::{
    story::{DIRECT, GROUP, Story},
    timeline::{Timeline, bounds, friends},
};

fn enter(users: &[u64]) -> Member {
    Member::Enter(users.iter().copied().map(UserId).collect())
}

#[test]
fn a_group_up_to_its_limit_holds() {
    let mut timeline = Timeline::of_friends();
    timeline.entry_of(1.0, GROUP, 1, (1, 11), "a", enter(&[1, 2, 3]));
    timeline.entry_of(2.0, GROUP, 2, (2, 21), "b", Member::Leave(UserId(2)));
    timeline.entry_of(3.0, GROUP, 3, (1, 11), "c", enter(&[3, 4]));
    timeline.end(9.0);
    let finding = timeline.judge("group-limit");
    assert!(finding.holds(), "{finding:?}");
    assert_eq!(finding.judged, 2, "who is inside comes in no second time");
}

#[test]
fn direct_channels_and_groups_without_entries_are_not_judged() {
    let mut story = Story::of_two_friends();
    story.say(11, DIRECT, "hello");
    story.end();
    assert!(story.judge("group-limit").undecided());
}

#[test]
fn one_member_too_many_is_caught_even_if_somebody_goes_later() {
    let mut timeline = Timeline::of_friends();
    timeline.entry_of(1.0, GROUP, 1, (1, 11), "a", enter(&[1, 2]));
    let seq = timeline.entry_of(2.0, GROUP, 2, (1, 11), "b", enter(&[3, 4]));
    timeline.entry_of(3.0, GROUP, 3, (2, 21), "c", Member::Leave(UserId(2)));
    timeline.end(9.0);
    let finding = timeline.judge("group-limit");
    assert_eq!((finding.violations_total, finding.violations[0].seq), (1, seq));
    assert_eq!(
        finding.violations[0].summary,
        "after message 2, group-1-1 has 4 members where 3 are allowed"
    );
}

#[test]
fn members_of_the_beginning_count() {
    let mut population = friends();
    population.members.insert(GROUP, [1, 2, 3].map(UserId).to_vec());
    let mut timeline = Timeline::new(bounds(), population);
    timeline.entry_of(1.0, GROUP, 1, (1, 11), "a", enter(&[4]));
    timeline.end(9.0);
    assert!(timeline.judge("group-limit").is_violated());
}

#[test]
fn where_ids_are_no_places_the_order_of_the_commits_counts() {
    let mut timeline = Timeline::new(Bounds { ids: Ids::Snowflake, ..bounds() }, friends());
    timeline.entry_of(1.0, GROUP, 100, (1, 11), "a", enter(&[1, 2, 3]));
    timeline.entry_of(2.0, GROUP, 900, (2, 21), "b", Member::Leave(UserId(2)));
    timeline.entry_of(3.0, GROUP, 500, (1, 11), "c", enter(&[4]));
    timeline.end(9.0);
    assert!(timeline.judge("group-limit").holds(), "by the ids, 4 came before 2 went");
}
