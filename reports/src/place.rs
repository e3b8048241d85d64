//! Places in a bundle: a file and a JSON pointer into it.

use serde_json::Value;

use crate::bundle::Part;

/// A place in a bundle, whether there is something or not.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    part: Part,
    pointer: String,
    value: Option<&'a Value>,
}

impl<'a> Place<'a> {
    pub(crate) fn top(part: Part, value: Option<&'a Value>) -> Self {
        Self { part, pointer: String::new(), value }
    }

    /// The place below this one to which `pointer` leads, such as `/latency/p99_ms`.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Self {
        Self {
            part: self.part,
            pointer: format!("{}{pointer}", self.pointer),
            value: self.value.and_then(|value| value.pointer(pointer)),
        }
    }

    /// The place of a key of an object, which may hold any letters.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.at(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
    }

    /// The places of the items of a list; none when there is no list.
    #[must_use]
    pub fn items(&self) -> Vec<Self> {
        let count = self.value.and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(|index| self.at(&format!("/{index}"))).collect()
    }

    /// The keys and places of the entries of an object; none when there is no object.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'a str, Self)> {
        let object = self.value.and_then(Value::as_object);
        object.into_iter().flatten().map(|(key, _)| (key.as_str(), self.key(key))).collect()
    }

    /// What is there; `None` also for JSON's null.
    #[must_use]
    pub fn value(&self) -> Option<&'a Value> {
        self.value.filter(|value| !value.is_null())
    }

    /// Whether something is there.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.value().is_some()
    }

    /// The number that is there.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.value?.as_f64()
    }

    /// Whether exactly this truth value is there.
    #[must_use]
    pub fn is(&self, expected: bool) -> bool {
        self.value.and_then(Value::as_bool) == Some(expected)
    }

    /// The text that is there.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        self.value?.as_str()
    }

    /// The numbers of the list that is there; items that are no numbers are left out.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        let list = self.value.and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_f64).collect()
    }

    /// The texts of the list that is there; items that are no texts are left out.
    #[must_use]
    pub fn texts(&self) -> Vec<&'a str> {
        let list = self.value.and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// Prints as `load.json#/latency/p99_ms`.
impl std::fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}#{}", self.part.file(), self.pointer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_prints_where_it_is_and_finds_what_is_there() {
        let value = json!({ "a/b": [{ "c": 7 }] });
        let place = Place::top(Part::Load, Some(&value)).key("a/b").at("/0/c");
        assert_eq!(place.to_string(), "load.json#/a~1b/0/c");
        assert_eq!(place.number(), Some(7.0));
    }

    #[test]
    fn a_place_where_nothing_is_stays_a_place() {
        let place = Place::top(Part::Plan, None).at("/roles");
        assert!(place.items().is_empty() && !place.is_present());
        assert_eq!(place.to_string(), "plan.json#/roles");
        let null = json!({ "p99_ms": null });
        assert!(!Place::top(Part::Load, Some(&null)).at("/p99_ms").is_present());
    }
}
