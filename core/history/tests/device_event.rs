//! What happens on a device has a line of its own in the history, or none on purpose.

use std::sync::Arc;

use hubbub_chat::{
    ChannelId, ClientId, Content, DeviceId, Entry, MessageId, OperationId, UserId, body_hash,
    device::{ChangeKey, DeliveryPath, DetachCause, DeviceEvent, LocalRefusal, SendKey},
    frame::{Change, ChangeRefusal, CutReason, SendRefusal},
    ports::presence::Status,
};
use hubbub_history::{EventBody, EventType, Member, Path, SessionCause, device_event, store_entry};

const USER: UserId = UserId(1);
const DEVICE: DeviceId = DeviceId(11);
const GROUP: ChannelId = ChannelId::Group(UserId(1), OperationId(7));
const INTENDED_NS: Option<u64> = Some(1_500);

fn line(event: DeviceEvent) -> Option<EventBody> {
    device_event(USER, DEVICE, "chat-1", INTENDED_NS, &event)
}

fn key() -> SendKey {
    SendKey { channel: GROUP, membership: MessageId(3), client_id: ClientId(5), body_hash: 99 }
}

fn change(change: Change) -> ChangeKey {
    ChangeKey { channel: GROUP, operation: OperationId(8), change }
}

fn entry(content: Content) -> Entry {
    Entry {
        channel: GROUP,
        message_id: MessageId(4),
        user: UserId(2),
        device: DeviceId(21),
        number: 6,
        accepted_at_ms: 1,
        content,
    }
}

/// The line of a send that is under way; `told` is what its outcome adds.
fn send(r#type: EventType, told: Told<'_>) -> EventBody {
    let Told { intended_ns, attempt, message_id, reason } = told;
    EventBody::Send {
        r#type,
        user: USER,
        device: DEVICE,
        channel: GROUP,
        membership: MessageId(3),
        client_id: ClientId(5),
        body_hash: 99,
        intended_ns,
        attempt,
        message_id,
        reason: reason.map(str::to_owned),
    }
}

#[derive(Default)]
struct Told<'a> {
    intended_ns: Option<u64>,
    attempt: u32,
    message_id: Option<MessageId>,
    reason: Option<&'a str>,
}

fn member(
    r#type: EventType,
    change: &str,
    message_id: Option<MessageId>,
    reason: Option<&str>,
) -> EventBody {
    EventBody::Member {
        r#type,
        actor: USER,
        device: DEVICE,
        channel: GROUP,
        operation: OperationId(8),
        change: change.to_owned(),
        message_id,
        reason: reason.map(str::to_owned),
    }
}

fn session(attached: bool, cause: SessionCause) -> EventBody {
    EventBody::Session {
        device: DEVICE,
        server: "chat-1".to_owned(),
        session: None,
        attached,
        cause,
    }
}

#[test]
fn a_send_is_invoked_when_the_workload_wanted_it() {
    let told = Told { intended_ns: INTENDED_NS, attempt: 1, ..Told::default() };
    assert_eq!(line(DeviceEvent::Invoked(key())), Some(send(EventType::Invoke, told)));
}

#[test]
fn a_first_attempt_has_no_line_and_another_one_has() {
    let attempted = |attempt| line(DeviceEvent::Attempted { send: key(), attempt });
    assert_eq!(attempted(1), None);
    let told = Told { attempt: 2, ..Told::default() };
    assert_eq!(attempted(2), Some(send(EventType::Info, told)));
}

#[test]
fn an_acceptance_has_the_place_that_the_device_was_told() {
    for message_id in [Some(MessageId(4)), None] {
        let event = DeviceEvent::Accepted { send: key(), message_id };
        let told = Told { message_id, ..Told::default() };
        assert_eq!(line(event), Some(send(EventType::Ok, told)));
    }
}

#[test]
fn a_refused_send_says_why() {
    let reasons = [
        (SendRefusal::ClientIdReused, "client_id_reused"),
        (SendRefusal::TooOld, "too_old"),
        (SendRefusal::Gap { expected: ClientId(4) }, "gap, 4 expected"),
        (SendRefusal::Busy, "busy"),
        (SendRefusal::Unavailable, "unavailable"),
        (SendRefusal::NotMember, "not_member"),
        (SendRefusal::TooLarge { limit: 16 }, "too_large, 16 bytes allowed"),
        (SendRefusal::UnknownDevice, "unknown_device"),
    ];
    for (reason, text) in reasons {
        let told = Told { reason: Some(text), ..Told::default() };
        let event = DeviceEvent::Failed { send: key(), reason };
        assert_eq!(line(event), Some(send(EventType::Fail, told)));
    }
}

#[test]
fn a_send_that_is_given_up_has_an_unknown_outcome() {
    let told = Told { reason: Some("given_up"), ..Told::default() };
    let event = DeviceEvent::GivenUp { send: key() };
    assert_eq!(line(event), Some(send(EventType::Info, told)));
}

#[test]
fn a_send_that_the_device_did_not_take_on_has_neither_number_nor_membership() {
    let reasons = [
        (LocalRefusal::OutboxFull, "outbox_full"),
        (LocalRefusal::NotMember, "not_member"),
        (LocalRefusal::TooLarge, "too_large"),
        (LocalRefusal::ChangePending, "change_pending"),
    ];
    for (reason, text) in reasons {
        let expected = EventBody::Send {
            r#type: EventType::Fail,
            user: USER,
            device: DEVICE,
            channel: GROUP,
            membership: MessageId::ZERO,
            client_id: ClientId(0),
            body_hash: 99,
            intended_ns: INTENDED_NS,
            attempt: 0,
            message_id: None,
            reason: Some(text.to_owned()),
        };
        let event = DeviceEvent::Refused { channel: GROUP, body_hash: 99, reason };
        assert_eq!(line(event), Some(expected));
    }
}

#[test]
fn a_change_of_membership_is_invoked_by_its_name() {
    let changes = [
        (Change::Create(vec![UserId(2)]), "create"),
        (Change::Invite(vec![UserId(2)]), "invite"),
        (Change::Join, "join"),
        (Change::Leave, "leave"),
        (Change::Remove(UserId(2)), "remove"),
    ];
    for (wanted, name) in changes {
        let event = DeviceEvent::ChangeInvoked(change(wanted));
        assert_eq!(line(event), Some(member(EventType::Invoke, name, None, None)));
    }
}

#[test]
fn a_change_of_membership_is_made_at_a_place_or_refused_for_a_reason() {
    let made = DeviceEvent::ChangeAccepted(change(Change::Leave), MessageId(4));
    assert_eq!(line(made), Some(member(EventType::Ok, "leave", Some(MessageId(4)), None)));
    let reasons = [
        (ChangeRefusal::NotMember, "not_member"),
        (ChangeRefusal::NotOwner, "not_owner"),
        (ChangeRefusal::GroupLimit { limit: 100 }, "group_limit, 100 members allowed"),
        (ChangeRefusal::TooOld, "too_old"),
        (ChangeRefusal::Exists, "exists"),
        (ChangeRefusal::Invalid, "invalid"),
        (ChangeRefusal::Busy, "busy"),
        (ChangeRefusal::Unavailable, "unavailable"),
        (ChangeRefusal::UnknownDevice, "unknown_device"),
    ];
    for (reason, text) in reasons {
        let event = DeviceEvent::ChangeFailed(change(Change::Join), reason);
        assert_eq!(line(event), Some(member(EventType::Fail, "join", None, Some(text))));
    }
}

#[test]
fn an_entry_is_received_and_stored_by_the_way_it_came() {
    let paths = [
        (DeliveryPath::Hint, Path::Hint),
        (DeliveryPath::Sync, Path::Sync),
        (DeliveryPath::Accepted, Path::Accepted),
    ];
    let entry = Arc::new(entry(Content::Text("hello".into())));
    let (device, channel, message_id) = (DEVICE, GROUP, MessageId(4));
    let body_hash = body_hash("hello");
    for (came, path) in paths {
        let received = DeviceEvent::Received { entry: entry.clone(), path: came };
        let expected = EventBody::Receive { device, channel, message_id, body_hash, path };
        assert_eq!(line(received), Some(expected));
        let applied = DeviceEvent::Applied { entry: entry.clone(), path: came };
        let expected = EventBody::Apply { device, channel, message_id, body_hash, path };
        assert_eq!(line(applied), Some(expected));
    }
}

#[test]
fn a_confirmed_cursor_has_its_place() {
    let (device, channel, message_id) = (DEVICE, GROUP, MessageId(4));
    let confirmed = DeviceEvent::Confirmed { channel, message_id };
    assert_eq!(line(confirmed), Some(EventBody::Cursor { device, channel, message_id }));
}

#[test]
fn a_session_begins_syncs_and_ends_with_its_cause() {
    assert_eq!(line(DeviceEvent::Attached), Some(session(true, SessionCause::Connected)));
    let synced = EventBody::Synced { device: DEVICE, server: "chat-1".to_owned() };
    assert_eq!(line(DeviceEvent::Synced), Some(synced));
    let causes = [
        (DetachCause::Unreachable, SessionCause::Unreachable),
        (DetachCause::Closed, SessionCause::Closed),
        (DetachCause::Silent, SessionCause::Silent),
        (DetachCause::Cut(CutReason::Replaced), SessionCause::Cut(CutReason::Replaced)),
    ];
    for (cause, written) in causes {
        assert_eq!(line(DeviceEvent::Detached(cause)), Some(session(false, written)));
    }
}

#[test]
fn an_entry_of_the_store_says_what_it_does_to_the_membership() {
    let author = UserId(2);
    let (one, two) = (UserId(8), UserId(9));
    let contents = [
        (Content::Text("hello".into()), Member::Message),
        (Content::Created(vec![author, one]), Member::Enter(vec![author, one])),
        (Content::Invited(vec![one, two]), Member::Enter(vec![one, two])),
        (Content::Joined, Member::Enter(vec![author])),
        (Content::Left, Member::Leave(author)),
        (Content::Removed(two), Member::Leave(two)),
    ];
    for (content, kind) in contents {
        let body_hash = content.body_hash();
        let expected = EventBody::Entry {
            channel: GROUP,
            message_id: MessageId(4),
            user: author,
            device: DeviceId(21),
            number: 6,
            body_hash,
            kind,
            accepted_at_ms: 1,
        };
        assert_eq!(store_entry(&entry(content)), expected);
    }
}

#[test]
fn what_a_device_is_told_is_gone_has_its_two_ends() {
    let (channel, from, to) = (GROUP, MessageId(2), MessageId(7));
    let expected = EventBody::Truncated { device: DEVICE, channel, from, to };
    assert_eq!(line(DeviceEvent::Truncated { channel, from, to }), Some(expected));
}

#[test]
fn a_status_is_shown_with_its_version() {
    let status =
        Status { user: UserId(9), online: true, last_active_at_ms: 4, epoch: 2, version: 3 };
    let expected = EventBody::Shown {
        device: DEVICE,
        user: UserId(9),
        online: true,
        last_active_at_ms: 4,
        epoch: 2,
        version: 3,
    };
    assert_eq!(line(DeviceEvent::Shown(status)), Some(expected));
}
