//! What a scenario is called and asks for, its knobs, its seeds and its plan.

use crate::support::{HEAD, WORKLOAD, refusal, with, with_load};

#[test]
fn a_name_must_be_fit_for_a_folder() {
    insta::assert_snapshot!(
        refusal(&format!("version = 1\nname = \"../My Scenario\"\nsummary = \" \"\n{WORKLOAD}")),
        @r#"
        error: `../My Scenario` is no name
         --> x.toml:2:8
          |
        2 | name = "../My Scenario"
          |        ^^^^^^^^^^^^^^^^
          = use lower-case letters, digits and single dashes, such as `lost-store`; 60 characters at most

        error: the summary is empty
         --> x.toml:3:11
          |
        3 | summary = " "
          |           ^^^
          = say in a sentence or two what the scenario shows
        "#
    );
}

#[test]
fn a_scenario_asks_for_something() {
    insta::assert_snapshot!(refusal(HEAD), @r"
    error: the scenario asks for nothing
      --> x.toml
       = add [workload] to simulate, [load] or [store_probe] to measure, or [plan] to plan
    ");
}

#[test]
fn faults_and_expectations_need_a_simulation() {
    insta::assert_snapshot!(
        with_load("[[fault]]\nat = \"1s\"\nfor = \"1s\"\nkind = \"crash\"\nhost = \"store\"\n[expect]\nfaults_may_miss = true\n"),
        @r"
        error: a fault needs a simulation to strike
         --> x.toml:8:1
          |
        8 | [[fault]]
          | ^^^^^^^^^
          = add [workload], or remove the faults

        error: an expectation needs a simulation to judge
          --> x.toml:13:1
           |
        13 | [expect]
           | ^^^^^^^^
           = add [workload]; the objective of a load is `deliver_p99` in [load]
        "
    );
}

#[test]
fn knobs_must_fit_together() {
    insta::assert_snapshot!(with("[design]\nheartbeat = \"10s\"\ngroup_limit = 1\n"), @r"
    error: silence_after must be at least two heartbeats, or every pause cuts a connection
     --> x.toml:8:1
      |
    8 | [design]
      | ^^^^^^^^

    error: group_limit must be at least 2
      --> x.toml:10:15
       |
    10 | group_limit = 1
       |               ^
    ");
}

#[test]
fn every_seed_is_another_run() {
    insta::assert_snapshot!(with("[run]\nseeds = []\n"), @r"
    error: no seed, so no run
     --> x.toml:9:9
      |
    9 | seeds = []
      |         ^^
      = write at least one: `seeds = [1]`
    ");
    insta::assert_snapshot!(with("[run]\nseeds = [1, 2, 1]\n"), @r"
    error: seed 1 comes twice
     --> x.toml:9:16
      |
    9 | seeds = [1, 2, 1]
      |                ^
      = the same seed is the same run: remove one
    ");
}

#[test]
fn a_plan_out_of_range_is_shown_at_its_key() {
    insta::assert_snapshot!(
        with("[plan.messages]\nmedia_share_of_sends = 2\nbody_chars = [10, 30, 20]\n"),
        @r"
        error: bad value of `plan.messages.media_share_of_sends`: 2 must be a share from 0 to 1
         --> x.toml:9:24
          |
        9 | media_share_of_sends = 2
          |                        ^

        error: bad value of `plan.messages.body_chars`: [10, 30, 20] must be in order: write base between low and high
          --> x.toml:10:14
           |
        10 | body_chars = [10, 30, 20]
           |              ^^^^^^^^^^^^
        "
    );
}
