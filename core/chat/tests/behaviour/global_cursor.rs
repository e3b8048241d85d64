//! One `cur_max_message_id` for everything.

use hubbub_chat::{
    ChannelId, Design,
    design::{CursorScope, Fanout, Ids},
    frame::Range,
};

use crate::support::{
    archive::{Archive, ids_of},
    *,
};

fn archive_of(ids: Ids, fanout: Fanout, cursor: CursorScope) -> Archive {
    let mut archive = Archive::new(Design { ids, fanout, cursor, ..Design::default() });
    for (user, device) in [(ANN, PHONE), (BEN, BENS), (CAT, CATS)] {
        archive.login(user, device);
    }
    archive
}

fn with_cat() -> ChannelId {
    ChannelId::direct(BEN, CAT)
}

fn told(ranges: &[Range]) -> Vec<(ChannelId, u64, Vec<u64>, u64)> {
    let told = |range: &Range| (range.channel, range.from.0, ids_of(range), range.to.0);
    ranges.iter().map(told).collect()
}

#[test]
fn a_page_is_everything_above_one_id_in_the_order_of_the_ids() {
    for fanout in [Fanout::Inbox, Fanout::ChannelLog, Fanout::SharedQueue] {
        let mut archive = archive_of(Ids::Snowflake, fanout, CursorScope::Global);
        for (device, channel, id) in [
            (PHONE, direct(), 10),
            (CATS, with_cat(), 20),
            (PHONE, direct(), 30),
            (CATS, with_cat(), 40),
            (CATS, with_cat(), 50),
        ] {
            archive.send_as(device, channel, "text", id);
        }
        let (ranges, more) = archive.page(BENS, &[], 10, 2).unwrap();
        let expected = [(direct(), 10, vec![30], 30), (with_cat(), 10, vec![20], 30)];
        assert_eq!((told(&ranges), more), (expected.to_vec(), true), "{fanout}");
        let (ranges, more) = archive.page(BENS, &[], 30, 2).unwrap();
        let expected = [(with_cat(), 30, vec![40, 50], 50)];
        assert_eq!((told(&ranges), more), (expected.to_vec(), false), "{fanout}");
        assert_eq!(archive.page(BENS, &[], 50, 2), Some((vec![], false)));
    }
}

#[test]
fn what_commits_late_in_another_channel_is_skipped() {
    let cursors = [(direct(), 300), (with_cat(), 100)];
    for (cursor, expected) in [
        (CursorScope::Global, vec![]),
        (CursorScope::PerChannel, vec![(with_cat(), 100, vec![200], 200)]),
    ] {
        let mut archive = archive_of(Ids::Snowflake, Fanout::Inbox, cursor);
        archive.send_as(CATS, with_cat(), "first", 100);
        archive.send_as(PHONE, direct(), "later", 300);
        archive.send_as(CATS, with_cat(), "slow", 200);
        let (ranges, _) = archive.page(BENS, &cursors, 300, 10).unwrap();
        assert_eq!(told(&ranges), expected, "{cursor}");
    }
}

#[test]
fn a_page_that_is_cut_between_two_equal_times_loses_the_second() {
    let mut archive = archive_of(Ids::CreatedAt, Fanout::Inbox, CursorScope::Global);
    archive.send_as(PHONE, direct(), "one", 10);
    archive.send_as(CATS, with_cat(), "at the same time", 10);
    let (ranges, more) = archive.page(BENS, &[], 0, 1).unwrap();
    assert_eq!((told(&ranges), more), (vec![(direct(), 0, vec![10], 10)], true));
    assert_eq!(archive.page(BENS, &[], 10, 1), Some((vec![], false)));
}

#[test]
fn the_pages_of_a_new_device_begin_with_the_newest_of_each_channel() {
    let (ids, cursor, initial_history) = (Ids::Snowflake, CursorScope::Global, 2);
    let mut archive = Archive::new(Design { ids, cursor, initial_history, ..Design::default() });
    for (user, device) in [(ANN, PHONE), (BEN, BENS), (CAT, CATS)] {
        archive.login(user, device);
    }
    for id in 1..=9 {
        archive.send_as(PHONE, direct(), "text", id);
    }
    for id in 11..=19 {
        archive.send_as(CATS, with_cat(), "text", id);
    }
    archive.login(BEN, LAPTOP);
    let (mut newest, mut read) = (0, Vec::new());
    loop {
        let (ranges, more) = archive.page(LAPTOP, &[], newest, 1).unwrap();
        let page: Vec<u64> = ranges.iter().flat_map(ids_of).collect();
        newest = page.iter().copied().max().unwrap_or(newest);
        read.extend(page);
        if !more {
            break;
        }
    }
    assert_eq!(read, [8, 9, 18, 19]);
}
