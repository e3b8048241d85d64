//! Workloads and groups that make no sense.

use crate::support::{HEAD, is_right, refusal, with};

#[test]
fn a_workload_has_bounds() {
    insta::assert_snapshot!(
        with("contacts = 20\ndevices_per_user = 0.5\ngroup_share = 1.5\nbody_bytes = 23\nsettle = \"0s\"\n"),
        @r#"
        error: 20 users cannot have 20 contacts each
         --> x.toml:8:12
          |
        8 | contacts = 20
          |            ^^
          = set `contacts` to 19 at most

        error: `devices_per_user` must be from 1 to 5, not 0.5
         --> x.toml:9:20
          |
        9 | devices_per_user = 0.5
          |                    ^^^

        error: `group_share` must be from 0 to 1, not 1.5
          --> x.toml:10:15
           |
        10 | group_share = 1.5
           |               ^^^

        error: `body_bytes` must be at least 24, not 23
          --> x.toml:11:14
           |
        11 | body_bytes = 23
           |              ^^

        error: `settle` must be longer than 0
          --> x.toml:12:10
           |
        12 | settle = "0s"
           |          ^^^^
        "#
    );
    insta::assert_snapshot!(
        refusal(&format!("{HEAD}[workload]\nusers = 1\nsends_per_user = \"0/s\"\nduration = \"0s\"\ndevices_per_user = nan\n")),
        @r#"
        error: `users` must be at least 2, not 1
         --> x.toml:5:9
          |
        5 | users = 1
          |         ^

        error: nobody sends anything
         --> x.toml:6:18
          |
        6 | sends_per_user = "0/s"
          |                  ^^^^^
          = write a rate above 0, such as "6/min"

        error: `duration` must be longer than 0
         --> x.toml:7:12
          |
        7 | duration = "0s"
          |            ^^^^

        error: `devices_per_user` must be from 1 to 5, not NaN
         --> x.toml:8:20
          |
        8 | devices_per_user = nan
          |                    ^^^
        "#
    );
    insta::assert_snapshot!(with("contacts = 0\nmember_changes = \"1/min\"\n"), @r#"
    error: nobody has anyone to write to
     --> x.toml:8:12
      |
    8 | contacts = 0
      |            ^
      = set `contacts` to at least 1, or add groups

    error: there are no groups to leave
     --> x.toml:9:18
      |
    9 | member_changes = "1/min"
      |                  ^^^^^^^
      = add groups: `groups = { count = 4, size = [3, 8] }`
    "#);
    insta::assert_snapshot!(with("body_bytes = 5000\n"), @r"
    error: messages exceed `message_bytes_max` (4096)
     --> x.toml:8:14
      |
    8 | body_bytes = 5000
      |              ^^^^
      = make `body_bytes` smaller, or raise `message_bytes_max` in [design]
    ");
}

#[test]
fn groups_fit_the_users_and_the_limit() {
    insta::assert_snapshot!(with("groups = { count = 1, size = [8, 3] }\n"), @r"
    error: the smaller size comes first, not [8, 3]
     --> x.toml:8:30
      |
    8 | groups = { count = 1, size = [8, 3] }
      |                              ^^^^^^
    ");
    insta::assert_snapshot!(with("groups = { count = 1, size = [1, 21] }\n"), @r"
    error: a group has at least 2 members, not 1
     --> x.toml:8:30
      |
    8 | groups = { count = 1, size = [1, 21] }
      |                              ^^^^^^^

    error: groups of 21 members need as many users, not 20
     --> x.toml:8:30
      |
    8 | groups = { count = 1, size = [1, 21] }
      |                              ^^^^^^^
    ");
    insta::assert_snapshot!(with("groups = { count = 1, size = [2, 8] }\n[design]\ngroup_limit = 5\n"), @r"
    error: groups exceed `group_limit` (5)
     --> x.toml:8:30
      |
    8 | groups = { count = 1, size = [2, 8] }
      |                              ^^^^^^
      = make the groups smaller, or raise `group_limit` in [design]
    ");
}

#[test]
fn groups_that_do_not_exist_may_have_any_size() {
    is_right("groups = { count = 0, size = [0, 0] }\n");
}
