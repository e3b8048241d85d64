//! What a history is made of.

mod words;

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, ClientId, DeviceId, MessageId, OperationId, SessionId, UserId};
use serde::{Deserialize, Serialize};

pub use crate::{
    bounds::Bounds,
    population::{Population, UserRow},
};
pub use words::{FaultState, Member, Path, Phase, PushStage, SessionCause};

/// One line of a history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The version of the form of this line.
    pub v: u32,
    /// The line's place in the history, from 0.
    pub seq: u64,
    /// When it happened, in nanoseconds since the run began, by the harness's clock.
    pub t_ns: u64,
    /// How far `t_ns` may be off, in nanoseconds; 0 in a simulation and on one host.
    pub t_error_ns: u64,
    /// Who says so.
    pub source: Source,
    /// Which process it happened in.
    pub process: Process,
    /// How often that process had started before.
    pub incarnation: u32,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Who wrote a line. The harness (the engine or the load generator) is truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The engine or the load generator.
    Harness,
    /// A device.
    Device,
    /// The history store.
    Store,
    /// A server of any role: chat, presence, API.
    Server,
    /// The notifier.
    Notifier,
    /// The push gateway.
    Gateway,
}

/// A process of the run: a host or a device, by the name that reports use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Process(pub std::sync::Arc<str>);

/// Where an operation stands (the words of Jepsen's histories).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// It was begun.
    Invoke,
    /// It was done.
    Ok,
    /// It was not done and never will be.
    Fail,
    /// Its outcome is unknown, or the line is no operation.
    Info,
}

/// What happened. Each variant is one kind of line, named by its `event` field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventBody {
    /// The first line: what was run.
    Run {
        /// The scenario's name.
        scenario: String,
        /// A hash of the scenario file and everything that overrode it.
        scenario_hash: String,
        /// The variant; `base` or nothing for the file without variants.
        variant: String,
        /// The seed.
        seed: u64,
        /// `fast`, `full` or `load`.
        engine: String,
        /// The bounds that checkers judge by.
        bounds: Bounds,
    },
    /// A phase begins.
    Phase {
        /// Which one.
        phase: Phase,
        /// When everything pending must be done, in nanoseconds since the run began; only with
        /// `liveness`.
        deadline_ns: Option<u64>,
    },
    /// Who takes part. Devices that the run adds later get a line of their own.
    Population(Population),
    /// A message is sent by a device.
    Send {
        /// `invoke` when the user sent it, `ok` when the device was told that it is accepted,
        /// `fail` when it was refused for good, `info` for another attempt, or, with the reason
        /// `given_up`, when the device asks no more what became of it.
        r#type: EventType,
        /// The author.
        user: UserId,
        /// The author's device.
        device: DeviceId,
        /// The conversation.
        channel: ChannelId,
        /// The membership under which it is sent.
        membership: MessageId,
        /// The device's number.
        client_id: ClientId,
        /// The hash of the body, unique in the run.
        #[serde(with = "crate::hash_text")]
        body_hash: u64,
        /// When the workload wanted it sent; only with `invoke`.
        intended_ns: Option<u64>,
        /// Which attempt this is, from 1.
        attempt: u32,
        /// Its place in the log; only with `ok`, and absent when the design does not tell.
        message_id: Option<MessageId>,
        /// Why not; only with `fail` and `info`.
        reason: Option<String>,
    },
    /// A change of membership is asked for by a device.
    Member {
        /// As in `send`.
        r#type: EventType,
        /// Who asks.
        actor: UserId,
        /// From which device.
        device: DeviceId,
        /// The group.
        channel: ChannelId,
        /// The device's number.
        operation: OperationId,
        /// `create`, `invite`, `join`, `leave`, `remove`, `hand_over` or `rename`.
        change: String,
        /// Its place in the log; only with `ok`.
        message_id: Option<MessageId>,
        /// Why not; only with `fail`.
        reason: Option<String>,
    },
    /// The store committed an entry to a channel's log. The order of these lines is the order of
    /// the commits.
    Entry {
        /// The conversation.
        channel: ChannelId,
        /// Its id. With the ids of the channel's own sequence it is its place in the log: 1, 2, 3 …
        /// Snowflakes and times of creation are no places: there may be any distance between two
        /// of them, one may be committed after a larger one, and two entries may bear the same.
        message_id: MessageId,
        /// Its author.
        user: UserId,
        /// The author's device.
        device: DeviceId,
        /// The device's number.
        number: u64,
        /// The hash of what it says.
        #[serde(with = "crate::hash_text")]
        body_hash: u64,
        /// What it does to the membership.
        kind: Member,
        /// When the store accepted it, in milliseconds since the Unix epoch by its own clock; 0
        /// when it is not known.
        #[serde(default, skip_serializing_if = "is_zero")]
        accepted_at_ms: u64,
    },
    /// An entry reached a device, whether it kept it or not.
    Receive {
        /// The device.
        device: DeviceId,
        /// The conversation.
        channel: ChannelId,
        /// Its place.
        message_id: MessageId,
        /// The hash of what it says.
        #[serde(with = "crate::hash_text")]
        body_hash: u64,
        /// How it came.
        path: Path,
    },
    /// A device stored an entry durably: its user has it.
    Apply {
        /// The device.
        device: DeviceId,
        /// The conversation.
        channel: ChannelId,
        /// Its place.
        message_id: MessageId,
        /// The hash of what it says.
        #[serde(with = "crate::hash_text")]
        body_hash: u64,
        /// How it came.
        path: Path,
    },
    /// A device's cursor was written by the store. From the store, the moment is that of the write;
    /// from a device, that at which it was told.
    Cursor {
        /// The device.
        device: DeviceId,
        /// The conversation.
        channel: ChannelId,
        /// Everything up to here is confirmed.
        message_id: MessageId,
    },
    /// A device was told that a stretch of the log is gone.
    Truncated {
        /// The device.
        device: DeviceId,
        /// The conversation.
        channel: ChannelId,
        /// The stretch begins above this place.
        from: MessageId,
        /// The stretch ends with this place.
        to: MessageId,
    },
    /// A device was attached to a chat server or lost it.
    Session {
        /// The device.
        device: DeviceId,
        /// The chat server's host; empty when it is not known.
        server: String,
        /// The session within that server, when known.
        session: Option<SessionId>,
        /// Whether it is attached now.
        attached: bool,
        /// Why.
        cause: SessionCause,
    },
    /// The first complete sync of a connection is done.
    Synced {
        /// The device.
        device: DeviceId,
        /// The chat server's host; empty when it is not known.
        server: String,
    },
    /// A device asked discovery for a chat server.
    Assigned {
        /// The device.
        device: DeviceId,
        /// The host that it was given; `None` when it was told to come again, or nothing.
        server: Option<String>,
        /// For how long it was put off, in nanoseconds.
        wait_ns: Option<u64>,
    },
    /// A device shows a status from now on.
    Shown {
        /// The device that shows it.
        device: DeviceId,
        /// Whose status it is.
        user: UserId,
        /// Whether it is shown as online.
        online: bool,
        /// The last sign of life, in milliseconds since the Unix epoch; 0 when none is known.
        last_active_at_ms: u64,
        /// The epoch under which it was decided.
        epoch: u64,
        /// Its version within the epoch.
        version: u64,
    },
    /// A push on its way.
    Push {
        /// Whether the notifier asked for it or the gateway got it.
        stage: PushStage,
        /// Whom it is for.
        user: UserId,
        /// Whose token it goes to.
        device: DeviceId,
        /// The conversation.
        channel: ChannelId,
        /// It stands for every message up to here.
        up_to: MessageId,
        /// Which attempt this is, from 1.
        attempt: u32,
        /// A later push with the same one takes this one's place on the device.
        collapse_id: String,
        /// What the gateway answered: `taken`, `dead_token` or `busy`; only with `received`.
        answer: Option<String>,
    },
    /// A process begins or ceases to believe that it holds a lease.
    Lease {
        /// What for, such as `worker-7`.
        key: String,
        /// Who: no two processes have the same, nor one before and after a restart.
        holder: u64,
        /// The epoch that the registry gave.
        epoch: u64,
        /// Whether it believes so from now on.
        held: bool,
    },
    /// The harness's own knowledge of a host or a device. What a line leaves out is as it was.
    Truth {
        /// A host, as `process` names it, with all devices on it; or one device, as
        /// `device-<id>`.
        name: String,
        /// Whether it is running.
        up: bool,
        /// Whether its network works; at first it does. For a device, whether what it sends arrives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<bool>,
        /// For a device: whether what is sent to it arrives, which a link may fail to do although it
        /// works in the other direction; at first it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hears: Option<bool>,
        /// For a device: whether its user is logged in on it; at first they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        logged_in: Option<bool>,
        /// For a chat server: how many sessions it may hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity: Option<u32>,
    },
    /// A fault begins or ends.
    Fault {
        /// Its number in the schedule.
        id: u32,
        /// Its kind, as the scenario names it.
        kind: String,
        /// Whether it begins or ends.
        state: FaultState,
        /// What it strikes, for people.
        target: String,
        /// How much it did; only with `off`.
        affected: Option<u64>,
    },
    /// What a device holds at the end.
    Final {
        /// The device.
        device: DeviceId,
        /// Its place in each channel.
        cursors: BTreeMap<ChannelId, MessageId>,
        /// A hash over everything that it holds of each channel, in order.
        #[serde(with = "crate::hash_text::by_channel")]
        digests: BTreeMap<ChannelId, u64>,
    },
}

impl EventBody {
    /// The line for a host or a device that runs from now on, or not. The rest is as it was.
    #[must_use]
    pub fn truth(name: impl Into<String>, up: bool) -> Self {
        let name = name.into();
        Self::Truth { name, up, link: None, hears: None, logged_in: None, capacity: None }
    }

    /// The line for a host or a device that is up and whose network works from now on, or not.
    #[must_use]
    pub fn link(name: impl Into<String>, works: bool) -> Self {
        let (name, link) = (name.into(), Some(works));
        Self::Truth { name, up: true, link, hears: None, logged_in: None, capacity: None }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
