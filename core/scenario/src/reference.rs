//! The reference of the form, out of the types: nothing here is written by hand twice.

mod sections;

use std::collections::BTreeMap;
use std::fmt::Write;

use hubbub_chat::situation::Situation;
use serde_json::Value;

use crate::form::{Field, Form, Shape, description};
use crate::{Engine, FaultKind, Figure};
use sections::{Section, sections};

/// A design knob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knob {
    /// Its key in `[design]`.
    pub name: String,
    /// The hardened value, as TOML.
    pub default: String,
    /// What it takes: a duration, a whole number, or words.
    pub takes: String,
    /// What it does.
    pub description: String,
}

/// A kind of fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultEntry {
    /// The kind.
    pub kind: FaultKind,
    /// What it does, and in brackets what it needs.
    pub description: String,
    /// The engines that can do it.
    pub engines: &'static [Engine],
}

/// A figure that runs yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigureEntry {
    /// The figure.
    pub figure: Figure,
    /// What it is.
    pub description: &'static str,
    /// What it is counted in; empty for a share and for a plain number.
    pub unit: &'static str,
}

/// The JSON schema of a scenario file, for editors.
#[must_use]
pub fn schema_json() -> String {
    format!("{:#}\n", Form::new().json())
}

/// The reference of a scenario file, in Markdown.
#[must_use]
pub fn schema_markdown() -> String {
    let form = Form::new();
    let sections = sections(&form);
    let mut page = String::from(PREFACE);
    for section in &sections.in_order {
        push_section(&mut page, &form, section, &sections.of_types);
    }
    push_faults(&mut page);
    push_situations(&mut page);
    push_figures(&mut page);
    page
}

/// Every design knob, by name.
#[must_use]
pub fn knobs() -> Vec<Knob> {
    let form = Form::new();
    let Shape::Table(fields) = form.shape(form.named("Design")) else { return Vec::new() };
    let knob = |field: Field<'_>| Knob {
        name: field.name.into(),
        default: default(field.schema).unwrap_or_default(),
        takes: takes(&form, &form.shape(field.schema)),
        description: description(field.schema),
    };
    fields.all().into_iter().map(knob).collect()
}

/// Every kind of fault, in the order of the type.
#[must_use]
pub fn faults() -> Vec<FaultEntry> {
    let form = Form::new();
    let Shape::Word(words) = form.shape(form.named(FAULT_KIND)) else { return Vec::new() };
    let described = |kind: FaultKind| {
        let meaning = words.iter().find(|(word, _)| *word == kind.as_str());
        let description = one_line(meaning.map_or("", |(_, meaning)| meaning));
        FaultEntry { kind, description, engines: kind.engines() }
    };
    FaultKind::ALL.iter().copied().map(described).collect()
}

/// Every figure, in the order in which reports show them.
pub fn figures() -> impl Iterator<Item = FigureEntry> {
    Figure::ALL.iter().map(|figure| FigureEntry {
        figure: *figure,
        description: figure.doc(),
        unit: figure.unit(),
    })
}

/// The types that have a section of their own at the end of the page.
const FAULT_KIND: &str = "FaultKind";
const FIGURE: &str = "Figure";
const SITUATION: &str = "Situation";

const FAULTS_PREFACE: &str = "
## Faults

The kinds of `[[fault]]`: the keys of which one says what a fault strikes (a `host`, a `region` and
`users` mean these against all others), the key without which the kind makes no sense, what each
engine does, and what a fault counts as its effect. One that counts nothing fails the run, unless
`faults_may_miss` in `[expect]` says otherwise.
";

const SITUATIONS_PREFACE: &str = "
## Situations

What `reach` in `[hunt]` names. A machine marks a situation as it passes through it, and a run has
those that any of its machines marked; the full engine sees only some of them. `hubbub sim --format
json` names those of each run.
";

const FAULT_COLUMNS: [&str; 7] =
    ["kind", "what it does", "strikes", "needs", "fast engine", "full engine", "counts"];

const PREFACE: &str = "\
# Scenario files

<!-- Generated: `cargo run -- schema --markdown > docs/scenario.md` -->

A scenario is a TOML file. It describes a deployment, a design, a workload, faults and
expectations. `hubbub new NAME` writes a commented one to start from, and the folder `scenarios/`
holds ready ones. A key that is not on this page is refused.

Durations are text with a unit: `\"250ms\"`, `\"5s\"`, `\"2min\"`, `\"1h 30min\"`; where they have a sign,
a minus stands before: `\"-500ms\"`. Rates are text with a unit of time: `\"1000/s\"`, `\"6/min\"`,
`\"20/h\"`, `\"3/day\"`. A share of the users is text with a percent sign: `\"10%\"`.

Any key can be overridden on the command line: `--set design.heartbeat=10s`. Entries of lists are
counted from 0 there: `--set fault.0.for=2s`.
";

fn push_section(
    page: &mut String,
    form: &Form,
    section: &Section<'_>,
    of_types: &BTreeMap<&str, String>,
) {
    let title = match section.name.as_str() {
        "" => "Top of the file".to_owned(),
        name => format!("`{}`", heading(name, section.repeated)),
    };
    let mut rows = String::new();
    let mut words: Vec<WordTable<'_>> = Vec::new();
    for field in section.fields.all() {
        let shape = form.shape(field.schema);
        let table = table_reference(form, field.schema, of_types);
        let default = match default(field.schema) {
            _ if field.required => "required".into(),
            Some(default) => code(&default),
            None if table.is_some() => String::new(),
            None => "none".into(),
        };
        let takes = table
            .or_else(|| figure_reference(form, field.schema))
            .unwrap_or_else(|| takes(form, &shape));
        push(&mut rows, &[&code(field.name), &takes, &default, &description(field.schema)]);
        let explained = word_table(form, field)
            .filter(|table| ![FAULT_KIND, FIGURE, SITUATION].contains(&table.type_name));
        match explained
            .map(|new| (words.iter_mut().find(|old| old.type_name == new.type_name), new))
        {
            Some((Some(old), new)) => old.keys.extend(new.keys),
            Some((None, new)) => words.push(new),
            None => {}
        }
    }
    push_table(
        page,
        &format!("\n## {title}\n\n{}\n", section.description),
        &["key", "takes", "default", "meaning"],
        &rows,
    );
    for table in words {
        table.push_to(page);
    }
}

/// "table, see …" where a key holds a table or a list of them.
fn table_reference(
    form: &Form,
    schema: &Value,
    of_types: &BTreeMap<&str, String>,
) -> Option<String> {
    let (schema, what) = match form.shape(schema) {
        Shape::List { entries, .. } => (entries, "tables"),
        _ => (schema, "table"),
    };
    let heading = of_types.get(form.type_name(schema)?)?;
    Some(format!("{what}, see `{heading}`"))
}

/// Where a key holds a figure or a list of them: they are too many for one cell.
fn figure_reference(form: &Form, schema: &Value) -> Option<String> {
    let (schema, what) = match form.shape(schema) {
        Shape::List { entries, .. } => (entries, "figures"),
        _ => (schema, "figure"),
    };
    (form.type_name(schema)? == FIGURE).then(|| format!("{what}, see Figures"))
}

/// What the words mean that some keys take.
struct WordTable<'a> {
    type_name: &'a str,
    keys: Vec<&'a str>,
    words: Vec<(&'a str, &'a str)>,
}

impl WordTable<'_> {
    fn push_to(&self, page: &mut String) {
        let mut rows = String::new();
        for (word, meaning) in &self.words {
            push(&mut rows, &[&code(&format!("\"{word}\"")), &one_line(meaning)]);
        }
        let keys: Vec<String> = self.keys.iter().map(|key| code(key)).collect();
        push_table(page, "", &[&keys.join(", "), "meaning"], &rows);
    }
}

fn word_table<'a>(form: &'a Form, field: Field<'a>) -> Option<WordTable<'a>> {
    let schema = match form.shape(field.schema) {
        Shape::List { entries, .. } => entries,
        _ => field.schema,
    };
    let Shape::Word(words) = form.shape(schema) else { return None };
    let type_name = form.type_name(schema).unwrap_or(field.name);
    Some(WordTable { type_name, keys: vec![field.name], words })
}

fn push_faults(page: &mut String) {
    let mut rows = String::new();
    for fault in faults() {
        let kind = fault.kind;
        let aims: Vec<String> = kind.targets().iter().map(|target| code(target.key())).collect();
        let cells = [
            &code(kind.as_str()),
            &fault.description,
            &aims.join(", "),
            &kind.parameter().key().map(code).unwrap_or_default(),
            kind.in_fast(),
            kind.in_full().unwrap_or("cannot"),
            kind.counts(),
        ];
        push(&mut rows, &cells);
    }
    push_table(page, FAULTS_PREFACE, &FAULT_COLUMNS, &rows);
}

fn push_situations(page: &mut String) {
    let mut rows = String::new();
    for situation in Situation::ALL {
        push(&mut rows, &[&code(situation.as_str()), situation.doc()]);
    }
    push_table(page, SITUATIONS_PREFACE, &["situation", "what happened"], &rows);
}

fn push_figures(page: &mut String) {
    let mut rows = String::new();
    for figure in figures() {
        push(&mut rows, &[&code(figure.figure.name()), figure.unit, figure.description]);
    }
    push_table(
        page,
        "\n## Figures\n\nWhat `figures` in `[expect]` bounds and a `[claim]` compares. A share has no unit.\n",
        &["figure", "unit", "what it is"],
        &rows,
    );
}

fn push_table(page: &mut String, before: &str, columns: &[&str], rows: &str) {
    page.push_str(before);
    page.push('\n');
    push(page, columns);
    push(page, &vec!["---"; columns.len()]);
    page.push_str(rows);
}

fn push(rows: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(rows, "| {} |", cells.join(" | "));
}

/// What a key takes, in words.
fn takes(form: &Form, shape: &Shape<'_>) -> String {
    match shape {
        Shape::Table(fields) => match fields.free() {
            Some(schema) => format!("table: {}", takes(form, &form.shape(schema))),
            None => "table".into(),
        },
        Shape::Changes => "table of dotted keys".into(),
        Shape::Alternatives => "table of dotted keys, each with a list of values".into(),
        Shape::List { entries, least, most } => {
            let entries = match form.shape(entries) {
                Shape::Word(_) => "words".into(),
                shape => takes(form, &shape),
            };
            match least {
                Some(count) if least == most => format!("list of {count}: {entries}"),
                _ => format!("list: {entries}"),
            }
        }
        Shape::Word(words) => {
            let words: Vec<String> =
                words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
            words.join(", ")
        }
        Shape::Duration => "duration".into(),
        Shape::Rate => "rate".into(),
        Shape::Offset => "duration with a sign".into(),
        Shape::Percent => "share of the users".into(),
        Shape::Text => "text".into(),
        Shape::Integer { .. } => "whole number".into(),
        Shape::Number => "number".into(),
        Shape::Truth => "true or false".into(),
        Shape::Choice(choices) => {
            let choices = choices.iter().map(|choice| takes(form, &form.shape(choice)));
            choices.collect::<Vec<_>>().join(" or ")
        }
        Shape::Other => "anything".into(),
    }
}

/// The default as TOML; nothing where there is none, or where it is a whole table.
fn default(schema: &Value) -> Option<String> {
    schema.get("default").filter(|value| !value.is_object()).map(toml_text)
}

fn toml_text(value: &Value) -> String {
    match value {
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(toml_text).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::Number(number) => match number.as_f64() {
            Some(whole) if number.is_f64() && whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

fn heading(name: &str, repeated: bool) -> String {
    if repeated { format!("[[{name}]]") } else { format!("[{name}]") }
}

fn dotted(table: &str, key: &str) -> String {
    if table.is_empty() { key.into() } else { format!("{table}.{key}") }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
