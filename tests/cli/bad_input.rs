//! Bad input: status 2, the place shown, nothing written.

use crate::program::{Ended, Program, SMALL, library};

fn sim(text: impl AsRef<[u8]>) -> (Program, Ended) {
    let program = Program::new();
    program.write("bad.toml", text);
    let ended = program.run(&["run", "bad.toml"]);
    assert_eq!(program.names(), ["bad.toml"], "something was written");
    assert_eq!(ended.status, 2, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    (program, ended)
}

#[test]
fn a_misspelt_key_is_shown_with_the_nearest_one() {
    let (_, ended) = sim(SMALL.replace("devices_per_user", "devices_per_usr"));
    insta::assert_snapshot!(ended.stderr, @r#"
    error: unknown key `devices_per_usr` in [workload]
     --> bad.toml:7:1
      |
    7 | devices_per_usr = 2
      | ^^^^^^^^^^^^^^^
      = did you mean `devices_per_user`?
    "#);
}

#[test]
fn a_negative_duration_is_shown() {
    let (_, ended) = sim(SMALL.replace("for = \"5s\"", "for = \"-5s\""));
    assert!(ended.stderr.contains("bad.toml:13:7"), "{}", ended.stderr);
    assert!(ended.stderr.contains("for = \"-5s\""), "{}", ended.stderr);
}

#[test]
fn a_fault_on_an_unknown_host_is_shown_with_the_hosts_there_are() {
    let (_, ended) = sim(SMALL.replace("[\"chat-1\"]", "[\"chat-9\"]"));
    assert!(ended.stderr.contains("chat-9"), "{}", ended.stderr);
    assert!(ended.stderr.contains("chat-3"), "{}", ended.stderr);
    assert!(ended.stderr.contains("bad.toml:15:"), "{}", ended.stderr);
}

#[test]
fn a_binary_file_is_refused_with_its_place() {
    let (_, ended) = sim([0x7f, b'E', b'L', b'F', 0xff, 0xfe, 0x00]);
    assert!(ended.stderr.contains("bad.toml"), "{}", ended.stderr);
    assert!(ended.stderr.contains("byte"), "{}", ended.stderr);
}

#[test]
fn a_missing_file_is_named() {
    let ended = Program::new().run(&["sim", "nowhere.toml"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("nowhere.toml"), "{}", ended.stderr);
}

#[test]
fn sim_refuses_a_file_with_nothing_to_simulate() {
    let program = Program::new();
    let ended = program.run(&["sim", &library("load-2000.toml")]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("nothing to simulate"), "{}", ended.stderr);
    assert!(program.names().is_empty());
}

#[test]
fn load_and_plan_refuse_a_file_that_asks_for_neither() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    for verb in ["load", "plan"] {
        let ended = program.run(&[verb, "small.toml"]);
        assert_eq!(ended.status, 2, "{verb}");
        assert!(ended.stderr.contains("nothing to"), "{verb}: {}", ended.stderr);
    }
    assert_eq!(program.names(), ["small.toml"]);
}

#[test]
fn a_bad_override_is_refused() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let ended = program.run(&["sim", "small.toml", "--set", "design.heartbeet=1s"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("heartbeat"), "{}", ended.stderr);
}

#[test]
fn an_unknown_variant_is_refused_with_those_there_are() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let serve = ["serve", "--scenario", "small.toml", "--variant", "other"];
    for words in [&["sim", "small.toml", "--variant", "other"][..], &serve] {
        let ended = program.run(words);
        assert_eq!(ended.status, 2);
        assert!(ended.stderr.contains("it has base"), "{}", ended.stderr);
    }
    assert_eq!(program.names(), ["small.toml"]);
}

#[test]
fn a_variant_that_can_only_be_simulated_is_not_served() {
    let program = Program::new();
    let variant = "[[variant]]\nname = \"naive\"\ndesign = { fanout = \"shared-queue\" }\n";
    program.write("small.toml", format!("{SMALL}{variant}"));
    let ended = program.run(&["serve", "--scenario", "small.toml", "--variant", "naive"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("is for simulation only"), "{}", ended.stderr);
    assert_eq!(program.names(), ["small.toml"]);
}

#[test]
fn a_trace_of_several_runs_is_refused() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let ended = program.run(&["sim", "small.toml", "--seeds", "1..3", "--trace", "t"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("exactly one run"), "{}", ended.stderr);
    assert_eq!(program.names(), ["small.toml"]);
}

#[test]
fn a_folder_that_is_no_bundle_is_refused() {
    let program = Program::new();
    let ended = program.run(&["report", "."]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("bundle"), "{}", ended.stderr);
    assert!(program.names().is_empty());
}

#[test]
fn a_truncated_history_is_refused() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    assert_eq!(program.run(&["sim", "small.toml", "--out", "bundle"]).status, 0);
    let history = std::fs::read(program.path("bundle/history/sim-base-1.jsonl")).unwrap();
    program.write("cut.jsonl", &history[..history.len() / 2]);
    let ended = program.run(&["check", "cut.jsonl"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("cut off"), "{}", ended.stderr);
}

#[test]
fn a_damaged_calibration_is_refused() {
    let program = Program::new();
    program.write("plan.toml", "version = 1\nname = \"p\"\nsummary = \"p\"\n[plan]\n");
    program.write("calibration.json", "{\"version\": 1, \"machine\": \"m\"}");
    let ended = program.run(&["plan", "plan.toml", "--calibration", "calibration.json"]);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("calibration.json"), "{}", ended.stderr);
}

#[test]
#[cfg(not(feature = "planted-bugs"))]
fn planted_bugs_are_not_there_unless_they_were_asked_for() {
    let program = Program::new();
    let ended = program.run(&["planted", "--list"]);
    assert_eq!(ended.status, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("unrecognized subcommand 'planted'"), "{}", ended.stderr);
    assert!(program.names().is_empty());
}
