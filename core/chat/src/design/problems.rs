//! Which designs cannot run, and why.

use std::time::Duration;

use super::{CursorScope, Design, Fanout, IdSource, Ids, Transport, WriteOrder};

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
        if self.request_timeout >= self.silence_after {
            problems.push((
                "request_timeout",
                "request_timeout must be below silence_after, or a slow store passes for a dead \
                 connection"
                    .into(),
            ));
        }
        problems.extend(self.unheard().map(|problem| ("offline_after", problem)));
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
            .extend(self.contradictions().into_iter().map(|(knob, why)| (knob, why.to_owned())));
        problems
    }

    /// Choices that do not go together.
    fn contradictions(&self) -> Vec<(&'static str, &'static str)> {
        let sequence = self.ids == Ids::ChannelSequence;
        let contradictions = [
            (
                sequence && self.cursor == CursorScope::Global,
                "cursor",
                "cursor = \"global\" needs ids that are compared across channels: \"snowflake\" or \
                 \"created-at\"",
            ),
            (
                self.ids != Ids::Snowflake && self.id_source == IdSource::Generator,
                "id_source",
                "id_source = \"generator\" needs ids = \"snowflake\"",
            ),
            (
                self.write_order == WriteOrder::InboxFirst && self.fanout != Fanout::Inbox,
                "write_order",
                "write_order = \"inbox-first\" needs fanout = \"inbox\"",
            ),
            (
                self.history_retention < self.retention,
                "history_retention",
                "history_retention must not be below retention: inboxes hold no longer than the log",
            ),
        ];
        let wrong = contradictions.into_iter().filter(|(wrong, ..)| *wrong);
        wrong.map(|(_, knob, why)| (knob, why)).collect()
    }

    /// Whoever is shown as offline while a device that lives may be silent flickers.
    fn unheard(&self) -> Option<String> {
        let least = match self.transport {
            Transport::Websocket | Transport::HttpSend => "a heartbeat",
            Transport::LongPolling => "poll_wait and a heartbeat",
            Transport::Polling => "poll_interval and a heartbeat",
        };
        (self.offline_after < self.heard_every())
            .then(|| format!("offline_after must be at least {least}, or everybody flickers"))
    }

    fn durations(&self) -> [(&'static str, Duration); 22] {
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
            ("write_lag", self.write_lag),
            ("poll_interval", self.poll_interval),
            ("poll_wait", self.poll_wait),
            ("offline_after", self.offline_after),
            ("publish_max", self.publish_max),
            ("presence_refresh", self.presence_refresh),
            ("push_grace", self.push_grace),
            ("push_race_max", self.push_race_max),
            ("lease_ttl", self.lease_ttl),
            ("skew_max", self.skew_max),
            ("retention", self.retention),
            ("history_retention", self.history_retention),
            ("device_expiry", self.device_expiry),
        ]
    }

    fn bounds(&self) -> [(&'static str, u32); 9] {
        [
            ("message_bytes_max", self.message_bytes_max),
            ("inflight_max", self.inflight_max),
            ("outbox_max", self.outbox_max),
            ("session_requests_max", self.session_requests_max),
            ("session_unconfirmed_max", self.session_unconfirmed_max),
            ("page_entries_max", self.page_entries_max),
            ("inbox_rows_max", self.inbox_rows_max),
            ("session_limit", self.session_limit),
            ("presence_fanout_limit", self.presence_fanout_limit),
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
    fn a_device_must_be_heard_of_before_it_is_taken_for_offline() {
        let seconds = Duration::from_secs;
        let problem = |transport, offline_after| {
            let (heartbeat, poll_wait, poll_interval) = (seconds(4), seconds(20), seconds(9));
            let times =
                Design { heartbeat, poll_wait, poll_interval, offline_after, ..Design::default() };
            Design { transport, ..times }.problems().pop()
        };
        let least = [
            (Transport::Websocket, 4, "a heartbeat,"),
            (Transport::HttpSend, 4, "a heartbeat,"),
            (Transport::LongPolling, 24, "poll_wait and a heartbeat,"),
            (Transport::Polling, 13, "poll_interval and a heartbeat,"),
        ];
        for (transport, enough, said) in least {
            assert_eq!(problem(transport, seconds(enough)), None, "{transport:?}");
            let Some((knob, why)) = problem(transport, seconds(enough - 1)) else {
                panic!("{transport:?}")
            };
            assert!(knob == "offline_after" && why.contains(said), "{transport:?}: {why}");
        }
    }

    #[test]
    fn the_lease_of_a_device_outlasts_the_silence_between_its_heartbeats() {
        let seconds = Duration::from_secs;
        let lease = |transport| {
            let (heartbeat, poll_wait, poll_interval) = (seconds(4), seconds(20), seconds(9));
            let offline_after = seconds(30);
            let times =
                Design { heartbeat, poll_wait, poll_interval, offline_after, ..Design::default() };
            Design { transport, ..times }.presence_lease().as_secs()
        };
        let leases =
            [Transport::Websocket, Transport::HttpSend, Transport::LongPolling, Transport::Polling];
        assert_eq!(leases.map(lease), [35, 35, 55, 44]);
    }

    #[test]
    fn a_request_must_end_before_a_connection_is_taken_for_dead() {
        let knobs = |request_timeout, silence_after| {
            let seconds = Duration::from_secs;
            let (request_timeout, silence_after) =
                (seconds(request_timeout), seconds(silence_after));
            let design = Design { request_timeout, silence_after, ..Design::default() };
            design.problems().into_iter().map(|(knob, _)| knob).collect::<Vec<_>>()
        };
        assert_eq!(knobs(19, 20), [""; 0]);
        assert_eq!(knobs(20, 20), ["request_timeout"]);
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
