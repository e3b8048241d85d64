//! A fault that an engine cannot do is refused for that engine, and the one that can is named.

use hubbub_scenario::{Engine, Scenario};

const TEXT: &str = "\
version = 1
name = \"x\"
summary = \"X.\"

[workload]
users = 20
sends_per_user = \"6/min\"
duration = \"30s\"

[[fault]]
at = \"5s\"
for = \"5s\"
kind = \"crash\"
host = \"store\"

[[variant]]
name = \"paused\"
set = { \"fault.0.kind\" = \"pause\" }
";

#[test]
fn the_engine_that_can_is_named() {
    let text = TEXT.replace("crash", "pause").replace("\"pause\" }", "\"crash\" }");
    let document = Scenario::parse("x.toml", &text).unwrap();
    assert!(document.check_engine(Engine::Fast).is_ok());
    insta::assert_snapshot!(document.check_engine(Engine::Full).unwrap_err(), @r#"
    error: the full engine cannot do `pause`
      --> x.toml:13:8
       |
    13 | kind = "pause"
       |        ^^^^^^^
       = use `--engine fast`, or `engine = "fast"` in [run]
    "#);
}

#[test]
fn a_fault_that_only_a_variant_has_is_shown_there() {
    let document = Scenario::parse("x.toml", TEXT).unwrap();
    assert_eq!(document.scenario().engine_problems(Engine::Full), []);
    assert!(document.check_engine(Engine::Fast).is_ok());
    insta::assert_snapshot!(document.check_engine(Engine::Full).unwrap_err(), @r#"
    error: the full engine cannot do `pause` in the variant `paused`
      --> x.toml:18:26
       |
    18 | set = { "fault.0.kind" = "pause" }
       |                          ^^^^^^^
       = use `--engine fast`, or `engine = "fast"` in [run]
    "#);
}
