//! The first judgement of a file: are these the keys of the form, with values of the right kind?
//! All problems are found at once, each with its place.

mod changes;
mod words;

use std::ops::Range;

use hubbub_chat::units::parse_duration;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeInteger, DeString, DeTable, DeValue};

use crate::error::LocatedProblem;
use crate::form::{Field, Fields, Form, Shape, description};
use crate::nearest::nearest;
use crate::source::Source;
use crate::{Offset, Percent, Rate};
use words::{accepts, dotted, example, heading, kind_name, wanted};

/// All problems of form in a file, in the order in which they stand there.
pub(crate) fn check_form(source: &Source, root: &DeTable<'_>) -> Vec<LocatedProblem> {
    let form = Form::new();
    let mut check = Check { form: &form, source, problems: Vec::new() };
    check.table(form.top(), root, None, &mut Vec::new());
    check.problems.sort_by_key(|(start, _)| *start);
    check.problems.into_iter().map(|(_, problem)| problem).collect()
}

struct Check<'a> {
    form: &'a Form,
    source: &'a Source,
    /// With where each begins, the whole file first.
    problems: Vec<(Option<usize>, LocatedProblem)>,
}

/// The keys that lead to a value; `None` for an entry of a list.
type Trail<'a> = Vec<Option<&'a str>>;

impl<'a> Check<'a> {
    fn table<'t>(
        &mut self,
        fields: Fields<'a>,
        table: &'t DeTable<'_>,
        span: Option<Range<usize>>,
        trail: &mut Trail<'t>,
    ) {
        for (key, value) in table {
            match fields.get(key.get_ref()) {
                Some(field) => {
                    trail.push(Some(key.get_ref()));
                    self.value(field.schema, value, trail);
                    trail.pop();
                }
                None => self.unknown_key(fields, key, trail),
            }
        }
        for field in fields.all() {
            if field.required && !table.contains_key(field.name) {
                self.missing_key(field, span.clone(), trail);
            }
        }
    }

    fn value<'t>(
        &mut self,
        schema: &'a Value,
        value: &'t Spanned<DeValue<'_>>,
        trail: &mut Trail<'t>,
    ) {
        let shape = self.form.shape(schema);
        match (&shape, value.get_ref()) {
            (Shape::Table(fields), DeValue::Table(table)) => {
                self.table(*fields, table, Some(value.span()), trail);
            }
            (Shape::List { entries, least, most }, DeValue::Array(array)) => {
                self.count(array.len() as u64, *least, *most, value.span(), trail);
                for entry in array.iter() {
                    trail.push(None);
                    self.value(entries, entry, trail);
                    trail.pop();
                }
            }
            (Shape::Word(words), DeValue::String(text)) => {
                self.word(words, text, value.span(), trail);
            }
            (Shape::Duration, DeValue::String(text)) => {
                self.unit(parse_duration(text).err(), value.span(), trail);
            }
            (Shape::Rate, DeValue::String(text)) => {
                self.unit(Rate::parse(text).err(), value.span(), trail);
            }
            (Shape::Offset, DeValue::String(text)) => {
                self.unit(Offset::parse(text).err(), value.span(), trail);
            }
            (Shape::Percent, DeValue::String(text)) => {
                self.unit(Percent::parse(text).err(), value.span(), trail);
            }
            (Shape::Changes, DeValue::Table(table)) => {
                self.changes(self.form.top(), table, &mut Vec::new());
            }
            (Shape::Alternatives, DeValue::Table(table)) => self.alternatives(table),
            (Shape::Integer { least, most }, DeValue::Integer(integer)) => {
                self.integer(integer, (*least, *most), value.span(), trail);
            }
            (Shape::Choice(choices), found) => {
                match choices.iter().find(|choice| accepts(&self.form.shape(choice), found)) {
                    Some(choice) => self.value(choice, value, trail),
                    None => self.wrong_kind(&shape, value, trail),
                }
            }
            (Shape::Text, DeValue::String(_))
            | (Shape::Truth, DeValue::Boolean(_))
            | (Shape::Number, DeValue::Float(_) | DeValue::Integer(_))
            | (Shape::Other, _) => {}
            _ => self.wrong_kind(&shape, value, trail),
        }
    }

    fn unknown_key(&mut self, fields: Fields<'a>, key: &Spanned<DeString<'_>>, trail: &Trail<'_>) {
        self.unknown_step(fields, key.get_ref(), key.span(), trail);
    }

    fn unknown_step(
        &mut self,
        fields: Fields<'a>,
        name: &str,
        span: Range<usize>,
        trail: &Trail<'_>,
    ) {
        let known: Vec<&str> = fields.all().into_iter().map(|field| field.name).collect();
        let place = heading(trail).map(|heading| format!(" in {heading}")).unwrap_or_default();
        let advice = match (nearest(name, known.iter().copied()), self.home_of(name)) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(home)) => format!("`{name}` belongs in [{home}]"),
            (None, None) if known.is_empty() => "no keys are known here".into(),
            (None, None) => format!("known keys: {}", known.join(", ")),
        };
        self.report(Some(span), format!("unknown key `{name}`{place}"), Some(advice));
    }

    /// The section of the file that has such a key.
    fn home_of(&self, key: &str) -> Option<&'a str> {
        let has_key = |field: &Field<'a>| match self.form.shape(field.schema) {
            Shape::Table(fields) => fields.all().iter().any(|field| field.name == key),
            _ => false,
        };
        self.form.top().all().into_iter().find(has_key).map(|field| field.name)
    }

    fn missing_key(&mut self, field: Field<'a>, span: Option<Range<usize>>, trail: &Trail<'_>) {
        let name = field.name;
        let place = heading(trail).map(|heading| format!(" in {heading}")).unwrap_or_default();
        let example = example(self.form, &self.form.shape(field.schema));
        let advice = format!("add `{name} = {example}`: {}", description(field.schema));
        self.report(span, format!("missing key `{name}`{place}"), Some(advice));
    }

    fn count(
        &mut self,
        count: u64,
        least: Option<u64>,
        most: Option<u64>,
        span: Range<usize>,
        trail: &Trail<'_>,
    ) {
        let wanted = match (least, most) {
            (Some(least), Some(most)) if least == most => format!("exactly {least}"),
            (Some(least), _) if count < least => format!("at least {least}"),
            (_, Some(most)) if count > most => format!("at most {most}"),
            _ => return,
        };
        if least.is_some_and(|least| count < least) || most.is_some_and(|most| count > most) {
            let message = format!("`{}` must have {wanted} entries, not {count}", dotted(trail));
            self.report(Some(span), message, None);
        }
    }

    fn word(&mut self, words: &[(&str, &str)], text: &str, span: Range<usize>, trail: &Trail<'_>) {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        if !known.contains(&text) {
            let advice = match nearest(text, known.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("known values: {}", known.join(", ")),
            };
            let message = format!("unknown value \"{text}\" of `{}`", dotted(trail));
            self.report(Some(span), message, Some(advice));
        }
    }

    fn unit(&mut self, problem: Option<String>, span: Range<usize>, trail: &Trail<'_>) {
        if let Some(problem) = problem {
            let (what, advice) = match problem.split_once(": write ") {
                Some((what, advice)) => (what.to_owned(), Some(format!("write {advice}"))),
                None => (problem, None),
            };
            self.report(Some(span), format!("bad value of `{}`: {what}", dotted(trail)), advice);
        }
    }

    fn integer(
        &mut self,
        integer: &DeInteger<'_>,
        (least, most): (i64, i64),
        span: Range<usize>,
        trail: &Trail<'_>,
    ) {
        let value = i64::from_str_radix(integer.as_str(), integer.radix());
        if !value.is_ok_and(|value| (least..=most).contains(&value)) {
            let message =
                format!("`{}` must be a whole number from {least} to {most}", dotted(trail));
            self.report(Some(span), message, None);
        }
    }

    fn wrong_kind(&mut self, shape: &Shape<'_>, value: &Spanned<DeValue<'_>>, trail: &Trail<'_>) {
        let place = dotted(trail);
        let found = kind_name(value.get_ref());
        let name = trail.iter().rev().find_map(|step| *step).unwrap_or_default();
        let advice = match (shape, value.get_ref()) {
            (Shape::List { entries, .. }, DeValue::Table(_))
                if matches!(self.form.shape(entries), Shape::Table(_)) =>
            {
                format!("write `[[{name}]]`, once for each")
            }
            _ => format!("write it like this: `{name} = {}`", example(self.form, shape)),
        };
        let message = format!("`{place}` must be {}, not {found}", wanted(self.form, shape));
        self.report(Some(value.span()), message, Some(advice));
    }

    fn report(&mut self, span: Option<Range<usize>>, message: String, advice: Option<String>) {
        let start = span.as_ref().map(|span| span.start);
        let problem = LocatedProblem::new(self.source, span, message).advise(advice);
        self.problems.push((start, problem));
    }
}
