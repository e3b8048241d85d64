//! Signed durations in a scenario file.

use std::time::Duration;

use hubbub_chat::units;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration with a sign, written as text such as `"2s"` or `"-500ms"`. A clock that is off by a
/// negative one is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, JsonSchema)]
#[schemars(with = "String", extend("x-unit" = "offset", "pattern" = r"^\s*-?\s*[0-9]"))]
pub struct Offset {
    /// In nanoseconds.
    pub nanoseconds: i64,
}

impl Offset {
    /// A whole number of milliseconds.
    #[must_use]
    pub const fn from_millis(count: i64) -> Self {
        Self { nanoseconds: count.saturating_mul(1_000_000) }
    }

    /// How much it is, whatever the sign.
    #[must_use]
    pub const fn magnitude(self) -> Duration {
        Duration::from_nanos(self.nanoseconds.unsigned_abs())
    }

    /// Reads `"2s"` or `"-500ms"`.
    ///
    /// # Errors
    /// A sentence that says what an offset looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (is_negative, magnitude) = match trimmed.strip_prefix('-') {
            Some(magnitude) => (true, magnitude.trim()),
            None => (false, trimmed),
        };
        let nanoseconds = units::parse_duration(magnitude)
            .ok()
            .and_then(|duration| i64::try_from(duration.as_nanos()).ok());
        match nanoseconds {
            Some(nanoseconds) if is_negative => Ok(Self { nanoseconds: -nanoseconds }),
            Some(nanoseconds) => Ok(Self { nanoseconds }),
            None => Err(format!(
                "`{text}` is no offset: write a number and a unit, with a minus for a clock that \
                 is behind, such as \"2s\" or \"-500ms\""
            )),
        }
    }
}

impl std::fmt::Display for Offset {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.nanoseconds < 0 { "-" } else { "" };
        write!(formatter, "{sign}{}", units::format_duration(self.magnitude()))
    }
}

impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_survive_their_text() {
        for text in ["2s", "-500ms", "1h 30m", "-1us", "0s"] {
            let offset = Offset::parse(text).unwrap();
            assert_eq!(offset.to_string(), text);
        }
        assert_eq!(Offset::parse(" - 2min ").unwrap(), Offset::from_millis(-120_000));
        assert_eq!(Offset::from_millis(-3).magnitude(), Duration::from_millis(3));
    }

    #[test]
    fn what_is_no_offset_is_refused_with_the_form() {
        for text in ["--2s", "+2s", "5", "-", "", "fast", "400years"] {
            assert!(Offset::parse(text).unwrap_err().contains("\"-500ms\""), "{text}");
        }
    }
}
