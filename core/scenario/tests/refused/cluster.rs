//! Clusters that make no sense.

use crate::support::{is_right, with};

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
