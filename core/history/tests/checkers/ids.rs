use hubbub_chat::{ChannelId, MessageId, UserId, design::Ids};
use hubbub_history::Bounds;

use crate::{
    story::{DIRECT, Story},
    timeline::{Timeline, bounds, friends},
};

const OTHER: ChannelId = ChannelId::Direct(UserId(1), UserId(3));

fn with(ids: Ids) -> Timeline {
    Timeline::new(Bounds { ids, ..bounds() }, friends())
}

#[test]
fn ids_that_grow_with_the_log_hold() {
    for ids in [Ids::ChannelSequence, Ids::Snowflake, Ids::CreatedAt] {
        let mut timeline = with(ids);
        timeline.entry(1.0, DIRECT, 1, (1, 11), "one");
        timeline.entry(2.0, OTHER, 2, (1, 11), "two");
        timeline.entry(3.0, DIRECT, 3, (2, 21), "three");
        timeline.end(9.0);
        let finding = timeline.judge("ids");
        assert!(finding.holds() && finding.judged == 3, "{finding:?}");
    }
}

#[test]
fn without_lines_of_the_store_nothing_is_decided() {
    let mut story = Story::of_two_friends().without_store();
    story.say(11, DIRECT, "one");
    story.end();
    assert!(story.judge("ids").undecided());
}

#[test]
fn an_id_that_is_committed_after_a_larger_one_is_caught() {
    for ids in [Ids::ChannelSequence, Ids::Snowflake, Ids::CreatedAt] {
        let mut timeline = with(ids);
        timeline.entry(1.0, DIRECT, 5, (1, 11), "five");
        let seq = timeline.entry(2.0, DIRECT, 4, (2, 21), "four");
        timeline.entry(3.0, DIRECT, 6, (2, 21), "six");
        timeline.end(9.0);
        let finding = timeline.judge("ids");
        assert_eq!((finding.violations_total, finding.violations[0].seq), (1, seq), "{ids}");
        assert_eq!(
            finding.violations[0].summary,
            "message 4 of direct-1-2 was committed after message 5"
        );
    }
}

#[test]
fn an_id_that_two_entries_of_a_channel_have_is_caught() {
    for ids in [Ids::Snowflake, Ids::CreatedAt] {
        let mut timeline = with(ids);
        timeline.entry(1.0, DIRECT, 5, (1, 11), "one");
        timeline.entry(1.0, DIRECT, 5, (2, 21), "other");
        timeline.end(9.0);
        let finding = timeline.judge("ids");
        assert_eq!((finding.judged, finding.violations_total), (2, 1), "{ids}");
        assert_eq!(
            finding.violations[0].summary,
            "message 5 of direct-1-2 is two entries: number 5 of device 11 and, later, another"
        );
    }
}

#[test]
fn a_dump_of_tied_entries_is_no_further_tie() {
    let mut timeline = with(Ids::CreatedAt);
    for at in [1.0, 2.0] {
        timeline.entry(at, DIRECT, 5, (1, 11), "one");
        timeline.entry(at, DIRECT, 5, (2, 21), "other");
    }
    timeline.end(9.0);
    assert_eq!(timeline.judge("ids").violations_total, 1);
}

#[test]
fn only_snowflakes_are_unique_over_all_channels() {
    let across = |ids| {
        let mut timeline = with(ids);
        timeline.entry(1.0, DIRECT, 5, (1, 11), "one");
        timeline.entry(2.0, OTHER, 5, (1, 11), "other");
        timeline.end(9.0);
        timeline.judge("ids")
    };
    assert!(across(Ids::ChannelSequence).holds() && across(Ids::CreatedAt).holds());
    let finding = across(Ids::Snowflake);
    assert_eq!(
        finding.violations[0].summary,
        "message 5 of direct-1-3 has the id of an entry of direct-1-2"
    );
    assert_eq!(finding.violations[0].message_id, Some(MessageId(5)));
}

#[test]
fn a_place_that_was_seen_may_not_be_given_anew() {
    let rolled_back = |seen: bool| {
        let mut timeline = with(Ids::ChannelSequence);
        timeline.entry(1.0, DIRECT, 1, (1, 11), "one");
        if seen {
            timeline.apply(1.5, 21, DIRECT, 1, "one");
        }
        timeline.entry(2.0, DIRECT, 1, (2, 21), "another");
        timeline.end(9.0);
        timeline.judge("ids")
    };
    assert!(rolled_back(false).holds(), "the store lost what nobody had seen");
    assert!(rolled_back(true).is_violated());
}
