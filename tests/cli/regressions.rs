//! What a hunt found once stays mended.

use crate::program::{Program, library};

#[test]
fn every_regression_comes_out_as_its_file_says() {
    let entries = std::fs::read_dir(library("regressions")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
    let files: Vec<String> = paths.filter(|path| path.ends_with(".toml")).collect();
    assert!(!files.is_empty());
    for file in files {
        let ended = Program::new().run(&["sim", &file]);
        assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    }
}
