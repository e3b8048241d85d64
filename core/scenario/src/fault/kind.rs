//! The kinds of fault: what each does, in each engine, and what it counts. Everything that is said
//! about a kind is said here, once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Engine;

/// A way in which a fault can say what it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One host.
    Host,
    /// What lies between two groups of hosts.
    Between,
    /// The devices of a share of the users.
    Users,
    /// The hosts of a region against all others.
    Region,
}

/// What a kind needs to know beside its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// Nothing.
    Nothing,
    /// A time, in `latency`.
    Latency,
    /// By how much a clock is off, in `by`.
    By,
    /// How many of them, in `share`; all when it is not given.
    Share,
}

/// What a fault makes of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Its process does not run.
    Down,
    /// Its process does nothing.
    Paused,
    /// Its wall clock is wrong.
    Off,
}

/// Writes each kind down once: its name in Rust and in files, what it does, what it can be aimed at,
/// what it needs to know, what becomes of its host, how each engine does it, and what it counts.
macro_rules! fault_kinds {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident $name:literal at [$($target:ident)*] with $parameter:ident $(makes $state:ident)?
        fast: $fast:literal
        $(full: $full:literal)?
        counts: $counts:literal
    )+) => {
        /// What goes wrong.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        pub enum FaultKind {
            $(
                $(#[doc = $doc])+
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as scenarios and reports write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The ways in which it can be aimed; none where what it strikes is clear.
            #[must_use]
            pub const fn targets(self) -> &'static [Target] {
                match self { $(Self::$variant => &[$(Target::$target),*]),+ }
            }

            /// What it needs to know beside its target.
            #[must_use]
            pub const fn parameter(self) -> Parameter {
                match self { $(Self::$variant => Parameter::$parameter),+ }
            }

            /// How the fast engine does it.
            #[must_use]
            pub const fn in_fast(self) -> &'static str {
                match self { $(Self::$variant => $fast),+ }
            }

            /// How the full engine does it; `None` when it cannot.
            #[must_use]
            pub const fn in_full(self) -> Option<&'static str> {
                match self { $(Self::$variant => first(&[$($full)?])),+ }
            }

            /// What it counts as its effect.
            #[must_use]
            pub const fn counts(self) -> &'static str {
                match self { $(Self::$variant => $counts),+ }
            }

            pub(crate) const fn state(self) -> Option<State> {
                match self { $(Self::$variant => fault_kinds!(@state $($state)?)),+ }
            }
        }
    };
    (@state) => { None };
    (@state $state:ident) => { Some(State::$state) };
}

const fn first(texts: &[&'static str]) -> Option<&'static str> {
    match texts {
        [] => None,
        [text, ..] => Some(text),
    }
}

fault_kinds! {
    /// Nothing gets through between the two sides, in either direction. Connections do not notice.
    Partition "partition" at [Host Between Users Region] with Nothing
        fast: "what is sent over the links is dropped, and nothing behind it on its connection arrives"
        full: "turmoil's links drop segments; for users, the devices' streams swallow bytes"
        counts: "messages dropped"
    /// What the first group sends to the second is lost; the other direction works.
    PartitionOneWay "partition-one-way" at [Between] with Nothing
        fast: "as `partition`, in one direction"
        full: "as `partition`, in one direction"
        counts: "messages dropped"
    /// Messages are held and delivered when it ends, as in a short tunnel.
    Blip "blip" at [Host Between Users Region] with Nothing
        fast: "what is sent over the links waits"
        full: "turmoil's links hold segments; for users, the devices' streams hold bytes"
        counts: "messages held"
    /// Messages take at least `latency`.
    Latency "latency" at [Host Between Region] with Latency
        fast: "the least time over the links is `latency`"
        full: "the least time over turmoil's links is `latency`"
        counts: "messages delayed"
    /// Messages take up to `latency` more, each another time. Connections stay in order.
    Jitter "jitter" at [Host Between Region] with Latency
        fast: "a time from 0 to `latency` is drawn for each message and added"
        full: "the most time over turmoil's links is `latency` longer"
        counts: "messages delayed"
    /// Hints, requests and answers between servers overtake each other, by up to `latency`.
    Reorder "reorder" at [Host Between] with Latency
        fast: "half of what goes over no connection of a device is kept back for a drawn time up to `latency`"
        counts: "messages kept back"
    /// A share of the hints between chat servers is lost.
    HintLoss "hint-loss" at [Host Between] with Share
        fast: "a hint is dropped as `share` says"
        counts: "hints dropped"
    /// A share of the hints between chat servers arrives twice, the second time later.
    HintDuplication "hint-duplication" at [Host Between] with Share
        fast: "a hint is sent twice as `share` says"
        counts: "hints sent twice"
    /// New connections to the host are not answered; those that are open go on.
    BlackHole "black-hole" at [Host] with Nothing
        fast: "requests to open a connection are dropped"
        full: "connecting does not come back until its time is up"
        counts: "connections that were not answered"
    /// The process dies and loses its memory; its peers see closed connections. What a store was
    /// syncing is on its disk or is not, all of it, and unanswered either way.
    Crash "crash" at [Host Users] with Nothing makes Down
        fast: "the machine is dropped, and its connections are closed"
        full: "turmoil drops the host's tasks, which closes its streams"
        counts: "connections that ended and requests that were lost"
    /// The machine dies without a word: its peers hear nothing. What a store has answered and a
    /// device has stored was synced and survives. Of what a store was syncing, a drawn beginning
    /// survives, unanswered: the last write is torn.
    PowerLoss "power-loss" at [Host Users] with Nothing makes Down
        fast: "the machine is dropped, and its connections are dead but not closed"
        full: "as `crash`, behind a partition"
        counts: "connections that ended and requests that were lost"
    /// The process is killed and started again at once, and once more when the fault ends.
    Restart "restart" at [Host Users] with Nothing makes Down
        fast: "as `crash`, without a time in between"
        full: "as `crash`, without a time in between"
        counts: "connections that ended and requests that were lost"
    /// The process does nothing, as in a long garbage collection or a stalled virtual machine. Its
    /// clocks go on.
    Pause "pause" at [Host] with Nothing makes Paused
        fast: "what happens on the host waits until it ends"
        counts: "what had to wait"
    /// The host is slow: its processes take up to `latency` for each thing that they do.
    Slow "slow" at [Host] with Latency
        fast: "what arrives on the host is handled in its order, each a drawn time up to `latency` after the one before, at most a hundred times `latency` late"
        counts: "what had to wait"
    /// The wall clock is off by `by` and never goes back: where it would have to, it stands still
    /// until time has caught up.
    Skew "skew" at [Host] with By makes Off
        fast: "machines are given the wrong time"
        full: "the host's network gives the wrong time"
        counts: "times that the clock was read"
    /// The wall clock jumps by `by`, and back when it ends.
    ClockStep "clock-step" at [Host] with By makes Off
        fast: "machines are given the wrong time"
        full: "the host's network gives the wrong time"
        counts: "times that the clock was read"
    /// The chat server is shut down cleanly and hands its sessions over.
    Drain "drain" at [Host] with Nothing makes Down
        fast: "the machine is asked to drain, and is dropped when it has, or after its limit"
        full: "the process is asked to drain, as by a signal"
        counts: "sessions that were to be handed over"
    /// All chat servers are shut down cleanly and started again, one after the other.
    RollingRestart "rolling-restart" at [] with Nothing
        fast: "a `drain` for each chat server, each in its part of the time"
        full: "a `drain` for each chat server, each in its part of the time"
        counts: "sessions that were to be handed over"
    /// The store refuses every request.
    StoreUnavailable "store-unavailable" at [] with Nothing
        fast: "requests are refused and change nothing"
        full: "requests are refused and change nothing"
        counts: "requests refused"
    /// The store takes `latency` longer for each request.
    StoreSlow "store-slow" at [] with Latency
        fast: "requests are handled `latency` after they arrive"
        full: "answers are given `latency` later"
        counts: "requests that waited"
    /// The store does what it is asked, and the answer is lost.
    StoreAnswerLost "store-answer-lost" at [] with Share
        fast: "answers are dropped as `share` says"
        full: "requests end without an answer as `share` says"
        counts: "answers lost"
    /// The registry gives no answers. What it knows stays.
    RegistryUnavailable "registry-unavailable" at [] with Nothing
        fast: "requests are refused and change nothing"
        full: "requests are refused and change nothing"
        counts: "requests refused"
    /// The registry hears nothing from the host's processes, which go on: their leases run out.
    LeaseLost "lease-lost" at [Host] with Nothing
        fast: "requests of the host to the registry are dropped"
        full: "requests of the host to the registry end without an answer"
        counts: "requests that the registry did not get"
    /// The push gateway fails.
    GatewayFailing "gateway-failing" at [] with Share
        fast: "pushes are answered with an error as `share` says, and do not arrive"
        full: "pushes are answered with an error as `share` says, and do not arrive"
        counts: "pushes that failed"
    /// The push gateway takes `latency` longer for each push.
    GatewaySlow "gateway-slow" at [] with Latency
        fast: "pushes arrive at once and are answered `latency` later"
        full: "pushes arrive at once and are answered `latency` later"
        counts: "pushes that were slow"
    /// Devices are in airplane mode: their connections close, and no new one opens.
    AirplaneMode "airplane-mode" at [Users] with Nothing
        fast: "connections are closed at both ends, and new ones are refused"
        full: "the devices' streams end, and connecting is refused"
        counts: "connections that ended and attempts that were refused"
    /// Devices change to another network when it begins, and back when it ends: what is open is
    /// dead without a word, and what they open then works.
    SwitchedNetwork "switched-network" at [Users] with Nothing
        fast: "nothing arrives any more on the connections that are open, in either direction"
        full: "the devices' open streams swallow bytes, in either direction"
        counts: "connections that died"
    /// Devices come and go as in a city: each goes into tunnels, airplane mode, other networks, or
    /// has its app killed, one after the other.
    Churn "churn" at [Users] with Nothing
        fast: "for each device `blip`, `airplane-mode`, `switched-network` and `crash` of drawn lengths, with drawn times in between"
        full: "for each device `blip`, `airplane-mode`, `switched-network` and `crash` of drawn lengths, with drawn times in between"
        counts: "what each of these counts"
    /// All connections are closed at once, when it begins, so that all come back together.
    ReconnectStorm "reconnect-storm" at [Host Users] with Nothing
        fast: "connections are closed at both ends"
        full: "the devices' streams end"
        counts: "connections that were closed"
}

impl FaultKind {
    /// The engines that can do it.
    #[must_use]
    pub const fn engines(self) -> &'static [Engine] {
        match self.in_full() {
            Some(_) => &[Engine::Fast, Engine::Full],
            None => &[Engine::Fast],
        }
    }
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Target {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Host, Self::Between, Self::Users, Self::Region];

    /// Its key in `[[fault]]`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Between => "between",
            Self::Users => "users",
            Self::Region => "region",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Host => "a host",
            Self::Between => "what lies between two groups of hosts",
            Self::Users => "a share of the users",
            Self::Region => "a region",
        }
    }

    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::Host => "`host = \"chat-1\"`",
            Self::Between => "`between = [[\"chat-1\"], [\"store\"]]`",
            Self::Users => "`users = \"10%\"`",
            Self::Region => "`region = \"eu\"`",
        }
    }
}

impl Parameter {
    /// Its key in `[[fault]]`, where it has one.
    #[must_use]
    pub const fn key(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Latency => Some("latency"),
            Self::By => Some("by"),
            Self::Share => Some("share"),
        }
    }
}

impl State {
    /// Whether a host in this state cannot come into the other.
    pub(crate) fn excludes(self, other: Self) -> bool {
        (self == Self::Off) == (other == Self::Off)
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Down => "is down",
            Self::Paused => "is paused",
            Self::Off => "has a wrong clock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_written_the_same_everywhere() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn names_are_in_lower_case_with_dashes_and_unique() {
        let names: std::collections::BTreeSet<_> =
            FaultKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), FaultKind::ALL.len());
        assert!(names.iter().all(|name| name.chars().all(|c| c == '-' || c.is_ascii_lowercase())));
    }
}
