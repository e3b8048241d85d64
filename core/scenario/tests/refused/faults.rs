//! Where a fault strikes and when.

use crate::support::{is_right, with};

/// The refusal of a scenario whose only fault has these keys.
fn with_fault(keys: &str) -> String {
    with(&format!("[[fault]]\nat = \"5s\"\nfor = \"5s\"\n{keys}"))
}

#[test]
fn a_fault_on_an_unknown_host_points_at_it() {
    insta::assert_snapshot!(with_fault("kind = \"crash\"\nhost = \"chat-4\"\n"), @r#"
    error: unknown host `chat-4`
      --> x.toml:12:8
       |
    12 | host = "chat-4"
       |        ^^^^^^^^
       = did you mean `chat-1`? this cluster has chat-1, chat-2, chat-3, store, devices-1, devices-2
    "#);
    insta::assert_snapshot!(
        with_fault("kind = \"partition\"\nbetween = [[\"chat-1\", \"history\"], [\"stor\"]]\n"),
        @r#"
        error: unknown host `history`
          --> x.toml:12:23
           |
        12 | between = [["chat-1", "history"], ["stor"]]
           |                       ^^^^^^^^^
           = this cluster has chat-1, chat-2, chat-3, store, devices-1, devices-2

        error: unknown host `stor`
          --> x.toml:12:36
           |
        12 | between = [["chat-1", "history"], ["stor"]]
           |                                    ^^^^^^
           = did you mean `store`? this cluster has chat-1, chat-2, chat-3, store, devices-1, devices-2
        "#
    );
}

#[test]
fn a_fault_says_where_it_strikes() {
    insta::assert_snapshot!(with_fault("kind = \"crash\"\n"), @r#"
    error: `crash` strikes a host, or a share of the users
      --> x.toml:11:8
       |
    11 | kind = "crash"
       |        ^^^^^^^
       = write which: `host = "chat-1"` or `users = "10%"`
    "#);
    insta::assert_snapshot!(
        with_fault("kind = \"power-loss\"\nhost = \"store\"\nbetween = [[\"chat-1\"], [\"chat-2\"]]\n"),
        @r#"
        error: `power-loss` strikes a host, or a share of the users
          --> x.toml:13:11
           |
        13 | between = [["chat-1"], ["chat-2"]]
           |           ^^^^^^^^^^^^^^^^^^^^^^^^
           = remove `between`
        "#
    );
    insta::assert_snapshot!(with_fault("kind = \"partition-one-way\"\nhost = \"chat-1\"\n"), @r#"
    error: `partition-one-way` strikes what lies between two groups of hosts
      --> x.toml:11:8
       |
    11 | kind = "partition-one-way"
       |        ^^^^^^^^^^^^^^^^^^^
       = write which: `between = [["chat-1"], ["store"]]`
    "#);
    insta::assert_snapshot!(
        with_fault("kind = \"partition-one-way\"\nhost = \"chat-1\"\nbetween = [[\"chat-2\"], [\"store\"]]\n"),
        @r#"
        error: `partition-one-way` strikes what lies between two groups of hosts
          --> x.toml:12:8
           |
        12 | host = "chat-1"
           |        ^^^^^^^^
           = remove `host`
        "#
    );
    insta::assert_snapshot!(with_fault("kind = \"blip\"\n"), @r#"
    error: `blip` strikes a host, what lies between two groups of hosts, a share of the users, or a region
      --> x.toml:11:8
       |
    11 | kind = "blip"
       |        ^^^^^^
       = write which: `host = "chat-1"` or `between = [["chat-1"], ["store"]]` or `users = "10%"` or `region = "eu"`
    "#);
    insta::assert_snapshot!(
        with_fault("kind = \"partition\"\nhost = \"chat-1\"\nbetween = [[\"chat-2\"], [\"store\"]]\n"),
        @r#"
        error: a fault has `host` or `between`, not both
          --> x.toml:12:8
           |
        12 | host = "chat-1"
           |        ^^^^^^^^
           = remove one; `host`, `users` and `region` mean these against all others
        "#
    );
}

#[test]
fn the_two_groups_of_a_fault_are_apart_and_not_empty() {
    insta::assert_snapshot!(
        with_fault("kind = \"partition\"\nbetween = [[\"chat-1\", \"store\"], [\"store\"]]\n"),
        @r#"
        error: the host `store` comes twice
          --> x.toml:12:34
           |
        12 | between = [["chat-1", "store"], ["store"]]
           |                                  ^^^^^^^
           = a host belongs to one group, once
        "#
    );
    insta::assert_snapshot!(with_fault("kind = \"blip\"\nbetween = [[], [\"store\"]]\n"), @r#"
    error: an empty group of hosts
      --> x.toml:12:12
       |
    12 | between = [[], ["store"]]
       |            ^^
       = name at least one host
    "#);
}

#[test]
fn latency_belongs_to_its_kind() {
    insta::assert_snapshot!(with_fault("kind = \"latency\"\nhost = \"store\"\n"), @r#"
    error: `latency` needs to know how much
      --> x.toml:11:8
       |
    11 | kind = "latency"
       |        ^^^^^^^^^
       = write a time: `latency = "300ms"`
    "#);
    insta::assert_snapshot!(with_fault("kind = \"latency\"\nhost = \"store\"\nlatency = \"0s\"\n"), @r#"
    error: `latency` must be longer than 0
      --> x.toml:13:11
       |
    13 | latency = "0s"
       |           ^^^^
    "#);
    insta::assert_snapshot!(with_fault("kind = \"blip\"\nhost = \"store\"\nlatency = \"1s\"\n"), @r#"
    error: `blip` has no latency
      --> x.toml:13:11
       |
    13 | latency = "1s"
       |           ^^^^
       = remove it, or use `kind = "latency"` or `kind = "jitter"` or `kind = "reorder"` or `kind = "slow"` or `kind = "store-slow"` or `kind = "gateway-slow"`
    "#);
}

#[test]
fn a_fault_ends_within_the_workload() {
    insta::assert_snapshot!(
        with("[[fault]]\nat = \"25s\"\nfor = \"6s\"\nkind = \"blip\"\nhost = \"store\"\n"),
        @r#"
        error: the fault ends after the workload: 31s, and it lasts 30s
          --> x.toml:10:7
           |
        10 | for = "6s"
           |       ^^^^
           = end it earlier, or make `duration` in [workload] longer
        "#
    );
    insta::assert_snapshot!(
        with("[[fault]]\nat = \"31s\"\nfor = \"0s\"\nkind = \"blip\"\nhost = \"store\"\n"),
        @r#"
        error: the fault ends after the workload: 31s, and it lasts 30s
         --> x.toml:9:6
          |
        9 | at = "31s"
          |      ^^^^^
          = end it earlier, or make `duration` in [workload] longer

        error: `for` must be longer than 0
          --> x.toml:10:7
           |
        10 | for = "0s"
           |       ^^^^
        "#
    );
}

#[test]
fn a_fault_may_end_with_the_workload() {
    let fault = "[[fault]]\nat = \"24s\"\nfor = \"6s\"\nkind = \"blip\"\nhost = \"store\"\n";
    is_right(fault);
}

#[test]
fn a_host_dies_only_while_it_lives() {
    let second = "[[fault]]\nat = \"8s\"\nfor = \"5s\"\nkind = \"power-loss\"\nhost = \"store\"\n";
    insta::assert_snapshot!(with_fault(&format!("kind = \"crash\"\nhost = \"store\"\n{second}")), @r#"
    error: `store` is down already, since 5s for 5s
      --> x.toml:14:6
       |
    14 | at = "8s"
       |      ^^^^
       = let it start again first, or strike another host
    "#);
}
