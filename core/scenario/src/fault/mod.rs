//! Faults: what goes wrong, where, when and for how long.

mod kind;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Offset, Percent, Period};

pub(crate) use kind::State;
pub use kind::{FaultKind, Parameter, Target};

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
    /// A region: its hosts against all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A time, for the kinds that need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Period>,
    /// Only with `skew` and `clock-step`: by how much the clock is off; less than 0 for behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Offset>,
    /// How many of the messages that it is about are struck; all when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Percent>,
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
            region: None,
            share: None,
        }
    }

    fn offsets(fault: &Fault, at_ms: &[u64]) -> Vec<i64> {
        at_ms.iter().map(|at| fault.clock_offset_ns(Duration::from_millis(*at))).collect()
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
