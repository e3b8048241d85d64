//! What a device was told is gone is not lost, if it may be gone.

use std::collections::BTreeMap;

use hubbub_history::{Bounds, Index, figures};

use crate::story::{DIRECT, Story};

const HOUR_NS: u64 = 3_600_000_000_000;

/// Device 21 lacks the message of the beginning, and is told after `hours` that it is gone.
fn told_after(hours: u64, bounds: Bounds) -> Story {
    let users: [(u64, &[u64]); 2] = [(1, &[11, 12]), (2, &[21])];
    let mut story = Story::with_bounds(&users, BTreeMap::new(), bounds);
    story.say_except(11, DIRECT, "one", &[21]);
    story.wait_until(hours * HOUR_NS);
    story.truncate(21, DIRECT, 0, 1);
    story.say(11, DIRECT, "two");
    story.end();
    story
}

fn kept_for(hours: u64) -> Bounds {
    Bounds { history_retention_ns: hours * HOUR_NS, skew_max_ns: 0, ..Bounds::default() }
}

#[test]
fn what_is_older_than_the_retention_may_be_gone() {
    let story = told_after(3, kept_for(2));
    assert!(story.violated().is_empty(), "{:?}", story.violated());
}

#[test]
fn what_is_younger_than_the_retention_is_lost_whatever_the_device_was_told() {
    let story = told_after(1, kept_for(2));
    assert_eq!(story.violated(), ["accepted-lost", "order", "liveness"]);
}

#[test]
fn a_clock_may_be_off_as_far_as_clocks_may_be() {
    let bounds = Bounds { skew_max_ns: HOUR_NS + HOUR_NS / 2, ..kept_for(2) };
    assert!(told_after(1, bounds).violated().is_empty());
}

#[test]
fn without_a_known_retention_the_device_is_believed() {
    assert!(told_after(1, Bounds::default()).violated().is_empty());
}

#[test]
fn stretches_that_overlap_cover_what_lies_in_either() {
    let mut story = told_after(1, Bounds::default());
    for (from, to) in [(4, 9), (2, 5), (20, 21)] {
        story.truncate(21, DIRECT, from, to);
    }
    let index = Index::new(story.history());
    let covers = |place| {
        index.is_truncated(hubbub_chat::DeviceId(21), DIRECT, hubbub_chat::MessageId(place))
    };
    let covered: Vec<u64> = (0..25).filter(|place| covers(*place)).collect();
    assert_eq!(covered, [1, 3, 4, 5, 6, 7, 8, 9, 21]);
}

#[test]
fn what_is_told_rightly_of_one_part_excuses_nothing_beside_it() {
    let users: [(u64, &[u64]); 2] = [(1, &[11, 12]), (2, &[21])];
    let mut story = Story::with_bounds(&users, BTreeMap::new(), kept_for(2));
    story.say_except(11, DIRECT, "one", &[21]);
    story.wait_until(HOUR_NS);
    story.say_except(11, DIRECT, "two", &[21]);
    story.wait_until(HOUR_NS + HOUR_NS / 2);
    story.truncate(21, DIRECT, 0, 2);
    story.wait_until(3 * HOUR_NS + HOUR_NS / 2);
    story.truncate(21, DIRECT, 0, 1);
    story.end();
    let index = Index::new(story.history());
    let is_excused = |place| {
        index.is_truncated(hubbub_chat::DeviceId(21), DIRECT, hubbub_chat::MessageId(place))
    };
    assert_eq!((is_excused(1), is_excused(2)), (true, false));
    assert_eq!(story.judge("accepted-lost").violations_total, 1, "the second message");
    assert_eq!(figures(story.history()).truncated_messages, Some(2));
}

#[test]
fn messages_that_devices_were_told_are_gone_are_counted() {
    assert_eq!(figures(told_after(3, kept_for(2)).history()).truncated_messages, Some(1));
}
