//! The form of a scenario file as a JSON schema, and how to walk it.

use hubbub_chat::units::parse_duration;
use serde_json::{Map, Value};

use crate::Scenario;

/// The keyword that marks text with a unit; validators that do not know it pass over it.
pub(crate) const UNIT: &str = "x-unit";

/// The JSON schema of a scenario file.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    root: Value,
}

/// What a value of the form may be, references and absence resolved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape<'a> {
    /// A table.
    Table(Fields<'a>),
    /// A table of keys from anywhere in the form, dotted, each with its value.
    Changes,
    /// As changes, with a list of values for each key.
    Alternatives,
    /// A list of entries of one kind, of so many where that is fixed.
    List { entries: &'a Value, least: Option<u64>, most: Option<u64> },
    /// One of these words, each with what it means.
    Word(Vec<(&'a str, &'a str)>),
    /// Text such as `"250ms"`.
    Duration,
    /// Text such as `"6/min"`.
    Rate,
    /// Text such as `"-500ms"`.
    Offset,
    /// Text such as `"10%"`.
    Percent,
    /// Any text.
    Text,
    /// A whole number, from the least to the most.
    Integer { least: i64, most: i64 },
    /// A number.
    Number,
    /// True or false.
    Truth,
    /// One of several shapes, told apart by the kind of value.
    Choice(Vec<&'a Value>),
    /// Something else, which only the final reading judges.
    Other,
}

/// The keys of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fields<'a> {
    schema: &'a Value,
}

/// One key of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: &'a Value,
    pub(crate) required: bool,
}

impl Form {
    /// Derives the form from the types.
    pub(crate) fn new() -> Self {
        let mut root = schemars::schema_for!(Scenario).to_value();
        mark_durations(&mut root);
        // Another crate may turn serde_json's order of insertion on for the whole program.
        root.sort_all_objects();
        Self { root }
    }

    /// The whole, as JSON.
    pub(crate) fn json(&self) -> &Value {
        &self.root
    }

    /// The keys of the outermost table.
    pub(crate) fn top(&self) -> Fields<'_> {
        Fields { schema: &self.root }
    }

    /// What a schema stands for.
    pub(crate) fn shape<'a>(&'a self, schema: &'a Value) -> Shape<'a> {
        let schema = self.resolved(schema);
        if let Some(words) = words(schema) {
            return Shape::Word(words);
        }
        match schema.get(UNIT).and_then(Value::as_str) {
            Some("duration") => return Shape::Duration,
            Some("rate") => return Shape::Rate,
            Some("offset") => return Shape::Offset,
            Some("percent") => return Shape::Percent,
            Some("changes") => return Shape::Changes,
            Some("alternatives") => return Shape::Alternatives,
            _ => {}
        }
        if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
            return Shape::Choice(choices.iter().collect());
        }
        match kind(schema) {
            Some("object") => Shape::Table(Fields { schema }),
            Some("array") => Shape::List {
                entries: schema.get("items").unwrap_or(&Value::Null),
                least: schema.get("minItems").and_then(Value::as_u64),
                most: schema.get("maxItems").and_then(Value::as_u64),
            },
            Some("string") => Shape::Text,
            Some("integer") => integer(schema),
            Some("number") => Shape::Number,
            Some("boolean") => Shape::Truth,
            _ => Shape::Other,
        }
    }

    /// The name of the type that a schema refers to, where it has one.
    pub(crate) fn type_name<'a>(&self, schema: &'a Value) -> Option<&'a str> {
        let reference = match schema.get("$ref") {
            Some(reference) => reference,
            None => present(schema)?.get("$ref")?,
        };
        reference.as_str()?.strip_prefix("#/$defs/")
    }

    /// The schema of a named type.
    pub(crate) fn named(&self, name: &str) -> &Value {
        self.root.get("$defs").and_then(|types| types.get(name)).unwrap_or(&Value::Null)
    }

    /// Follows references, and takes "this or nothing" for this.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match self.type_name(schema) {
            Some(name) => self.resolved(self.named(name)),
            None => present(schema).unwrap_or(schema),
        }
    }
}

impl<'a> Fields<'a> {
    /// The key of that name. A table with free keys has every one.
    pub(crate) fn get(&self, name: &str) -> Option<Field<'a>> {
        if let Some((name, schema)) = self.properties().and_then(|keys| keys.get_key_value(name)) {
            return Some(Field { name, schema, required: self.required().any(|key| key == name) });
        }
        match self.schema.get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(schema) => Some(Field { name: "", schema, required: false }),
            None => Some(Field { name: "", schema: &Value::Null, required: false }),
        }
    }

    /// All named keys: the required ones in the order of the type, then the others by name.
    pub(crate) fn all(&self) -> Vec<Field<'a>> {
        let required: Vec<&str> = self.required().collect();
        let mut fields: Vec<Field<'a>> =
            required.iter().filter_map(|name| self.get(name)).collect();
        let others = self.properties().into_iter().flatten();
        fields.extend(
            others
                .filter(|(name, _)| !required.contains(&name.as_str()))
                .map(|(name, schema)| Field { name, schema, required: false }),
        );
        fields
    }

    /// What every key takes, in a table whose keys have no fixed names.
    pub(crate) fn free(&self) -> Option<&'a Value> {
        let is_free = self.properties().is_none_or(Map::is_empty);
        self.schema.get("additionalProperties").filter(|schema| is_free && schema.is_object())
    }

    fn properties(&self) -> Option<&'a Map<String, Value>> {
        self.schema.get("properties")?.as_object()
    }

    fn required(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let names = self.schema.get("required").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// What a schema says about itself, in one paragraph.
pub(crate) fn description(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The other half of "this or nothing".
fn present(schema: &Value) -> Option<&Value> {
    let halves = schema.get("anyOf")?.as_array()?;
    let mut present = halves.iter().filter(|half| kind(half) != Some("null"));
    match (present.next(), present.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The JSON type of a schema, "or null" left aside.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    }
}

/// The words of an enumeration, whether its variants have descriptions of their own or not.
fn words(schema: &Value) -> Option<Vec<(&str, &str)>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(|word| Some((word.as_str()?, ""))).collect();
    }
    let choices = schema.get("oneOf")?.as_array()?;
    let word = |choice| -> Option<Vec<(&str, &str)>> {
        let choice: &Value = choice;
        match choice.get("const").and_then(Value::as_str) {
            Some(word) => {
                let meaning = choice.get("description").and_then(Value::as_str);
                Some(vec![(word, meaning.unwrap_or_default())])
            }
            None => words(choice),
        }
    };
    choices.iter().map(word).collect::<Option<Vec<_>>>().map(|words| words.concat())
}

fn integer(schema: &Value) -> Shape<'_> {
    // TOML's integers have 64 bits with a sign, so an unsigned one ends there too.
    let most = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => i64::from(u8::MAX),
        Some("uint16") => i64::from(u16::MAX),
        Some("uint32") => i64::from(u32::MAX),
        _ => i64::MAX,
    };
    let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN);
    let most = schema.get("maximum").and_then(Value::as_i64).unwrap_or(most);
    Shape::Integer { least, most }
}

/// Types outside this crate write a duration as plain text; their default shows that it is one.
/// Such a key is made to refer to [`crate::Period`], so that editors check it too.
fn mark_durations(root: &mut Value) {
    let Some(types) = root.get_mut("$defs").and_then(Value::as_object_mut) else { return };
    let properties = types
        .values_mut()
        .filter_map(|schema| schema.get_mut("properties")?.as_object_mut())
        .flat_map(Map::values_mut);
    for property in properties {
        let default = property.get("default").and_then(Value::as_str);
        let is_duration = default.is_some_and(|default| parse_duration(default).is_ok());
        let Some(keywords) = property.as_object_mut() else { continue };
        if is_duration && keywords.get("type").is_some_and(|kind| kind == "string") {
            keywords.remove("type");
            keywords.insert("$ref".into(), "#/$defs/Period".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_at<'a>(form: &'a Form, table: &str, key: &str) -> Shape<'a> {
        let Shape::Table(fields) = form.shape(form.top().get(table).unwrap().schema) else {
            panic!("[{table}] is a table");
        };
        form.shape(fields.get(key).unwrap().schema)
    }

    #[test]
    fn the_form_knows_units_words_and_bounds() {
        let form = Form::new();
        assert_eq!(shape_at(&form, "design", "heartbeat"), Shape::Duration);
        assert_eq!(shape_at(&form, "workload", "sends_per_user"), Shape::Rate);
        assert_eq!(shape_at(&form, "expect", "deliver_p99"), Shape::Duration);
        assert_eq!(
            shape_at(&form, "cluster", "chat"),
            Shape::Integer { least: 0, most: i64::from(u32::MAX) }
        );
        let Shape::Word(words) = shape_at(&form, "run", "engine") else { panic!("words") };
        let words: Vec<_> = words.into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["fast", "full"]);
    }

    #[test]
    fn every_key_of_the_form_has_a_known_shape_and_a_description() {
        let form = Form::new();
        let mut waiting = vec![("top".to_owned(), Shape::Table(form.top()))];
        let mut seen = 0;
        while let Some((place, shape)) = waiting.pop() {
            match shape {
                Shape::Table(fields) => {
                    for field in fields.all() {
                        seen += 1;
                        let place = format!("{place}.{}", field.name);
                        assert_ne!(description(field.schema), "", "{place}");
                        waiting.push((place, form.shape(field.schema)));
                    }
                }
                Shape::List { entries, .. } => waiting.push((place, form.shape(entries))),
                Shape::Choice(choices) => {
                    let choices = choices.into_iter();
                    waiting.extend(choices.map(|choice| (place.clone(), form.shape(choice))));
                }
                shape => assert_ne!(shape, Shape::Other, "{place}"),
            }
        }
        assert!(seen > 60, "{seen} keys");
    }
}
