//! What a design promises, as far as checkers judge by it.

use std::time::Duration;

use hubbub_chat::design::{CursorScope, Design, Ids, PresenceMode, Transport};
use serde::{Deserialize, Serialize};

/// The bounds that checkers judge by, in nanoseconds or as counts. A line of an older history may
/// leave out all but the first two; what is zero then is not judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Members that a group may have at most.
    pub group_limit: u32,
    /// Newest entries of a channel that a new device starts with.
    pub initial_history: u32,
    /// What a message's id is.
    #[serde(default)]
    pub ids: Ids,
    /// Whether a device has one cursor for all channels.
    #[serde(default)]
    pub cursor_global: bool,
    /// Who learns of a user's status.
    #[serde(default)]
    pub presence: PresenceMode,
    /// With `presence = "hybrid"`: friends up to whom all are told of each change.
    #[serde(default)]
    pub presence_fanout_limit: u32,
    /// How often a device tells its chat server that it lives.
    #[serde(default)]
    pub heartbeat_ns: u64,
    /// A gap in a device's connection below this is shown to nobody.
    #[serde(default)]
    pub offline_after_ns: u64,
    /// How long a device's lease lasts after its last heartbeat. 0: presence is not judged.
    #[serde(default)]
    pub lease_ns: u64,
    /// Within which time a change of status is shown to those who are told of it.
    #[serde(default)]
    pub publish_max_ns: u64,
    /// Whether a device says nothing more, heartbeats neither, before it has heard the answer to what
    /// it said: so do all but those with a WebSocket for both directions.
    #[serde(default)]
    pub needs_answers: bool,
    /// How often those are given all statuses again.
    #[serde(default)]
    pub presence_refresh_ns: u64,
    /// How long after its acceptance a message may wait for a device before a push is due.
    #[serde(default)]
    pub push_grace_ns: u64,
    /// How long after a device has a message a push for it may still be asked for.
    #[serde(default)]
    pub push_race_max_ns: u64,
    /// How long after a push is due the gateway may get it. 0: by the end of the history. A
    /// simulation is given it by `push_settle_max` of its scenario.
    #[serde(default)]
    pub push_settle_max_ns: u64,
    /// How long after the death of a chat server its devices may be without one. 0: not bounded. A
    /// simulation is given it by `reassign_max` of its scenario.
    #[serde(default)]
    pub reassign_max_ns: u64,
    /// After how much silence either end of a connection takes it for dead.
    #[serde(default)]
    pub silence_ns: u64,
    /// How long an entry of a log is kept. 0: whatever a device was told is gone may be gone.
    #[serde(default)]
    pub history_retention_ns: u64,
    /// How far the clocks of two servers may be apart.
    #[serde(default)]
    pub skew_max_ns: u64,
    /// How long a lease in the registry lasts after its last renewal.
    #[serde(default)]
    pub lease_ttl_ns: u64,
    /// Within which time after a fault servers have noticed that a connection between them is dead,
    /// and have another.
    #[serde(default)]
    pub relink_ns: u64,
    /// After which time a request between servers counts as not answered. 0: what takes requests is
    /// not judged.
    #[serde(default)]
    pub request_timeout_ns: u64,
}

/// Servers connect again 250 ms after they have given up, and an attempt takes a round trip.
const RECONNECT: Duration = Duration::from_millis(500);

impl Bounds {
    /// What the design promises, as far as a history without a scenario is judged by it. How long
    /// devices may be without a chat server is no knob of it: `reassign_max_ns` is left at 0. A push
    /// that is due may have to wait for another notifier to take over (the old one's lease, and as
    /// long again to notice) and then for five requests: `push_settle_max_ns` is that. A scenario
    /// expects both by itself (`[expect]`), and its simulations are judged by what it says.
    ///
    /// Where nothing is sent between servers for a `request_timeout` there is a ping, and what has no
    /// answer for as long is given up, be it a ping or an attempt to connect: `relink_ns` is that.
    #[must_use]
    pub fn of(design: &Design) -> Self {
        Self {
            group_limit: design.group_limit,
            initial_history: design.initial_history,
            ids: design.ids,
            cursor_global: design.cursor == CursorScope::Global,
            presence: design.presence,
            presence_fanout_limit: design.presence_fanout_limit,
            heartbeat_ns: nanoseconds(design.heartbeat),
            offline_after_ns: nanoseconds(design.offline_after),
            lease_ns: nanoseconds(design.presence_lease()),
            publish_max_ns: nanoseconds(design.shown_within()),
            needs_answers: design.transport != Transport::Websocket,
            presence_refresh_ns: nanoseconds(design.presence_refresh),
            push_grace_ns: nanoseconds(design.push_grace),
            push_race_max_ns: nanoseconds(design.push_race_max),
            push_settle_max_ns: nanoseconds(2 * design.lease_ttl + 5 * design.request_timeout),
            reassign_max_ns: 0,
            silence_ns: nanoseconds(design.silence_limit()),
            history_retention_ns: nanoseconds(design.history_retention),
            skew_max_ns: nanoseconds(design.skew_max),
            lease_ttl_ns: nanoseconds(design.lease_ttl),
            relink_ns: nanoseconds(2 * design.request_timeout + RECONNECT),
            request_timeout_ns: nanoseconds(design.request_timeout),
        }
    }

    /// Whether an id is a place in the channel's log: 1, 2, 3 … in the order of the commits.
    #[must_use]
    pub fn ids_are_places(&self) -> bool {
        self.ids == Ids::ChannelSequence
    }

    /// Within which time after a server's death or start everybody knows who is there instead: its
    /// lease ends, and whoever watches the registry asks again within a third of a lease.
    #[must_use]
    pub fn takeover_ns(&self) -> u64 {
        self.lease_ttl_ns.saturating_add(self.lease_ttl_ns / 3)
    }

    /// Within which time a status that nothing disturbs is shown as it is.
    #[must_use]
    pub fn status_max_ns(&self) -> u64 {
        self.lease_ns.saturating_add(self.publish_max_ns)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
