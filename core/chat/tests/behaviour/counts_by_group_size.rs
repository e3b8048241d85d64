//! What a message costs in each layout, by the size of its group.

use hubbub_chat::{
    ChannelId, Design, DeviceId, UserId,
    design::Fanout,
    frame::Change,
    ports::store::{StoreCounts, StoreRequest},
};

use crate::support::{archive::Archive, *};

const USERS: u64 = 20;

/// Twenty users in twenty groups of this size, and `messages` in each group.
fn groups_of(fanout: Fanout, size: u64, messages: u64) -> Archive {
    let mut archive = Archive::new(Design { fanout, ..Design::default() });
    for user in 1..=USERS {
        archive.login(UserId(user), DeviceId(user));
    }
    for creator in 1..=USERS {
        let others = (1..size).map(|by| UserId((creator + by - 1) % USERS + 1)).collect();
        let channel = ChannelId::group(UserId(creator), 1);
        archive.change(DeviceId(creator), channel, Change::Create(others)).expect("a new group");
        for _ in 0..messages {
            archive.send(DeviceId(creator), channel, "0123456789");
        }
    }
    archive
}

/// What one message of ten bytes writes.
fn written(fanout: Fanout, size: u64) -> (u64, u64) {
    let mut archive = groups_of(fanout, size, 0);
    let before = archive.model.counts();
    archive.send(DeviceId(1), ChannelId::group(UserId(1), 1), "0123456789");
    let after = archive.model.counts();
    assert_eq!(after.appends - before.appends, 1);
    (after.rows_written - before.rows_written, after.bytes_written - before.bytes_written)
}

/// What a user reads who comes back and has missed nothing.
fn read_in_vain(fanout: Fanout, size: u64) -> StoreCounts {
    let mut archive = groups_of(fanout, size, 1);
    let user = UserId(1);
    let heads = archive.model.heads(&[user]).remove(0).1;
    let cursors: Vec<_> = heads.into_iter().map(|(channel, head)| (channel, head.0)).collect();
    archive.sync(DeviceId(1), &cursors);
    let before = archive.model.counts();
    archive.sync(DeviceId(1), &cursors);
    let after = archive.model.counts();
    StoreCounts {
        rows_read: after.rows_read - before.rows_read,
        stretches_read: after.stretches_read - before.stretches_read,
        rows_looked_through: after.rows_looked_through - before.rows_looked_through,
        ..StoreCounts::default()
    }
}

#[test]
fn copies_grow_with_the_group_and_a_log_does_not() {
    for size in [2, 5, 20] {
        // An entry of 24 + 32 + 10 bytes and the remembered answer of 64, and what the layout adds.
        assert_eq!(written(Fanout::ChannelLog, size), (2, 66 + 64));
        assert_eq!(written(Fanout::Inbox, size), (2 + size, 66 + 64 + size * 74));
        assert_eq!(written(Fanout::SharedQueue, size), (3, 66 + 64 + 32));
    }
}

#[test]
fn reading_grows_with_the_groups_of_the_reader_in_logs_and_not_in_an_inbox() {
    for size in [2, 5, 20] {
        let inbox = read_in_vain(Fanout::Inbox, size);
        assert_eq!((inbox.rows_read, inbox.stretches_read), (0, 1));
        let log = read_in_vain(Fanout::ChannelLog, size);
        assert_eq!((log.rows_read, log.stretches_read), (size, size), "a user is in {size} groups");
    }
}

#[test]
fn a_reader_of_the_shared_queue_pays_for_everybody() {
    for size in [2, 5, 20] {
        let mut archive = groups_of(Fanout::SharedQueue, size, 3);
        let queued = archive.model.counts().inbox_rows;
        assert_eq!(queued, USERS * 4);
        archive.sync(DeviceId(1), &[]);
        let counts = archive.model.counts();
        assert_eq!(counts.rows_looked_through, queued, "whatever the size of the groups");
        assert_eq!(counts.rows_read, size * 4);
    }
}

#[test]
fn what_is_kept_of_copies_goes_with_the_readers() {
    let mut archive = groups_of(Fanout::Inbox, 5, 3);
    assert_eq!(archive.model.counts().inbox_rows, USERS * 4 * 5);
    let channel = ChannelId::group(UserId(1), 1);
    archive.report(DeviceId(1), channel, 4);
    assert_eq!(archive.model.counts().inbox_rows, USERS * 4 * 5 - 4);
}

#[test]
fn the_bodies_and_owed_pushes_are_in_the_bytes() {
    let bytes = |body: &str, has_token: bool| {
        let mut archive = Archive::new(Design::default());
        archive.login(ANN, PHONE);
        archive.login(BEN, BENS);
        if has_token {
            archive.give_token(BENS, "token");
        }
        archive.send(PHONE, direct(), body);
        archive.model.counts().bytes_written
    };
    assert_eq!(bytes("0123456789", false) - bytes("", false), 3 * 10, "log and two copies");
    assert_eq!(bytes("", true) - bytes("", false), 40);
}

#[test]
fn requests_that_change_nothing_write_nothing() {
    let mut archive = groups_of(Fanout::Inbox, 5, 1);
    let before = archive.model.counts();
    archive.ask(StoreRequest::Heads { users: vec![UserId(1)], devices: vec![DeviceId(1)] });
    archive.change(DeviceId(2), ChannelId::group(UserId(7), 1), Change::Leave).unwrap_err();
    let after = archive.model.counts();
    // A refusal is remembered, so that a repeat of the operation gets it again.
    assert_eq!(after.rows_written - before.rows_written, 1);
    assert_eq!((after.appends, after.syncs), (before.appends, before.syncs));
}
