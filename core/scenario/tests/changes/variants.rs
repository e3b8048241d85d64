//! A variant sets any key of the cluster, the workload and the faults, and is judged as a whole.

use hubbub_scenario::{Document, Percent, Scenario};

use crate::TEXT;

/// The lines of a variant stand behind this.
const VARIANT: &str = "\n[[variant]]\nname = \"other\"\n";

fn text(variant: &str) -> String {
    format!("{TEXT}{VARIANT}{variant}")
}

fn parse(variant: &str) -> Document {
    Scenario::parse("x.toml", &text(variant)).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(variant: &str) -> String {
    Scenario::parse("x.toml", &text(variant)).expect_err("it is refused").to_string()
}

#[test]
fn a_variant_is_the_whole_scenario_with_its_keys() {
    let document = parse(
        "set = { \"workload.groups.size\" = [10, 10], \"cluster.chat\" = 1, \"fault.0.for\" = \"7s\", \
         \"design.heartbeat\" = \"6s\" }\n\
         design = { accept = \"on-receipt\" }\nexpect = { violations = [\"order\"] }\n",
    );
    let [base, other] = document.variants() else { panic!("base and one variant") };

    assert_eq!(base.scenario.workload, document.scenario().workload);
    assert_eq!(base.scenario.faults, document.scenario().faults);
    assert!(base.scenario.variants.is_empty());

    let workload = other.scenario.workload.as_ref().unwrap();
    assert_eq!((workload.groups.count, workload.groups.size), (2, [10, 10]));
    assert_eq!(workload.users, 20);
    assert_eq!(other.scenario.cluster.chat, 1);
    assert_eq!(other.scenario.faults[0].r#for.to_string(), "7s");
    assert_eq!(other.design.heartbeat.as_secs(), 6);
    assert_eq!(other.scenario.design, other.design);
    assert_eq!(other.scenario.expect, other.expect);
    assert_eq!(other.design.accept.to_string(), "on-receipt");
}

#[test]
fn a_variant_tells_every_key_that_it_changes() {
    let document = parse(
        "set = { \"cluster.chat\" = 1, workload.groups.size = [10, 10], \"expect.deliver_p99\" = \"9s\" }\n\
         design = { accept = \"on-receipt\" }\n",
    );
    assert_eq!(
        document.scenario().variants[0].changes(),
        ["accept = \"on-receipt\"", "cluster.chat = 1", "workload.groups.size = [10, 10]"]
    );
}

#[test]
fn a_table_in_a_table_says_the_same_as_a_dotted_key() {
    let dotted = parse("set = { \"workload.groups.count\" = 3, \"cluster.chat\" = 2 }\n");
    for other in [
        "set.workload.groups.count = 3\nset.cluster.chat = 2\n",
        "[variant.set]\nworkload = { groups = { count = 3 } }\ncluster.chat = 2\n",
        "[variant.set]\n\"workload.groups\" = { count = 3 }\n\"cluster.chat\" = 2\n",
    ] {
        assert_eq!(parse(other).variants()[1], dotted.variants()[1], "{other}");
    }
}

#[test]
fn a_variant_can_have_other_faults_or_none() {
    let none = parse("set = { fault = [] }\n");
    assert!(none.variants()[1].scenario.faults.is_empty());
    let other = parse(
        "[[variant.set.fault]]\nat = \"1s\"\nfor = \"2s\"\nkind = \"crash\"\nusers = \"25%\"\n",
    );
    let [fault] = &other.variants()[1].scenario.faults[..] else { panic!("one fault") };
    assert_eq!(fault.users, Some(Percent::parse("25%").unwrap()));
    assert_eq!(fault.host, None);
}

#[test]
fn a_key_or_value_that_is_none_is_shown_where_it_stands() {
    insta::assert_snapshot!(refusal("set = { \"workload.uesrs\" = 3 }\n"), @r#"
    error: unknown key `uesrs` in [workload]
      --> x.toml:19:9
       |
    19 | set = { "workload.uesrs" = 3 }
       |         ^^^^^^^^^^^^^^^^
       = did you mean `users`?
    "#);
    insta::assert_snapshot!(refusal("set = { \"users\" = 3 }\n"), @r#"
    error: unknown key `users`
      --> x.toml:19:9
       |
    19 | set = { "users" = 3 }
       |         ^^^^^^^
       = `users` belongs in [workload]
    "#);
    insta::assert_snapshot!(refusal("set = { \"workload.users\" = \"many\" }\n"), @r#"
    error: `workload.users` must be a whole number, not text
      --> x.toml:19:28
       |
    19 | set = { "workload.users" = "many" }
       |                            ^^^^^^
       = write it like this: `users = 1`
    "#);
    insta::assert_snapshot!(refusal("set = { \"workload.groups.size\" = [3] }\n"), @r#"
    error: `workload.groups.size` must have exactly 2 entries, not 1
      --> x.toml:19:34
       |
    19 | set = { "workload.groups.size" = [3] }
       |                                  ^^^
    "#);
    insta::assert_snapshot!(refusal("set = { \"workload.users.count\" = 3 }\n"), @r#"
    error: `workload.users` has no key `count`
      --> x.toml:19:9
       |
    19 | set = { "workload.users.count" = 3 }
       |         ^^^^^^^^^^^^^^^^^^^^^^
       = it is a value: set `workload.users` itself
    "#);
    insta::assert_snapshot!(refusal("set = { \"fault.1.for\" = \"2s\" }\n"), @r#"
    error: `fault` is a list of 1: it has no entry `1`
      --> x.toml:19:25
       |
    19 | set = { "fault.1.for" = "2s" }
       |                         ^^^^
       = count its entries from 0, such as `fault.0`
    "#);
    insta::assert_snapshot!(refusal("set = { \"fault.first.for\" = \"2s\" }\n"), @r#"
    error: `fault` has no key `first`
      --> x.toml:19:9
       |
    19 | set = { "fault.first.for" = "2s" }
       |         ^^^^^^^^^^^^^^^^^
       = count its entries from 0, such as `fault.0`
    "#);
    insta::assert_snapshot!(refusal("set = 3\n"), @r#"
    error: `variant.set` must be a table, not a whole number
      --> x.toml:19:7
       |
    19 | set = 3
       |       ^
       = write it like this: `set = { "cluster.chat" = 1 }`
    "#);
}

#[test]
fn what_is_the_same_for_all_runs_is_not_changed() {
    insta::assert_snapshot!(refusal("set = { \"run.seeds\" = [2] }\n"), @r#"
    error: `run.seeds` is the same for all variants
      --> x.toml:19:23
       |
    19 | set = { "run.seeds" = [2] }
       |                       ^^^
       = a variant changes keys of cluster, design, workload, fault, expect, load
    "#);
}

#[test]
fn what_a_change_breaks_is_shown_at_the_change() {
    insta::assert_snapshot!(refusal("set = { \"workload.users\" = 4 }\n"), @r#"
    error: 4 users cannot have 4 contacts each in the variant `other`
      --> x.toml:19:7
       |
    19 | set = { "workload.users" = 4 }
       |       ^^^^^^^^^^^^^^^^^^^^^^^^
       = set `contacts` to 3 at most

    error: groups of 5 members need as many users, not 4 in the variant `other`
      --> x.toml:19:7
       |
    19 | set = { "workload.users" = 4 }
       |       ^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(refusal("[variant.set]\n\"cluster.chat\" = 9\n"), @r#"
    error: `chat` must be from 1 to 8, not 9
      --> x.toml:20:18
       |
    20 | "cluster.chat" = 9
       |                  ^
    "#);
    insta::assert_snapshot!(refusal("set = { \"workload.duration\" = \"8s\" }\n"), @r#"
    error: the fault ends after the workload: 10s, and it lasts 8s in the variant `other`
      --> x.toml:19:7
       |
    19 | set = { "workload.duration" = "8s" }
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = end it earlier, or make `duration` in [workload] longer
    "#);
    insta::assert_snapshot!(refusal("set = { \"design.silence_after\" = \"6s\" }\n"), @r#"
    error: silence_after must be at least two heartbeats, or every pause cuts a connection
      --> x.toml:19:34
       |
    19 | set = { "design.silence_after" = "6s" }
       |                                  ^^^^
    "#);
}

#[test]
fn a_section_that_is_not_there_is_not_begun_in_part() {
    insta::assert_snapshot!(refusal("set = { \"load.connections\" = 4 }\n"), @r#"
    error: what this makes of the scenario cannot be read: missing field `rate`
      --> x.toml:19:7
       |
    19 | set = { "load.connections" = 4 }
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^^
       = set every key that the section needs, or add the section to the file
    "#);
}

#[test]
fn a_key_is_changed_in_one_place() {
    insta::assert_snapshot!(
        refusal("set = { \"design.accept\" = \"on-receipt\" }\ndesign = { accept = \"on-receipt\" }\n"),
        @r#"
        error: `design.accept` is changed twice
          --> x.toml:19:27
           |
        19 | set = { "design.accept" = "on-receipt" }
           |                           ^^^^^^^^^^^^
           = keep it in one of `design` and `set`
        "#
    );
}

#[test]
fn a_problem_of_the_base_is_told_once() {
    let text = text("set = { \"cluster.chat\" = 2 }\n").replace("size = [3, 5]", "size = [3, 50]");
    let error = Scenario::parse("x.toml", &text).expect_err("groups need fifty users");
    assert_eq!(error.problems().len(), 1, "{error}");
}

#[test]
fn a_variant_that_sets_keys_survives_being_written() {
    let document = parse("set = { \"workload.groups.size\" = [10, 10], fault = [] }\n");
    let written = document.scenario().to_toml().unwrap();
    let again = Scenario::parse("again.toml", &written).unwrap();
    assert_eq!(again.scenario(), document.scenario());
    assert_eq!(again.variants(), document.variants());
    let alone = document.variants()[1].scenario.to_toml().unwrap();
    let alone = Scenario::parse("alone.toml", &alone).unwrap();
    assert_eq!(alone.scenario(), &document.variants()[1].scenario);
}
