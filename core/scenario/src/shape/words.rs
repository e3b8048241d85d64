//! How keys, kinds of value and examples are put into words.

use toml::de::DeValue;

use super::Trail;
use crate::form::{Form, Shape};

/// How the table that a trail leads to is written in the file; nothing for the outermost.
pub(super) fn heading(trail: &Trail<'_>) -> Option<String> {
    let name = dotted(trail);
    match trail.last()? {
        None => Some(format!("[[{name}]]")),
        Some(_) => Some(format!("[{name}]")),
    }
}

/// The keys of a trail without the list entries.
pub(super) fn dotted(trail: &Trail<'_>) -> String {
    trail.iter().flatten().copied().collect::<Vec<_>>().join(".")
}

/// Whether a value is of the kind that a shape asks for, whatever it says.
pub(super) fn accepts(shape: &Shape<'_>, value: &DeValue<'_>) -> bool {
    match shape {
        Shape::Table(_) | Shape::Changes | Shape::Alternatives => value.is_table(),
        Shape::List { .. } => value.is_array(),
        Shape::Word(_)
        | Shape::Duration
        | Shape::Rate
        | Shape::Offset
        | Shape::Percent
        | Shape::Text => value.is_str(),
        Shape::Integer { .. } => value.is_integer(),
        Shape::Number => value.is_float() || value.is_integer(),
        Shape::Truth => value.is_bool(),
        Shape::Choice(_) | Shape::Other => true,
    }
}

pub(super) fn wanted(form: &Form, shape: &Shape<'_>) -> String {
    match shape {
        Shape::Table(_) | Shape::Changes | Shape::Alternatives => "a table".into(),
        Shape::List { least, most, .. } if least == most => {
            least.map_or("a list".into(), |count| format!("a list of {count}"))
        }
        Shape::List { .. } => "a list".into(),
        Shape::Word(words) => {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            format!("one of {}", words.join(", "))
        }
        Shape::Duration => "a duration with its unit".into(),
        Shape::Rate => "a rate with its unit".into(),
        Shape::Offset => "an offset with its unit".into(),
        Shape::Percent => "a share with its percent sign".into(),
        Shape::Text => "text in quotes".into(),
        Shape::Integer { .. } => "a whole number".into(),
        Shape::Number => "a number".into(),
        Shape::Truth => "true or false".into(),
        Shape::Choice(choices) => {
            let choices = choices.iter().map(|choice| wanted(form, &form.shape(choice)));
            choices.collect::<Vec<_>>().join(" or ")
        }
        Shape::Other => "something else".into(),
    }
}

pub(super) fn example(form: &Form, shape: &Shape<'_>) -> String {
    match shape {
        Shape::Table(_) => "{ … }".into(),
        Shape::Changes => "{ \"cluster.chat\" = 1 }".into(),
        Shape::Alternatives => "{ \"cluster.chat\" = [1, 3] }".into(),
        Shape::List { .. } => "[…]".into(),
        Shape::Word(words) => format!("\"{}\"", words.first().map_or("", |(word, _)| word)),
        Shape::Duration => "\"5s\"".into(),
        Shape::Rate => "\"6/min\"".into(),
        Shape::Offset => "\"-500ms\"".into(),
        Shape::Percent => "\"10%\"".into(),
        Shape::Text | Shape::Other => "\"…\"".into(),
        Shape::Integer { .. } => "1".into(),
        Shape::Number => "0.5".into(),
        Shape::Truth => "true".into(),
        Shape::Choice(choices) => {
            choices.first().map_or(String::new(), |choice| example(form, &form.shape(choice)))
        }
    }
}

pub(super) fn kind_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
