//! One contract for the model and for fjall: each case runs on both, with and without inboxes.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use hubbub_chat::{
    design::Fanout,
    entry::Content,
    frame::{Change, ChangeRefusal, SendRefusal},
    ids::{ClientId, DeviceId, MessageId, UserId},
    ports::store::{Changed, StoreAnswer, StoreRequest},
};
use store_fixture::*;

contract![[rules(Fanout::Inbox), rules(Fanout::ChannelLog)];
    an_append_gets_the_next_place_and_its_audience,
    a_repeat_gets_the_first_answer_again,
    a_number_with_another_body_is_refused,
    a_number_below_the_window_is_too_old,
    a_missing_number_is_asked_for,
    only_members_may_send,
    a_direct_channel_needs_both_users,
    an_unknown_device_is_refused,
    a_new_membership_starts_a_new_numbering,
    changes_of_membership_happen_once,
    changes_that_make_no_sense_are_refused,
    a_member_sees_what_lies_between_join_and_leave,
    a_sync_pages_through_all_channels,
    a_sync_uses_the_written_cursor_of_a_channel_not_named,
    a_new_device_starts_with_the_newest_entries,
    a_device_below_the_inbox_reads_the_log,
    heads_end_where_the_user_left,
    a_cursor_never_falls_and_never_passes_the_head,
    a_forgotten_device_is_refused_and_its_answers_are_gone,
    a_comparison_names_the_devices_that_are_logged_out,
    a_refused_change_stays_refused_under_its_number,
    the_last_number_is_refused_and_harms_nobody,
    an_inbox_keeps_its_newest_rows_and_the_rest_is_read_from_the_log,
];

fn send_refused(reason: SendRefusal) -> StoreAnswer {
    StoreAnswer::AppendRefused(reason)
}

fn change_refused(reason: ChangeRefusal) -> StoreAnswer {
    StoreAnswer::ChangeRefused(reason)
}

fn unwritten(message_id: u64) -> StoreAnswer {
    StoreAnswer::Changed(Changed { message_id: MessageId(message_id), written: None })
}

/// The content and the audience of a change that was written.
fn written(answer: StoreAnswer) -> (Content, Vec<UserId>) {
    match answer {
        StoreAnswer::Changed(Changed { written: Some((entry, audience)), .. }) => {
            (entry.content.clone(), audience)
        }
        other => panic!("nothing was written: {other:?}"),
    }
}

fn an_append_gets_the_next_place_and_its_audience(backend: &mut Backend) {
    register_all(backend, 3);
    backend.after([create(1, &[2, 3])]);
    assert_eq!(backend.ask(append(2, group(1), 1, 1)), appended(2, &[1, 2, 3], false));
    assert_eq!(backend.ask(append(3, group(1), 1, 1)), appended(3, &[1, 2, 3], false));
    assert_eq!(backend.ask(append(2, direct(1, 2), 0, 1)), appended(1, &[1, 2], false));
    backend.restart();
    assert_eq!(backend.ask(append(2, group(1), 1, 2)), appended(4, &[1, 2, 3], false));
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 1)), appended(2, &[1, 2], false));
}

fn a_repeat_gets_the_first_answer_again(backend: &mut Backend) {
    register_all(backend, 2);
    send_all(backend, 1, direct(1, 2), 0, 3);
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 2)), appended(2, &[], true));
    backend.restart();
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 3)), appended(3, &[], true));
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 4)), appended(4, &[1, 2], false));
}

fn a_number_with_another_body_is_refused(backend: &mut Backend) {
    register_all(backend, 2);
    send_all(backend, 1, direct(1, 2), 0, 1);
    let mut other = send(1, direct(1, 2), 0, 1);
    other.body = "something else".into();
    backend.restart();
    let answer = backend.ask(StoreRequest::Append(other));
    assert_eq!(answer, send_refused(SendRefusal::ClientIdReused));
}

fn a_number_below_the_window_is_too_old(backend: &mut Backend) {
    register_all(backend, 2);
    send_all(backend, 1, direct(1, 2), 0, 9);
    let answer = backend.ask(append(1, direct(1, 2), 0, 5));
    assert_eq!(answer, send_refused(SendRefusal::TooOld));
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 6)), appended(6, &[], true));
}

fn a_missing_number_is_asked_for(backend: &mut Backend) {
    register_all(backend, 2);
    send_all(backend, 1, direct(1, 2), 0, 2);
    let answer = backend.ask(append(1, direct(1, 2), 0, 5));
    assert_eq!(answer, send_refused(SendRefusal::Gap { expected: ClientId(3) }));
    let mut settled = send(1, direct(1, 2), 0, 5);
    settled.oldest_pending = ClientId(5);
    assert_eq!(backend.ask(StoreRequest::Append(settled)), appended(3, &[1, 2], false));
}

fn only_members_may_send(backend: &mut Backend) {
    register_all(backend, 3);
    backend.after([create(1, &[2])]);
    let not_member = send_refused(SendRefusal::NotMember);
    assert_eq!(backend.ask(append(3, group(1), 1, 1)), not_member);
    assert_eq!(backend.ask(append(3, group(2), 1, 1)), not_member);
    assert_eq!(backend.ask(append(3, direct(1, 2), 0, 1)), not_member);
    assert_eq!(backend.ask(append(2, group(1), 0, 1)), not_member);
    backend.after([append(2, group(1), 1, 1), change(2, group(1), 1, Change::Leave)]);
    assert_eq!(backend.ask(append(2, group(1), 1, 2)), not_member);
    // What was accepted before stays accepted.
    assert_eq!(backend.ask(append(2, group(1), 1, 1)), appended(2, &[], true));
}

fn a_direct_channel_needs_both_users(backend: &mut Backend) {
    register_all(backend, 1);
    let not_member = send_refused(SendRefusal::NotMember);
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 1)), not_member);
    backend.after([StoreRequest::Register { user: UserId(2), device: None }]);
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 1)), appended(1, &[1, 2], false));
}

fn an_unknown_device_is_refused(backend: &mut Backend) {
    register_all(backend, 2);
    let mut stolen = send(1, direct(1, 2), 0, 1);
    stolen.device = DeviceId(2);
    let answer = backend.ask(StoreRequest::Append(stolen));
    assert_eq!(answer, send_refused(SendRefusal::UnknownDevice));
    assert_eq!(backend.ask(sync_of(1, 2, &[], 10)), StoreAnswer::UnknownDevice);
    assert_eq!(backend.ask(create(9, &[])), change_refused(ChangeRefusal::UnknownDevice));
}

fn a_new_membership_starts_a_new_numbering(backend: &mut Backend) {
    register_all(backend, 2);
    backend.after([create(1, &[2]), append(2, group(1), 1, 1)]);
    backend.after([change(2, group(1), 1, Change::Leave), change(2, group(1), 2, Change::Join)]);
    backend.restart();
    assert_eq!(backend.ask(append(2, group(1), 4, 1)), appended(5, &[1, 2], false));
    assert_eq!(backend.ask(append(2, group(1), 4, 1)), appended(5, &[], true));
    assert_eq!(backend.ask(append(2, group(1), 1, 1)), send_refused(SendRefusal::NotMember));
}

fn changes_of_membership_happen_once(backend: &mut Backend) {
    register_all(backend, 3);
    let created = written(backend.ask(create(1, &[2])));
    assert_eq!(created, (Content::Created(ids(&[1, 2])), ids(&[1, 2])));
    assert_eq!(backend.ask(create(1, &[2])), unwritten(1));
    let invite = change(2, group(1), 1, Change::Invite(ids(&[3, 1])));
    let invited = written(backend.ask(invite.clone()));
    assert_eq!(invited, (Content::Invited(ids(&[3])), ids(&[1, 2, 3])));
    backend.restart();
    assert_eq!(backend.ask(invite), unwritten(2));
    let remove = change(1, group(1), 2, Change::Remove(UserId(3)));
    let removed = written(backend.ask(remove));
    assert_eq!(removed, (Content::Removed(UserId(3)), ids(&[1, 2, 3])));
    assert_eq!(backend.ask(change(2, group(1), 2, Change::Join)), unwritten(1));
    assert_eq!(backend.ask(create(1, &[2])), change_refused(ChangeRefusal::TooOld));
    assert_eq!(backend.ask(append(2, group(1), 1, 1)), appended(4, &[1, 2], false));
}

fn changes_that_make_no_sense_are_refused(backend: &mut Backend) {
    register_all(backend, 6);
    let mut ask = |request| match backend.ask(request) {
        StoreAnswer::ChangeRefused(reason) => reason,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(ask(create(1, &[2, 77])), ChangeRefusal::Invalid);
    let crowd = change(1, group(1), 2, Change::Create(ids(&[2, 3, 4, 5])));
    assert_eq!(ask(crowd), ChangeRefusal::GroupLimit { limit: 4 });
    assert_eq!(ask(change(2, group(1), 1, Change::Join)), ChangeRefusal::NotMember);
    assert_eq!(ask(change(1, direct(1, 2), 1, Change::Leave)), ChangeRefusal::Invalid);
    backend.after([change(1, group(1), 3, Change::Create(ids(&[2, 3])))]);
    let mut ask = |request| match backend.ask(request) {
        StoreAnswer::ChangeRefused(reason) => reason,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(ask(change(1, group(1), 4, Change::Create(vec![]))), ChangeRefusal::Exists);
    let put_out = change(2, group(1), 2, Change::Remove(UserId(3)));
    assert_eq!(ask(put_out), ChangeRefusal::NotOwner);
    let invite = change(2, group(1), 3, Change::Invite(ids(&[4, 77])));
    assert_eq!(ask(invite), ChangeRefusal::Invalid);
    let invite = change(2, group(1), 4, Change::Invite(ids(&[4, 5])));
    assert_eq!(ask(invite), ChangeRefusal::GroupLimit { limit: 4 });
}

fn a_member_sees_what_lies_between_join_and_leave(backend: &mut Backend) {
    register_all(backend, 3);
    let channel = group(1);
    backend.after([create(1, &[2]), append(1, channel, 1, 1)]);
    backend.after([change(3, channel, 1, Change::Join), append(1, channel, 1, 2)]);
    backend.after([change(3, channel, 2, Change::Leave), append(1, channel, 1, 3)]);
    backend.after([change(2, channel, 1, Change::Invite(ids(&[3]))), append(1, channel, 1, 4)]);
    backend.restart();
    assert_eq!(places(backend.ask(sync(1, &[], 99)), channel), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(places(backend.ask(sync(3, &[], 99)), channel), [3, 4, 5, 7, 8]);
    assert_eq!(places(backend.ask(sync(3, &[(channel, 5)], 99)), channel), [7, 8]);
    let (ranges, more) = page(backend.ask(sync(3, &[(channel, 3)], 2)));
    assert_eq!((ranges[0].from, ranges[0].to, more), (MessageId(3), MessageId(5), true));
    assert_eq!(ranges[0].membership, Some(MessageId(7)));
}

fn a_sync_pages_through_all_channels(backend: &mut Backend) {
    register_all(backend, 4);
    for other in 2..=4 {
        send_all(backend, other, direct(1, other), 0, 3);
    }
    let mut cursors = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let (ranges, more) = page(backend.ask(sync(1, &cursors, 4)));
        sizes.push(ranges.iter().map(|range| range.entries.len()).sum::<usize>());
        for range in &ranges {
            cursors.retain(|(channel, _)| *channel != range.channel);
            cursors.push((range.channel, range.to.0));
        }
        if !more {
            break;
        }
        backend.restart();
    }
    assert_eq!(sizes, [4, 4, 1]);
    assert_eq!(cursors, [2, 3, 4].map(|other| (direct(1, other), 3)));
    assert_eq!(page(backend.ask(sync(1, &cursors, 4))), (vec![], false));
    assert_eq!(page(backend.ask(sync(1, &[], 0))), (vec![], true));
}

fn a_sync_uses_the_written_cursor_of_a_channel_not_named(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 5);
    backend.after([cursor(2, 2, channel, 3)]);
    backend.restart();
    assert_eq!(places(backend.ask(sync(2, &[], 99)), channel), [4, 5]);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 1)], 99)), channel), [2, 3, 4, 5]);
}

fn a_new_device_starts_with_the_newest_entries(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 9);
    backend.after([cursor(2, 2, channel, 9)]);
    backend.after([StoreRequest::Register { user: UserId(2), device: Some(DeviceId(20)) }]);
    assert_eq!(places(backend.ask(sync_of(2, 20, &[], 99)), channel), [7, 8, 9]);
    // Registering again changes nothing.
    backend.after([cursor(2, 20, channel, 8)]);
    backend.after([StoreRequest::Register { user: UserId(2), device: Some(DeviceId(20)) }]);
    backend.restart();
    assert_eq!(places(backend.ask(sync_of(2, 20, &[], 99)), channel), [9]);
}

fn a_device_below_the_inbox_reads_the_log(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 6);
    backend.after([cursor(2, 2, channel, 4)]);
    backend.restart();
    assert_eq!(places(backend.ask(sync(2, &[(channel, 0)], 99)), channel), [1, 2, 3, 4, 5, 6]);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 3)], 2)), channel), [4, 5]);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 4)], 2)), channel), [5, 6]);
}

fn heads_end_where_the_user_left(backend: &mut Backend) {
    register_all(backend, 3);
    backend.after([create(1, &[2]), change(2, group(1), 1, Change::Leave)]);
    backend.after([append(1, group(1), 1, 1), append(2, direct(1, 2), 0, 1)]);
    backend.restart();
    let head = |channel, message_id| (channel, MessageId(message_id));
    let expected = vec![
        (UserId(2), vec![head(direct(1, 2), 1), head(group(1), 2)]),
        (UserId(1), vec![head(direct(1, 2), 1), head(group(1), 3)]),
        (UserId(3), vec![]),
        (UserId(99), vec![]),
    ];
    let answer = StoreAnswer::Heads { heads: expected, logged_out: vec![DeviceId(99)] };
    assert_eq!(backend.ask(heads(&[2, 1, 3, 99])), answer);
}

fn a_cursor_never_falls_and_never_passes_the_head(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 5);
    backend.after([cursor(2, 2, channel, 4), cursor(2, 2, channel, 2)]);
    backend.after([cursor(2, 2, channel, 6), cursor(2, 1, channel, 5), cursor(2, 2, group(1), 1)]);
    assert_eq!(places(backend.ask(sync(2, &[], 99)), channel), [5]);
}

fn a_forgotten_device_is_refused_and_its_answers_are_gone(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    backend.after([append(1, channel, 0, 1), create(1, &[2])]);
    backend.after([StoreRequest::Forget { device: DeviceId(1) }]);
    backend.after([StoreRequest::Forget { device: DeviceId(77) }]);
    backend.restart();
    let unknown = send_refused(SendRefusal::UnknownDevice);
    assert_eq!(backend.ask(append(1, channel, 0, 1)), unknown);
    assert_eq!(backend.ask(sync(1, &[], 9)), StoreAnswer::UnknownDevice);
    // The same id never comes back; another device of the user starts from nothing.
    backend.after([register(1)]);
    assert_eq!(backend.ask(append(1, channel, 0, 1)), unknown);
    backend.after([StoreRequest::Register { user: UserId(1), device: Some(DeviceId(10)) }]);
    let mut fresh = send(1, channel, 0, 1);
    fresh.device = DeviceId(10);
    assert_eq!(backend.ask(StoreRequest::Append(fresh)), appended(2, &[1, 2], false));
}

fn a_comparison_names_the_devices_that_are_logged_out(backend: &mut Backend) {
    register_all(backend, 3);
    backend.after([StoreRequest::Forget { device: DeviceId(2) }]);
    backend.restart();
    let StoreAnswer::Heads { logged_out, .. } = backend.ask(heads(&[3, 2, 1, 77])) else {
        panic!("no heads");
    };
    assert_eq!(logged_out, [DeviceId(2), DeviceId(77)]);
}

fn a_refused_change_stays_refused_under_its_number(backend: &mut Backend) {
    register_all(backend, 5);
    backend.after([create(1, &[2, 3, 4])]);
    let join = |operation| change(5, group(1), operation, Change::Join);
    let full = change_refused(ChangeRefusal::GroupLimit { limit: 4 });
    assert_eq!(backend.ask(join(2)), full);
    backend.after([change(2, group(1), 1, Change::Leave)]);
    assert_eq!(backend.ask(join(2)), full);
    backend.restart();
    assert_eq!(backend.ask(join(2)), full);
    assert_eq!(backend.ask(join(1)), change_refused(ChangeRefusal::TooOld));
    let joined = written(backend.ask(join(3)));
    assert_eq!(joined, (Content::Joined, ids(&[1, 3, 4, 5])));
    assert_eq!(backend.ask(join(3)), unwritten(3));
}

fn the_last_number_is_refused_and_harms_nobody(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 2);
    let mut last = send(1, channel, 0, u64::MAX);
    assert_eq!(backend.ask(StoreRequest::Append(last.clone())), send_refused(SendRefusal::TooOld));
    last.oldest_pending = ClientId(u64::MAX);
    assert_eq!(backend.ask(StoreRequest::Append(last)), send_refused(SendRefusal::TooOld));
    assert_eq!(page(backend.ask(sync(2, &[(channel, u64::MAX)], 9))), (vec![], false));
    backend.ask(cursor(2, 2, channel, u64::MAX));
    assert_eq!(backend.ask(append(1, channel, 0, 3)), appended(3, &[1, 2], false));
    assert_eq!(places(backend.ask(sync(2, &[], 9)), channel), [1, 2, 3]);
}

fn an_inbox_keeps_its_newest_rows_and_the_rest_is_read_from_the_log(backend: &mut Backend) {
    register_all(backend, 3);
    let channel = group(1);
    backend.after([create(1, &[2, 3]), change(3, channel, 1, Change::Leave)]);
    let has_copies = backend.inbox_rows() > 0;
    send_all(backend, 1, channel, 1, 6);
    backend.after([change(3, channel, 2, Change::Join)]);
    // Nine entries; the third user does not see the six messages. Eight copies are kept.
    let check = |backend: &mut Backend, copies: [usize; 3]| {
        let expected = if has_copies { copies.iter().sum() } else { 0 };
        assert_eq!(backend.inbox_rows(), expected, "{copies:?}");
    };
    check(backend, [8, 8, 3]);
    let mut more = |number| {
        let mut send = send(1, channel, 1, number);
        send.oldest_pending = ClientId(number);
        backend.after([StoreRequest::Append(send)]);
    };
    (7..=13).for_each(&mut more);
    // What a cursor has passed leaves room.
    backend.after([cursor(1, 1, channel, 12)]);
    check(backend, [4, 8, 8]);
    let all: Vec<u64> = (1..=16).collect();
    assert_eq!(places(backend.ask(sync(2, &[(channel, 0)], 99)), channel), all);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 7)], 99)), channel), all[7..]);
    assert_eq!(places(backend.ask(sync(2, &[(channel, 8)], 3)), channel), all[8..11]);
    let seen: Vec<u64> = [1, 2].into_iter().chain(9..=16).collect();
    assert_eq!(places(backend.ask(sync(3, &[(channel, 0)], 99)), channel), seen);
    backend.after([cursor(2, 2, channel, 16), cursor(1, 1, channel, 16)]);
    check(backend, [0, 0, 8]);
}
