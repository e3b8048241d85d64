//! Lists, schema and templates.

use crate::program::{Program, library};

#[test]
fn the_library_is_listed_with_what_each_file_asks_for() {
    let program = Program::new();
    let ended = program.run(&["list", "scenarios", &library("")]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    for name in
        ["quickstart.toml  (sim, load, plan)", "load-2000.toml  (load)", "variants hardened"]
    {
        assert!(ended.stdout.contains(name), "{name}: {}", ended.stdout);
    }
}

#[test]
fn faults_checkers_knobs_and_situations_are_listed() {
    let program = Program::new();
    let list = |what| program.run(&["list", what]).stdout;
    assert!(list("faults").contains("power-loss"));
    assert!(list("checkers").contains("accepted-lost"));
    assert!(list("knobs").contains("resync_interval = \"15s\""));
    assert!(list("situations").contains("lease-lost\n    A holder learnt"));
}

#[test]
fn a_folder_without_scenarios_is_refused() {
    let ended = Program::new().run(&["list", "scenarios", "."]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("no scenario file"), "{}", ended.stderr);
}

#[test]
fn a_new_file_runs_as_it_is() {
    let program = Program::new();
    let new = program.run(&["new", "tunnel"]);
    assert_eq!(new.status, 0);
    program.write("tunnel.toml", &new.stdout);
    let ended = program.run(&["sim", "tunnel.toml", "--engine", "fast"]);
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_name_that_is_none_is_refused() {
    let ended = Program::new().run(&["new", "My Design"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("lower-case"), "{}", ended.stderr);
}

#[test]
fn the_schema_is_json_and_a_page() {
    let program = Program::new();
    let schema: serde_json::Value = serde_json::from_str(&program.run(&["schema"]).stdout).unwrap();
    assert!(schema["properties"]["workload"].is_object());
    assert!(program.run(&["schema", "--markdown"]).stdout.contains("## `[workload]`"));
}
