//! The reference says what the types say, and the committed pages are up to date.

use std::fs;
use std::path::Path;

use hubbub_chat::Design;
use hubbub_scenario::{
    Engine, FaultKind, Scenario, faults, figures, knobs, schema_json, schema_markdown, template,
};

fn assert_up_to_date(page: &str, expected: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let found = fs::read_to_string(path).unwrap_or_default();
    let differing = found.lines().zip(expected.lines()).position(|(found, wanted)| found != wanted);
    assert!(
        found == expected,
        "docs/{page} is out of date (first in line {}): run `cargo run -- {command} > docs/{page}`",
        differing.unwrap_or_else(|| found.lines().count().min(expected.lines().count())) + 1,
    );
}

#[test]
fn the_page_on_scenarios_is_up_to_date() {
    assert_up_to_date("scenario.md", &schema_markdown(), "schema --markdown");
}

#[test]
fn the_schema_for_editors_is_up_to_date() {
    assert_up_to_date("scenario.schema.json", &schema_json(), "schema");
}

#[test]
fn a_knob_is_listed_with_the_default_of_the_type() {
    let knobs = knobs();
    let table = toml::Table::try_from(Design::default()).unwrap();
    assert_eq!(knobs.len(), table.len());
    for knob in &knobs {
        let default: toml::Table = toml::from_str(&format!("value = {}", knob.default)).unwrap();
        assert_eq!(default["value"], table[&knob.name], "{}", knob.name);
        assert_ne!(knob.description, "", "{}", knob.name);
    }
    let accept = knobs.iter().find(|knob| knob.name == "accept").unwrap();
    assert_eq!(accept.takes, "`\"after-append\"`, `\"on-receipt\"`");
}

#[test]
fn every_kind_of_fault_is_listed_with_what_it_does() {
    let faults = faults();
    assert_eq!(faults.len(), FaultKind::ALL.len());
    for fault in faults {
        assert_ne!(fault.description, "", "{}", fault.kind);
        assert!(fault.engines.contains(&Engine::Fast), "{}", fault.kind);
        let in_full = fault.kind.in_full().is_some();
        assert_eq!(fault.engines.contains(&Engine::Full), in_full, "{}", fault.kind);
    }
}

#[test]
fn every_figure_is_listed_on_the_page_and_in_the_schema() {
    let page = schema_markdown();
    let schema: serde_json::Value = serde_json::from_str(&schema_json()).unwrap();
    let words = schema["$defs"]["Figure"]["oneOf"].as_array().unwrap();
    assert_eq!(words.len(), figures().count());
    for (entry, word) in figures().zip(words) {
        let name = entry.figure.name();
        assert_eq!(word["const"], name);
        let described = word["description"].as_str().unwrap().split_whitespace();
        assert!(described.eq(entry.description.split_whitespace()), "{name}");
        let row = format!("\n| `{name}` | {} | {} |", entry.unit, entry.description);
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn the_page_has_a_row_for_every_key_of_the_template() {
    let page = schema_markdown();
    let table: toml::Table = toml::from_str(&template("x").unwrap()).unwrap();
    for (section, value) in &table {
        let keys = match value {
            toml::Value::Table(table) => table.keys().collect(),
            _ => Vec::new(),
        };
        for key in keys.into_iter().chain([section]) {
            assert!(page.contains(&format!("\n| `{key}` |")), "{section}: {key}");
        }
    }
}

#[test]
fn the_template_can_run_and_has_every_section() {
    let text = template("my-own").unwrap();
    let document = Scenario::parse("my-own.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(document.scenario().name, "my-own");
    let schema: serde_json::Value = serde_json::from_str(&schema_json()).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let sections: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(table.keys().collect::<Vec<_>>(), sections);
}

#[test]
fn a_template_needs_a_name_that_fits_a_folder() {
    let error = template("../evil").unwrap_err();
    insta::assert_snapshot!(error, @r"
    error: `../evil` is no name
      --> ../evil
       = use lower-case letters, digits and single dashes, such as `lost-store`; 60 characters at most
    ");
}
