//! Layouts that the naive designs choose: each shows its defect, and the default does not.

use hubbub_chat::{
    ChannelId, Design, DeviceId, UserId,
    design::{CursorScope, DirectKey, DirectQuery, Fanout, Ids, WriteOrder},
    frame::Change,
    ports::store::StoreAnswer,
};

use crate::support::{
    archive::{Archive, ids_of, texts_of},
    *,
};

const DAN: UserId = UserId(4);
const DANS: DeviceId = DeviceId(41);

fn archive_of(design: Design) -> Archive {
    let mut archive = Archive::new(design);
    for (user, device) in [(ANN, PHONE), (BEN, BENS), (CAT, CATS), (DAN, DANS)] {
        archive.login(user, device);
    }
    archive
}

/// Between Cat and Dan.
fn theirs() -> ChannelId {
    ChannelId::direct(CAT, DAN)
}

fn channels(
    archive: &mut Archive,
    device: DeviceId,
    cursors: &[(ChannelId, u64)],
) -> Vec<ChannelId> {
    archive.sync(device, cursors).iter().map(|range| range.channel).collect()
}

#[test]
fn a_query_that_names_no_reader_delivers_everyones_direct_messages() {
    for (direct_query, expected) in
        [(DirectQuery::ById, vec![direct(), theirs()]), (DirectQuery::ByChannel, vec![direct()])]
    {
        let mut archive = archive_of(Design { direct_query, ..Design::default() });
        archive.change(CATS, ChannelId::group(CAT, 1), Change::Create(vec![DAN])).unwrap();
        archive.send(PHONE, direct(), "for Ben");
        archive.send(CATS, theirs(), "for Dan alone");
        assert_eq!(channels(&mut archive, BENS, &[]), expected, "{direct_query}");
    }
}

#[test]
fn the_query_without_a_reader_goes_by_the_highest_id_and_ends() {
    let direct_query = DirectQuery::ById;
    let mut archive = archive_of(Design { direct_query, ..Design::default() });
    for text in ["1", "2", "3", "4", "5"] {
        archive.send(CATS, theirs(), text);
    }
    archive.send(PHONE, direct(), "for Ben");
    let mut cursors = vec![(direct(), 1)];
    let mut read = Vec::new();
    loop {
        let (ranges, more) = archive.page(BENS, &cursors, 0, 2).unwrap();
        for range in &ranges {
            read.extend(texts_of(range));
            cursors.retain(|(channel, _)| *channel != range.channel);
            cursors.push((range.channel, range.to.0));
        }
        if !more {
            break;
        }
    }
    assert_eq!(read, ["2", "3", "4", "5"], "the first has no higher id than what Ben has");
}

#[test]
fn the_query_without_a_reader_reads_all_channels_in_one_order() {
    for cursor in [CursorScope::PerChannel, CursorScope::Global] {
        let (direct_query, ids) = (DirectQuery::ById, Ids::Snowflake);
        let mut archive = archive_of(Design { direct_query, ids, cursor, ..Design::default() });
        let others = ChannelId::direct(ANN, DAN);
        for (device, channel, id) in
            [(CATS, theirs(), 10), (PHONE, others, 20), (DANS, others, 30), (DANS, theirs(), 40)]
        {
            archive.send_as(device, channel, "not for Ben", id);
        }
        let mut read = |above| {
            let (cursors, newest) = match cursor {
                CursorScope::PerChannel => (vec![(direct(), above)], 0),
                CursorScope::Global => (vec![], above),
            };
            let (ranges, more) = archive.page(BENS, &cursors, newest, 2).unwrap();
            let mut ids: Vec<u64> = ranges.iter().flat_map(ids_of).collect();
            ids.sort_unstable();
            (ids, more)
        };
        assert_eq!(read(0), (vec![10, 20], true), "{cursor}");
        assert_eq!(read(20), (vec![30, 40], false), "{cursor}");
    }
}

#[test]
fn a_table_keyed_by_id_alone_holds_one_message_per_number() {
    for (direct_key, stored) in [
        (DirectKey::Id, vec!["second of Ann"]),
        (DirectKey::ChannelAndId, vec!["first of Ann", "second of Ann"]),
    ] {
        for fanout in [Fanout::Inbox, Fanout::ChannelLog] {
            let mut archive = archive_of(Design { direct_key, fanout, ..Design::default() });
            archive.send(PHONE, direct(), "first of Ann");
            archive.send(PHONE, direct(), "second of Ann");
            assert_eq!(archive.send(CATS, theirs(), "first of Cat"), 1);
            assert_eq!(archive.stored(direct()), stored, "{direct_key}");
            assert_eq!(archive.texts(BENS, direct(), 0), stored, "{direct_key}, {fanout}");
            assert_eq!(archive.texts(DANS, theirs(), 0), ["first of Cat"]);
            // The cursor passes over the hole as over something that is not for Ben.
            assert_eq!(archive.sync(BENS, &[(direct(), 0)])[0].to.0, 2);
            archive.send(CATS, theirs(), "second of Cat");
            archive.send(CATS, theirs(), "third of Cat");
            archive.send(PHONE, direct(), "third of Ann");
            archive.send(PHONE, direct(), "fourth of Ann");
            archive.send(CATS, theirs(), "fourth of Cat");
            assert_eq!(archive.sync(BENS, &[(direct(), 0)])[0].to.0, 4, "a hole at the end");
        }
    }
}

#[test]
fn a_table_keyed_by_id_alone_holds_with_ids_that_are_unique_everywhere() {
    let (direct_key, ids) = (DirectKey::Id, Ids::Snowflake);
    let mut archive = archive_of(Design { direct_key, ids, ..Design::default() });
    archive.send_as(PHONE, direct(), "of Ann", 100);
    assert_eq!(archive.append(CATS, theirs(), "of Cat", 100), StoreAnswer::IdTaken);
    archive.send_as(CATS, theirs(), "of Cat", 101);
    assert_eq!(archive.texts(BENS, direct(), 0), ["of Ann"]);
    assert_eq!(archive.texts(DANS, theirs(), 0), ["of Cat"]);
}

#[test]
fn inboxes_that_are_written_before_the_log_show_what_is_never_stored() {
    for write_order in [WriteOrder::InboxFirst, WriteOrder::Together] {
        let write_lag = seconds(1);
        let mut archive = archive_of(Design { write_order, write_lag, ..Design::default() });
        archive.send(PHONE, direct(), "safe");
        archive.pass(seconds(1));
        assert_eq!(archive.send(PHONE, direct(), "shown"), 2, "accepted");
        assert_eq!(archive.texts(BENS, direct(), 1), ["shown"], "and delivered");
        let lost = archive.model.lose_unwritten(archive.now);
        if write_order == WriteOrder::Together {
            assert_eq!((lost, archive.stored(direct()).len()), (0, 2));
            continue;
        }
        assert_eq!(lost, 1);
        assert_eq!(archive.stored(direct()), ["safe"]);
        // The copies have it still, until the id is given to another message.
        assert_eq!(archive.texts(BENS, direct(), 1), ["shown"]);
        assert_eq!(archive.send(BENS, direct(), "the same id again"), 2);
        assert_eq!(archive.texts(BENS, direct(), 1), ["the same id again"]);
        assert_eq!(archive.sync(BENS, &[(direct(), 2)]), [], "whoever had the first has a hole");
    }
}

#[test]
fn the_log_is_written_when_its_lag_is_over_and_a_change_is_lost_like_a_message() {
    let (write_order, write_lag) = (WriteOrder::InboxFirst, seconds(1));
    let mut archive = archive_of(Design { write_order, write_lag, ..Design::default() });
    archive.change(PHONE, group(), Change::Create(vec![BEN])).unwrap();
    archive.pass(seconds(1));
    archive.change(PHONE, group(), Change::Invite(vec![CAT])).unwrap();
    archive.send(PHONE, group(), "hello Cat");
    assert_eq!(archive.model.lose_unwritten(archive.now), 2);
    assert_eq!(archive.stored(group()).len(), 1, "the creation was in time");
    assert_eq!(archive.change(BENS, group(), Change::Invite(vec![CAT])), Ok(2));
    assert_eq!(ids_of(&archive.sync(BENS, &[(group(), 0)])[0]), [1, 2, 3], "3 is only a copy");
    archive.pass(seconds(1));
    assert_eq!(archive.model.lose_unwritten(archive.now), 0);
    assert_eq!(archive.stored(group()).len(), 2);
    archive.pass(Design::default().history_retention);
    assert_eq!(archive.stored(group()), [""; 0], "what was lost keeps nothing back");
}

#[test]
fn in_a_shared_queue_everybody_looks_through_what_all_others_were_sent() {
    let mut archive = archive_of(Design { fanout: Fanout::SharedQueue, ..Design::default() });
    for _ in 0..100 {
        archive.send(CATS, theirs(), "not for Ben");
    }
    archive.send(PHONE, direct(), "for Ben");
    assert_eq!(archive.texts(BENS, direct(), 0), ["for Ben"]);
    assert_eq!(archive.model.counts().rows_looked_through, 101);
    assert_eq!(archive.model.inbox_rows(), 101, "one row, however many it is for");
    // Ben's message stops his position until he has it.
    archive.sync(BENS, &[(direct(), 0)]);
    assert_eq!(archive.model.counts().rows_looked_through, 102);
    archive.sync(BENS, &[(direct(), 1)]);
    archive.sync(BENS, &[(direct(), 1)]);
    assert_eq!(archive.model.counts().rows_looked_through, 103);
    // What is behind his position is in the log.
    assert_eq!(archive.texts(BENS, direct(), 0), ["for Ben"]);
}

#[test]
fn a_position_in_the_shared_queue_stops_at_the_first_unread_row_and_a_look_at_a_full_page() {
    let mut archive = archive_of(Design { fanout: Fanout::SharedQueue, ..Design::default() });
    for _ in 0..10 {
        archive.send(PHONE, direct(), "for Ben");
        archive.send(CATS, theirs(), "not for Ben");
    }
    let mut look = |cursor, entries_max| {
        let before = archive.model.counts().rows_looked_through;
        archive.page(BENS, &[(direct(), cursor)], 0, entries_max).unwrap();
        archive.model.counts().rows_looked_through - before
    };
    assert_eq!(look(0, 100), 20);
    assert_eq!(look(0, 100), 20, "nothing is read yet");
    assert_eq!(look(0, 2), 5, "up to the third of his");
    assert_eq!(look(5, 100), 20, "what he has by now is looked through once more");
    assert_eq!(look(5, 100), 10, "and not again");
}
