//! Faults: what goes wrong, where, when and for how long.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Engine, Offset, Percent, Period};

/// One fault of the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// When it begins, from the start of the run.
    pub at: Period,
    /// How long it lasts. For `crash`, `power-loss` and `drain`: after which time the host is started
    /// again.
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
    /// A share of the users, drawn by the seed: it strikes all their devices and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Percent>,
    /// Only with `latency`: the least time that a message takes meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Period>,
    /// Only with `skew` and `clock-step`: by how much the clock is off; less than 0 for behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Offset>,
}

/// What goes wrong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Nothing gets through between the two groups, in either direction (`between`, or `host`
    /// or `users` against all others). Connections do not notice.
    Partition,
    /// What the first group sends to the second is lost; the other direction works (`between`).
    PartitionOneWay,
    /// Messages are held and delivered when it ends (`between`, or `host` or `users` against all
    /// others).
    Blip,
    /// The process dies and loses its memory; its peers see closed connections (`host`, or `users`
    /// for their devices).
    Crash,
    /// The machine dies without a word (`host`, or `users` for their devices): its peers hear
    /// nothing, and its process loses its memory and every request that was under way. What a
    /// store has answered and a device has stored was synced and survives; writes that were torn
    /// half-way are not modelled.
    PowerLoss,
    /// Messages take longer (`between`, or `host` against all others, with `latency`).
    Latency,
    /// The wall clock is off by `by` and never goes back (`host`): where it would have to, it stands
    /// still until time has caught up, at the beginning when it is to be behind, and before the end
    /// when it was ahead.
    Skew,
    /// The wall clock jumps by `by`, and back when it ends (`host`).
    ClockStep,
    /// The process does nothing, and its clocks go on (`host`).
    Pause,
    /// The chat server is shut down cleanly and hands its sessions over (`host`).
    Drain,
}

impl Fault {
    /// When it ends, from the start of the run.
    #[must_use]
    pub fn until(&self) -> Duration {
        self.at.0.saturating_add(self.r#for.0)
    }

    /// By how many nanoseconds the wall clock of its host is off because of it, at a time from the
    /// start of the run. Zero for every kind but `skew` and `clock-step`.
    #[must_use]
    pub fn clock_offset_ns(&self, now: Duration) -> i64 {
        let Some(by) = self.by.filter(|_| self.at.0 <= now && now < self.until()) else {
            return 0;
        };
        let nanoseconds =
            |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match self.kind {
            FaultKind::ClockStep => by.nanoseconds,
            // To fall behind the clock stands still from the beginning on.
            FaultKind::Skew if by.nanoseconds < 0 => {
                by.nanoseconds.max(-nanoseconds(now - self.at.0))
            }
            // To be right at the end it stands still before.
            FaultKind::Skew => by.nanoseconds.min(nanoseconds(self.until() - now)),
            _ => 0,
        }
    }
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Partition,
        Self::PartitionOneWay,
        Self::Blip,
        Self::Crash,
        Self::PowerLoss,
        Self::Latency,
        Self::Skew,
        Self::ClockStep,
        Self::Pause,
        Self::Drain,
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
            Self::Skew => "skew",
            Self::ClockStep => "clock-step",
            Self::Pause => "pause",
            Self::Drain => "drain",
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
            | Self::Latency
            | Self::Skew
            | Self::ClockStep
            | Self::Drain => &[Engine::Fast, Engine::Full],
            // A host of the full engine is given its time by the simulated network, all or nothing.
            Self::Pause => &[Engine::Fast],
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

    const SECOND: i64 = 1_000_000_000;

    fn clock_fault(kind: FaultKind, by: &str) -> Fault {
        Fault {
            at: Period::from_secs(10),
            r#for: Period::from_secs(5),
            kind,
            host: Some("chat-1".into()),
            between: None,
            users: None,
            latency: None,
            by: Some(Offset::parse(by).unwrap()),
        }
    }

    fn offsets(fault: &Fault, at_ms: &[u64]) -> Vec<i64> {
        at_ms.iter().map(|at| fault.clock_offset_ns(Duration::from_millis(*at))).collect()
    }

    #[test]
    fn a_kind_is_written_the_same_everywhere() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn a_stepped_clock_jumps_there_and_back() {
        for (by, step) in [("2s", 2 * SECOND), ("-2s", -2 * SECOND)] {
            let fault = clock_fault(FaultKind::ClockStep, by);
            assert_eq!(
                offsets(&fault, &[9_999, 10_000, 12_000, 14_999, 15_000]),
                [0, step, step, step, 0]
            );
        }
    }

    #[test]
    fn a_skewed_clock_is_off_and_never_goes_back() {
        let ahead = clock_fault(FaultKind::Skew, "2s");
        assert_eq!(
            offsets(&ahead, &[9_999, 10_000, 13_000, 14_000, 15_000]),
            [0, 2 * SECOND, 2 * SECOND, SECOND, 0]
        );
        let behind = clock_fault(FaultKind::Skew, "-2s");
        assert_eq!(
            offsets(&behind, &[9_999, 10_000, 11_000, 12_000, 14_999, 15_000]),
            [0, 0, -SECOND, -2 * SECOND, -2 * SECOND, 0]
        );
        for fault in [ahead, behind] {
            let readings = (9_000..16_000_i64).step_by(50).map(|now_ms| {
                let now = Duration::from_millis(now_ms.unsigned_abs());
                now_ms * 1_000_000 + fault.clock_offset_ns(now)
            });
            assert!(readings.is_sorted(), "{fault:?}");
        }
    }

    #[test]
    fn other_faults_leave_clocks_alone() {
        let fault = clock_fault(FaultKind::Crash, "2s");
        assert_eq!(fault.clock_offset_ns(Duration::from_secs(12)), 0);
    }
}
