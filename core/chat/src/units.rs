//! Durations as people write them in a scenario file: `"250ms"`, `"5s"`, `"2min"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// Reads a duration such as `250ms`, `5s`, `2min` or `1h 30min`.
///
/// # Errors
/// A sentence that says what a duration looks like, when `text` is none. A negative one is none.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text.trim()).map_err(|reason| {
        format!("`{text}` is no duration ({reason}): write a number and a unit, such as \"250ms\", \"5s\" or \"2min\"")
    })
}

/// Writes a duration in the form that [`parse_duration`] reads.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// For `#[serde(with = "units::duration")]`.
pub mod duration {
    use super::*;

    /// Writes the duration as text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_duration(*value))
    }

    /// Reads the duration from text.
    ///
    /// # Errors
    /// When the text is no duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_survive_their_text() {
        for text in ["250ms", "5s", "2m", "1h 30m"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("2min").unwrap(), Duration::from_secs(120));
    }

    #[test]
    fn a_negative_or_bare_number_is_refused_with_the_form() {
        for text in ["-5s", "5", "", "fast"] {
            assert!(parse_duration(text).unwrap_err().contains("\"250ms\""), "{text}");
        }
    }
}
