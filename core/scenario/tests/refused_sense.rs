//! Scenarios whose form is right and that make no sense are refused with their place.

use hubbub_scenario::Scenario;

const HEAD: &str = "version = 1\nname = \"x\"\nsummary = \"X.\"\n";
const WORKLOAD: &str = "[workload]\nusers = 20\nsends_per_user = \"6/min\"\nduration = \"30s\"\n";

fn refusal(text: &str) -> String {
    Scenario::parse("x.toml", text).expect_err("it is refused").to_string()
}

/// The refusal of a scenario that is right but for these lines, in or behind its workload.
fn with(lines: &str) -> String {
    refusal(&format!("{HEAD}{WORKLOAD}{lines}"))
}

/// The refusal of a scenario whose only fault has these keys.
fn with_fault(keys: &str) -> String {
    with(&format!("[[fault]]\nat = \"5s\"\nfor = \"5s\"\n{keys}"))
}

fn with_load(keys: &str) -> String {
    refusal(&format!(
        "{HEAD}[load]\nconnections = 10\nrate = \"10/s\"\ndeliver_p99 = \"50ms\"\n{keys}"
    ))
}

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
fn a_cluster_has_bounds() {
    insta::assert_snapshot!(
        with("[cluster]\nchat = 9\ndevices = 0\nlatency_min = \"50ms\"\n"),
        @r"
        error: `latency_max` must not be below `latency_min` (50ms)
         --> x.toml:8:1
          |
        8 | [cluster]
          | ^^^^^^^^^

        error: `chat` must be from 1 to 8, not 9
         --> x.toml:9:8
          |
        9 | chat = 9
          |        ^

        error: `devices` must be from 1 to 4, not 0
          --> x.toml:10:11
           |
        10 | devices = 0
           |           ^
        "
    );
}

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
    let text = format!("{HEAD}{WORKLOAD}groups = {{ count = 0, size = [0, 0] }}\n");
    assert!(Scenario::parse("x.toml", &text).is_ok());
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
    error: `crash` strikes one host, or a share of the users
      --> x.toml:11:8
       |
    11 | kind = "crash"
       |        ^^^^^^^
       = write which: `host = "chat-1"` or `users = "10%"`
    "#);
    insta::assert_snapshot!(
        with_fault("kind = \"power-loss\"\nhost = \"store\"\nbetween = [[\"chat-1\"], [\"chat-2\"]]\n"),
        @r#"
        error: `power-loss` strikes one host, or a share of the users
          --> x.toml:13:11
           |
        13 | between = [["chat-1"], ["chat-2"]]
           |           ^^^^^^^^^^^^^^^^^^^^^^^^
           = remove `between`
        "#
    );
    insta::assert_snapshot!(with_fault("kind = \"partition-one-way\"\nhost = \"chat-1\"\n"), @r#"
    error: `partition-one-way` strikes between two groups of hosts
      --> x.toml:11:8
       |
    11 | kind = "partition-one-way"
       |        ^^^^^^^^^^^^^^^^^^^
       = write which: `between = [["chat-1"], ["store"]]`
    "#);
    insta::assert_snapshot!(
        with_fault("kind = \"partition-one-way\"\nhost = \"chat-1\"\nbetween = [[\"chat-2\"], [\"store\"]]\n"),
        @r#"
        error: `partition-one-way` strikes between two groups of hosts
          --> x.toml:12:8
           |
        12 | host = "chat-1"
           |        ^^^^^^^^
           = remove `host`
        "#
    );
    insta::assert_snapshot!(with_fault("kind = \"blip\"\n"), @r#"
    error: `blip` strikes a host, between two groups of hosts, or some users
      --> x.toml:11:8
       |
    11 | kind = "blip"
       |        ^^^^^^
       = write which: `host = "chat-1"` or `between = [["chat-1"], ["store"]]` or `users = "10%"`
    "#);
    insta::assert_snapshot!(
        with_fault("kind = \"partition\"\nhost = \"chat-1\"\nbetween = [[\"chat-2\"], [\"store\"]]\n"),
        @r#"
        error: a fault has `host` or `between`, not both
          --> x.toml:12:8
           |
        12 | host = "chat-1"
           |        ^^^^^^^^
           = remove one; `host` and `users` mean these against all others
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
       = write the least time that a message takes: `latency = "300ms"`
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
       = remove it, or use `kind = "latency"`
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
    assert!(Scenario::parse("x.toml", &format!("{HEAD}{WORKLOAD}{fault}")).is_ok());
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

#[test]
fn a_variant_has_a_name_of_its_own_and_a_change() {
    insta::assert_snapshot!(
        with("[[variant]]\nname = \"base\"\ndesign = { accept = \"on-receipt\" }\n[[variant]]\nname = \"Same\"\n"),
        @r#"
        error: the name `base` is taken
         --> x.toml:9:8
          |
        9 | name = "base"
          |        ^^^^^^
          = `base` is the file without variants; give each its own

        error: the variant `Same` changes no knob
          --> x.toml:11:1
           |
        11 | [[variant]]
           | ^^^^^^^^^^^
           = write what differs: `design = { accept = "on-receipt" }` or `set = { "cluster.chat" = 1 }`

        error: `Same` is no name
          --> x.toml:12:8
           |
        12 | name = "Same"
           |        ^^^^^^
           = use lower-case letters, digits and single dashes, such as `lost-store`; 60 characters at most
        "#
    );
}

#[test]
fn a_variant_that_cannot_run_is_shown_at_its_knob() {
    insta::assert_snapshot!(
        with("[[variant]]\nname = \"deaf\"\ndesign = { silence_after = \"6s\" }\n"),
        @r#"
        error: silence_after must be at least two heartbeats, or every pause cuts a connection
          --> x.toml:10:28
           |
        10 | design = { silence_after = "6s" }
           |                            ^^^^
        "#
    );
    insta::assert_snapshot!(
        with("groups = { count = 2, size = [3, 8] }\n[[variant]]\nname = \"small\"\ndesign = { group_limit = 4 }\n"),
        @r"
        error: groups exceed `group_limit` (4) in the variant `small`
          --> x.toml:11:10
           |
        11 | design = { group_limit = 4 }
           |          ^^^^^^^^^^^^^^^^^^^
           = make the groups smaller, or raise `group_limit` in [design]
        "
    );
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
fn a_load_has_bounds() {
    insta::assert_snapshot!(
        refusal(&format!("{HEAD}[load]\nconnections = 1\nrate = \"0/s\"\ndeliver_p99 = \"0s\"\nduration = \"0s\"\ngroup_share = 2.0\nbody_bytes = 5000\n")),
        @r#"
        error: `connections` must be at least 2, not 1
         --> x.toml:5:15
          |
        5 | connections = 1
          |               ^

        error: nothing is to be delivered
         --> x.toml:6:8
          |
        6 | rate = "0/s"
          |        ^^^^^
          = write a rate above 0, such as "1000/s"

        error: `deliver_p99` must be longer than 0
         --> x.toml:7:15
          |
        7 | deliver_p99 = "0s"
          |               ^^^^

        error: `duration` must be longer than 0
         --> x.toml:8:12
          |
        8 | duration = "0s"
          |            ^^^^

        error: `group_share` must be from 0 to 1, not 2
         --> x.toml:9:15
          |
        9 | group_share = 2.0
          |               ^^^

        error: there are no groups to send to
         --> x.toml:9:15
          |
        9 | group_share = 2.0
          |               ^^^
          = add groups: `groups = { count = 4, size = [3, 8] }`

        error: messages exceed `message_bytes_max` (4096)
          --> x.toml:10:14
           |
        10 | body_bytes = 5000
           |              ^^^^
           = make `body_bytes` smaller, or raise `message_bytes_max` in [design]
        "#
    );
    insta::assert_snapshot!(with_load("groups = { count = 3, size = [3, 11] }\n"), @r"
    error: nothing is sent to the groups
     --> x.toml:8:10
      |
    8 | groups = { count = 3, size = [3, 11] }
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = set the share of sends that go to them: `group_share = 0.25`

    error: groups of 11 members need as many connections, not 10
     --> x.toml:8:30
      |
    8 | groups = { count = 3, size = [3, 11] }
      |                              ^^^^^^^
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
