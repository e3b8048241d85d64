//! The files of the library run, and a folder's files are listed whether they run or not.

use std::fs;
use std::path::{Path, PathBuf};

use hubbub_scenario::{Kind, Listed, Scenario, list};

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

#[test]
fn every_scenario_of_the_library_can_run() {
    let listed = list(library()).unwrap();
    for Listed { path, summary } in &listed {
        match summary {
            Ok(summary) => {
                let stem = path.file_stem().unwrap().to_str().unwrap();
                assert_eq!(summary.name, stem, "a scenario has the name of its file");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(listed.len() >= 6, "{} files", listed.len());
}

#[test]
fn every_scenario_of_the_library_survives_being_written() {
    for Listed { path, .. } in list(library()).unwrap() {
        let document = Scenario::read(&path).unwrap();
        let written = document.scenario().to_toml().unwrap();
        let again = Scenario::parse("written.toml", &written).unwrap();
        assert_eq!(again.scenario(), document.scenario(), "{}", path.display());
    }
}

#[test]
fn every_scenario_of_the_library_survives_being_written_in_brief() {
    for Listed { path, .. } in list(library()).unwrap() {
        let document = Scenario::read(&path).unwrap();
        let brief = document.scenario().to_brief_toml().unwrap();
        let again = Scenario::parse("brief.toml", &brief).unwrap();
        assert_eq!(again.scenario(), document.scenario(), "{}: {brief}", path.display());
        // Variants are as brief as they were.
        let scenario = document.scenario();
        if scenario.kinds() == [Kind::Simulate] && scenario.variants.is_empty() {
            let whole = document.scenario().to_toml().unwrap();
            assert!(brief.len() < whole.len() * 3 / 4, "{}: {brief}", path.display());
        }
    }
}

#[test]
fn every_scenario_of_the_library_names_the_schema() {
    for Listed { path, .. } in list(library()).unwrap() {
        let text = fs::read_to_string(&path).unwrap();
        let reference = text.lines().next().unwrap().strip_prefix("#:schema ").unwrap();
        let schema = path.parent().unwrap().join(reference);
        assert!(schema.is_file(), "{} names {}", path.display(), schema.display());
    }
}

#[test]
fn the_quickstart_simulates_measures_and_plans() {
    let document = Scenario::read(library().join("quickstart.toml")).unwrap();
    assert_eq!(document.scenario().kinds(), [Kind::Simulate, Kind::Measure, Kind::Plan]);
}

#[test]
fn a_folder_is_listed_by_path_with_its_broken_files() {
    let folder = std::env::temp_dir().join(format!("hubbub-list-{}", std::process::id()));
    fs::create_dir_all(folder.join("b")).unwrap();
    let right = "version = 1\nname = \"right\"\nsummary = \"Right.\"\n[plan]\n";
    fs::write(folder.join("c.toml"), right).unwrap();
    fs::write(folder.join("b/inner.toml"), right).unwrap();
    fs::write(folder.join("a.toml"), "version = 1\n").unwrap();
    fs::write(folder.join("notes.md"), "no scenario").unwrap();
    let listed = list(&folder).unwrap();
    fs::remove_dir_all(&folder).unwrap();

    let names: Vec<_> = listed
        .iter()
        .map(|listed| {
            let path = listed.path.strip_prefix(&folder).unwrap().display().to_string();
            (path, listed.summary.as_ref().map(|summary| summary.name.as_str()).ok())
        })
        .collect();
    let expected = [("a.toml", None), ("b/inner.toml", Some("right")), ("c.toml", Some("right"))];
    assert_eq!(names, expected.map(|(path, name)| (path.to_owned(), name)));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = list("no/such/folder").unwrap_err().to_string();
    assert!(error.contains("--> no/such/folder"), "{error}");
}
