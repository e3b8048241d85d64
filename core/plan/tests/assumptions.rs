//! Every parameter of the section is listed, with its mark and sources that exist.

use std::collections::BTreeSet;

use hubbub_plan::{Mark, assumptions, sources};
use hubbub_scenario::{Plan, Spread};

#[test]
fn every_parameter_but_the_policies_is_listed_once() {
    let listed: Vec<_> = assumptions(&Plan::default()).into_iter().map(|row| row.name).collect();
    let section = serde_json::to_value(Plan::default()).unwrap();
    let mut keys = BTreeSet::new();
    for (table, values) in section.as_object().unwrap() {
        keys.extend(values.as_object().unwrap().keys().map(|key| format!("{table}.{key}")));
    }
    keys.remove("connections.policy");
    keys.remove("presence.policy");
    assert_eq!(listed.len(), keys.len());
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), keys);
}

#[test]
fn every_source_code_is_explained() {
    let known: BTreeSet<_> = sources().into_iter().map(|source| source.code).collect();
    for row in assumptions(&Plan::default()) {
        let codes = row.source.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
            word.starts_with('S') && word.len() > 1 && word[1..].chars().all(|c| c.is_ascii_digit())
        });
        for code in codes {
            assert!(known.contains(code), "{} names {code}", row.name);
        }
    }
}

#[test]
fn a_published_value_names_its_source() {
    for row in assumptions(&Plan::default()) {
        let cites = row.source.contains('S');
        assert!(cites || matches!(row.mark, Mark::Assumption | Mark::Given), "{row:?}");
    }
}

#[test]
fn what_the_scenario_file_changes_is_marked_as_given() {
    let mut section = Plan::default();
    section.storage.row_bytes = Spread::fixed(500.0);
    section.reliability.zones = 4;
    for row in assumptions(&section) {
        let changed = ["storage.row_bytes", "reliability.zones"].contains(&row.name.as_str());
        assert_eq!(row.source == "scenario file", changed, "{row:?}");
        assert!(!changed || (row.mark == Mark::Given && row.mark.letter() == 'G'));
    }
}
