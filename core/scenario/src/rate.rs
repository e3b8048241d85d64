//! Rates in a scenario file.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How often, written as text such as `"6/min"` or `"1000/s"`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, JsonSchema)]
#[schemars(
    with = "String",
    extend("x-unit" = "rate", "pattern" = r"^\s*[0-9.]+\s*/\s*(s|min|h|day)\s*$")
)]
pub struct Rate {
    /// Times a second.
    pub per_second: f64,
}

impl Rate {
    /// So many times a second.
    #[must_use]
    pub const fn per_second(per_second: f64) -> Self {
        Self { per_second }
    }

    /// Reads `"<number>/s"`, `/min`, `/h` or `/day`.
    ///
    /// # Errors
    /// A sentence that says what a rate looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rate = text.split_once('/').and_then(|(count, unit)| {
            let count: f64 = count.trim().parse().ok()?;
            let seconds = match unit.trim() {
                "s" => 1.0,
                "min" => 60.0,
                "h" => 3600.0,
                "day" => 86_400.0,
                _ => return None,
            };
            (count.is_finite() && count >= 0.0).then_some(Self { per_second: count / seconds })
        });
        rate.ok_or_else(|| {
            format!("`{text}` is no rate: write a number and a unit, such as \"6/min\" or \"1000/s\" (units: s, min, h, day)")
        })
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_minute = (self.per_second * 60.0).round();
        // Only a form that reads back to the very same number is used.
        if self.per_second < 1.0 && self.per_second > 0.0 && per_minute / 60.0 == self.per_second {
            write!(formatter, "{per_minute}/min")
        } else {
            write!(formatter, "{}/s", self.per_second)
        }
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_survive_their_text() {
        for text in ["6/min", "1000/s", "0.5/s", "7/h", "0/s", "0.000001/day", "12.25/min"] {
            let rate = Rate::parse(text).unwrap();
            assert_eq!(Rate::parse(&rate.to_string()), Ok(rate), "{text} became {rate}");
        }
        assert_eq!(Rate::parse("6/min").unwrap().to_string(), "6/min");
        assert_eq!(Rate::default().to_string(), "0/s");
    }

    #[test]
    fn a_negative_endless_or_bare_number_is_refused_with_the_form() {
        for text in ["-6/min", "inf/s", "NaN/s", "6", "6/week", "/s", ""] {
            assert!(Rate::parse(text).unwrap_err().contains("\"6/min\""), "{text}");
        }
    }
}
