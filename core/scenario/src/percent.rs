//! Shares of the users in a scenario file.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands for 100%.
const WHOLE: u32 = 1_000_000;

/// A share of the users, written as text such as `"10%"`, with up to four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, JsonSchema)]
#[schemars(with = "String", extend("x-unit" = "percent", "pattern" = r"^\s*[0-9.]+\s*%\s*$"))]
pub struct Percent {
    per_million: u32,
}

impl Percent {
    /// The share, 0 to 1.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::from(self.per_million) / f64::from(WHOLE)
    }

    /// Reads `"<number>%"`.
    ///
    /// # Errors
    /// A sentence that says what a share of the users looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let per_million = text.trim().strip_suffix('%').and_then(|number| {
            let number = number.trim();
            let is_plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
            let exact = number.parse::<f64>().ok().filter(|_| is_plain)? * f64::from(WHOLE / 100);
            let whole = exact.round();
            let fits = whole <= f64::from(WHOLE) && (exact - whole).abs() < 1e-6;
            fits.then_some(whole as u32)
        });
        per_million.map(|per_million| Self { per_million }).ok_or_else(|| {
            format!(
                "`{text}` is no share of the users: write a number from 0 to 100 with up to four \
                 decimals and a percent sign, such as \"10%\""
            )
        })
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}%", f64::from(self.per_million) / f64::from(WHOLE / 100))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_survive_their_text() {
        for text in ["10%", "0%", "100%", "12.5%", "0.0001%", "33.3333%"] {
            assert_eq!(Percent::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Percent::parse(" 25 % ").unwrap().share(), 0.25);
    }

    #[test]
    fn what_is_no_share_is_refused_with_the_form() {
        for text in ["10", "-1%", "101%", "%", "NaN%", "inf%", "1e1%", "0.00001%", ""] {
            assert!(Percent::parse(text).unwrap_err().contains("\"10%\""), "{text}");
        }
    }
}
