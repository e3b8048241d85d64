//! Activity, tokens, mutes and owed pushes, in the model and in fjall.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use hubbub_chat::{
    design::{Fanout, PushWhen},
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{StoreAnswer, StoreRequest, StoreRules},
};
use store_fixture::*;

contract![[rules(Fanout::Inbox), rules(Fanout::ChannelLog)];
    activity_only_rises,
    a_message_is_owed_until_a_device_has_it,
    a_push_stays_due_until_it_is_settled,
    what_is_due_comes_in_the_order_of_its_times,
    nothing_is_owed_to_who_cannot_be_reached,
    nothing_is_owed_for_a_muted_channel,
    a_push_now_is_due_though_a_device_has_the_message,
    a_push_now_of_what_is_not_written_is_owed_to_nobody,
    with_the_last_token_goes_what_is_owed,
    many_owed_messages_are_one_row,
];

fn token(user: u64, device: u64, token: Option<&str>) -> StoreRequest {
    let (user, device) = (UserId(user), DeviceId(device));
    StoreRequest::PushToken { user, device, token: token.map(str::to_owned) }
}

fn mute(user: u64, channel: ChannelId, muted: bool) -> StoreRequest {
    StoreRequest::Mute { user: UserId(user), channel, muted }
}

fn settled(user: u64, channel: ChannelId, up_to: u64) -> StoreRequest {
    let (user, up_to) = (UserId(user), MessageId(up_to));
    StoreRequest::PushSettled { user, channel, up_to }
}

/// What is due: user, channel, up to where, and how many tokens.
fn due(backend: &mut Backend) -> Vec<(u64, ChannelId, u64, usize)> {
    let StoreAnswer::PushDue(rows) = backend.ask(StoreRequest::PushDue { rows_max: 99 }) else {
        panic!("nothing is known of what is due");
    };
    rows.iter().map(|row| (row.user.0, row.channel, row.up_to.0, row.tokens.len())).collect()
}

/// Users of whom all but the first have a token.
fn register_with_tokens(backend: &mut Backend, users: u64) {
    register_all(backend, users);
    backend.after((2..=users).map(|user| token(user, user, Some("abc"))));
}

fn activity_only_rises(backend: &mut Backend) {
    let write = |rows: &[(u64, u64)]| {
        StoreRequest::WriteActivity(rows.iter().map(|(user, at)| (UserId(*user), *at)).collect())
    };
    backend.after([write(&[(1, 70), (2, 0)]), write(&[(1, 60), (3, 5), (3, 9)])]);
    backend.restart();
    let known = vec![(UserId(3), 9), (UserId(1), 70), (UserId(2), 0)];
    let asked = StoreRequest::ReadActivity(ids(&[3, 4, 1, 2]));
    assert_eq!(backend.ask(asked), StoreAnswer::Activity(known));
}

fn a_message_is_owed_until_a_device_has_it(backend: &mut Backend) {
    register_with_tokens(backend, 3);
    let channel = group(1);
    backend.after([create(1, &[2, 3]), append(1, channel, 1, 1), append(2, channel, 1, 1)]);
    backend.restart();
    backend.after([cursor(3, 3, channel, 2)]);
    backend.wait(4);
    assert_eq!(due(backend), []);
    backend.wait(1);
    // The first user has no token, the third has the first message, the second wrote the other.
    assert_eq!(due(backend), [(2, channel, 2, 1), (3, channel, 3, 1)]);
    backend.after([cursor(2, 2, channel, 3)]);
    assert_eq!(due(backend), [(3, channel, 3, 1)]);
}

fn a_push_stays_due_until_it_is_settled(backend: &mut Backend) {
    register_with_tokens(backend, 2);
    let channel = direct(1, 2);
    send_all(backend, 1, channel, 0, 3);
    backend.wait(5);
    for _ in 0..2 {
        assert_eq!(due(backend), [(2, channel, 3, 1)]);
        backend.restart();
    }
    backend.after([settled(2, channel, 2)]);
    assert_eq!(due(backend), [(2, channel, 3, 1)]);
    backend.after([settled(2, channel, 3), settled(1, channel, 3)]);
    assert_eq!(due(backend), []);
    backend.restart();
    assert_eq!(due(backend), []);
    // What comes later is due later.
    backend.after([append(1, channel, 0, 4)]);
    assert_eq!(due(backend), []);
    backend.wait(5);
    assert_eq!(due(backend), [(2, channel, 4, 1)]);
}

fn what_is_due_comes_in_the_order_of_its_times(backend: &mut Backend) {
    register_with_tokens(backend, 4);
    for user in [3, 2, 4] {
        backend.after([append(1, direct(1, user), 0, 1)]);
        backend.wait(1);
    }
    backend.wait(5);
    let row = |user| (user, direct(1, user), 1, 1);
    assert_eq!(due(backend), [row(3), row(2), row(4)]);
    let two = backend.ask(StoreRequest::PushDue { rows_max: 2 });
    let StoreAnswer::PushDue(two) = two else { panic!("nothing is due") };
    assert_eq!(two.iter().map(|row| row.user.0).collect::<Vec<_>>(), [3, 2]);
    backend.after([settled(3, direct(1, 3), 1)]);
    // A clock that was set back: the first one is due again before the others.
    let now =
        StoreRequest::PushNow { channel: direct(1, 3), message_id: MessageId(1), users: ids(&[3]) };
    assert_eq!(due(backend), [row(2), row(4)]);
    backend.after([now]);
    assert_eq!(due(backend), [row(2), row(4), row(3)]);
}

fn nothing_is_owed_to_who_cannot_be_reached(backend: &mut Backend) {
    register_with_tokens(backend, 3);
    let channel = group(1);
    // A token of a device that is not the user's is none.
    backend.after([create(1, &[2, 3]), token(1, 2, Some("x")), token(1, 77, Some("x"))]);
    backend.after([token(2, 2, None)]);
    backend.wait(40);
    backend.after([register_new(1), heads(&[2])]);
    let mut send = send(1, channel, 1, 1);
    send.device = DeviceId(10);
    backend.after([StoreRequest::Append(send)]);
    backend.wait(5);
    assert_eq!(due(backend), []);
}

/// Another device, ten times as high.
fn register_new(user: u64) -> StoreRequest {
    StoreRequest::Register { user: UserId(user), device: Some(DeviceId(10 * user)) }
}

fn nothing_is_owed_for_a_muted_channel(backend: &mut Backend) {
    register_with_tokens(backend, 4);
    let (muted, other) = (direct(1, 2), direct(2, 3));
    backend.after([append(1, muted, 0, 1), append(3, other, 0, 1)]);
    // Only a member can mute, also before anything was said; a group that is not there has none.
    backend.after([mute(2, muted, true), mute(4, direct(3, 4), true)]);
    backend.after([mute(4, other, true), mute(4, group(1), true)]);
    backend.restart();
    backend.after([append(1, muted, 0, 2), append(3, direct(3, 4), 0, 1), create(1, &[4])]);
    backend.after([append(1, group(1), 1, 1)]);
    backend.wait(5);
    assert_eq!(due(backend), [(2, other, 1, 1), (4, group(1), 2, 1)]);
    backend.after([mute(2, muted, false), append(1, muted, 0, 3)]);
    backend.wait(5);
    assert_eq!(due(backend), [(2, other, 1, 1), (4, group(1), 2, 1), (2, muted, 3, 1)]);
}

fn a_push_now_is_due_though_a_device_has_the_message(backend: &mut Backend) {
    register_with_tokens(backend, 3);
    let channel = direct(1, 2);
    backend.after([append(1, channel, 0, 1)]);
    let now = |message_id, users: &[u64]| StoreRequest::PushNow {
        channel,
        message_id: MessageId(message_id),
        users: ids(users),
    };
    // The third may not see it, and the fourth is nobody.
    backend.after([now(1, &[2, 3, 4]), now(0, &[2])]);
    backend.after([cursor(2, 2, channel, 1)]);
    assert_eq!(due(backend), [(2, channel, 1, 1)]);
    backend.restart();
    backend.after([settled(2, channel, 1)]);
    backend.wait(9);
    assert_eq!(due(backend), []);
}

fn a_push_now_of_what_is_not_written_is_owed_to_nobody(backend: &mut Backend) {
    register_with_tokens(backend, 2);
    let channel = direct(1, 2);
    let now = |message_id| {
        let (message_id, users) = (MessageId(message_id), ids(&[2]));
        StoreRequest::PushNow { channel, message_id, users }
    };
    backend.after([now(1), append(1, channel, 0, 1), now(2)]);
    assert_eq!(due(backend), []);
    backend.after([append(1, channel, 0, 2), now(2)]);
    assert_eq!(due(backend), [(2, channel, 2, 1)]);
}

fn with_the_last_token_goes_what_is_owed(backend: &mut Backend) {
    register_with_tokens(backend, 3);
    backend.after([register_new(2), token(2, 20, Some("def")), register_new(3)]);
    backend.after([append(1, direct(1, 2), 0, 1), append(1, direct(1, 3), 0, 1)]);
    backend.wait(5);
    let expected = [(2, direct(1, 2), 1, 2), (3, direct(1, 3), 1, 1)];
    assert_eq!(due(backend), expected);
    backend.after([StoreRequest::Forget { device: DeviceId(2) }]);
    backend.after([StoreRequest::Forget { device: DeviceId(3) }]);
    backend.restart();
    assert_eq!(due(backend), [(2, direct(1, 2), 1, 1)]);
    // A device that gives no sign of life loses its token as well.
    backend.wait(35);
    assert_eq!(due(backend), []);
    backend.restart();
    assert_eq!(due(backend), []);
}

fn many_owed_messages_are_one_row(backend: &mut Backend) {
    register_with_tokens(backend, 2);
    let channel = direct(1, 2);
    for number in 1..=40 {
        backend.after([append(1, channel, 0, number)]);
    }
    backend.after([cursor(2, 2, channel, 31)]);
    backend.wait(5);
    assert_eq!(due(backend), [(2, channel, 40, 1)]);
    // From the 32nd on they are told apart no more.
    backend.after([settled(2, channel, 39)]);
    assert_eq!(due(backend), [(2, channel, 40, 1)]);
    backend.after([settled(2, channel, 40)]);
    assert_eq!(due(backend), []);
}

/// A store that was never given a token owes nothing and writes no row for it.
#[test]
fn without_tokens_an_append_writes_what_it_always_did() {
    let subject = Subject::new(Fanout::Inbox, small_cache());
    subject.ask(register(1));
    subject.ask(register(2));
    subject.ask(append(1, direct(1, 2), 0, 1));
    let before = subject.counters().rows;
    subject.ask(append(1, direct(1, 2), 0, 2));
    // The entry, two copies and the remembered answer.
    assert_eq!(subject.counters().rows - before, 4);
}

#[test]
fn presence_decides_who_is_pushed_where_the_design_says_so() {
    let rules = StoreRules { push_when: PushWhen::PresenceOffline, ..rules(Fanout::Inbox) };
    for mut backend in [Backend::model(rules), Backend::fjall(rules)] {
        register_with_tokens(&mut backend, 2);
        backend.after([append(1, direct(1, 2), 0, 1)]);
        backend.wait(9);
        assert_eq!(due(&mut backend), []);
    }
}
