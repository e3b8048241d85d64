//! Every design that a claim shows to be wrong fails, in the way that the claim says.

use hubbub_scenario::Scenario;

use crate::program::{Ended, Program, library};

/// Ends with 0 as its file expects, and with 1 and all that was found when nothing is expected.
fn assert_fails(file: &str, variant: &str, expectation: &str, violations: &[&str]) {
    let run = |more: &[&str]| -> Ended {
        Program::new().run(&[&["sim", file, "--variant", variant], more].concat())
    };
    let expected = run(&[]);
    assert_eq!(expected.status, 0, "{}{}", expected.stdout, expected.stderr);
    let unexpected = run(&["--set", &format!("{expectation}=[]")]);
    assert_eq!(unexpected.status, 1, "{file}, {variant}: {}", unexpected.stderr);
    let came_out = format!("violations: wanted none, came out {}", violations.join(", "));
    assert!(unexpected.stdout.contains(&came_out), "{file}: {}", unexpected.stdout);
}

#[test]
fn every_naive_design_of_a_claim_fails() {
    let paths = std::fs::read_dir(library("claims")).unwrap().map(|entry| entry.unwrap().path());
    let mut naive = Vec::new();
    for path in paths.filter(|path| path.extension().is_some_and(|it| it == "toml")) {
        let (document, file) = (Scenario::read(&path).unwrap(), path.to_str().unwrap());
        for (index, variant) in document.variants().iter().enumerate() {
            let names = variant.expect.violations.iter().map(|name| name.as_str());
            let mut violations: Vec<&str> = names.collect();
            violations.sort_unstable();
            if violations.is_empty() {
                continue;
            }
            // The base comes first, and then the variants in the order of the file.
            let of = if index == 0 { String::new() } else { format!("variant.{}.", index - 1) };
            let expectation = format!("{of}expect.violations");
            assert_fails(file, &variant.name, &expectation, &violations);
            naive.push(format!("{}, {}", document.scenario().name, variant.name));
        }
    }
    assert!(naive.len() >= 11, "{naive:?}");
}
