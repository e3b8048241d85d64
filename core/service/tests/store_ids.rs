//! Ids that are given before the append, in the model and in fjall.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use hubbub_chat::{
    design::{CursorScope, Fanout, Ids},
    frame::Change,
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{Changed, StoreAnswer, StoreRequest, StoreRules, Sync},
};
use store_fixture::*;

fn snowflakes(fanout: Fanout) -> StoreRules {
    StoreRules { ids: Ids::Snowflake, ..rules(fanout) }
}

contract![[snowflakes(Fanout::Inbox), snowflakes(Fanout::ChannelLog)];
    an_entry_has_the_id_that_it_was_given,
    an_id_that_is_used_or_zero_is_taken,
    an_id_below_the_head_is_read_in_its_place,
    the_head_is_the_highest_id,
    a_member_sees_what_lies_between_join_and_leave_by_the_ids,
    a_new_device_starts_with_the_newest_entries,
    an_id_among_what_is_gone_is_taken,
    an_id_among_what_goes_with_its_append_is_taken,
    a_late_copy_counts_against_the_bound_of_its_inbox,
];

mod with_one_cursor {
    use super::*;

    fn global(fanout: Fanout) -> StoreRules {
        StoreRules { cursor: CursorScope::Global, ..snowflakes(fanout) }
    }

    contract![[global(Fanout::Inbox), global(Fanout::ChannelLog)];
        a_page_is_cut_at_one_id_for_all_channels,
    ];

    fn a_page_is_cut_at_one_id_for_all_channels(backend: &mut Backend) {
        register_all(backend, 3);
        for (id, user) in [(10, 2), (20, 3), (30, 2), (40, 3), (50, 3)] {
            backend.after([give(id, 1, direct(1, user), 0, id / 10)]);
        }
        backend.restart();
        let read = |backend: &mut Backend, newest, entries_max| {
            let (ranges, more) = page(backend.ask(StoreRequest::Sync(Sync {
                user: UserId(1),
                device: DeviceId(1),
                cursors: Default::default(),
                newest: MessageId(newest),
                entries_max,
            })));
            let told = ranges.into_iter().map(|range| {
                let ids = range.entries.iter().map(|entry| entry.message_id.0);
                (range.channel, ids.collect::<Vec<_>>(), range.to.0)
            });
            (told.collect::<Vec<_>>(), more)
        };
        let (two, three) = (direct(1, 2), direct(1, 3));
        let cut = vec![(two, vec![10, 30], 30), (three, vec![20], 30)];
        assert_eq!(read(backend, 0, 3), (cut, true));
        assert_eq!(read(backend, 30, 3), (vec![(three, vec![40, 50], 50)], false));
        assert_eq!(read(backend, 50, 3), (vec![], false));
    }
}

/// Message `number` of a user under a membership, with this id; what was before is settled.
fn give(id: u64, user: u64, channel: ChannelId, membership: u64, number: u64) -> StoreRequest {
    let mut send = send(user, channel, membership, number);
    send.given_id = MessageId(id);
    send.oldest_pending = send.client_id;
    StoreRequest::Append(send)
}

fn change_as(id: u64, user: u64, channel: ChannelId, operation: u64, what: Change) -> StoreRequest {
    match change(user, channel, operation, what) {
        StoreRequest::Change(change) => {
            StoreRequest::Change(hubbub_chat::ports::store::ChangeRequest {
                given_id: MessageId(id),
                ..change
            })
        }
        other => other,
    }
}

fn an_entry_has_the_id_that_it_was_given(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    assert_eq!(backend.ask(give(500, 1, channel, 0, 1)), appended(500, &[1, 2], false));
    assert_eq!(backend.ask(give(700, 2, channel, 0, 1)), appended(700, &[1, 2], false));
    backend.restart();
    // Sent again it has another id, and gets the first answer.
    assert_eq!(backend.ask(give(900, 1, channel, 0, 1)), appended(500, &[], true));
    assert_eq!(places(backend.ask(sync(2, &[], 9)), channel), [500, 700]);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 500)], 9)), channel), [700]);
}

fn an_id_that_is_used_or_zero_is_taken(backend: &mut Backend) {
    register_all(backend, 3);
    let channel = direct(1, 2);
    backend.after([give(500, 1, channel, 0, 1)]);
    backend.restart();
    for id in [0, 500] {
        assert_eq!(backend.ask(give(id, 2, channel, 0, 1)), StoreAnswer::IdTaken);
        let create = Change::Create(ids(&[2]));
        let answer = backend.ask(change_as(0, 1, group(1), 1, create));
        assert_eq!(answer, StoreAnswer::IdTaken);
    }
    // Nothing was stored or remembered; another channel has ids of its own.
    assert_eq!(backend.ask(give(501, 2, channel, 0, 1)), appended(501, &[1, 2], false));
    assert_eq!(backend.ask(give(500, 3, direct(1, 3), 0, 1)), appended(500, &[1, 3], false));
    let created = backend.ask(change_as(9, 1, group(1), 1, Change::Create(ids(&[2]))));
    let StoreAnswer::Changed(Changed { message_id: MessageId(9), written: Some(_) }) = created
    else {
        panic!("{created:?}")
    };
}

fn an_id_below_the_head_is_read_in_its_place(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    for (number, id) in [(1, 300), (2, 100), (3, 200)] {
        backend.after([give(id, 1, channel, 0, number)]);
    }
    backend.restart();
    assert_eq!(places(backend.ask(sync(2, &[], 9)), channel), [100, 200, 300]);
    assert_eq!(places(backend.ask(sync(2, &[], 2)), channel), [100, 200]);
    // What comes below a device's cursor is not found by it.
    backend.after([cursor(2, 2, channel, 300), give(250, 1, channel, 0, 4)]);
    assert_eq!(page(backend.ask(sync(2, &[], 9))).0, []);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 200)], 9)), channel), [250, 300]);
}

fn the_head_is_the_highest_id(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    backend.after([give(300, 1, channel, 0, 1), give(100, 1, channel, 0, 2)]);
    backend.restart();
    let head = (UserId(2), vec![(channel, MessageId(300))]);
    let answer = StoreAnswer::Heads { heads: vec![head], logged_out: vec![] };
    assert_eq!(backend.ask(heads(&[2])), answer);
}

fn a_member_sees_what_lies_between_join_and_leave_by_the_ids(backend: &mut Backend) {
    register_all(backend, 3);
    let channel = group(1);
    backend.after([change_as(100, 1, channel, 1, Change::Create(ids(&[2])))]);
    backend.after([change_as(200, 3, channel, 1, Change::Join)]);
    // A slow one from before the third came is not for them.
    assert_eq!(backend.ask(give(150, 1, channel, 100, 1)), appended(150, &[1, 2], false));
    assert_eq!(backend.ask(give(250, 1, channel, 100, 2)), appended(250, &[1, 2, 3], false));
    // A slow leave: what was copied before it stays a copy, the log says that it is not to be seen.
    backend.after([change_as(220, 3, channel, 2, Change::Leave)]);
    backend.restart();
    let seen =
        if backend.rules.fanout == Fanout::Inbox { vec![200, 220, 250] } else { vec![200, 220] };
    assert_eq!(places(backend.ask(sync(3, &[], 9)), channel), seen);
    assert_eq!(places(backend.ask(sync(2, &[], 9)), channel), [100, 150, 200, 220, 250]);
}

fn a_new_device_starts_with_the_newest_entries(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    for number in 1..=6 {
        backend.after([give(number * 100, 1, channel, 0, number)]);
    }
    backend.after([StoreRequest::Register { user: UserId(2), device: Some(DeviceId(20)) }]);
    assert_eq!(places(backend.ask(sync_of(2, 20, &[], 9)), channel), [400, 500, 600]);
}

fn an_id_among_what_is_gone_is_taken(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    backend.after([give(100, 1, channel, 0, 1), give(200, 1, channel, 0, 2)]);
    for _ in 0..2 {
        backend.wait(30);
        backend.after([heads(&[1, 2])]);
    }
    drop(page(backend.ask(sync(2, &[], 9))));
    backend.restart();
    assert_eq!(backend.ask(give(150, 1, channel, 0, 3)), StoreAnswer::IdTaken);
    backend.after([give(201, 1, channel, 0, 3)]);
    let (ranges, _) = page(backend.ask(sync(2, &[], 9)));
    assert_eq!((ranges[0].truncated, ranges[0].entries.len()), (MessageId(200), 1));
}

/// Nobody has looked at the log since its entries were at the end of their time.
fn an_id_among_what_goes_with_its_append_is_taken(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    backend.after([give(100, 1, channel, 0, 1), give(200, 1, channel, 0, 2)]);
    for _ in 0..2 {
        backend.wait(30);
        backend.after([heads(&[1, 2])]);
    }
    backend.restart();
    assert_eq!(backend.ask(give(150, 1, channel, 0, 3)), StoreAnswer::IdTaken);
    backend.after([give(201, 1, channel, 0, 3)]);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 100)], 9)), channel), [201]);
}

fn a_late_copy_counts_against_the_bound_of_its_inbox(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    for number in 1..=8 {
        backend.after([give(number * 100, 1, channel, 0, number)]);
    }
    backend.restart();
    let copies = |backend: &mut Backend, count| {
        let expected = if backend.rules.fanout == Fanout::Inbox { count } else { 0 };
        assert_eq!(backend.inbox_rows(), expected);
    };
    copies(backend, 16);
    backend.after([give(450, 1, channel, 0, 9)]);
    copies(backend, 16);
    // The floor is at 100 now: what comes below it is in the log alone.
    backend.after([give(50, 1, channel, 0, 10)]);
    copies(backend, 16);
    assert_eq!(places(backend.ask(sync(2, &[], 3)), channel), [50, 100, 200]);
    backend.after([cursor(2, 2, channel, 450)]);
    copies(backend, 8 + 4);
}

fn times_of_day(fanout: Fanout) -> StoreRules {
    StoreRules { ids: Ids::CreatedAt, ..rules(fanout) }
}

#[test]
fn a_later_entry_of_the_same_millisecond_takes_the_place_of_the_earlier_one() {
    for fanout in [Fanout::Inbox, Fanout::ChannelLog] {
        for mut backend in
            [Backend::model(times_of_day(fanout)), Backend::fjall(times_of_day(fanout))]
        {
            register_all(&mut backend, 2);
            let channel = direct(1, 2);
            backend.after([give(500, 1, channel, 0, 1)]);
            backend.restart();
            let taken = backend.ask(give(500, 2, channel, 0, 1));
            assert_eq!(taken, appended(500, &[1, 2], false));
            let (ranges, _) = page(backend.ask(sync(2, &[], 9)));
            let authors: Vec<_> = ranges[0].entries.iter().map(|entry| entry.user.0).collect();
            assert_eq!(authors, [2]);
            assert_eq!(backend.log_rows(), 1);
        }
    }
}
