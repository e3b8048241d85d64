//! Bundles and what is made from them.

use serde_json::Value;

use crate::program::{Program, SMALL};

const PLANNED: &str = "[plan]\n";

fn bundle() -> Program {
    let program = Program::new();
    program.write("small.toml", format!("{SMALL}{PLANNED}"));
    let ended = program.run(&["run", "small.toml", "--out", "bundle"]);
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    program
}

fn read(program: &Program, name: &str) -> String {
    std::fs::read_to_string(program.path(name)).unwrap()
}

#[test]
fn a_run_writes_a_bundle_with_three_reports() {
    let program = bundle();
    for name in [
        "manifest.json",
        "sim.json",
        "plan.json",
        "scenario.toml",
        "report.html",
        "report.md",
        "report.json",
    ] {
        assert!(program.path("bundle").join(name).is_file(), "{name}");
    }
    let manifest: Value = serde_json::from_str(&read(&program, "bundle/manifest.json")).unwrap();
    assert_eq!(manifest["scenario"]["name"], "small");
    assert!(!read(&program, "bundle/report.html").contains("http://"));
}

#[test]
fn a_changed_figure_changes_the_report() {
    let program = bundle();
    let before = read(&program, "bundle/report.html");
    let sim = read(&program, "bundle/sim.json");
    let report: Value = serde_json::from_str(&sim).unwrap();
    let deliveries = report["totals"]["deliveries"].as_u64().unwrap();
    let changed = sim.replace(&format!("\"deliveries\": {deliveries}"), "\"deliveries\": 7777777");
    assert_ne!(sim, changed);
    std::fs::write(program.path("bundle/sim.json"), changed).unwrap();
    assert_eq!(program.run(&["report", "bundle"]).status, 0);
    let after = read(&program, "bundle/report.html");
    assert!(!before.contains("7,777,777") && !before.contains("7.78M"));
    assert!(after.contains("7,777,777") || after.contains("7.78M"));
}

#[test]
fn the_history_of_a_run_passes_the_checkers() {
    let program = bundle();
    let ended = program.run(&["check", "bundle/history/sim-base-1.jsonl"]);
    assert_eq!(ended.status, 0, "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("holds").count(), 12, "{}", ended.stdout);
}

#[test]
fn a_plan_without_a_calibration_says_not_measured() {
    let program = bundle();
    let ended = program.run(&["plan", "small.toml"]);
    assert_eq!(ended.status, 0);
    assert!(ended.stdout.contains("not measured"), "{}", ended.stdout);
}

#[test]
fn twice_the_cpu_per_delivery_needs_more_chat_servers() {
    let program = bundle();
    let servers = |cost: &str| {
        let calibration = format!(
            "{{\"version\":1,\"machine\":\"m\",\"revision\":\"r\",\"cpu_seconds_per_delivery\":{cost}}}"
        );
        program.write("calibration.json", calibration);
        let ended = program.run(&[
            "plan",
            "small.toml",
            "--calibration",
            "calibration.json",
            "--format",
            "json",
        ]);
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        let sizing: Value = serde_json::from_str(&ended.stdout).unwrap();
        sizing["servers"]["chat"]["total"].as_u64().unwrap()
    };
    assert!(servers("80e-6") > servers("40e-6"));
}
