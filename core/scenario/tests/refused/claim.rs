//! A claim names variants, figures, series and crossings that are there.

use hubbub_scenario::Scenario;

use crate::support::refusal;

const TEXT: &str = "\
version = 1
name = \"x\"
summary = \"X.\"

[workload]
users = 20
sends_per_user = \"6/min\"
duration = \"30s\"

[[variant]]
name = \"three\"
set = { \"workload.contacts\" = 3 }

[[variant]]
name = \"five\"
set = { \"workload.contacts\" = 5 }

[[variant]]
name = \"six\"
set = { \"workload.contacts\" = 6 }

";

const CLAIM: &str = "\
[claim]
text = \"It is cheap.\"
verdict = \"holds\"
";

const SERIES: &str = "\
[[claim.series]]
name = \"rows\"
figure = \"store_rows_per_message\"
levels = { three = 3, base = 4, five = 5, six = 6 }
";

fn with_finding(finding: &str) -> String {
    refusal(&format!("{TEXT}{CLAIM}finding = \"{finding}\"\n{SERIES}"))
}

fn with(lines: &str) -> String {
    refusal(&format!("{TEXT}{CLAIM}finding = \"It is.\"\n{lines}"))
}

#[test]
fn a_claim_that_names_what_is_there_is_right() {
    let text = format!(
        "{TEXT}{CLAIM}finding = \"{{base.logins}}, {{series.rows.slope}}, {{projection.bytes}}, \
         {{crossing.both}}.\"\nfigures = [\"logins\"]\n{SERIES}\
         [[claim.series]]\nname = \"bytes\"\nfigure = \"store_rows_read_per_sync\"\n\
         levels = {{ three = 3, base = 4, five = 5, six = 6 }}\nat = 100\n\
         [[claim.crossing]]\nname = \"both\"\nof = [\"rows\", \"bytes\"]\n"
    );
    let document = Scenario::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    let written = document.scenario().to_toml().unwrap();
    assert_eq!(Scenario::parse("y.toml", &written).unwrap().scenario(), document.scenario());
}

#[test]
fn a_finding_names_what_is_there() {
    insta::assert_snapshot!(with_finding("{bases.logins}"), @r#"
    error: unknown variant `bases`
      --> x.toml:25:11
       |
    25 | finding = "{bases.logins}"
       |           ^^^^^^^^^^^^^^^^
       = did you mean `base`?
    "#);
    insta::assert_snapshot!(with_finding("{patient.logins}"), @r#"
    error: unknown variant `patient`
      --> x.toml:25:11
       |
    25 | finding = "{patient.logins}"
       |           ^^^^^^^^^^^^^^^^^^
       = known: base, three, five, six
    "#);
    insta::assert_snapshot!(with_finding("{base.lgins} {base.weight}"), @r#"
    error: unknown figure in `{base.lgins}`
      --> x.toml:25:11
       |
    25 | finding = "{base.lgins} {base.weight}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = did you mean `logins`?

    error: unknown figure in `{base.weight}`
      --> x.toml:25:11
       |
    25 | finding = "{base.lgins} {base.weight}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = `hubbub list figures` shows what there is
    "#);
    insta::assert_snapshot!(with_finding("{series.row.slope} {series.rows.steepness}"), @r#"
    error: unknown series `row`
      --> x.toml:25:11
       |
    25 | finding = "{series.row.slope} {series.rows.steepness}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = did you mean `rows`?

    error: `{series.rows.steepness}` stands for nothing
      --> x.toml:25:11
       |
    25 | finding = "{series.row.slope} {series.rows.steepness}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write `{VARIANT.FIGURE}`, `{series.NAME.slope}` (or `intercept`, `r2`), `{projection.NAME}` or `{crossing.NAME}`
    "#);
    insta::assert_snapshot!(with_finding("{projection.rows} {projection.row}"), @r#"
    error: the series `rows` is not projected
      --> x.toml:25:11
       |
    25 | finding = "{projection.rows} {projection.row}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = say to which level: `at = 1000.0`

    error: unknown series `row`
      --> x.toml:25:11
       |
    25 | finding = "{projection.rows} {projection.row}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = did you mean `rows`?
    "#);
    insta::assert_snapshot!(with_finding("{crossing.both}"), @r#"
    error: unknown crossing `both`
      --> x.toml:25:11
       |
    25 | finding = "{crossing.both}"
       |           ^^^^^^^^^^^^^^^^^
       = there is no crossing here
    "#);
    insta::assert_snapshot!(with_finding("{base.logins"), @r#"
    error: a brace without its other half
      --> x.toml:25:11
       |
    25 | finding = "{base.logins"
       |           ^^^^^^^^^^^^^^
       = figures stand in braces, such as `{base.lost_messages}`; text has none
    "#);
    insta::assert_snapshot!(with_finding(""), @r#"
    error: the finding is empty
      --> x.toml:25:11
       |
    25 | finding = ""
       |           ^^
    "#);
}

#[test]
fn a_figure_comes_from_a_run_that_is_there() {
    insta::assert_snapshot!(
        with("figures = [\"logins\", \"logins\", \"bytes_per_connection\"]\n"), @r#"
        error: `logins` comes twice
          --> x.toml:26:22
           |
        26 | figures = ["logins", "logins", "bytes_per_connection"]
           |                      ^^^^^^^^

        error: only a load on a real server yields `bytes_per_connection`, and there is none
          --> x.toml:26:32
           |
        26 | figures = ["logins", "logins", "bytes_per_connection"]
           |                                ^^^^^^^^^^^^^^^^^^^^^^
           = add [load], or leave the figure out
        "#);
    insta::assert_snapshot!(with_finding("{base.server_cpu_us_per_delivery}"), @r#"
    error: only a load on a real server yields `server_cpu_us_per_delivery`, and there is none
      --> x.toml:25:11
       |
    25 | finding = "{base.server_cpu_us_per_delivery}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = add [load], or leave the figure out
    "#);
    let probe = "version = 1\nname = \"x\"\nsummary = \"X.\"\n[store_probe]\n";
    insta::assert_snapshot!(
        refusal(&format!("{probe}{CLAIM}finding = \"It is.\"\nfigures = [\"logins\"]\n")), @r#"
        error: only a run yields `logins`, and there is none
         --> x.toml:9:12
          |
        9 | figures = ["logins"]
          |            ^^^^^^^^
          = add [workload] to simulate, or leave the figure out
        "#);
}

#[test]
fn a_series_has_four_levels_of_variants_that_are_there() {
    insta::assert_snapshot!(
        with("[[claim.series]]\nname = \"rows\"\nfigure = \"logins\"\nlevels = { three = 3, base = 4, fife = 5 }\n"),
        @r"
        error: a line needs at least 4 levels, not 3
          --> x.toml:29:10
           |
        29 | levels = { three = 3, base = 4, fife = 5 }
           |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           = through fewer a line fits whatever they are: add variants

        error: unknown variant `fife`
          --> x.toml:29:40
           |
        29 | levels = { three = 3, base = 4, fife = 5 }
           |                                        ^
           = did you mean `five`?
        "
    );
    insta::assert_snapshot!(
        with("[[claim.series]]\nname = \"rows\"\nfigure = \"logins\"\nlevels = { three = 3, base = 4, five = 4.0, six = inf }\n"),
        @r"
        error: `base` stands for the level 4 already
          --> x.toml:29:40
           |
        29 | levels = { three = 3, base = 4, five = 4.0, six = inf }
           |                                        ^^^
           = give each variant its own level

        error: a level must be a number with an end
          --> x.toml:29:51
           |
        29 | levels = { three = 3, base = 4, five = 4.0, six = inf }
           |                                                   ^^^
        "
    );
    insta::assert_snapshot!(with(&SERIES.replace("six = 6", "six = \"6\"")), @r#"
    error: `claim.series.levels.six` must be a number, not text
      --> x.toml:29:49
       |
    29 | levels = { three = 3, base = 4, five = 5, six = "6" }
       |                                                 ^^^
       = write it like this: `six = 0.5`
    "#);
}

#[test]
fn a_projection_leaves_the_levels() {
    insta::assert_snapshot!(with(&format!("{SERIES}at = 4.5\n")), @r"
    error: 4.5 is within the levels, from 3 to 6: that is no projection
      --> x.toml:30:6
       |
    30 | at = 4.5
       |      ^^^
       = add a variant at that level and measure it
    ");
    insta::assert_snapshot!(with(&format!("{SERIES}at = nan\n")), @r"
    error: a level must be a number with an end
      --> x.toml:30:6
       |
    30 | at = nan
       |      ^^^
    ");
}

#[test]
fn names_of_series_and_crossings_are_names_and_their_own() {
    let other = SERIES.replace("\"rows\"", "\"Rows per message\"");
    let crossing = "[[claim.crossing]]\nname = \"both\"\nof = [\"rows\", \"row\"]\n";
    insta::assert_snapshot!(with(&format!("{SERIES}{SERIES}{other}{crossing}{crossing}")), @r#"
    error: the name `rows` is taken
      --> x.toml:31:8
       |
    31 | name = "rows"
       |        ^^^^^^

    error: `Rows per message` is no name
      --> x.toml:35:8
       |
    35 | name = "Rows per message"
       |        ^^^^^^^^^^^^^^^^^^
       = use lower-case letters, digits and single dashes, such as `lost-store`; 60 characters at most

    error: unknown series `row`
      --> x.toml:40:15
       |
    40 | of = ["rows", "row"]
       |               ^^^^^
       = did you mean `rows`?

    error: the name `both` is taken
      --> x.toml:42:8
       |
    42 | name = "both"
       |        ^^^^^^

    error: unknown series `row`
      --> x.toml:43:15
       |
    43 | of = ["rows", "row"]
       |               ^^^^^
       = did you mean `rows`?
    "#);
}

#[test]
fn two_series_of_one_unit_meet() {
    let bytes = SERIES.replace("rows", "bytes");
    let crossing = "[[claim.crossing]]\nname = \"both\"\nof = [\"rows\", \"bytes\"]\n";
    insta::assert_snapshot!(with(&format!("{SERIES}{bytes}{crossing}")), @r#"
    error: `store_rows_per_message` and `store_bytes_per_message` are not counted in the same unit
      --> x.toml:36:6
       |
    36 | of = ["rows", "bytes"]
       |      ^^^^^^^^^^^^^^^^^
       = only series of one unit can meet
    "#);
    let alone = "[[claim.crossing]]\nname = \"self\"\nof = [\"rows\", \"rows\"]\n";
    insta::assert_snapshot!(with(&format!("{SERIES}{alone}")), @r#"
    error: `rows` meets itself everywhere
      --> x.toml:32:6
       |
    32 | of = ["rows", "rows"]
       |      ^^^^^^^^^^^^^^^^
       = name two series
    "#);
}

#[test]
fn a_variant_is_not_called_like_a_part_of_a_finding() {
    let text = TEXT.replace("\"six\"", "\"series\"");
    insta::assert_snapshot!(refusal(&format!("{text}{CLAIM}finding = \"It is.\"\n")), @r#"
    error: `series` means something else in a finding
      --> x.toml:19:8
       |
    19 | name = "series"
       |        ^^^^^^^^
       = give the variant another name
    "#);
    assert!(Scenario::parse("x.toml", &text).is_ok());
}

#[test]
fn a_claim_is_complete() {
    insta::assert_snapshot!(refusal(&format!("{TEXT}[claim]\ntext = \"\"\nverdict = \"true\"\n")), @r#"
    error: missing key `finding` in [claim]
      --> x.toml:22:1
       |
    22 | [claim]
       | ^^^^^^^
       = add `finding = "…"`: What was found, in a sentence. Figures stand in braces: `{base.lost_messages}` is a figure of the base, `{VARIANT.FIGURE}` of a variant, `{series.NAME.slope}` what a series grows by for one more of its levels (`intercept` and `r2` likewise), `{projection.NAME}` where it comes to, `{crossing.NAME}` where two meet.

    error: unknown value "true" of `claim.verdict`
      --> x.toml:24:11
       |
    24 | verdict = "true"
       |           ^^^^^^
       = known values: holds, broken, costs
    "#);
}

/// A probe at four levels, up to its claim.
const PROBE: &str = "version = 1
name = \"x\"
summary = \"X.\"
[store_probe]
levels = [10, 100, 1000, 10000]
engines = [\"key-value\", \"relational\"]
";

#[test]
fn the_claim_of_a_probe_names_its_engines_and_levels() {
    let series = "[[claim.series]]\nname = \"jump\"\nfigure = \"jump_p50_us\"\nlevels = { relational-10 = 1, relational-100 = 2, relational-1000 = 3, relational-10000 = 4 }\n";
    let right = "finding = \"{relational-10000.jump_growth} times, {series.jump.slope} a step, {key-value-10.search_p99_us} µs.\"\n";
    let document = Scenario::parse("x.toml", &format!("{PROBE}{CLAIM}{right}{series}")).unwrap();
    let columns = document.scenario().store_probe.as_ref().unwrap().columns();
    assert_eq!(columns.len(), 8);
    assert_eq!((columns[0].as_str(), columns[7].as_str()), ("key-value-10", "relational-10000"));

    let wrong = "finding = \"{relational-10001.jump_growth} {base.jump_p50_us}\"\n";
    insta::assert_snapshot!(refusal(&format!("{PROBE}{CLAIM}{wrong}")), @r#"
    error: unknown engine and level `relational-10001`
      --> x.toml:10:11
       |
    10 | finding = "{relational-10001.jump_growth} {base.jump_p50_us}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = did you mean `relational-1000`?

    error: unknown engine and level `base`
      --> x.toml:10:11
       |
    10 | finding = "{relational-10001.jump_growth} {base.jump_p50_us}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = known: key-value-10, key-value-100, key-value-1000, key-value-10000, relational-10, relational-100, relational-1000, relational-10000
    "#);
    let fewer =
        series.replace("relational-10 = 1, ", "").replace("relational-100 ", "key-value-1 ");
    insta::assert_snapshot!(
        refusal(&format!("{PROBE}{CLAIM}finding = \"It is.\"\n{fewer}")), @r"
    error: a line needs at least 4 levels, not 3
      --> x.toml:14:10
       |
    14 | levels = { key-value-1 = 2, relational-1000 = 3, relational-10000 = 4 }
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = through fewer a line fits whatever they are: add levels

    error: unknown engine and level `key-value-1`
      --> x.toml:14:26
       |
    14 | levels = { key-value-1 = 2, relational-1000 = 3, relational-10000 = 4 }
       |                          ^
       = did you mean `key-value-10`?
    ");
}

#[test]
fn a_figure_of_a_probe_is_of_nothing_else() {
    insta::assert_snapshot!(with("figures = [\"jump_growth\"]\n"), @r#"
    error: only a probe alone yields `jump_growth`, and there is none
      --> x.toml:26:12
       |
    26 | figures = ["jump_growth"]
       |            ^^^^^^^^^^^^^
       = make a scenario of [store_probe] without another run, or leave the figure out
    "#);
    let both = PROBE.replace(
        "[store_probe]",
        "[workload]\nusers = 5\nsends_per_user = \"6/min\"\nduration = \"5s\"\n[store_probe]",
    );
    insta::assert_snapshot!(
        refusal(&format!("{both}{CLAIM}finding = \"{{relational-10.jump_p50_us}}\"\n")), @r#"
    error: unknown variant `relational-10`
      --> x.toml:14:11
       |
    14 | finding = "{relational-10.jump_p50_us}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = known: base

    error: only a probe alone yields `jump_p50_us`, and there is none
      --> x.toml:14:11
       |
    14 | finding = "{relational-10.jump_p50_us}"
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = make a scenario of [store_probe] without another run, or leave the figure out
    "#);
}
