//! Variants that change nothing, or that cannot run.

use crate::support::with;

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
