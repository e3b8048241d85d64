//! What a hunt found once stays mended.

use hubbub_scenario::{Engine, Scenario};

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
            let ended = Program::new().run(&["sim", &file, "--engine", &engine.to_string()]);
            assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
        }
    }
}
