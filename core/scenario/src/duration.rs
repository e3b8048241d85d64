//! Durations in a scenario file.

use std::time::Duration;

use hubbub_chat::units;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A duration, written as text such as `"250ms"`, `"5s"` or `"2min"`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Period(
    #[serde(with = "units::duration")]
    #[schemars(with = "String", extend("x-unit" = "duration", "pattern" = r"^\s*[0-9]"))]
    pub Duration,
);

impl Period {
    /// A whole number of milliseconds.
    #[must_use]
    pub const fn from_millis(count: u64) -> Self {
        Self(Duration::from_millis(count))
    }

    /// A whole number of seconds.
    #[must_use]
    pub const fn from_secs(count: u64) -> Self {
        Self(Duration::from_secs(count))
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&units::format_duration(self.0))
    }
}
