//! The figures that a run yields: what expectations bound, claims compare and reports show.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes each figure down once: its name in Rust and in files, its unit and what it is.
macro_rules! figures {
    ($($variant:ident $name:literal $unit:literal $doc:literal)+) => {
        /// A figure of a run.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        pub enum Figure {
            $(
                #[doc = $doc]
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl Figure {
            /// Every figure, in the order in which reports show them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as scenarios and reports write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it is counted in, such as `ms`; empty for a share and for a plain number.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit),+ }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

figures! {
    LostMessages "lost_messages" "messages"
        "Messages that were accepted and are missing on a device that should have them at the end."
    DuplicateMessages "duplicate_messages" "messages"
        "Messages that a device applied twice, or that stand twice in the log."
    UnauthorisedMessages "unauthorised_messages" "messages"
        "Messages that a device received although its user may not see them."
    AcceptedMessages "accepted_messages" "messages"
        "Messages that their senders were told are accepted."
    DeliveredMessages "delivered_messages" "messages"
        "Messages that devices other than their author's applied, counted for each device."
    TruncatedMessages "truncated_messages" "messages"
        "Messages that a device was told are gone, since they were older than what is kept."
    DeliverP50Ms "deliver_p50_ms" "ms"
        "Time from send to apply at the median, for pairs of devices that were reachable throughout."
    DeliverP99Ms "deliver_p99_ms" "ms"
        "Time from send to apply at the 99th percentile, for pairs of devices that were reachable \
         throughout."
    RecoverP99Ms "recover_p99_ms" "ms"
        "Time from the end of the fault to apply at the 99th percentile, for the other pairs."
    AcceptP50Ms "accept_p50_ms" "ms"
        "Time from send to acceptance at the median."
    AcceptP99Ms "accept_p99_ms" "ms"
        "Time from send to acceptance at the 99th percentile."
    ReattachS "reattach_s" "s"
        "Longest time from the power loss of a chat server until the last of its devices is \
         attached and synced."
    DetachedShare "detached_share" ""
        "Share of the devices that lost their connection by a fault, 0 to 1."
    LoginPeakPerS "login_peak_per_s" "/s"
        "Most logins and reconnects within one second, from the first fault on."
    Logins "logins" "logins"
        "Logins and reconnects."
    PlacementPeakShare "placement_peak_share" ""
        "Largest share of the assignments that one server got between two of its load reports, \
         which are a third of `lease_ttl` apart, where there were at least five for each server; 0 \
         to 1."
    StoreRowsPerMessage "store_rows_per_message" "rows"
        "Rows that the store wrote for an accepted message."
    StoreBytesPerMessage "store_bytes_per_message" "bytes"
        "Bytes that the store wrote for an accepted message."
    StoreRowsTouchedPerMessage "store_rows_touched_per_message" "rows"
        "Rows that the store wrote or read in all, for an accepted message."
    StoreRowsReadPerDelivery "store_rows_read_per_delivery" "rows"
        "Rows that the store read for a delivery."
    StoreRowsReadPerSync "store_rows_read_per_sync" "rows"
        "Rows that the store read for the sync of a device that came back."
    HttpRequestsPerDelivery "http_requests_per_delivery" "requests"
        "HTTP requests of devices for a delivery."
    BytesPerDelivery "bytes_per_delivery" "bytes"
        "Bytes between devices and chat servers, both directions, for a delivery."
    ConnectionsPerSend "connections_per_send" "connections"
        "Connections that were opened for a send."
    ConnectionsOpened "connections_opened" "connections"
        "Connections that devices opened."
    WakeupsPerDelivery "wakeups_per_delivery" "wake-ups"
        "Times that a device had to wake up for a delivery."
    EmptyPollsShare "empty_polls_share" ""
        "Share of the polls whose answer held no message, 0 to 1."
    RequestsPerIdleUserHour "requests_per_idle_user_hour" "requests/h"
        "Requests an hour of a user who neither sends nor receives anything."
    BelievedConnectedS "believed_connected_s" "s"
        "Longest time that a server held the session of a device that was gone."
    CrossServerShare "cross_server_share" ""
        "Share of the deliveries whose sender was attached to another server, 0 to 1."
    PresenceEventsPerChange "presence_events_per_change" "events"
        "Statuses published to chat servers and sent on to devices because of a change, for a \
         change of status."
    PresenceSnapshotsPerChange "presence_snapshots_per_change" "statuses"
        "Statuses told to chat servers and to devices in snapshots, refreshes and answers to looks, \
         for a change of status."
    StatusChanges "status_changes" "changes"
        "Changes of a user's status."
    StatusFlaps "status_flaps" "flaps"
        "Times that a user was shown as offline for a gap shorter than `offline_after`."
    OfflineNoticeS "offline_notice_s" "s"
        "Longest time until a real disconnect was shown."
    HeartbeatsPerS "heartbeats_per_s" "/s"
        "Heartbeats of devices a second."
    Pushes "pushes" "pushes"
        "Pushes that the gateway took on."
    PushesWrong "pushes_wrong" "pushes"
        "Pushes for messages that a device of the user had already."
    PushesMissing "pushes_missing" "pushes"
        "Messages that were owed to a user and for which no push came in time."
    CreatedAtInversions "created_at_inversions" "pairs"
        "Neighbours in a log whose wall-clock times are in the other order."
    CreatedAtTies "created_at_ties" "pairs"
        "Neighbours in a log whose wall-clock times are equal to the millisecond."
    ServerCpuUsPerDelivery "server_cpu_us_per_delivery" "µs"
        "Processor time of the servers for a delivery; only a measured load has it."
    BytesPerConnection "bytes_per_connection" "bytes"
        "Memory of the server for a connection; only a measured load has it."
    KernelBytesPerConnection "kernel_bytes_per_connection" "bytes"
        "Memory of the kernel for the server's end of a connection, half of what both ends take on \
         one machine; only a measured load has it."
    ServerMemoryBytes "server_memory_bytes" "bytes"
        "Memory that the server holds with all connections open, without the kernel's; only a \
         measured load has it."
    JumpP50Us "jump_p50_us" "µs"
        "Time to read a page of 50 old messages at the median; only a probe of the store has it."
    JumpP99Us "jump_p99_us" "µs"
        "Time to read a page of 50 old messages at the 99th percentile; only a probe of the store \
         has it."
    JumpGrowth "jump_growth" ""
        "How many times the median of a jump at the probe's smallest level; only a probe of the \
         store has it."
    SearchP50Us "search_p50_us" "µs"
        "Time to look for a word in one conversation at the median; only a probe of the store has \
         it."
    SearchP99Us "search_p99_us" "µs"
        "Time to look for a word in one conversation at the 99th percentile; only a probe of the \
         store has it."
    SearchGrowth "search_growth" ""
        "How many times the median of a search at the probe's smallest level, through as many \
         messages; only a probe of the store has it."
    DiskBytesPerMessage "disk_bytes_per_message" "bytes"
        "Space on disk for a message, with logs and indexes; only a probe of the store has it."
    FillPerS "fill_per_s" "/s"
        "Messages that were written a second while the store was filled; only a probe of the store \
         has it."
}

impl Figure {
    /// The figure of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|figure| figure.name() == name)
    }

    /// Whether only a load on a real server has it, and no simulation.
    #[must_use]
    pub const fn is_of_loads_only(self) -> bool {
        matches!(
            self,
            Self::ServerCpuUsPerDelivery
                | Self::BytesPerConnection
                | Self::KernelBytesPerConnection
                | Self::ServerMemoryBytes
        )
    }

    /// Whether only a probe of the store has it.
    #[must_use]
    pub const fn is_of_probes_only(self) -> bool {
        matches!(
            self,
            Self::JumpP50Us
                | Self::JumpP99Us
                | Self::JumpGrowth
                | Self::SearchP50Us
                | Self::SearchP99Us
                | Self::SearchGrowth
                | Self::DiskBytesPerMessage
                | Self::FillPerS
        )
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_written_the_same_everywhere_and_once() {
        for (place, figure) in Figure::ALL.iter().enumerate() {
            assert_eq!(serde_json::to_value(figure).unwrap(), figure.name());
            assert_eq!(Figure::named(figure.name()), Some(*figure));
            assert_eq!(*figure as usize, place);
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(figure.name().chars().all(is_word), "{figure}");
        }
        assert_eq!(Figure::named("no_such_figure"), None);
    }

    #[test]
    fn the_sentence_of_a_figure_says_where_it_comes_from() {
        for figure in Figure::ALL {
            let says = |source: &str| figure.doc().ends_with(&format!("; only {source} has it."));
            assert_eq!(figure.is_of_loads_only(), says("a measured load"), "{figure}");
            assert_eq!(figure.is_of_probes_only(), says("a probe of the store"), "{figure}");
        }
    }

    #[test]
    fn the_name_of_a_figure_agrees_with_its_unit() {
        for figure in Figure::ALL {
            let agrees = |ending: &str, unit: &str| {
                !figure.name().ends_with(ending) || figure.unit() == unit
            };
            assert!(agrees("_ms", "ms") && agrees("_share", ""), "{figure}");
            assert!(agrees("_per_s", "/s") && agrees("_us", "µs"), "{figure}");
            let is_seconds = figure.name().ends_with("_s") && !figure.name().ends_with("_per_s");
            assert_eq!(is_seconds, figure.unit() == "s", "{figure}");
        }
    }
}
