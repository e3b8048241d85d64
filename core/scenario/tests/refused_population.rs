//! Clusters and users that make no sense, and probes of nothing, are refused with their place.

use hubbub_scenario::Scenario;

const HEAD: &str = "version = 1\nname = \"x\"\nsummary = \"X.\"\n";
const WORKLOAD: &str = "[workload]\nusers = 20\nsends_per_user = \"6/min\"\nduration = \"30s\"\n";

/// The refusal of a scenario that is right but for these lines, in or behind its workload.
fn with(lines: &str) -> String {
    let text = format!("{HEAD}{WORKLOAD}{lines}");
    Scenario::parse("x.toml", &text).expect_err("it is refused").to_string()
}

fn is_right(lines: &str) {
    let text = format!("{HEAD}{WORKLOAD}{lines}");
    Scenario::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn every_role_has_bounds() {
    insta::assert_snapshot!(with("[cluster]\npresence = 9\nnotify = 3\napi = 3\n"), @r"
    error: `presence` must be from 0 to 8, not 9
     --> x.toml:9:12
      |
    9 | presence = 9
      |            ^

    error: `notify` must be from 0 to 2, not 3
      --> x.toml:10:10
       |
    10 | notify = 3
       |          ^

    error: `api` must be from 0 to 2, not 3
      --> x.toml:11:7
       |
    11 | api = 3
       |       ^
    ");
    is_right("[cluster]\npresence = 8\nnotify = 2\napi = 2\n");
}

#[test]
fn a_region_has_a_name_of_its_own_and_something_in_it() {
    insta::assert_snapshot!(
        with("[cluster]\nchat = 2\nregions = [\"eu\", \"eu\", \"U S\"]\n"), @r#"
        error: the region `eu` comes twice
          --> x.toml:10:18
           |
        10 | regions = ["eu", "eu", "U S"]
           |                  ^^^^

        error: `U S` is no name
          --> x.toml:10:24
           |
        10 | regions = ["eu", "eu", "U S"]
           |                        ^^^^^
           = use lower-case letters, digits and single dashes, such as `lost-store`; 60 characters at most

        error: nothing is in the region `U S`
          --> x.toml:10:24
           |
        10 | regions = ["eu", "eu", "U S"]
           |                        ^^^^^
           = chat servers and hosts of devices are spread over the regions in turn: add some of them, or remove the region
        "#);
    is_right("[cluster]\nchat = 2\nregions = [\"eu\", \"us\"]\n");
}

#[test]
fn friends_and_looks_need_others() {
    insta::assert_snapshot!(with("friends = 20\n"), @r"
    error: 20 users cannot have 20 friends each
     --> x.toml:8:11
      |
    8 | friends = 20
      |           ^^
      = set `friends` to 19 at most
    ");
    insta::assert_snapshot!(with("looks_per_user = \"1/min\"\n"), @r#"
    error: there is nobody to look at
     --> x.toml:8:18
      |
    8 | looks_per_user = "1/min"
      |                  ^^^^^^^
      = set `friends` to at least 1, or add groups
    "#);
    is_right("looks_per_user = \"1/min\"\ngroups = { count = 1, size = [2, 3] }\n");
    is_right("looks_per_user = \"1/min\"\nfriends = 19\n");
}

#[test]
fn joins_need_a_group_and_somebody_outside() {
    insta::assert_snapshot!(with("joins = \"1/s\"\n"), @r#"
    error: there are no groups to join
     --> x.toml:8:9
      |
    8 | joins = "1/s"
      |         ^^^^^
      = add groups: `groups = { count = 4, size = [3, 8] }`
    "#);
    insta::assert_snapshot!(with("joins = \"1/s\"\ngroups = { count = 2, size = [20, 20] }\n"), @r#"
    error: everybody is in every group already
     --> x.toml:8:9
      |
    8 | joins = "1/s"
      |         ^^^^^
      = make the groups smaller, or add users
    "#);
    is_right("joins = \"1/s\"\ngroups = { count = 2, size = [19, 20] }\n");
}

#[test]
fn shares_are_shares() {
    insta::assert_snapshot!(with("push = 1.5\nmuted = -0.5\nquiet_users = nan\n"), @r"
    error: `push` must be from 0 to 1, not 1.5
     --> x.toml:8:8
      |
    8 | push = 1.5
      |        ^^^

    error: `muted` must be from 0 to 1, not -0.5
     --> x.toml:9:9
      |
    9 | muted = -0.5
      |         ^^^^

    error: `quiet_users` must be from 0 to 1, not NaN
      --> x.toml:10:15
       |
    10 | quiet_users = nan
       |               ^^^
    ");
}

#[test]
fn somebody_sends() {
    insta::assert_snapshot!(with("quiet_users = 0.99\n"), @r"
    error: all users are quiet, so nobody sends anything
     --> x.toml:8:15
      |
    8 | quiet_users = 0.99
      |               ^^^^
      = make `quiet_users` smaller
    ");
    is_right("quiet_users = 0.95\n");
}

#[test]
fn muting_needs_pushes() {
    insta::assert_snapshot!(with("muted = 0.5\n"), @r"
    error: there are no pushes to mute
     --> x.toml:8:9
      |
    8 | muted = 0.5
      |         ^^^
      = set the share of the users who have a push token: `push = 0.5`
    ");
    is_right("muted = 0.5\npush = 0.5\n");
}

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
    use hubbub_scenario::{Kind, StoreProbe};
    let document = Scenario::parse("x.toml", &format!("{HEAD}[store_probe]\n")).unwrap();
    let scenario = document.scenario();
    assert_eq!(scenario.kinds(), [Kind::Probe]);
    assert_eq!(scenario.store_probe, Some(StoreProbe::default()));
}
