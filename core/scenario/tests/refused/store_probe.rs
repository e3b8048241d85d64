//! Probes of nothing.

use hubbub_scenario::{Kind, Scenario, StoreProbe};

use crate::support::{HEAD, with};

#[test]
fn a_probe_of_the_store_has_rising_levels_and_an_engine() {
    insta::assert_snapshot!(
        with("[store_probe]\nlevels = [10, 10, 0, 200000000]\nengines = [\"key-value\", \"key-value\"]\nreads = 0\n"),
        @r#"
        error: the levels must rise, not go from 10 to 10
         --> x.toml:9:15
          |
        9 | levels = [10, 10, 0, 200000000]
          |               ^^
          = the store is filled from one level to the next: order them

        error: a level must be from 1 to 100000000 messages, not 0
         --> x.toml:9:19
          |
        9 | levels = [10, 10, 0, 200000000]
          |                   ^

        error: the levels must rise, not go from 10 to 0
         --> x.toml:9:19
          |
        9 | levels = [10, 10, 0, 200000000]
          |                   ^
          = the store is filled from one level to the next: order them

        error: a level must be from 1 to 100000000 messages, not 200000000
         --> x.toml:9:22
          |
        9 | levels = [10, 10, 0, 200000000]
          |                      ^^^^^^^^^

        error: `key-value` comes twice
          --> x.toml:10:25
           |
        10 | engines = ["key-value", "key-value"]
           |                         ^^^^^^^^^^^

        error: `reads` must be from 1 to 1000000, not 0
          --> x.toml:11:9
           |
        11 | reads = 0
           |         ^
        "#
    );
    insta::assert_snapshot!(with("[store_probe]\nlevels = []\nengines = []\n"), @r#"
    error: no level, so nothing to measure
     --> x.toml:9:10
      |
    9 | levels = []
      |          ^^
      = write numbers of messages: `levels = [10000, 100000, 1000000]`

    error: no engine, so nothing to measure
      --> x.toml:10:11
       |
    10 | engines = []
       |           ^^
       = write at least one: `engines = ["key-value", "relational"]`
    "#);
    insta::assert_snapshot!(with("[store_probe]\nengines = [\"relation\"]\n"), @r#"
    error: unknown value "relation" of `store_probe.engines`
     --> x.toml:9:12
      |
    9 | engines = ["relation"]
      |            ^^^^^^^^^^
      = did you mean "relational"?
    "#);
}

#[test]
fn a_probe_alone_is_something_to_do() {
    let document = Scenario::parse("x.toml", &format!("{HEAD}[store_probe]\n")).unwrap();
    let scenario = document.scenario();
    assert_eq!(scenario.kinds(), [Kind::Probe]);
    assert_eq!(scenario.store_probe, Some(StoreProbe::default()));
}
