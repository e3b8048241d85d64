//! Users of whom something is asked that they cannot do.

use crate::support::{is_right, with};

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
