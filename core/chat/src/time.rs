//! Time as an input: a monotonic reading for timers and a wall reading for what people see.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Nanoseconds since the process started, by its own monotonic clock. Never goes back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Monotonic(pub u64);

/// Nanoseconds since the Unix epoch, by the process's wall clock. May be skewed and may step back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Wall(pub u64);

/// Both clocks of one process, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For timers, deadlines and back-off.
    pub monotonic: Monotonic,
    /// For `accepted_at`; never for order.
    pub wall: Wall,
}

impl Monotonic {
    /// This instant plus `duration`, saturating at the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(duration)))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Wall {
    /// Whole milliseconds since the Unix epoch.
    #[must_use]
    pub fn milliseconds(self) -> u64 {
        self.0 / 1_000_000
    }
}

/// A duration in nanoseconds, saturating at `u64::MAX` (584 years).
#[must_use]
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
