//! How a device's events read in a history.

use hubbub_chat::{
    Content, Entry,
    device::{ChangeKey, DeliveryPath, DetachCause, DeviceEvent, LocalRefusal, SendKey},
    frame::{Change, ChangeRefusal, SendRefusal},
    ids::{ClientId, DeviceId, MessageId, UserId},
};

use crate::event::{EventBody, EventType, Member, Path, SessionCause};

/// The reason in a line of type `info` that says that a device asks no more what became of a send.
pub const GIVEN_UP: &str = "given_up";

/// The line that a history has for an event of a device, if it has one. `server` is the chat
/// server that the device is connected to, and `intended_ns` when the workload wanted a send.
#[must_use]
pub fn device_event(
    user: UserId,
    device: DeviceId,
    server: &str,
    intended_ns: Option<u64>,
    event: &DeviceEvent,
) -> Option<EventBody> {
    let send = |key: &SendKey| SendLine { user, device, key: *key };
    let member = |key: &ChangeKey| MemberLine { actor: user, device, key: key.clone() };
    let session = |attached, cause| EventBody::Session {
        device,
        server: server.to_owned(),
        session: None,
        attached,
        cause,
    };
    Some(match event {
        DeviceEvent::Invoked(key) => send(key).line(EventType::Invoke, intended_ns, 1, None, None),
        DeviceEvent::Refused { channel, body_hash, reason } => {
            let (membership, client_id) = (MessageId::ZERO, ClientId(0));
            let key = SendKey { channel: *channel, membership, client_id, body_hash: *body_hash };
            let reason = Some(local_refusal(*reason).to_owned());
            send(&key).line(EventType::Fail, intended_ns, 0, None, reason)
        }
        // The first attempt says nothing that the invocation has not said.
        DeviceEvent::Attempted { attempt: 1, .. } => return None,
        DeviceEvent::Attempted { send: key, attempt } => {
            send(key).line(EventType::Info, None, *attempt, None, None)
        }
        DeviceEvent::Accepted { send: key, message_id } => {
            send(key).line(EventType::Ok, None, 0, *message_id, None)
        }
        DeviceEvent::Failed { send: key, reason } => {
            let reason = Some(send_refusal(*reason));
            send(key).line(EventType::Fail, None, 0, None, reason)
        }
        DeviceEvent::GivenUp { send: key } => {
            send(key).line(EventType::Info, None, 0, None, Some(GIVEN_UP.to_owned()))
        }
        DeviceEvent::ChangeInvoked(key) => member(key).line(EventType::Invoke, None, None),
        DeviceEvent::ChangeAccepted(key, message_id) => {
            member(key).line(EventType::Ok, Some(*message_id), None)
        }
        DeviceEvent::ChangeFailed(key, reason) => {
            member(key).line(EventType::Fail, None, Some(change_refusal(*reason)))
        }
        DeviceEvent::Received { entry, path } => EventBody::Receive {
            device,
            channel: entry.channel,
            message_id: entry.message_id,
            body_hash: entry.body_hash(),
            path: (*path).into(),
        },
        DeviceEvent::Applied { entry, path } => EventBody::Apply {
            device,
            channel: entry.channel,
            message_id: entry.message_id,
            body_hash: entry.body_hash(),
            path: (*path).into(),
        },
        DeviceEvent::Confirmed { channel, message_id } => {
            EventBody::Cursor { device, channel: *channel, message_id: *message_id }
        }
        DeviceEvent::Truncated { channel, from, to } => {
            EventBody::Truncated { device, channel: *channel, from: *from, to: *to }
        }
        DeviceEvent::Shown(status) => EventBody::Shown {
            device,
            user: status.user,
            online: status.online,
            last_active_at_ms: status.last_active_at_ms,
            epoch: status.epoch,
            version: status.version,
        },
        DeviceEvent::Synced => EventBody::Synced { device, server: server.to_owned() },
        DeviceEvent::Attached => session(true, SessionCause::Connected),
        DeviceEvent::Detached(cause) => session(false, (*cause).into()),
    })
}

/// The line that a history has for an entry that the store committed.
#[must_use]
pub fn store_entry(entry: &Entry) -> EventBody {
    EventBody::Entry {
        channel: entry.channel,
        message_id: entry.message_id,
        user: entry.user,
        device: entry.device,
        number: entry.number,
        body_hash: entry.body_hash(),
        accepted_at_ms: entry.accepted_at_ms,
        kind: match &entry.content {
            Content::Text(_) => Member::Message,
            Content::Created(users) | Content::Invited(users) => Member::Enter(users.clone()),
            Content::Joined => Member::Enter(vec![entry.user]),
            Content::Left => Member::Leave(entry.user),
            Content::Removed(user) => Member::Leave(*user),
            Content::HandedOver(_) | Content::Renamed(_) => Member::Unchanged,
        },
    }
}

struct SendLine {
    user: UserId,
    device: DeviceId,
    key: SendKey,
}

impl SendLine {
    fn line(
        self,
        r#type: EventType,
        intended_ns: Option<u64>,
        attempt: u32,
        message_id: Option<MessageId>,
        reason: Option<String>,
    ) -> EventBody {
        let SendKey { channel, membership, client_id, body_hash } = self.key;
        let Self { user, device, .. } = self;
        EventBody::Send {
            r#type,
            user,
            device,
            channel,
            membership,
            client_id,
            body_hash,
            intended_ns,
            attempt,
            message_id,
            reason,
        }
    }
}

struct MemberLine {
    actor: UserId,
    device: DeviceId,
    key: ChangeKey,
}

impl MemberLine {
    fn line(
        self,
        r#type: EventType,
        message_id: Option<MessageId>,
        reason: Option<String>,
    ) -> EventBody {
        let Self { actor, device, key: ChangeKey { channel, operation, change } } = self;
        let change = change_name(&change).to_owned();
        EventBody::Member { r#type, actor, device, channel, operation, change, message_id, reason }
    }
}

fn change_name(change: &Change) -> &'static str {
    match change {
        Change::Create(_) => "create",
        Change::Invite(_) => "invite",
        Change::Join => "join",
        Change::Leave => "leave",
        Change::Remove(_) => "remove",
        Change::HandOver(_) => "hand_over",
        Change::Rename(_) => "rename",
    }
}

/// Why a device did not take on a message, in the protocol's spelling.
#[must_use]
pub fn local_refusal(reason: LocalRefusal) -> &'static str {
    match reason {
        LocalRefusal::OutboxFull => "outbox_full",
        LocalRefusal::NotMember => "not_member",
        LocalRefusal::TooLarge => "too_large",
        LocalRefusal::ChangePending => "change_pending",
        LocalRefusal::LoggedOut => "logged_out",
    }
}

/// Why a send was refused, in the protocol's spelling.
#[must_use]
pub fn send_refusal(reason: SendRefusal) -> String {
    match reason {
        SendRefusal::ClientIdReused => "client_id_reused".into(),
        SendRefusal::TooOld => "too_old".into(),
        SendRefusal::Gap { expected } => format!("gap, {expected} expected"),
        SendRefusal::Busy => "busy".into(),
        SendRefusal::Unavailable => "unavailable".into(),
        SendRefusal::NotMember => "not_member".into(),
        SendRefusal::TooLarge { limit } => format!("too_large, {limit} bytes allowed"),
        SendRefusal::UnknownDevice => "unknown_device".into(),
    }
}

fn change_refusal(reason: ChangeRefusal) -> String {
    match reason {
        ChangeRefusal::NotMember => "not_member".into(),
        ChangeRefusal::NotOwner => "not_owner".into(),
        ChangeRefusal::GroupLimit { limit } => format!("group_limit, {limit} members allowed"),
        ChangeRefusal::TooOld => "too_old".into(),
        ChangeRefusal::Exists => "exists".into(),
        ChangeRefusal::Invalid => "invalid".into(),
        ChangeRefusal::Busy => "busy".into(),
        ChangeRefusal::Unavailable => "unavailable".into(),
        ChangeRefusal::UnknownDevice => "unknown_device".into(),
    }
}

impl From<DeliveryPath> for Path {
    fn from(path: DeliveryPath) -> Self {
        match path {
            DeliveryPath::Hint => Self::Hint,
            DeliveryPath::Sync => Self::Sync,
            DeliveryPath::Accepted => Self::Accepted,
        }
    }
}

impl From<DetachCause> for SessionCause {
    fn from(cause: DetachCause) -> Self {
        match cause {
            DetachCause::Unreachable => Self::Unreachable,
            DetachCause::Closed => Self::Closed,
            DetachCause::Silent => Self::Silent,
            DetachCause::Cut(reason) => Self::Cut(reason),
        }
    }
}
