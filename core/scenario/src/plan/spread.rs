//! A parameter of the plan with its uncertainty.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A parameter as low, base and high value, written as `[low, base, high]` or as one number that is
/// all three. Low means "needs least", so the values of a utilisation fall from low to high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The value that is plausible at the cheap end.
    pub low: f64,
    /// The value to plan with.
    pub base: f64,
    /// The value that is plausible at the dear end.
    pub high: f64,
}

impl Spread {
    /// Low, base and high.
    #[must_use]
    pub const fn new(low: f64, base: f64, high: f64) -> Self {
        Self { low, base, high }
    }

    /// A value that is known.
    #[must_use]
    pub const fn fixed(value: f64) -> Self {
        Self::new(value, value, value)
    }

    /// Low, base and high, in this order.
    #[must_use]
    pub const fn values(self) -> [f64; 3] {
        [self.low, self.base, self.high]
    }

    /// Whether base lies between the other two, rising or falling.
    #[must_use]
    pub fn is_ordered(self) -> bool {
        (self.low <= self.base && self.base <= self.high)
            || (self.low >= self.base && self.base >= self.high)
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Spread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpreadVisitor)
    }
}

impl JsonSchema for Spread {
    fn schema_name() -> Cow<'static, str> {
        "Spread".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or low, base and high value as [low, base, high].",
            "anyOf": [
                { "type": "number" },
                { "type": "array", "items": { "type": "number" }, "minItems": 3, "maxItems": 3 }
            ]
        })
    }
}

struct SpreadVisitor;

impl<'de> Visitor<'de> for SpreadVisitor {
    type Value = Spread;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, or three numbers [low, base, high]")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Spread, E> {
        finite(value).map(Spread::fixed)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Spread, E> {
        Ok(Spread::fixed(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Spread, E> {
        Ok(Spread::fixed(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Spread, A::Error> {
        let mut values = [0.0; 3];
        for (place, value) in values.iter_mut().enumerate() {
            let next = sequence.next_element::<f64>()?;
            *value = finite(next.ok_or_else(|| A::Error::invalid_length(place, &self))?)?;
        }
        if sequence.next_element::<serde::de::IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("more than three numbers, expected [low, base, high]"));
        }
        let [low, base, high] = values;
        Ok(Spread::new(low, base, high))
    }
}

fn finite<E: Error>(value: f64) -> Result<f64, E> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(E::custom(format_args!("`{value}` is no value to plan with: write a finite number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Held {
        value: Spread,
    }

    fn read(text: &str) -> Result<Spread, String> {
        toml::from_str::<Held>(&format!("value = {text}"))
            .map(|held| held.value)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_number_is_all_three_values() {
        assert_eq!(read("3"), Ok(Spread::fixed(3.0)));
        assert_eq!(read("50e6"), Ok(Spread::fixed(50e6)));
        assert_eq!(serde_json::from_str::<Spread>("7").unwrap(), Spread::fixed(7.0));
    }

    #[test]
    fn three_numbers_are_low_base_and_high() {
        assert_eq!(read("[1, 2.5, 4]"), Ok(Spread::new(1.0, 2.5, 4.0)));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_expected() {
        let expected = "expected a number, or three numbers [low, base, high]";
        assert!(read("\"many\"").unwrap_err().contains(expected));
        assert!(read("{ low = 1 }").unwrap_err().contains(expected));
        let short = read("[1, 2]").unwrap_err();
        assert!(short.contains("invalid length 2") && short.contains(expected), "{short}");
        assert!(read("[1, 2, 3, 4]").unwrap_err().contains("more than three numbers"));
        assert!(read("inf").unwrap_err().contains("finite"));
        assert!(read("[1, nan, 3]").unwrap_err().contains("finite"));
    }

    #[test]
    fn it_is_written_as_three_numbers_and_read_back() {
        let held = Held { value: Spread::new(0.1, 0.25, 0.5) };
        let text = toml::to_string(&held).unwrap();
        assert_eq!(text.trim(), "value = [0.1, 0.25, 0.5]");
        assert_eq!(read("[0.1, 0.25, 0.5]"), Ok(held.value));
    }

    #[test]
    fn values_may_rise_or_fall_but_not_both() {
        assert!(Spread::new(1.0, 2.0, 3.0).is_ordered());
        assert!(Spread::new(0.8, 0.6, 0.5).is_ordered());
        assert!(Spread::fixed(4.0).is_ordered());
        assert!(!Spread::new(1.0, 3.0, 2.0).is_ordered());
    }

    #[test]
    fn the_schema_allows_both_forms() {
        let schema = schemars::schema_for!(Spread);
        let forms = schema.get("anyOf").unwrap().as_array().unwrap();
        assert_eq!(forms[0]["type"], "number");
        assert_eq!((&forms[1]["minItems"], &forms[1]["maxItems"]), (&3.into(), &3.into()));
    }
}
