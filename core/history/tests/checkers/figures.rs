use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId, body_hash, design::Ids};
use hubbub_history::{
    Bounds, EventBody, History, HistoryFigures, Member, Source, checkers::check_all, figures,
    judge, login_times,
};

use crate::{
    story::{DIRECT, Story},
    timeline::{SECOND_NS, Timeline, bounds, friends},
};

#[test]
fn nothing_is_counted_where_there_is_nothing() {
    assert_eq!(figures(&History::default()), HistoryFigures::default());
}

#[test]
fn what_checkers_find_is_counted() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.say_except(11, DIRECT, "two", &[21]);
    story.deliver_to(11, DIRECT, 2);
    story.end();
    let figures = figures(story.history());
    assert_eq!(
        (figures.lost, figures.duplicates, figures.unauthorised_receives),
        (Some(2), Some(1), Some(0))
    );
    assert_eq!((figures.id_inversions, figures.id_ties), (Some(0), Some(0)));
    assert_eq!(figures.accepted_at_ties, None, "the story has no clock");
}

#[test]
fn one_index_serves_findings_and_figures() {
    let mut story = Story::of_two_friends();
    story.say_except(11, DIRECT, "one", &[21]);
    story.end();
    let (findings, counted) = judge(story.history());
    assert_eq!(findings, check_all(story.history()));
    assert_eq!(counted, figures(story.history()));
}

#[test]
fn statuses_are_counted_by_change_and_by_showing() {
    let population = || {
        let mut population = friends();
        population.users[1].devices.push(DeviceId(22));
        population
    };
    let mut timeline = Timeline::new(bounds(), population());
    for device in [21, 22] {
        timeline.attach(1.0, device, "chat-1");
    }
    timeline.attach(1.0, 11, "chat-1");
    for (at, online) in [(2.0, true), (60.0, false), (61.0, true)] {
        for device in [21, 22] {
            let body = EventBody::Shown {
                device: DeviceId(device),
                user: UserId(1),
                online,
                last_active_at_ms: 0,
                epoch: 1,
                version: at as u64,
            };
            timeline.write(at, Source::Device, "devices-1", 0, body);
        }
    }
    timeline.end(100.0);
    let figures = figures(timeline.history());
    assert_eq!((figures.status_changes, figures.statuses_shown), (Some(3), Some(6)));
    assert_eq!(figures.status_flaps, Some(2), "one on each device");
}

#[test]
fn the_slowest_notice_of_a_disconnect_is_told() {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 11, "chat-1");
    timeline.attach(1.0, 21, "chat-1");
    timeline.shown(2.0, 21, 1, true);
    for (gone, shown, back) in [(100.0, 131.0, 140.0), (200.0, 236.0, 240.0)] {
        timeline.link(gone, "device-11", false);
        timeline.shown(shown, 21, 1, false);
        timeline.link(back, "device-11", true);
        timeline.shown(back + 1.0, 21, 1, true);
    }
    timeline.end(300.0);
    let figures = figures(timeline.history());
    assert_eq!(figures.offline_shown_max_ns, Some(36 * SECOND_NS));
    assert_eq!(figures.status_flaps, Some(0));
}

#[test]
fn a_storm_is_measured() {
    let mut timeline = Timeline::of_friends();
    timeline.attach(1.0, 11, "chat-1");
    timeline.attach(1.0, 21, "chat-1");
    timeline.power_loss(50.0, "chat-1");
    timeline.assigned(66.0, 11, Some("chat-2"));
    timeline.assigned(66.9, 21, Some("chat-2"));
    timeline.assigned(66.9, 21, None);
    timeline.attach(67.0, 11, "chat-2");
    timeline.synced(68.5, 11, "chat-2");
    timeline.assigned(67.0 + 2.0, 21, Some("chat-2"));
    timeline.end(100.0);
    let figures = figures(timeline.history());
    assert_eq!(figures.logins_per_second_max, Some(2));
    assert_eq!(login_times(timeline.history()).len(), 3);
    assert_eq!(figures.reattach_max_ns, Some(18_500_000_000));
    assert_eq!((figures.reattach_devices, figures.reattach_missing), (Some(2), Some(1)));
}

#[test]
fn ties_and_inversions_of_clocks_and_ids_are_counted() {
    let mut timeline = Timeline::new(Bounds { ids: Ids::Snowflake, ..bounds() }, friends());
    let mut write = |at, channel: ChannelId, id, accepted_at_ms, text: &str| {
        let body = EventBody::Entry {
            channel,
            message_id: MessageId(id),
            user: UserId(1),
            device: DeviceId(11),
            number: id,
            body_hash: body_hash(text),
            kind: Member::Message,
            accepted_at_ms,
        };
        timeline.write(at, Source::Store, "store", 0, body);
    };
    write(1.0, DIRECT, 10, 1_000, "one");
    write(2.0, DIRECT, 20, 1_000, "two");
    write(3.0, DIRECT, 15, 999, "late");
    write(4.0, DIRECT, 20, 1_001, "tie");
    timeline.end(9.0);
    let figures = figures(timeline.history());
    assert_eq!((figures.id_inversions, figures.id_ties), (Some(1), Some(1)));
    // By their ids: 1000 (10), 999 (15), 1001 (20).
    assert_eq!((figures.accepted_at_inversions, figures.accepted_at_ties), (Some(1), Some(0)));
}
