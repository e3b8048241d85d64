//! Files whose text, keys or values are not those of a scenario are refused with their place.

use hubbub_scenario::{Location, Scenario, ScenarioError};

/// What a file of the given text is refused with.
fn refusal(text: &str) -> String {
    Scenario::parse("scenarios/x.toml", text).expect_err("it is refused").to_string()
}

/// A file that is right, and more lines behind it.
fn with(lines: &str) -> String {
    format!(
        "version = 1\nname = \"x\"\nsummary = \"X.\"\n\n[workload]\nusers = 20\n\
         sends_per_user = \"6/min\"\nduration = \"30s\"\n{lines}"
    )
}

#[test]
fn the_file_without_more_lines_is_right() {
    assert!(Scenario::parse("scenarios/x.toml", &with("")).is_ok());
}

#[test]
fn a_misspelt_key_is_shown_with_the_nearest() {
    insta::assert_snapshot!(refusal(&with("\n[design]\nheartbeet = \"5s\"\n")), @r#"
    error: unknown key `heartbeet` in [design]
      --> scenarios/x.toml:11:1
       |
    11 | heartbeet = "5s"
       | ^^^^^^^^^
       = did you mean `heartbeat`?
    "#);
}

#[test]
fn a_key_in_the_wrong_table_is_shown_its_place() {
    insta::assert_snapshot!(refusal(&with("heartbeat = \"5s\"\n")), @r#"
    error: unknown key `heartbeat` in [workload]
     --> scenarios/x.toml:9:1
      |
    9 | heartbeat = "5s"
      | ^^^^^^^^^
      = `heartbeat` belongs in [design]
    "#);
}

#[test]
fn a_key_that_resembles_none_is_shown_the_known_ones() {
    insta::assert_snapshot!(refusal(&with("\n[run]\ncolour = \"red\"\n")), @r#"
    error: unknown key `colour` in [run]
      --> scenarios/x.toml:11:1
       |
    11 | colour = "red"
       | ^^^^^^
       = known keys: engine, seeds
    "#);
}

#[test]
fn an_unknown_key_of_an_inline_table_or_a_list_entry_names_its_table() {
    insta::assert_snapshot!(refusal(&with("groups = { cuont = 1, count = 1, size = [2, 3] }\n")), @r"
    error: unknown key `cuont` in [workload.groups]
     --> scenarios/x.toml:9:12
      |
    9 | groups = { cuont = 1, count = 1, size = [2, 3] }
      |            ^^^^^
      = did you mean `count`?
    ");
    insta::assert_snapshot!(refusal(&with("[[fault]]\nat = \"1s\"\nfor = \"1s\"\nkind = \"crash\"\nhots = \"store\"\n")), @r#"
    error: unknown key `hots` in [[fault]]
      --> scenarios/x.toml:13:1
       |
    13 | hots = "store"
       | ^^^^
       = did you mean `host`?
    "#);
    insta::assert_snapshot!(refusal(&with("[[variant]]\nname = \"y\"\ndesign = { acept = \"on-receipt\" }\n")), @r#"
    error: unknown key `acept` in [variant.design]
      --> scenarios/x.toml:11:12
       |
    11 | design = { acept = "on-receipt" }
       |            ^^^^^
       = did you mean `accept`?
    "#);
}

#[test]
fn a_missing_key_says_what_to_add() {
    insta::assert_snapshot!(refusal("version = 1\nname = \"x\"\n"), @r#"
    error: missing key `summary`
      --> scenarios/x.toml
       = add `summary = "…"`: What it shows, in a sentence or two.
    "#);
    insta::assert_snapshot!(refusal(&with("[[fault]]\nat = \"1s\"\nkind = \"crash\"\nhost = \"store\"\n")), @r#"
    error: missing key `for` in [[fault]]
     --> scenarios/x.toml:9:1
      |
    9 | [[fault]]
      | ^^^^^^^^^
      = add `for = "5s"`: How long it lasts. For `crash`, `power-loss` and `drain`: after which time the host is started again.
    "#);
}

#[test]
fn a_negative_duration_is_refused() {
    insta::assert_snapshot!(refusal(&with("\n[design]\nretry_after = \"-2s\"\n")), @r#"
    error: bad value of `design.retry_after`: `-2s` is no duration (expected number at 0)
      --> scenarios/x.toml:11:15
       |
    11 | retry_after = "-2s"
       |               ^^^^^
       = write a number and a unit, such as "250ms", "5s" or "2min"
    "#);
    insta::assert_snapshot!(refusal(&with("settle = -5\n")), @r#"
    error: `workload.settle` must be a duration with its unit, not a whole number
     --> scenarios/x.toml:9:10
      |
    9 | settle = -5
      |          ^^
      = write it like this: `settle = "5s"`
    "#);
}

#[test]
fn a_rate_without_its_unit_is_refused() {
    insta::assert_snapshot!(refusal(&with("member_changes = \"6\"\n")), @r#"
    error: bad value of `workload.member_changes`: `6` is no rate
     --> scenarios/x.toml:9:18
      |
    9 | member_changes = "6"
      |                  ^^^
      = write a number and a unit, such as "6/min" or "1000/s" (units: s, min, h, day)
    "#);
    insta::assert_snapshot!(refusal(&with("member_changes = 6\n")), @r#"
    error: `workload.member_changes` must be a rate with its unit, not a whole number
     --> scenarios/x.toml:9:18
      |
    9 | member_changes = 6
      |                  ^
      = write it like this: `member_changes = "6/min"`
    "#);
}

#[test]
fn a_value_of_the_wrong_kind_is_refused() {
    insta::assert_snapshot!(refusal(&with("contacts = \"four\"\n")), @r#"
    error: `workload.contacts` must be a whole number, not text
     --> scenarios/x.toml:9:12
      |
    9 | contacts = "four"
      |            ^^^^^^
      = write it like this: `contacts = 1`
    "#);
    insta::assert_snapshot!(refusal(&with("contacts = 4.5\n")), @r"
    error: `workload.contacts` must be a whole number, not a number with a fraction
     --> scenarios/x.toml:9:12
      |
    9 | contacts = 4.5
      |            ^^^
      = write it like this: `contacts = 1`
    ");
    insta::assert_snapshot!(refusal(&with("group_share = true\n")), @r"
    error: `workload.group_share` must be a number, not true or false
     --> scenarios/x.toml:9:15
      |
    9 | group_share = true
      |               ^^^^
      = write it like this: `group_share = 0.5`
    ");
    insta::assert_snapshot!(refusal(&with("groups = 3\n")), @r"
    error: `workload.groups` must be a table, not a whole number
     --> scenarios/x.toml:9:10
      |
    9 | groups = 3
      |          ^
      = write it like this: `groups = { … }`
    ");
    insta::assert_snapshot!(refusal(&with("[expect]\nfaults_may_miss = \"yes\"\n")), @r#"
    error: `expect.faults_may_miss` must be true or false, not text
      --> scenarios/x.toml:10:19
       |
    10 | faults_may_miss = "yes"
       |                   ^^^^^
       = write it like this: `faults_may_miss = true`
    "#);
    insta::assert_snapshot!(refusal(&with("[expect]\nviolations = \"order\"\n")), @r#"
    error: `expect.violations` must be a list, not text
      --> scenarios/x.toml:10:14
       |
    10 | violations = "order"
       |              ^^^^^^^
       = write it like this: `violations = […]`
    "#);
    insta::assert_snapshot!(refusal(&with("[plan.population]\ndau = \"50M\"\n")), @r#"
    error: `plan.population.dau` must be a number or a list of 3, not text
      --> scenarios/x.toml:10:7
       |
    10 | dau = "50M"
       |       ^^^^^
       = write it like this: `dau = 0.5`
    "#);
}

#[test]
fn a_single_table_in_place_of_a_list_of_them_is_refused() {
    insta::assert_snapshot!(refusal(&with("[fault]\nat = \"1s\"\n")), @r"
    error: `fault` must be a list, not a table
     --> scenarios/x.toml:9:1
      |
    9 | [fault]
      | ^^^^^^^
      = write `[[fault]]`, once for each
    ");
}

#[test]
fn a_number_out_of_its_type_is_refused() {
    insta::assert_snapshot!(refusal(&with("contacts = -1\n")), @r"
    error: `workload.contacts` must be a whole number from 0 to 4294967295
     --> scenarios/x.toml:9:12
      |
    9 | contacts = -1
      |            ^^
    ");
    insta::assert_snapshot!(refusal(&with("contacts = 99999999999999999999\n")), @r"
    error: `workload.contacts` must be a whole number from 0 to 4294967295
     --> scenarios/x.toml:9:12
      |
    9 | contacts = 99999999999999999999
      |            ^^^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn a_list_of_the_wrong_length_is_refused() {
    insta::assert_snapshot!(refusal(&with("groups = { count = 1, size = [3] }\n")), @r"
    error: `workload.groups.size` must have exactly 2 entries, not 1
     --> scenarios/x.toml:9:30
      |
    9 | groups = { count = 1, size = [3] }
      |                              ^^^
    ");
    insta::assert_snapshot!(refusal(&with("[plan.population]\ndau = [1, 2]\n")), @r"
    error: `plan.population.dau` must have exactly 3 entries, not 2
      --> scenarios/x.toml:10:7
       |
    10 | dau = [1, 2]
       |       ^^^^^^
    ");
}

#[test]
fn an_unknown_word_is_shown_with_the_nearest_or_all() {
    insta::assert_snapshot!(refusal(&with("[design]\naccept = \"on-reciept\"\n")), @r#"
    error: unknown value "on-reciept" of `design.accept`
      --> scenarios/x.toml:10:10
       |
    10 | accept = "on-reciept"
       |          ^^^^^^^^^^^^
       = did you mean "on-receipt"?
    "#);
    insta::assert_snapshot!(refusal(&with("[run]\nengine = \"turbo\"\n")), @r#"
    error: unknown value "turbo" of `run.engine`
      --> scenarios/x.toml:10:10
       |
    10 | engine = "turbo"
       |          ^^^^^^^
       = known values: fast, full
    "#);
    insta::assert_snapshot!(refusal(&with("[expect]\nviolations = [\"order\", \"acepted-lost\"]\n")), @r#"
    error: unknown value "acepted-lost" of `expect.violations`
      --> scenarios/x.toml:10:24
       |
    10 | violations = ["order", "acepted-lost"]
       |                        ^^^^^^^^^^^^^^
       = did you mean "accepted-lost"?
    "#);
}

#[test]
fn several_problems_are_shown_together_in_the_order_of_the_file() {
    insta::assert_snapshot!(
        refusal(&with("contact = 3\nsettle = \"soon\"\n\n[cluster]\nchat = \"three\"\n\n[desing]\n")),
        @r#"
        error: unknown key `contact` in [workload]
         --> scenarios/x.toml:9:1
          |
        9 | contact = 3
          | ^^^^^^^
          = did you mean `contacts`?

        error: bad value of `workload.settle`: `soon` is no duration (expected number at 0)
          --> scenarios/x.toml:10:10
           |
        10 | settle = "soon"
           |          ^^^^^^
           = write a number and a unit, such as "250ms", "5s" or "2min"

        error: `cluster.chat` must be a whole number, not text
          --> scenarios/x.toml:13:8
           |
        13 | chat = "three"
           |        ^^^^^^^
           = write it like this: `chat = 1`

        error: unknown key `desing`
          --> scenarios/x.toml:15:2
           |
        15 | [desing]
           |  ^^^^^^
           = did you mean `design`?
        "#
    );
}

#[test]
fn more_problems_than_fit_are_counted() {
    let lines: String = (0..25).map(|number| format!("key_{number} = 1\n")).collect();
    let text = refusal(&with(&lines));
    assert_eq!(text.matches("error: ").count(), 20);
    assert!(text.ends_with("\n\nand 5 more"), "{text}");
}

#[test]
fn bad_syntax_is_shown_where_it_is() {
    insta::assert_snapshot!(refusal("version = 1\nname = \"x\nsummary = \"X.\"\n"), @r#"
    error: invalid basic string, expected `"`
     --> scenarios/x.toml:2:10
      |
    2 | name = "x
      |          ^
    "#);
    insta::assert_snapshot!(refusal("version = 1\nversion = 1\n"), @r"
    error: duplicate key
     --> scenarios/x.toml:2:1
      |
    2 | version = 1
      | ^^^^^^^
    ");
    insta::assert_snapshot!(refusal("version = 1\nname = quickstart\n"), @r"
    error: string values must be quoted, expected literal string
     --> scenarios/x.toml:2:8
      |
    2 | name = quickstart
      |        ^^^^^^^^^^
    ");
}

#[test]
fn columns_and_carets_survive_tabs_and_wide_text() {
    insta::assert_snapshot!(
        refusal(&with("groups = { count = 1, size = [2, 3] } # größer\n\tcontacts = \"größer\"\n")),
        @r#"
        error: `workload.contacts` must be a whole number, not text
          --> scenarios/x.toml:10:13
           |
        10 | 	contacts = "größer"
           | 	           ^^^^^^^^
           = write it like this: `contacts = 1`
        "#
    );
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let text = refusal("version = 1\nname = \"\u{1b}[31mred\"\n");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert!(text.contains('\u{fffd}'), "{text:?}");
}

#[test]
fn a_byte_order_mark_and_line_ends_of_another_system_are_read() {
    let text = format!("\u{feff}{}", with("contacts = \"four\"\n").replace('\n', "\r\n"));
    assert_eq!(refusal(&text), refusal(&with("contacts = \"four\"\n")));
}

#[test]
fn another_version_is_the_only_complaint() {
    insta::assert_snapshot!(refusal("version = 2\nname = \"x\"\nnew_key = 1\n"), @r"
    error: version 2 of the form is not known
     --> scenarios/x.toml:1:11
      |
    1 | version = 2
      |           ^
      = this program reads `version = 1`
    ");
}

#[test]
fn an_empty_file_is_refused() {
    insta::assert_snapshot!(refusal(""), @r#"
    error: missing key `version`
      --> scenarios/x.toml
       = add `version = 1`: The version of this form: 1.

    error: missing key `name`
      --> scenarios/x.toml
       = add `name = "…"`: A short name in lower case with dashes; names the output folder.

    error: missing key `summary`
      --> scenarios/x.toml
       = add `summary = "…"`: What it shows, in a sentence or two.
    "#);
}

#[test]
fn a_binary_file_is_refused_with_the_first_byte_that_is_no_text() {
    let path = std::env::temp_dir().join(format!("hubbub-binary-{}.toml", std::process::id()));
    std::fs::write(&path, b"version = 1\n\xff\xfe\x00").unwrap();
    let error = Scenario::read(&path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(error, ScenarioError::NotText { offset: 12, .. }), "{error}");
    let text = error.to_string().replace(&path.display().to_string(), "x.toml");
    insta::assert_snapshot!(text, @r"
    error: not a text file: byte 12 is not UTF-8
      --> x.toml
       = a scenario is a TOML file; `hubbub new NAME` writes one to start from
    ");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Scenario::read("no/such/file.toml").unwrap_err();
    assert!(matches!(error, ScenarioError::Unreadable { .. }));
    assert!(
        error.to_string().starts_with("error: cannot read the scenario\n  --> no/such/file.toml\n")
    );
}

#[test]
fn the_place_of_a_problem_can_be_read_by_a_program() {
    let error = Scenario::parse("x.toml", &with("contacts = \"four\"\n")).unwrap_err();
    let [problem] = error.problems() else { panic!("{error}") };
    let Location::Place(file, position) = &problem.location else { panic!("{error}") };
    assert_eq!(
        (file.as_str(), position.line, position.column, position.width),
        ("x.toml", 9, 12, 6)
    );
}
