//! Overrides of the command line: `--set design.heartbeat=5s` changes the text of a scenario.
//!
//! The text is changed, not the values, so that everything that reads, judges and points at the
//! file also reads, judges and points at what was overridden.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::ScenarioError;
use crate::source::{Edit, Source};

/// One override, taken apart.
struct Override<'a> {
    written: &'a str,
    keys: Vec<&'a str>,
    /// As TOML.
    value: String,
}

/// What to do to the text.
struct Change {
    replaced: Range<usize>,
    inserted: String,
}

/// Applies one override to the text.
pub(crate) fn apply(source: Source, written: &str) -> Result<Source, ScenarioError> {
    let parsed = Override::parse(written)?;
    let root = DeTable::parse(&source.text)
        .map_err(|error| parsed.refused(error.message().into(), "mend the file first"))?;
    let change = parsed.change(&source.text, root.get_ref())?;
    Ok(changed(source, &change, written))
}

impl<'a> Override<'a> {
    fn parse(written: &'a str) -> Result<Self, ScenarioError> {
        let refused = || ScenarioError::Override {
            written: written.into(),
            message: format!("`{written}` is no override"),
            advice: "write a dotted key and a value: `--set design.heartbeat=5s`".into(),
        };
        let (key, value) = written.split_once('=').ok_or_else(refused)?;
        let keys: Vec<&str> = key.trim().split('.').map(str::trim).collect();
        if keys.iter().any(|key| key.is_empty() || !key.chars().all(is_bare)) {
            return Err(refused());
        }
        let value = value.trim();
        let is_toml = DeValue::parse(value).is_ok();
        let value =
            if is_toml { value.into() } else { toml::Value::String(value.into()).to_string() };
        Ok(Self { written, keys, value })
    }

    /// Replaces the value where there is one, else adds the key to the innermost table that has
    /// a place of its own in the text.
    fn change(&self, text: &str, root: &DeTable<'_>) -> Result<Change, ScenarioError> {
        let mut host = Host { keys: 0, place: Place::Top };
        let mut value: Option<&Spanned<DeValue<'_>>> = None;
        for (index, key) in self.keys.iter().enumerate() {
            let next = match value.map(Spanned::get_ref) {
                None => root.get(*key),
                Some(DeValue::Table(table)) => table.get(*key),
                Some(DeValue::Array(array)) => Some(self.entry(array, index)?),
                Some(_) => {
                    return Err(self.refused(
                        format!("`{}` is a value, it has no keys", self.keys[..index].join(".")),
                        "set the value itself, or a key of a table",
                    ));
                }
            };
            let Some(next) = next else { break };
            if let Some(place) = Place::of(text, next) {
                host = Host { keys: index + 1, place };
            }
            if index + 1 == self.keys.len() {
                return self.replacement(text, next);
            }
            value = Some(next);
        }
        Ok(self.addition(text, &host))
    }

    fn entry<'t>(
        &self,
        array: &'t toml::de::DeArray<'_>,
        index: usize,
    ) -> Result<&'t Spanned<DeValue<'t>>, ScenarioError> {
        let number = self.keys[index].parse::<usize>().ok();
        number.and_then(|number| array.get(number)).ok_or_else(|| {
            let list = self.keys[..index].join(".");
            self.refused(
                format!(
                    "`{list}` is a list of {}: it has no entry `{}`",
                    array.len(),
                    self.keys[index]
                ),
                &format!("count its entries from 0, such as `{list}.0`"),
            )
        })
    }

    fn replacement(
        &self,
        text: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Change, ScenarioError> {
        let span = value.span();
        let is_inline = match value.get_ref() {
            DeValue::Table(_) => text[span.clone()].starts_with('{'),
            DeValue::Array(array) => array.first().is_none_or(|first| first.span() != span),
            _ => true,
        };
        if !is_inline {
            let name = self.keys.join(".");
            return Err(self.refused(
                format!("`{name}` is a section, not a value"),
                &format!("set a key of it: `--set {name}.KEY=VALUE`"),
            ));
        }
        Ok(Change { replaced: span, inserted: self.value.clone() })
    }

    fn addition(&self, text: &str, host: &Host) -> Change {
        let pair = format!("{} = {}", self.keys[host.keys..].join("."), self.value);
        let (at, inserted) = match host.place {
            Place::Top => (0, format!("{pair}\n")),
            Place::Inline(open) => (open, format!(" {pair},")),
            Place::Section(end) => match text[end..].find('\n') {
                Some(length) => (end + length + 1, format!("{pair}\n")),
                None => (text.len(), format!("\n{pair}\n")),
            },
        };
        Change { replaced: at..at, inserted }
    }

    fn refused(&self, message: String, advice: &str) -> ScenarioError {
        ScenarioError::Override { written: self.written.into(), message, advice: advice.into() }
    }
}

/// The table that a new key goes into, and how many of the override's keys lead to it.
struct Host {
    keys: usize,
    place: Place,
}

/// Where a table takes a new key.
enum Place {
    /// At the top of the file.
    Top,
    /// After the brace that opens it.
    Inline(usize),
    /// In the line after its heading, which ends here.
    Section(usize),
}

impl Place {
    /// Nothing for a value, and for a table that only dotted keys or deeper headings imply.
    fn of(text: &str, value: &Spanned<DeValue<'_>>) -> Option<Self> {
        let span = value.span();
        match (value.get_ref(), text[span.clone()].chars().next()?) {
            (DeValue::Table(_), '{') => Some(Self::Inline(span.start + 1)),
            (DeValue::Table(_), '[') => Some(Self::Section(span.end)),
            _ => None,
        }
    }
}

/// Changes the text, and moves what earlier overrides marked in it.
fn changed(mut source: Source, change: &Change, written: &str) -> Source {
    let Change { replaced, inserted } = change;
    let lines = |text: &str| text.matches('\n').count() as isize;
    let lines_added = lines(inserted) - lines(&source.text[replaced.clone()]);
    let moved = |offset: usize| offset - replaced.len() + inserted.len();
    for edit in &mut source.edits {
        if edit.span.start >= replaced.end {
            edit.span = moved(edit.span.start)..moved(edit.span.end);
        } else if edit.span.end >= replaced.end {
            edit.span.end = moved(edit.span.end);
        }
    }
    source.text.replace_range(replaced.clone(), inserted);
    source.edits.push(Edit {
        written: written.into(),
        span: replaced.start..replaced.start + inserted.len(),
        lines_added,
    });
    source
}

fn is_bare(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '-'
}
