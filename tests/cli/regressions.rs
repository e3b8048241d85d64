//! What a hunt found once stays mended.

use hubbub_scenario::{Engine, Scenario};

use serde_json::Value;

use crate::program::{Program, library};

#[test]
fn every_regression_comes_out_as_its_file_says_on_each_engine_that_can() {
    let entries = std::fs::read_dir(library("regressions")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
    let files: Vec<String> = paths.filter(|path| path.ends_with(".toml")).collect();
    assert!(!files.is_empty());
    for file in files {
        let document = Scenario::read(&file).unwrap();
        let engines = [Engine::Fast, Engine::Full];
        for engine in engines.into_iter().filter(|it| document.check_engine(*it).is_ok()) {
            let engine = engine.to_string();
            let sim = ["sim", &file, "--engine", &engine, "--format", "json"];
            let ended = Program::new().run(&sim);
            assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
            // Where a fault does nothing, nothing is tested, whatever the file allows.
            let reports: Value = serde_json::from_str(&ended.stdout).unwrap();
            let runs = reports[0]["runs"].as_array().unwrap();
            let effects = runs.iter().flat_map(|run| run["faults"].as_array().unwrap());
            let affected: Vec<u64> =
                effects.map(|effect| effect["affected"].as_u64().unwrap()).collect();
            assert_eq!(affected.len(), runs.len() * document.scenario().faults.len());
            assert!(!affected.contains(&0), "{file} on the {engine} engine: {affected:?}");
        }
    }
}
