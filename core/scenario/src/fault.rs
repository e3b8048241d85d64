//! Faults: what goes wrong, where, when and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Engine, Period};

/// One fault of the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// When it begins, from the start of the run.
    pub at: Period,
    /// How long it lasts. For `crash` and `power-loss`: after which time the host is started again.
    pub r#for: Period,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The host that it strikes: `chat-1`, `store`, `devices-2` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The two groups of hosts between which it strikes. With `partition-one-way`, what the first
    /// sends to the second is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<[Vec<String>; 2]>,
    /// Only with `latency`: the least time that a message takes meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Period>,
}

/// What goes wrong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Nothing gets through between the two groups, in either direction (`between`, or `host`
    /// against all others). Connections do not notice.
    Partition,
    /// What the first group sends to the second is lost; the other direction works (`between`).
    PartitionOneWay,
    /// Messages are held and delivered when it ends (`between`, or `host` against all others).
    Blip,
    /// The process dies and loses its memory; its peers see closed connections (`host`).
    Crash,
    /// The machine dies without a word (`host`): its peers hear nothing, and its process loses its
    /// memory and every request that was under way. What a store has answered and a device has
    /// stored was synced and survives; writes that were torn half-way are not modelled.
    PowerLoss,
    /// Messages take longer (`between`, or `host` against all others, with `latency`).
    Latency,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Partition,
        Self::PartitionOneWay,
        Self::Blip,
        Self::Crash,
        Self::PowerLoss,
        Self::Latency,
    ];

    /// The name as scenarios and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::PartitionOneWay => "partition-one-way",
            Self::Blip => "blip",
            Self::Crash => "crash",
            Self::PowerLoss => "power-loss",
            Self::Latency => "latency",
        }
    }

    /// The engines that can do it.
    #[must_use]
    pub const fn engines(self) -> &'static [Engine] {
        match self {
            Self::Partition
            | Self::PartitionOneWay
            | Self::Blip
            | Self::Crash
            | Self::PowerLoss
            | Self::Latency => &[Engine::Fast, Engine::Full],
        }
    }
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
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
}
