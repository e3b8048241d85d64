//! Every figure of the page can be traced to its place in the bundle.

#![allow(clippy::unwrap_used, reason = "a test stops where its sample is broken")]

mod support;

use std::{collections::BTreeMap, fs};

use hubbub_report::{Bundle, NOT_MEASURED, Part, Unit, render_html};
use serde_json::Value;
use support::{failing_parts, in_memory, passing_parts, write};

/// A figure as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    from: String,
    per: Option<String>,
    unit: String,
    text: String,
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(rest.split_once('"')?.0))
}

fn shown(html: &str) -> Vec<Shown> {
    let spans = html.split("<span class=\"figure").skip(1);
    let figure = |span: &str| {
        let (tag, rest) = span.split_once('>').unwrap();
        Shown {
            from: attribute(tag, "data-from").unwrap(),
            per: attribute(tag, "data-per"),
            unit: attribute(tag, "data-unit").unwrap(),
            text: unescape(rest.split_once("</span>").unwrap().0),
        }
    };
    spans.map(figure).collect()
}

/// Follows `load.json#/ledger/missing` in the files, independently of the report.
fn resolve<'a>(files: &'a BTreeMap<String, Value>, from: &str) -> Option<&'a Value> {
    let (file, pointer) = from.split_once('#').unwrap();
    files.get(file)?.pointer(pointer).filter(|value| !value.is_null())
}

fn expected(files: &BTreeMap<String, Value>, figure: &Shown) -> String {
    let unit = Unit::ALL.into_iter().find(|unit| unit.name() == figure.unit).unwrap();
    let value = resolve(files, &figure.from);
    let printed = match &figure.per {
        None => value.and_then(|value| unit.print(value)),
        Some(per) => {
            let (value, per) =
                (value.and_then(Value::as_f64), resolve(files, per).and_then(Value::as_f64));
            value.zip(per).map(|(value, per)| unit.print_number(value / per))
        }
    };
    printed.unwrap_or_else(|| NOT_MEASURED.to_owned())
}

#[test]
fn every_figure_is_what_stands_at_its_place_in_the_files() {
    for parts in [passing_parts(), failing_parts()] {
        let folder = tempfile::tempdir().unwrap();
        let page = write(folder.path(), &parts).write_reports().unwrap();
        let read = |part: Part| {
            let text = fs::read_to_string(folder.path().join(part.file())).unwrap();
            (part.file().to_owned(), serde_json::from_str(&text).unwrap())
        };
        let files: BTreeMap<String, Value> = Part::ALL.into_iter().map(read).collect();
        let figures = shown(&fs::read_to_string(page).unwrap());
        assert!(figures.len() > 500, "only {} figures", figures.len());
        for figure in &figures {
            assert_eq!(figure.text, expected(&files, figure), "{figure:?}");
        }
        for file in files.keys() {
            let count = figures.iter().filter(|figure| figure.from.starts_with(file)).count();
            assert!(count > 5, "{count} figures from {file}");
        }
    }
}

#[test]
fn a_figure_that_is_not_measured_is_null_and_not_a_field_of_another_name() {
    let parts = passing_parts();
    let figures = shown(&render_html(&in_memory(parts.clone())));
    for figure in figures.iter().filter(|figure| figure.text == NOT_MEASURED) {
        let (file, pointer) = figure.from.split_once('#').unwrap();
        let part = Part::ALL.into_iter().find(|part| part.file() == file).unwrap();
        let there = parts.get(&part).and_then(|value| value.pointer(pointer));
        // A calibration leaves out what it did not measure.
        let may_be_left_out = part == Part::Calibration;
        // The plan says it in words where a source would stand.
        let is_said = there.and_then(Value::as_str) == Some(NOT_MEASURED);
        assert!(
            there == Some(&Value::Null) || may_be_left_out || is_said,
            "nothing stands at {}",
            figure.from
        );
    }
}

/// Makes every number another one.
fn shift(value: &mut Value) {
    match value {
        Value::Number(number) => {
            *value = match number.as_u64() {
                Some(whole) => Value::from(whole * 3 + 1),
                None => Value::from(number.as_f64().unwrap() * 3.0 + 1.0),
            };
        }
        Value::Array(items) => items.iter_mut().for_each(shift),
        Value::Object(object) => object.values_mut().for_each(shift),
        _ => {}
    }
}

#[test]
fn changing_every_number_of_the_bundle_changes_every_figure_of_the_page() {
    let parts = failing_parts();
    let mut shifted = parts.clone();
    shifted.values_mut().for_each(shift);
    let texts = |parts| -> BTreeMap<(String, String), String> {
        let figures = shown(&render_html(&in_memory(parts))).into_iter();
        figures.map(|figure| ((figure.from, figure.unit), figure.text)).collect()
    };
    let (before, after) = (texts(parts), texts(shifted));
    let numbers = before.iter().filter(|((from, unit), text)| {
        unit != "text" && *text != NOT_MEASURED && !from.starts_with("manifest.json")
    });
    let mut changed = 0;
    for (place, text) in numbers {
        assert_ne!(Some(text), after.get(place), "{place:?}");
        changed += 1;
    }
    assert!(changed > 300, "only {changed} numbers");
}

#[test]
fn changing_one_figure_in_the_file_changes_it_on_the_page_alone() {
    let folder = tempfile::tempdir().unwrap();
    let writer = write(folder.path(), &passing_parts());
    let before = shown(&render_html(&Bundle::read(folder.path()).unwrap()));
    let path = folder.path().join("load.json");
    let mut load: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    load["ledger"]["duplicate"] = Value::from(31_337);
    fs::write(&path, load.to_string()).unwrap();
    let page = fs::read_to_string(writer.write_reports().unwrap()).unwrap();
    let after = shown(&page);
    let differing: Vec<_> =
        before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    assert_eq!(differing.len(), 1);
    assert_eq!(
        (differing[0].1.from.as_str(), differing[0].1.text.as_str()),
        ("load.json#/ledger/duplicate", "31,337")
    );
}

#[test]
fn every_number_cell_holds_a_figure() {
    let html = render_html(&in_memory(failing_parts()));
    let cells: Vec<&str> = html.split("<td class=\"number\">").skip(1).collect();
    assert!(cells.len() > 300);
    for cell in cells {
        let cell = cell.split_once("</td>").unwrap().0;
        assert!(cell.starts_with("<span class=\"figure"), "{cell}");
    }
}

#[test]
fn changing_a_curve_changes_its_plot() {
    let drawn = |parts| {
        let html = render_html(&in_memory(parts));
        html.split("<svg")
            .skip(1)
            .map(|rest| rest.split_once("</svg>").unwrap().0.to_owned())
            .collect::<Vec<_>>()
    };
    let parts = failing_parts();
    let before = drawn(parts.clone());
    // Two runs in detail, latency, demand.
    assert_eq!(before.len(), 4);
    let curves = [
        (0, Part::Sim, "/runs/0/series/applied/20"),
        (1, Part::Sim, "/runs/1/faults/0/until_s"),
        (2, Part::Load, "/latencies/delivery/all/buckets/250/up_to_ns"),
        (3, Part::Plan, "/day/12/deliveries_per_s"),
    ];
    for (plot, part, pointer) in curves {
        let mut changed = parts.clone();
        shift(changed.get_mut(&part).unwrap().pointer_mut(pointer).unwrap());
        let after = drawn(changed);
        for index in 0..before.len() {
            assert_eq!(before[index] != after[index], index == plot, "{pointer}: plot {index}");
        }
    }
}
