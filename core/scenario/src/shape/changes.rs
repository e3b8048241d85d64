//! The form of what a variant sets: keys from anywhere in the form, dotted or as tables in tables.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::words::dotted;
use super::{Check, Trail};
use crate::form::{Fields, Shape};

impl<'a> Check<'a> {
    /// `fields` are those of the table that `trail` leads to. Unlike a table, changes name only
    /// what differs, so that no key is missing.
    pub(super) fn changes<'t>(
        &mut self,
        fields: Fields<'a>,
        table: &'t DeTable<'_>,
        trail: &mut Trail<'t>,
    ) {
        let depth = trail.len();
        for (key, value) in table {
            if let Some(schema) = self.follow(fields, key, trail) {
                match (self.form.shape(schema), value.get_ref()) {
                    (Shape::Table(inner), DeValue::Table(changes)) => {
                        self.changes(inner, changes, trail);
                    }
                    _ => self.value(schema, value, trail),
                }
            }
            trail.truncate(depth);
        }
    }

    /// Changes with several values each: every one of them is judged as the only one would be.
    pub(super) fn alternatives(&mut self, table: &DeTable<'_>) {
        let mut trail = Vec::new();
        for (key, values) in table {
            if let Some(schema) = self.follow(self.form.top(), key, &mut trail) {
                match values.get_ref() {
                    DeValue::Array(values) if !values.is_empty() => {
                        for value in values {
                            self.value(schema, value, &mut trail);
                        }
                    }
                    _ => {
                        let message = format!("`{}` needs a list of values", dotted(&trail));
                        let advice = "write the values to draw from: `[1, 3]`".to_owned();
                        self.report(Some(values.span()), message, Some(advice));
                    }
                }
            }
            trail.clear();
        }
    }

    /// What the steps of a dotted key lead to; nothing after a step that is not there.
    fn follow<'t>(
        &mut self,
        fields: Fields<'a>,
        key: &'t Spanned<DeString<'_>>,
        trail: &mut Trail<'t>,
    ) -> Option<&'a Value> {
        let mut schema = None;
        let mut inside = Shape::Table(fields);
        for step in key.get_ref().split('.').map(str::trim) {
            let next = match &inside {
                Shape::Table(fields) => {
                    let Some(field) = fields.get(step) else {
                        self.unknown_step(*fields, step, key.span(), trail);
                        return None;
                    };
                    trail.push(Some(step));
                    field.schema
                }
                Shape::List { entries, .. } if step.parse::<usize>().is_ok() => {
                    trail.push(None);
                    *entries
                }
                other => {
                    let place = dotted(trail);
                    let message = format!("`{place}` has no key `{step}`");
                    let advice = match other {
                        Shape::List { .. } => {
                            format!("count its entries from 0, such as `{place}.0`")
                        }
                        _ => format!("it is a value: set `{place}` itself"),
                    };
                    self.report(Some(key.span()), message, Some(advice));
                    return None;
                }
            };
            inside = self.form.shape(next);
            schema = Some(next);
        }
        schema
    }
}
