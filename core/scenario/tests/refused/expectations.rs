//! Expectations that no run can meet, or that every run meets, are refused with their place.

use hubbub_scenario::{Period, Scenario};

use crate::support::{HEAD, WORKLOAD, with};

#[test]
fn a_checker_with_nothing_to_judge_finds_nothing() {
    insta::assert_snapshot!(
        with("[expect]\nviolations = [\"group-limit\", \"status\", \"push\", \"reassigned\"]\n"), @r#"
        error: `group-limit` cannot be violated: there are no groups
         --> x.toml:9:15
          |
        9 | violations = ["group-limit", "status", "push", "reassigned"]
          |               ^^^^^^^^^^^^^
          = add groups: `groups = { count = 4, size = [3, 8] }`

        error: `status` cannot be violated: nobody sees anybody's status
         --> x.toml:9:30
          |
        9 | violations = ["group-limit", "status", "push", "reassigned"]
          |                              ^^^^^^^^
          = set `friends` or `looks_per_user` in [workload], as `presence` in [design] needs

        error: `push` cannot be violated: nobody has a push token
         --> x.toml:9:40
          |
        9 | violations = ["group-limit", "status", "push", "reassigned"]
          |                                        ^^^^^^
          = set the share of the users who have one: `push = 0.5` in [workload]

        error: `reassigned` cannot be violated: no chat server loses its power
         --> x.toml:9:48
          |
        9 | violations = ["group-limit", "status", "push", "reassigned"]
          |                                                ^^^^^^^^^^^^
          = add a [[fault]] with `kind = "power-loss"` and `host = "chat-1"`
        "#);
}

#[test]
fn flaps_need_somebody_who_sees_them_and_bounds_in_order() {
    insta::assert_snapshot!(with("[expect]\nstatus_flaps = 0\n"), @r"
    error: no flap can be seen: nobody sees anybody's status
     --> x.toml:9:16
      |
    9 | status_flaps = 0
      |                ^
      = set `friends` or `looks_per_user` in [workload], as `presence` in [design] needs
    ");
    insta::assert_snapshot!(with("[expect]\nstatus_flaps_min = 1\n"), @r"
    error: no flap can be seen: nobody sees anybody's status
     --> x.toml:9:20
      |
    9 | status_flaps_min = 1
      |                    ^
      = set `friends` or `looks_per_user` in [workload], as `presence` in [design] needs
    ");
    insta::assert_snapshot!(
        with("friends = 3\n[expect]\nstatus_flaps = 0\nstatus_flaps_min = 1\n"), @r"
        error: `status_flaps_min` must not be above `status_flaps` (0)
          --> x.toml:11:20
           |
        11 | status_flaps_min = 1
           |                    ^
        ");
    insta::assert_snapshot!(
        with("friends = 3\n[design]\npresence = \"on-demand\"\n[expect]\nstatus_flaps = 0\n"), @r"
        error: no flap can be seen: nobody sees anybody's status
          --> x.toml:12:16
           |
        12 | status_flaps = 0
           |                ^
           = set `friends` or `looks_per_user` in [workload], as `presence` in [design] needs
        ");
}

#[test]
fn bounds_of_checkers_are_times() {
    insta::assert_snapshot!(with("[expect]\nreassign_max = \"0s\"\npush_settle_max = \"0s\"\n"), @r#"
    error: `reassign_max` must be longer than 0
     --> x.toml:9:16
      |
    9 | reassign_max = "0s"
      |                ^^^^

    error: `push_settle_max` must be longer than 0
      --> x.toml:10:19
       |
    10 | push_settle_max = "0s"
       |                   ^^^^
    "#);
    let document = Scenario::parse("x.toml", &format!("{HEAD}{WORKLOAD}")).unwrap();
    let expect = &document.scenario().expect;
    assert_eq!(expect.reassign_max, Period::from_secs(60));
    assert_eq!(expect.push_settle_max, Period::from_secs(10));
}

#[test]
fn a_figure_has_one_entry_with_a_bound() {
    insta::assert_snapshot!(
        with("[expect]\nfigures = [\n  { figure = \"logins\" },\n  { figure = \"logins\", at_least = 1 },\n]\n"),
        @r#"
        error: the bound on `logins` bounds nothing
          --> x.toml:10:3
           |
        10 |   { figure = "logins" },
           |   ^^^^^^^^^^^^^^^^^^^^^
           = write `at_least` or `at_most`, or both

        error: `logins` has a bound already
          --> x.toml:11:3
           |
        11 |   { figure = "logins", at_least = 1 },
           |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = write `at_least` and `at_most` in one entry
        "#
    );
    insta::assert_snapshot!(
        with("[expect]\nfigures = [{ figure = \"lost_messages\", at_least = 5.0, at_most = 1.0 }]\n"), @r#"
        error: `at_least` must not be above `at_most` (1)
         --> x.toml:9:51
          |
        9 | figures = [{ figure = "lost_messages", at_least = 5.0, at_most = 1.0 }]
          |                                                   ^^^
        "#);
    insta::assert_snapshot!(
        with("[expect]\nfigures = [{ figure = \"lost_messages\", at_least = inf }]\n"), @r#"
        error: `at_least` must be a number with an end
         --> x.toml:9:51
          |
        9 | figures = [{ figure = "lost_messages", at_least = inf }]
          |                                                   ^^^
        "#);
}

#[test]
fn a_figure_of_loads_is_not_expected_of_simulations() {
    insta::assert_snapshot!(
        with("[expect]\nfigures = [{ figure = \"bytes_per_connection\", at_most = 1e4 }]\n"), @r#"
        error: no simulation yields `bytes_per_connection`
         --> x.toml:9:23
          |
        9 | figures = [{ figure = "bytes_per_connection", at_most = 1e4 }]
          |                       ^^^^^^^^^^^^^^^^^^^^^^
          = only a load on a real server has it: take it as a figure of [claim]
        "#);
}

#[test]
fn an_unknown_figure_is_shown_with_the_nearest() {
    insta::assert_snapshot!(
        with("[expect]\nfigures = [{ figure = \"lost_mesages\", at_most = 1 }]\n"), @r#"
        error: unknown value "lost_mesages" of `expect.figures.figure`
         --> x.toml:9:23
          |
        9 | figures = [{ figure = "lost_mesages", at_most = 1 }]
          |                       ^^^^^^^^^^^^^^
          = did you mean "lost_messages"?
        "#);
}

#[test]
fn a_violation_cannot_be_expected_and_not_applicable() {
    insta::assert_snapshot!(
        with("[expect]\nviolations = [\"order\"]\nnot_applicable = [\"order\"]\ndeliver_p99 = \"0s\"\n"),
        @r#"
        error: `order` is expected, so it cannot be not applicable
          --> x.toml:10:18
           |
        10 | not_applicable = ["order"]
           |                  ^^^^^^^^^
           = keep it in one of `violations` and `not_applicable`

        error: `deliver_p99` must be longer than 0
          --> x.toml:11:15
           |
        11 | deliver_p99 = "0s"
           |               ^^^^
        "#
    );
}
