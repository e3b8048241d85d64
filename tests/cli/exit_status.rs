//! What the program says and how it ends, by what came out.

use serde_json::Value;

use crate::program::{Program, SMALL, library};

#[test]
fn a_scenario_whose_expectations_are_met_ends_with_0() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    for engine in ["fast", "full"] {
        let ended = program.run(&["sim", "small.toml", "--engine", engine, "--seeds", "1..2"]);
        assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("PASS"), "{}", ended.stdout);
    }
    assert_eq!(program.names(), ["small.toml"]);
}

#[test]
fn the_expected_loss_of_a_naive_design_ends_with_0() {
    let file = library("claims/accept-on-receipt.toml");
    for engine in ["fast", "full"] {
        let ended = Program::new().run(&["sim", &file, "--engine", engine]);
        assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn the_same_loss_unexpected_ends_with_1_and_names_everything() {
    let file = library("claims/accept-on-receipt.toml");
    let ended = Program::new().run(&["sim", &file, "--set", "expect.violations=[]"]);
    assert_eq!(ended.status, 1);
    for part in [
        "accepted-lost",
        "had it     nobody",
        "did not    devices",
        "partition of chat-1 and store",
        "reproduce  hubbub sim",
        "--seed 1",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
}

#[test]
fn the_command_of_a_failure_makes_it_again() {
    let program = Program::new();
    let file = library("claims/accept-on-receipt.toml");
    let ended = program.run(&["sim", &file, "--set", "expect.violations=[]"]);
    let line = ended.stdout.lines().find_map(|line| line.trim().strip_prefix("reproduce  hubbub "));
    let words: Vec<&str> = line.unwrap().split(' ').map(|word| word.trim_matches('\'')).collect();
    let again = program.run(&words);
    assert_eq!(again.status, 1);
    let first =
        |text: &str| text.lines().find(|line| line.contains("is in no log")).map(str::to_owned);
    assert_eq!(first(&again.stdout), first(&ended.stdout));
}

#[test]
fn a_violation_that_is_expected_and_does_not_come_ends_with_1() {
    let program = Program::new();
    program.write("small.toml", format!("{SMALL}[expect]\nviolations = [\"duplicated\"]\n"));
    let ended = program.run(&["sim", "small.toml", "--engine", "fast"]);
    assert_eq!(ended.status, 1);
    assert!(ended.stdout.contains("wanted duplicated, came out none"), "{}", ended.stdout);
}

#[test]
fn a_fault_without_effect_ends_with_1_unless_it_may_miss() {
    let program = Program::new();
    // Nothing is sent while users are silent, but heartbeats are: so strike between the stores of
    // two chat servers' hosts that never talk, the two device hosts.
    let text = SMALL.replace("[[\"chat-1\"], [\"store\"]]", "[[\"devices-1\"], [\"devices-2\"]]");
    program.write("idle.toml", &text);
    let ended = program.run(&["sim", "idle.toml", "--engine", "fast"]);
    assert_eq!(ended.status, 1);
    assert!(ended.stdout.contains("faults without effect"), "{}", ended.stdout);
    program.write("idle.toml", format!("{text}[expect]\nfaults_may_miss = true\n"));
    assert_eq!(program.run(&["sim", "idle.toml", "--engine", "fast"]).status, 0);
}

#[test]
fn json_is_an_array_with_an_object_per_file() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let ended = program.run(&["sim", "small.toml", "small.toml", "--format", "json"]);
    let reports: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(reports.as_array().unwrap().len(), 2);
    assert_eq!(reports[0]["verdict"], "pass");
    assert_eq!(reports[0]["runs"][0]["seed"], 1);
}

#[test]
fn junit_and_github_say_what_failed() {
    let file = library("claims/accept-on-receipt.toml");
    let run = |format| {
        let set = "expect.violations=[]";
        Program::new().run(&["sim", &file, "--engine", "fast", "--set", set, "--format", format])
    };
    let junit = run("junit");
    assert!(junit.stdout.starts_with("<?xml"), "{}", junit.stdout);
    assert!(junit.stdout.contains("<failure"), "{}", junit.stdout);
    let github = run("github");
    assert!(github.stdout.contains("::error file="), "{}", github.stdout);
}
