//! The design knobs: every choice and bound of the message path that a scenario can turn.

mod choices;
mod problems;

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(feature = "planted-bugs")]
use crate::planted::PlantedBug;
use crate::units;

pub use choices::{
    Accept, CursorScope, DirectKey, DirectQuery, Fanout, Hints, IdSource, Ids, Placement,
    PresenceMode, PushWhen, Retry, Transport, WorkerIds, WriteOrder,
};

/// One design of the message path. The default is the hardened one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Design {
    /// When the sender is told that a message is accepted.
    pub accept: Accept,
    /// Where a recipient reads a message from.
    pub fanout: Fanout,
    /// What a message's id is.
    pub ids: Ids,
    /// Who gives out Snowflakes.
    pub id_source: IdSource,
    /// How a chat server comes by its Snowflake worker id.
    pub worker_ids: WorkerIds,
    /// What a device remembers of what it has.
    pub cursor: CursorScope,
    /// What a device does with a send that nobody answered.
    pub retry: Retry,
    /// How devices and chat servers exchange frames.
    pub transport: Transport,
    /// Who learns of a user's status, and how.
    pub presence: PresenceMode,
    /// When somebody gets a push.
    pub push_when: PushWhen,
    /// Which chat server a login is given.
    pub placement: Placement,
    /// How chat servers learn of messages that others have taken in.
    pub hints: Hints,
    /// What the read of a direct channel asks the store for.
    pub direct_query: DirectQuery,
    /// The key of the table of direct messages.
    pub direct_key: DirectKey,
    /// The order of the two writes of an append.
    pub write_order: WriteOrder,
    /// How often a device tells its chat server that it lives.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub heartbeat: Duration,
    /// After how much silence either end of a connection takes it for dead. At least two heartbeats.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub silence_after: Duration,
    /// How long a device waits for a connection to open.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub connect_timeout: Duration,
    /// First limit of the reconnect back-off (full jitter, doubled each time).
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub reconnect_base: Duration,
    /// Last limit of the reconnect back-off.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub reconnect_max: Duration,
    /// After how long a device sends an unanswered message again, with the same number.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub retry_after: Duration,
    /// Deadline of a chat server's request to the store or to routing. Below `silence_after`.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub request_timeout: Duration,
    /// How often a chat server compares its sessions with the store (jittered by a fifth).
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub resync_interval: Duration,
    /// How long a device, and then its chat server, gathers cursor reports before passing them on.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub cursor_interval: Duration,
    /// With `write_order = "inbox-first"`: how long after the inboxes the log is written.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub write_lag: Duration,
    /// With `transport = "polling"`: how often a device asks.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub poll_interval: Duration,
    /// With `transport = "long-polling"`: how long a server holds a request without an answer.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub poll_wait: Duration,
    /// How long a device may be silent before its user is shown as offline; its lease lasts a
    /// heartbeat and a second longer. At least a heartbeat. With polls, `poll_wait` or
    /// `poll_interval` more, for both.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub offline_after: Duration,
    /// Within which time a change of status is shown to those who are told of it. With
    /// `transport = "polling"`, `poll_interval` more: a device learns of it with its next poll.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub publish_max: Duration,
    /// How often a device that is told of changes is given all of them again.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub presence_refresh: Duration,
    /// How long after its acceptance a message may wait for a device before it is pushed.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub push_grace: Duration,
    /// How long after a device has a message a push for it may still go out.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub push_race_max: Duration,
    /// How long a lease in the registry lasts unless it is renewed.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub lease_ttl: Duration,
    /// How far the clocks of two servers may be apart.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub skew_max: Duration,
    /// How long a copy in a user's inbox is kept at most.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub retention: Duration,
    /// How long an entry of a log is kept; a device that returns later is told what is gone.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub history_retention: Duration,
    /// After how long without a sign of life a device is logged out.
    #[serde(with = "units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub device_expiry: Duration,
    /// Whether a device that lost its server waits a random part of the back-off (full jitter), so
    /// that not all come back together.
    pub reconnect_jitter: bool,
    /// Whether HTTP requests of a device share a connection.
    pub keep_alive: bool,
    /// Logins and reconnects that discovery admits per second; the others are told when to come
    /// again. 0 for no bound.
    pub login_rate: u32,
    /// Sessions that a chat server takes.
    pub session_limit: u32,
    /// With `presence = "hybrid"`: friends up to whom all are told of each change.
    pub presence_fanout_limit: u32,
    /// Members that a group may have at most.
    pub group_limit: u32,
    /// Bytes of UTF-8 that a message may have at most.
    pub message_bytes_max: u32,
    /// Sends of a device in one channel that may be unanswered at a time; the store remembers as
    /// many answers.
    pub inflight_max: u32,
    /// Sends of a device in one channel that may wait for acceptance; more are refused (`outbox_full`).
    pub outbox_max: u32,
    /// Store requests that one session may have open; more are refused (`busy`).
    pub session_requests_max: u32,
    /// Entries that may be sent to a session before it reports a cursor; past that it is cut
    /// (`slow_consumer`) and syncs again. With `polling` the rest waits for the report.
    pub session_unconfirmed_max: u32,
    /// Entries in one page of a sync.
    pub page_entries_max: u32,
    /// Newest entries of a channel that a new device starts with.
    pub initial_history: u32,
    /// Copies in a user's inbox per channel; the oldest ones beyond it are removed
    /// (`inbox_trimmed`), and a device that is so far behind reads the channel's log.
    pub inbox_rows_max: u32,
    /// The defect that is planted, for tests of the search and its checkers. No file can set it.
    #[cfg(feature = "planted-bugs")]
    #[serde(skip)]
    pub planted: Option<PlantedBug>,
}

impl Default for Design {
    fn default() -> Self {
        Self {
            accept: Accept::default(),
            fanout: Fanout::default(),
            ids: Ids::default(),
            id_source: IdSource::default(),
            worker_ids: WorkerIds::default(),
            cursor: CursorScope::default(),
            retry: Retry::default(),
            transport: Transport::default(),
            presence: PresenceMode::default(),
            push_when: PushWhen::default(),
            placement: Placement::default(),
            hints: Hints::default(),
            direct_query: DirectQuery::default(),
            direct_key: DirectKey::default(),
            write_order: WriteOrder::default(),
            heartbeat: Duration::from_secs(5),
            silence_after: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(5),
            reconnect_base: Duration::from_millis(500),
            reconnect_max: Duration::from_secs(30),
            retry_after: Duration::from_secs(5),
            request_timeout: Duration::from_secs(3),
            resync_interval: Duration::from_secs(15),
            cursor_interval: Duration::from_secs(1),
            write_lag: Duration::from_millis(50),
            poll_interval: Duration::from_secs(5),
            poll_wait: Duration::from_secs(25),
            offline_after: Duration::from_secs(30),
            publish_max: Duration::from_secs(2),
            presence_refresh: Duration::from_secs(60),
            push_grace: Duration::from_secs(10),
            push_race_max: Duration::from_secs(3),
            lease_ttl: Duration::from_secs(6),
            skew_max: Duration::from_secs(1),
            retention: Duration::from_secs(30 * 86_400),
            // Ten years as durations are written: of 365.25 days each.
            history_retention: Duration::from_secs(10 * 31_557_600),
            device_expiry: Duration::from_secs(90 * 86_400),
            reconnect_jitter: true,
            keep_alive: true,
            login_rate: 500,
            session_limit: 100_000,
            presence_fanout_limit: 500,
            group_limit: 100,
            message_bytes_max: 4096,
            inflight_max: 16,
            outbox_max: 1024,
            session_requests_max: 64,
            session_unconfirmed_max: 1024,
            page_entries_max: 128,
            initial_history: 50,
            inbox_rows_max: 10_000,
            #[cfg(feature = "planted-bugs")]
            planted: None,
        }
    }
}

impl Design {
    /// How long the lease of a device lasts after its last heartbeat: when the device falls silent,
    /// that may be [`Self::heard_every`] ago, and for `offline_after` its user is to stay online.
    #[must_use]
    pub fn presence_lease(&self) -> Duration {
        self.offline_after + self.heard_every() + Duration::from_secs(1)
    }

    /// How long it takes at most from heartbeat to heartbeat of a device that nothing disturbs: with
    /// polls a heartbeat waits for the next one.
    #[must_use]
    pub fn heard_every(&self) -> Duration {
        match self.transport {
            Transport::Websocket | Transport::HttpSend => self.heartbeat,
            Transport::LongPolling => self.poll_wait + self.heartbeat,
            Transport::Polling => self.poll_interval + self.heartbeat,
        }
    }

    /// Within which time a change of status is shown by a device that is told of it.
    #[must_use]
    pub fn shown_within(&self) -> Duration {
        match self.transport {
            Transport::Websocket | Transport::HttpSend | Transport::LongPolling => self.publish_max,
            Transport::Polling => self.publish_max + self.poll_interval,
        }
    }

    /// After how much silence a connection is taken for dead. A poll that is held is no silence.
    #[must_use]
    pub fn silence_limit(&self) -> Duration {
        match self.transport {
            Transport::Websocket | Transport::HttpSend => self.silence_after,
            Transport::LongPolling => self.poll_wait + self.silence_after,
            Transport::Polling => 2 * self.poll_interval + self.silence_after,
        }
    }
}
