//! The tables of the form, each of which gets a section of the page.

use std::collections::BTreeMap;

use super::{dotted, heading};
use crate::form::{Fields, Form, Shape, description};

/// A table of the form.
pub(super) struct Section<'a> {
    /// Dotted; empty for the outermost.
    pub(super) name: String,
    pub(super) repeated: bool,
    pub(super) description: String,
    pub(super) fields: Fields<'a>,
}

/// All tables of the form, and which table explains which type.
pub(super) struct Sections<'a> {
    pub(super) in_order: Vec<Section<'a>>,
    pub(super) of_types: BTreeMap<&'a str, String>,
}

/// The outermost table, then each table behind the one that it stands in. A type that comes
/// twice is explained where it comes first, outer tables before inner ones.
pub(super) fn sections(form: &Form) -> Sections<'_> {
    let top = Section {
        name: String::new(),
        repeated: false,
        description: description(form.json()),
        fields: form.top(),
    };
    let mut level = vec![top];
    let mut found = Vec::new();
    let mut of_types = BTreeMap::new();
    while !level.is_empty() {
        let inner: Vec<Section<'_>> =
            level.iter().flat_map(|section| inner_sections(form, section, &mut of_types)).collect();
        found.extend(std::mem::replace(&mut level, inner));
    }
    found.sort_by(|left, right| left.name.split('.').cmp(right.name.split('.')));
    Sections { in_order: found, of_types }
}

fn inner_sections<'a>(
    form: &'a Form,
    section: &Section<'a>,
    of_types: &mut BTreeMap<&'a str, String>,
) -> Vec<Section<'a>> {
    let mut inner = Vec::new();
    for field in section.fields.all() {
        let (schema, repeated) = match form.shape(field.schema) {
            Shape::List { entries, .. } => (entries, true),
            _ => (field.schema, false),
        };
        let Shape::Table(fields) = form.shape(schema) else { continue };
        if fields.free().is_some() {
            continue;
        }
        let name = dotted(&section.name, field.name);
        let type_name = form.type_name(schema).unwrap_or(field.name);
        if of_types.contains_key(type_name) {
            continue;
        }
        of_types.insert(type_name, heading(&name, repeated));
        inner.push(Section {
            name,
            repeated,
            description: description(form.named(type_name)),
            fields,
        });
    }
    inner
}
