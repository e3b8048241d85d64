//! What the checkers of messages say where ids are no places.

use hubbub_chat::{ClientId, MessageId, UserId, body_hash, design::Ids};
use hubbub_history::{Bounds, EventBody, EventType, Member, Source};

use crate::{
    story::{DIRECT, GROUP},
    timeline::{Timeline, bounds, friends},
};

fn with(ids: Ids) -> Timeline {
    Timeline::new(Bounds { ids, ..bounds() }, friends())
}

/// A line about a send of the user's only device.
fn send(timeline: &mut Timeline, at: f64, user: u64, text: &str, accepted_as: Option<u64>) {
    let r#type = if accepted_as.is_some() { EventType::Ok } else { EventType::Invoke };
    let body = EventBody::Send {
        r#type,
        user: UserId(user),
        device: hubbub_chat::DeviceId(user * 10 + 1),
        channel: DIRECT,
        membership: MessageId::ZERO,
        client_id: ClientId(1),
        body_hash: body_hash(text),
        intended_ns: None,
        attempt: 1,
        message_id: accepted_as.map(MessageId),
        reason: None,
    };
    timeline.write(at, Source::Device, "devices-1", 0, body);
}

fn say(timeline: &mut Timeline, at: f64, user: u64, id: u64, text: &str, readers: &[u64]) {
    send(timeline, at, user, text, None);
    timeline.entry(at + 0.1, DIRECT, id, (user, user * 10 + 1), text);
    send(timeline, at + 0.2, user, text, Some(id));
    for device in readers {
        timeline.apply(at + 0.3, *device, DIRECT, id, text);
    }
}

const DATA_PATH: [&str; 7] =
    ["accepted-lost", "duplicated", "order", "real-time", "causality", "converged", "unauthorised"];

fn violated(timeline: &Timeline) -> Vec<&'static str> {
    let mut names = DATA_PATH.to_vec();
    names.retain(|name| timeline.judge(name).is_violated());
    names
}

#[test]
fn ids_with_any_distance_between_them_hold() {
    for ids in [Ids::Snowflake, Ids::CreatedAt] {
        let mut timeline = with(ids);
        say(&mut timeline, 1.0, 1, 7_000, "one", &[11, 21]);
        say(&mut timeline, 2.0, 2, 9_000_000, "two", &[11, 21]);
        timeline.end(9.0);
        assert!(violated(&timeline).is_empty(), "{:?}", violated(&timeline));
        assert_eq!(timeline.judge("order").judged, 4);
    }
}

#[test]
fn a_late_entry_may_be_stored_after_a_larger_one() {
    let mut timeline = with(Ids::Snowflake);
    timeline.entry(1.0, DIRECT, 900, (1, 11), "one");
    timeline.entry(1.5, DIRECT, 500, (2, 21), "late");
    for device in [11, 21] {
        timeline.apply(2.0, device, DIRECT, 900, "one");
        timeline.apply(2.0, device, DIRECT, 500, "late");
    }
    timeline.end(9.0);
    assert!(violated(&timeline).is_empty());
    assert!(timeline.judge("ids").is_violated());
}

#[test]
fn a_late_entry_that_a_device_never_fetches_is_lost() {
    let mut timeline = with(Ids::Snowflake);
    say(&mut timeline, 1.0, 1, 900, "one", &[11, 21]);
    send(&mut timeline, 2.0, 2, "late", None);
    timeline.entry(2.1, DIRECT, 500, (2, 21), "late");
    send(&mut timeline, 2.2, 2, "late", Some(500));
    timeline.apply(2.2, 21, DIRECT, 500, "late");
    timeline.end(9.0);
    assert_eq!(
        violated(&timeline),
        ["accepted-lost", "real-time", "causality"],
        "no hole by `order`"
    );
}

#[test]
fn a_message_of_the_same_millisecond_does_not_stand_after_the_other() {
    let mut timeline = with(Ids::CreatedAt);
    say(&mut timeline, 1.0, 1, 500, "question", &[11, 21]);
    say(&mut timeline, 2.0, 2, 500, "answer", &[11, 21]);
    timeline.end(9.0);
    // Both bodies are there under one id on both devices.
    assert_eq!(violated(&timeline), ["order", "real-time", "causality"]);
}

#[test]
fn an_entry_that_another_took_the_place_of_is_lost() {
    let mut timeline = with(Ids::CreatedAt);
    say(&mut timeline, 1.0, 1, 500, "gone", &[11]);
    say(&mut timeline, 1.0 + 0.5, 2, 500, "there", &[11, 21]);
    timeline.end(9.0);
    let finding = timeline.judge("accepted-lost");
    assert_eq!((finding.judged, finding.violations_total), (2, 1));
    assert_eq!(finding.violations[0].body_hash, Some(body_hash("gone")));
}

#[test]
fn a_send_with_two_snowflakes_is_a_duplicate() {
    let mut timeline = with(Ids::Snowflake);
    say(&mut timeline, 1.0, 1, 500, "again", &[11, 21]);
    timeline.entry(3.0, DIRECT, 800, (1, 11), "again");
    timeline.end(9.0);
    assert_eq!(violated(&timeline), ["duplicated"]);
}

/// Who is in by the ids that are known is given what is numbered later; that they had gone before it,
/// by the ids, comes out afterwards.
#[test]
fn who_went_by_an_id_that_comes_late_was_rightly_given_what_came_before() {
    let seen_at = |at: f64| {
        let mut timeline = with(Ids::Snowflake);
        timeline.entry_of(1.0, GROUP, 100, (1, 11), "open", Member::Enter(vec![UserId(1)]));
        timeline.entry(3.0, GROUP, 900, (1, 11), "ahead");
        timeline.entry_of(4.0, GROUP, 500, (2, 21), "join", Member::Enter(vec![UserId(2)]));
        if at < 6.0 {
            timeline.apply(at, 21, GROUP, 900, "ahead");
        }
        timeline.entry_of(6.0, GROUP, 600, (2, 21), "gone", Member::Leave(UserId(2)));
        if at > 6.0 {
            timeline.apply(at, 21, GROUP, 900, "ahead");
        }
        timeline.end(9.0);
        timeline.judge("unauthorised").violations_total
    };
    assert_eq!((seen_at(5.0), seen_at(7.0)), (0, 1));
}

#[test]
fn who_may_see_an_entry_is_open_where_ids_and_commits_disagree() {
    let mut timeline = with(Ids::Snowflake);
    timeline.entry_of(1.0, GROUP, 100, (1, 11), "open", Member::Enter(vec![UserId(1)]));
    timeline.entry_of(2.0, GROUP, 900, (1, 11), "join", Member::Enter(vec![UserId(2)]));
    timeline.entry(3.0, GROUP, 500, (1, 11), "skewed");
    timeline.entry(4.0, GROUP, 1_000, (1, 11), "clear");
    let early = timeline.judge("unauthorised").judged;
    timeline.apply(5.0, 21, GROUP, 500, "skewed");
    assert_eq!(timeline.judge("unauthorised").judged, early, "committed after, numbered before");
    timeline.apply(6.0, 21, GROUP, 1_000, "clear");
    timeline.apply(6.0, 21, GROUP, 100, "open");
    timeline.end(9.0);
    let finding = timeline.judge("unauthorised");
    assert_eq!((finding.judged, finding.violations_total), (early + 2, 1), "{finding:?}");
}
