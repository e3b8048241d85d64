//! What is at the end of its time goes: copies, entries and devices, in the model and in fjall.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use hubbub_chat::{
    design::Fanout,
    frame::{Change, Range, SendRefusal},
    ids::{DeviceId, MessageId, UserId},
    ports::store::{StoreAnswer, StoreRequest, StoreRules},
};
use store_fixture::*;

contract![[rules(Fanout::Inbox), rules(Fanout::ChannelLog)];
    copies_are_gone_after_their_time_and_the_log_is_read,
    entries_are_gone_after_their_time_and_the_reader_is_told,
    an_empty_log_goes_on_where_it_was,
    what_is_gone_is_not_told_to_a_new_device,
    a_long_silence_is_paid_for_in_parts,
    a_device_without_a_sign_of_life_is_logged_out,
    a_sign_of_life_outlives_a_restart,
    a_silent_device_holds_nothing_back,
    what_is_gone_stays_gone_for_who_comes_back,
];

/// The first range of a page: the ids of its entries, and up to where they are gone.
fn first(answer: StoreAnswer) -> (Vec<u64>, u64, u64) {
    let Range { entries, truncated, to, .. } = page(answer).0.into_iter().next().unwrap();
    (entries.iter().map(|entry| entry.message_id.0).collect(), truncated.0, to.0)
}

/// Signs of life, so that nobody is logged out.
fn attach(backend: &mut Backend, users: &[u64]) {
    backend.after([heads(users)]);
}

fn copies(rules: &StoreRules, count: usize) -> usize {
    if rules.fanout == Fanout::Inbox { count } else { 0 }
}

fn copies_are_gone_after_their_time_and_the_log_is_read(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 3);
    backend.wait(20);
    backend.after([append(1, channel, 0, 4)]);
    backend.restart();
    backend.wait(10);
    assert_eq!(places(backend.ask(sync(2, &[], 9)), channel), [1, 2, 3, 4]);
    backend.after([append(1, channel, 0, 5)]);
    let expected = copies(&backend.rules, 4);
    assert_eq!(backend.inbox_rows(), expected);
    assert_eq!(first(backend.ask(sync(2, &[], 2))), (vec![1, 2], 0, 2));
    assert_eq!(first(backend.ask(sync(2, &[(channel, 2)], 2))), (vec![3, 4], 0, 4));
}

fn entries_are_gone_after_their_time_and_the_reader_is_told(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 3);
    backend.wait(30);
    attach(backend, &[1, 2]);
    backend.after([append(1, channel, 0, 4)]);
    backend.wait(29);
    assert_eq!(first(backend.ask(sync(2, &[], 9))), (vec![1, 2, 3, 4], 0, 4));
    backend.wait(1);
    backend.restart();
    assert_eq!(first(backend.ask(sync(2, &[], 9))), (vec![4], 3, 4));
    assert_eq!(first(backend.ask(sync(2, &[(channel, 2)], 9))), (vec![4], 3, 4));
    assert_eq!(first(backend.ask(sync(2, &[(channel, 3)], 9))), (vec![4], 0, 4));
    assert_eq!(backend.log_rows(), 1);
    // The answer to what is gone is remembered all the same.
    assert_eq!(backend.ask(append(1, channel, 0, 3)), appended(3, &[], true));
}

fn an_empty_log_goes_on_where_it_was(backend: &mut Backend) {
    register_all(backend, 3);
    let channel = group(1);
    backend.after([create(1, &[2])]);
    send_all(backend, 1, channel, 1, 3);
    for _ in 0..3 {
        backend.wait(20);
        attach(backend, &[1, 2, 3]);
    }
    assert_eq!(first(backend.ask(sync(2, &[], 9))), (vec![], 4, 4));
    assert_eq!(backend.log_rows(), 0);
    backend.restart();
    let head = (UserId(2), vec![(channel, MessageId(4))]);
    let answer = StoreAnswer::Heads { heads: vec![head], logged_out: vec![] };
    assert_eq!(backend.ask(heads(&[2])), answer);
    backend.after([append(1, channel, 1, 4)]);
    assert_eq!(first(backend.ask(sync(2, &[], 9))), (vec![5], 4, 5));
    assert_eq!(first(backend.ask(sync(2, &[(channel, 4)], 9))), (vec![5], 0, 5));
}

fn what_is_gone_is_not_told_to_a_new_device(backend: &mut Backend) {
    register_all(backend, 2);
    let (channel, other) = (direct(1, 2), group(1));
    send_all(backend, 1, channel, 0, 2);
    backend.after([create(1, &[2])]);
    for _ in 0..2 {
        backend.wait(30);
        attach(backend, &[1, 2]);
        backend.after([append(1, channel, 0, 3)]);
    }
    backend.after([StoreRequest::Register { user: UserId(2), device: Some(DeviceId(20)) }]);
    backend.restart();
    let (ranges, more) = page(backend.ask(sync_of(2, 20, &[], 9)));
    let told = |range: &Range| (range.channel, range.from.0, range.to.0, range.truncated.0);
    // It learns of the group, though its only entry is gone.
    assert_eq!(ranges.iter().map(told).collect::<Vec<_>>(), [(channel, 2, 3, 0), (other, 0, 1, 1)]);
    assert!(!more);
}

fn a_long_silence_is_paid_for_in_parts(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 600);
    backend.wait(30);
    attach(backend, &[1, 2]);
    backend.wait(30);
    let mut gone = Vec::new();
    for _ in 0..4 {
        gone.push(first(backend.ask(sync(2, &[], 1))).1);
        backend.restart();
    }
    // The first page ends at its only entry, which is above what was removed.
    assert_eq!(gone, [256, 512, 600, 600]);
}

fn a_device_without_a_sign_of_life_is_logged_out(backend: &mut Backend) {
    register_all(backend, 3);
    backend.wait(39);
    backend.after([append(1, direct(1, 2), 0, 1)]);
    attach(backend, &[3]);
    backend.restart();
    backend.wait(1);
    assert_eq!(backend.ask(sync(2, &[], 9)), StoreAnswer::UnknownDevice);
    backend.after([append(1, direct(1, 2), 0, 2)]);
    backend.wait(39);
    let StoreAnswer::Heads { logged_out, .. } = backend.ask(heads(&[1, 2, 3])) else {
        panic!("no heads");
    };
    assert_eq!(logged_out, [DeviceId(2), DeviceId(3)]);
    backend.wait(40);
    let refused = StoreAnswer::AppendRefused(SendRefusal::UnknownDevice);
    assert_eq!(backend.ask(append(1, direct(1, 2), 0, 3)), refused);
}

fn a_sign_of_life_outlives_a_restart(backend: &mut Backend) {
    register_all(backend, 2);
    for step in 0..6 {
        backend.wait(35);
        match step % 3 {
            0 => drop(page(backend.ask(sync(1, &[], 9)))),
            1 => backend.after([cursor(1, 1, direct(1, 2), 0)]),
            _ => attach(backend, &[1]),
        }
        backend.restart();
    }
    assert_eq!(backend.ask(sync(2, &[], 9)), StoreAnswer::UnknownDevice);
    drop(page(backend.ask(sync(1, &[], 9))));
}

fn a_silent_device_holds_nothing_back(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = direct(1, 2);
    backend.after([StoreRequest::Register { user: UserId(2), device: Some(DeviceId(20)) }]);
    backend.wait(35);
    attach(backend, &[1, 2]);
    send_all(backend, 1, channel, 0, 5);
    backend.after([cursor(2, 2, channel, 4)]);
    let all = copies(&backend.rules, 10);
    assert_eq!(backend.inbox_rows(), all);
    backend.wait(5);
    // The same report once more: the other device is out by now.
    backend.after([cursor(2, 2, channel, 4)]);
    let left = copies(&backend.rules, 6);
    assert_eq!(backend.inbox_rows(), left);
}

fn what_is_gone_stays_gone_for_who_comes_back(backend: &mut Backend) {
    register_all(backend, 2);
    let channel = group(1);
    backend.after([create(1, &[2]), change(2, channel, 1, Change::Leave)]);
    backend.wait(30);
    attach(backend, &[1, 2]);
    backend.after([append(1, channel, 1, 1)]);
    let left = copies(&backend.rules, 3);
    // Nobody has asked for the inbox of who left.
    assert_eq!(backend.inbox_rows(), left);
    backend.after([change(2, channel, 2, Change::Join)]);
    let left = copies(&backend.rules, 2 + 1);
    assert_eq!(backend.inbox_rows(), left);
    assert_eq!(places(backend.ask(sync(2, &[], 9)), channel), [1, 2, 4]);
}

/// Other channels have something to write, and nobody asks for this one.
#[test]
fn the_sweep_gives_back_what_nobody_asks_for() {
    for fanout in [Fanout::Inbox, Fanout::ChannelLog] {
        let mut backend = Backend::sweeping(rules(fanout));
        register_all(&mut backend, 4);
        for other in 2..=4 {
            send_all(&mut backend, 1, direct(1, other), 0, 300);
        }
        // An inbox keeps eight.
        let kept = copies(&backend.rules, 6 * 8);
        assert_eq!((backend.inbox_rows(), backend.log_rows()), (kept, 900));
        let write = |backend: &mut Backend| {
            backend.wait(1);
            backend.after([StoreRequest::WriteActivity(vec![(UserId(9), 1)])]);
        };
        (0..29).for_each(|_| write(&mut backend));
        assert_eq!((backend.inbox_rows(), backend.log_rows()), (kept, 900));
        (0..5).for_each(|_| write(&mut backend));
        assert_eq!((backend.inbox_rows(), backend.log_rows()), (0, 900));
        (0..25).for_each(|_| write(&mut backend));
        assert_eq!((backend.inbox_rows(), backend.log_rows()), (0, 900));
        (0..6).for_each(|_| write(&mut backend));
        assert_eq!((backend.inbox_rows(), backend.log_rows()), (0, 0));
        // Its readers are told.
        backend.after([StoreRequest::Register { user: UserId(2), device: Some(DeviceId(20)) }]);
        assert_eq!(first(backend.ask(sync_of(2, 20, &[], 9))), (vec![], 300, 300));
    }
}
