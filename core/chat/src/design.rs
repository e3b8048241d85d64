//! The design knobs: every choice and bound of the message path that a scenario can turn.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::units;

/// When the sender is told that a message is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Accept {
    /// Once the store has it on disk.
    #[default]
    AfterAppend,
    /// As soon as the chat server has read it: a crash loses what was promised, and so may a
    /// time-out of the store.
    OnReceipt,
}

/// Where a recipient reads a message from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fanout {
    /// A copy per recipient in the user's inbox, written with the append.
    #[default]
    Inbox,
    /// One copy in the channel's log, read per channel.
    ChannelLog,
}

impl fmt::Display for Fanout {
    /// As a scenario spells it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Inbox => "inbox",
            Self::ChannelLog => "channel-log",
        })
    }
}

/// One design of the message path. The default is the hardened one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Design {
    /// When the sender is told that a message is accepted.
    pub accept: Accept,
    /// Where a recipient reads a message from.
    pub fanout: Fanout,
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
    /// Deadline of a chat server's request to the store or to routing.
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
    /// (`slow_consumer`) and syncs again.
    pub session_unconfirmed_max: u32,
    /// Entries in one page of a sync.
    pub page_entries_max: u32,
    /// Newest entries of a channel that a new device starts with.
    pub initial_history: u32,
    /// Copies in a user's inbox per channel; the oldest ones beyond it are removed
    /// (`inbox_trimmed`), and a device that is so far behind reads the channel's log.
    pub inbox_rows_max: u32,
}

impl Default for Design {
    fn default() -> Self {
        Self {
            accept: Accept::default(),
            fanout: Fanout::default(),
            heartbeat: Duration::from_secs(5),
            silence_after: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(5),
            reconnect_base: Duration::from_millis(500),
            reconnect_max: Duration::from_secs(30),
            retry_after: Duration::from_secs(5),
            request_timeout: Duration::from_secs(3),
            resync_interval: Duration::from_secs(15),
            cursor_interval: Duration::from_secs(1),
            group_limit: 100,
            message_bytes_max: 4096,
            inflight_max: 16,
            outbox_max: 1024,
            session_requests_max: 64,
            session_unconfirmed_max: 1024,
            page_entries_max: 128,
            initial_history: 50,
            inbox_rows_max: 10_000,
        }
    }
}

impl Design {
    /// What is wrong with this combination, as (knob, sentence) pairs; empty when it can run.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.initial_history == 0 {
            // Without an entry a new device would not learn that it is a member.
            problems.push(("initial_history", "initial_history must be at least 1".into()));
        }
        for (knob, value) in self.durations() {
            if value < Duration::from_millis(10) {
                problems.push((knob, format!("{knob} must be at least 10ms")));
            }
        }
        for (knob, value) in self.bounds() {
            if value == 0 {
                problems.push((knob, format!("{knob} must be at least 1")));
            }
        }
        if self.silence_after < 2 * self.heartbeat {
            problems.push((
                "silence_after",
                "silence_after must be at least two heartbeats, or every pause cuts a connection"
                    .into(),
            ));
        }
        if self.reconnect_max < self.reconnect_base {
            problems
                .push(("reconnect_max", "reconnect_max must not be below reconnect_base".into()));
        }
        if self.group_limit < 2 {
            problems.push(("group_limit", "group_limit must be at least 2".into()));
        }
        if self.session_unconfirmed_max < self.page_entries_max {
            problems.push((
                "session_unconfirmed_max",
                "session_unconfirmed_max must be at least page_entries_max, or no page fits".into(),
            ));
        }
        if self.session_requests_max < self.inflight_max {
            problems.push((
                "session_requests_max",
                "session_requests_max must be at least inflight_max, or one channel alone meets \
                 refusals"
                    .into(),
            ));
        }
        problems
    }

    fn durations(&self) -> [(&'static str, Duration); 9] {
        [
            ("heartbeat", self.heartbeat),
            ("silence_after", self.silence_after),
            ("connect_timeout", self.connect_timeout),
            ("reconnect_base", self.reconnect_base),
            ("reconnect_max", self.reconnect_max),
            ("retry_after", self.retry_after),
            ("request_timeout", self.request_timeout),
            ("resync_interval", self.resync_interval),
            ("cursor_interval", self.cursor_interval),
        ]
    }

    fn bounds(&self) -> [(&'static str, u32); 7] {
        [
            ("message_bytes_max", self.message_bytes_max),
            ("inflight_max", self.inflight_max),
            ("outbox_max", self.outbox_max),
            ("session_requests_max", self.session_requests_max),
            ("session_unconfirmed_max", self.session_unconfirmed_max),
            ("page_entries_max", self.page_entries_max),
            ("inbox_rows_max", self.inbox_rows_max),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_no_problem() {
        assert!(Design::default().problems().is_empty());
    }

    #[test]
    fn a_problem_names_its_knob() {
        let design = Design {
            heartbeat: Duration::from_secs(10),
            group_limit: 1,
            inflight_max: 0,
            ..Design::default()
        };
        let knobs: Vec<_> = design.problems().into_iter().map(|(knob, _)| knob).collect();
        assert_eq!(knobs, ["inflight_max", "silence_after", "group_limit"]);
    }

    #[test]
    fn a_session_must_hold_the_sends_of_a_channel() {
        let knobs = |session_requests_max, inflight_max| {
            let design = Design { session_requests_max, inflight_max, ..Design::default() };
            design.problems().into_iter().map(|(knob, _)| knob).collect::<Vec<_>>()
        };
        assert_eq!(knobs(15, 16), ["session_requests_max"]);
        assert_eq!(knobs(16, 16), [""; 0]);
    }
}
