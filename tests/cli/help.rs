//! The help texts.

use crate::program::Program;

const VERBS: [&str; 12] = [
    "run",
    "sim",
    "hunt",
    "load",
    "serve",
    "plan",
    "report",
    "check",
    "new",
    "list",
    "schema",
    "completions",
];

#[test]
fn the_help_names_every_verb_and_the_exit_statuses() {
    let ended = Program::new().run(&["--help"]);
    assert_eq!(ended.status, 0);
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn every_verb_has_a_help_with_an_example() {
    for verb in VERBS {
        let ended = Program::new().run(&[verb, "--help"]);
        assert_eq!(ended.status, 0, "{verb}");
        assert!(ended.stdout.contains(&format!("  hubbub {verb}")), "{verb}: {}", ended.stdout);
    }
}

#[test]
fn the_help_of_sim_reads_well() {
    insta::assert_snapshot!(Program::new().run(&["sim", "--help"]).stdout);
}

#[test]
fn an_unknown_verb_is_refused_with_status_2() {
    let ended = Program::new().run(&["simulate"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("unrecognized subcommand"), "{}", ended.stderr);
}

#[test]
fn the_version_is_printed() {
    let ended = Program::new().run(&["--version"]);
    assert_eq!(ended.stdout.trim(), format!("hubbub {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = Program::new().run(&["completions", shell]);
        assert_eq!(ended.status, 0);
        assert!(ended.stdout.contains("hubbub"), "{shell}");
    }
}
