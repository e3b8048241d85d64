//! Loads that make no sense.

use crate::support::{HEAD, refusal, with_load};

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
