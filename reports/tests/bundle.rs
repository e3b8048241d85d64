//! A bundle is written whole, read with clear errors, and never mixes two runs.

#![allow(clippy::unwrap_used, reason = "a test stops where its sample is broken")]

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use hubbub_report::{Bundle, BundleError, BundleWriter, Part};
use serde_json::json;
use support::{SCENARIO, failing_parts, manifest, passing_parts, write};

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

#[test]
fn what_was_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let parts = passing_parts();
    write(folder.path(), &parts);
    let bundle = Bundle::read(folder.path()).unwrap();
    assert_eq!(bundle.manifest(), &manifest());
    assert_eq!(bundle.scenario(), SCENARIO);
    assert_eq!(bundle.histories(), ["history/naive-7.jsonl"]);
    for (part, value) in &parts {
        // Numbers may lose their last bit on the way through text, so both take that way.
        let value: serde_json::Value = serde_json::from_str(&value.to_string()).unwrap();
        assert!(bundle.document(*part) == Some(&value), "{part:?}");
    }
    let history = fs::File::open(folder.path().join("history/naive-7.jsonl")).unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(history)).count();
    assert_eq!(lines, support::failing_history().events().len());
}

#[test]
fn a_bundle_holds_its_parts_and_reports_and_nothing_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &passing_parts()).write_reports().unwrap();
    let expected = [
        "calibration.json",
        "claim.json",
        "histograms/load.hlog",
        "history/naive-7.jsonl",
        "load.json",
        "manifest.json",
        "plan.json",
        "probe.json",
        "report.html",
        "report.json",
        "report.md",
        "scenario.toml",
        "sim.json",
    ];
    assert_eq!(files(folder.path()), expected);
}

#[test]
fn a_new_run_in_the_same_folder_leaves_nothing_of_the_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &passing_parts()).write_reports().unwrap();
    BundleWriter::begin(folder.path(), &manifest(), SCENARIO).unwrap();
    assert_eq!(files(folder.path()), ["manifest.json", "scenario.toml"]);
}

#[test]
fn the_folder_is_made_when_writing_begins() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("out/partition-7");
    assert!(BundleWriter::resume(&nested).is_err());
    assert!(!nested.exists());
    BundleWriter::begin(&nested, &manifest(), SCENARIO).unwrap();
    assert!(Bundle::read(&nested).is_ok());
}

#[test]
fn a_folder_with_other_files_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    let error = BundleWriter::begin(folder.path(), &manifest(), SCENARIO).unwrap_err();
    assert!(
        error.to_string().contains("`thesis.txt`; choose another folder with --out"),
        "{error}"
    );
    assert_eq!(files(folder.path()), ["thesis.txt"]);
}

#[test]
fn a_folder_without_a_manifest_is_no_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let error = Bundle::read(&folder.path().join("nowhere")).unwrap_err();
    assert!(matches!(error, BundleError::NotABundle { .. }));
    assert!(error.to_string().ends_with("give the folder that a run printed"), "{error}");
}

#[test]
fn a_damaged_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &passing_parts());
    fs::write(folder.path().join("load.json"), "{\n  \"ledger\": {,\n").unwrap();
    let error = Bundle::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("load.json is damaged") && error.contains("line 2"), "{error}");
}

#[test]
fn a_simulation_of_another_form_is_damaged() {
    let mut parts = failing_parts();
    let sim = parts.get_mut(&Part::Sim).unwrap();
    sim["runs"][0]["sends"] = json!("many");
    let error = Bundle::in_memory(manifest(), SCENARIO.to_owned(), parts).unwrap_err().to_string();
    assert!(error.starts_with("sim.json is damaged: invalid type: string \"many\""), "{error}");
}

#[test]
fn a_newer_bundle_is_refused_whatever_else_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &BTreeMap::new());
    fs::write(folder.path().join("manifest.json"), "{\"version\": 9, \"new\": true}").unwrap();
    let error = Bundle::read(folder.path()).unwrap_err();
    assert!(matches!(error, BundleError::Version { found: 9, .. }), "{error}");
}

#[test]
fn a_history_cannot_leave_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let writer = write(folder.path(), &BTreeMap::new());
    for name in ["", "..", "../outside", "a/b", ".hidden", "with space"] {
        let error = writer.write_history(name, &support::failing_history()).unwrap_err();
        assert!(matches!(error, BundleError::Name { .. }), "{name:?}: {error}");
    }
}
