//! `--set key=value` changes one key of a scenario, wherever and however it is written.

use std::time::Duration;

use hubbub_chat::design::Accept;
use hubbub_scenario::{Document, Problem, Rate, Scenario};

use crate::TEXT;

fn document() -> Document {
    Scenario::parse("x.toml", TEXT).expect("it can run")
}

fn set(written: &str) -> Document {
    let mut document = document();
    document.set(written).expect("it can be set");
    document
}

fn refusal(written: &[&str]) -> String {
    document().set_all(written).expect_err("it is refused").to_string()
}

#[test]
fn a_value_that_is_there_is_replaced() {
    assert_eq!(set("workload.users=30").scenario().workload.as_ref().unwrap().users, 30);
    let rate = set(" workload.sends_per_user = 12/min")
        .scenario()
        .workload
        .as_ref()
        .unwrap()
        .sends_per_user;
    assert_eq!(rate, Rate::parse("12/min").unwrap());
    let groups = set("workload.groups.count=7").scenario().workload.as_ref().unwrap().groups;
    assert_eq!((groups.count, groups.size), (7, [3, 5]));
    let groups = set("workload.groups.size=[2,4]").scenario().workload.as_ref().unwrap().groups;
    assert_eq!(groups.size, [2, 4]);
    assert_eq!(set("fault.0.for=2s").scenario().faults[0].r#for.0, Duration::from_secs(2));
}

#[test]
fn a_key_that_is_not_there_is_added_to_its_table() {
    assert_eq!(set("workload.contacts=9").scenario().workload.as_ref().unwrap().contacts, 9);
    assert_eq!(set("design.accept=on-receipt").scenario().design.accept, Accept::OnReceipt);
    assert_eq!(set("run.seeds=[4, 5]").scenario().run.seeds, [4, 5]);
    assert_eq!(
        set("plan.population.dau=1e6").scenario().plan.as_ref().unwrap().population.dau.base,
        1e6
    );
}

#[test]
fn a_key_is_added_however_the_file_is_written() {
    let head = "version = 1\nname = \"x\"\nsummary = \"X.\"\n";
    let base = |plan: &str, written: &str| {
        let mut document = Scenario::parse("x.toml", &format!("{head}{plan}")).unwrap();
        document.set_all(&[written, "plan.messages.body_chars=50"]).unwrap();
        let plan = document.scenario().plan.clone().unwrap();
        (plan.population.dau.base, plan.messages.body_chars.base)
    };
    for plan in [
        "[plan]",
        "[plan]\r\n",
        "[plan] # what to size\n\n",
        "plan = {}",
        "plan = { population = { contacts_mean = 5 } }\n",
        "[plan.population]",
        "[plan.population]\ndau = 7e6\n",
        "[plan]\npopulation.contacts_mean = 5\n",
        "plan.population.contacts_mean = 5\n",
    ] {
        assert_eq!(base(plan, "plan.population.dau=1e6"), (1e6, 50.0), "{plan}");
    }
}

#[test]
fn a_text_that_would_be_something_else_as_toml_can_be_quoted() {
    assert_eq!(set("name=\"2024\"").scenario().name, "2024");
    assert_eq!(set("summary=it's \"here\"\nb = 1").scenario().summary, "it's \"here\"\nb = 1");
}

#[test]
fn the_last_override_of_a_key_holds() {
    let mut document = document();
    document.set("design.heartbeat=6s").unwrap();
    document.set_all(&["design.heartbeat=7s", "design.retry_after=9s"]).unwrap();
    assert_eq!(document.scenario().design.heartbeat, Duration::from_secs(7));
    assert_eq!(document.scenario().design.retry_after, Duration::from_secs(9));
    let written: Vec<_> = document.overrides().collect();
    assert_eq!(written, ["design.heartbeat=6s", "design.heartbeat=7s", "design.retry_after=9s"]);
}

#[test]
fn values_that_are_right_only_together_are_judged_together() {
    insta::assert_snapshot!(refusal(&["design.heartbeat=20s"]), @r"
    error: silence_after must be at least two heartbeats, or every pause cuts a connection
      --> --set design.heartbeat=20s
    ");
    let mut document = document();
    document.set_all(&["design.heartbeat=20s", "design.silence_after=40s"]).unwrap();
    assert_eq!(document.scenario().design.silence_after, Duration::from_secs(40));
}

#[test]
fn an_override_changes_the_hash_and_a_refused_one_nothing() {
    let mut document = document();
    let hash = document.hash();
    assert_eq!(hash.len(), 16);
    assert!(document.set("workload.users=1").is_err());
    assert_eq!((document.hash(), document.text()), (hash.clone(), TEXT));
    document.set("workload.users=30").unwrap();
    assert_ne!(document.hash(), hash);
}

#[test]
fn a_bad_override_is_named() {
    insta::assert_snapshot!(refusal(&["workload.contacts=3", "workload.users=1"]), @r"
    error: `users` must be at least 2, not 1
      --> --set workload.users=1

    error: groups of 5 members need as many users, not 1
     --> x.toml:7:30
      |
    7 | groups = { count = 2, size = [3, 5] }
      |                              ^^^^^^
    ");
    insta::assert_snapshot!(refusal(&["design.heartbeet=5s"]), @r"
    error: unknown key `heartbeet` in [design]
      --> --set design.heartbeet=5s
       = did you mean `heartbeat`?
    ");
    insta::assert_snapshot!(refusal(&["design.heartbeat=-5s"]), @r#"
    error: bad value of `design.heartbeat`: `-5s` is no duration (expected number at 0)
      --> --set design.heartbeat=-5s
       = write a number and a unit, such as "250ms", "5s" or "2min"
    "#);
    insta::assert_snapshot!(refusal(&["desing.heartbeat=5s"]), @r"
    error: unknown key `desing`
      --> --set desing.heartbeat=5s
       = did you mean `design`?
    ");
    insta::assert_snapshot!(refusal(&["fault.0.host=chat-9"]), @r"
    error: unknown host `chat-9`
      --> --set fault.0.host=chat-9
       = did you mean `chat-1`? this cluster has chat-1, chat-2, chat-3, store, devices-1, devices-2
    ");
}

#[test]
fn an_override_that_cannot_be_applied_is_named() {
    insta::assert_snapshot!(refusal(&["heartbeat"]), @r"
    error: `heartbeat` is no override
      --> --set heartbeat
       = write a dotted key and a value: `--set design.heartbeat=5s`
    ");
    insta::assert_snapshot!(refusal(&["design..heartbeat=1"]), @r"
    error: `design..heartbeat=1` is no override
      --> --set design..heartbeat=1
       = write a dotted key and a value: `--set design.heartbeat=5s`
    ");
    insta::assert_snapshot!(refusal(&["workload=3"]), @r"
    error: `workload` is a section, not a value
      --> --set workload=3
       = set a key of it: `--set workload.KEY=VALUE`
    ");
    insta::assert_snapshot!(refusal(&["fault=[]"]), @r"
    error: `fault` is a section, not a value
      --> --set fault=[]
       = set a key of it: `--set fault.KEY=VALUE`
    ");
    insta::assert_snapshot!(refusal(&["fault.1.for=2s"]), @r"
    error: `fault` is a list of 1: it has no entry `1`
      --> --set fault.1.for=2s
       = count its entries from 0, such as `fault.0`
    ");
    insta::assert_snapshot!(refusal(&["workload.users.count=2"]), @r"
    error: `workload.users` is a value, it has no keys
      --> --set workload.users.count=2
       = set the value itself, or a key of a table
    ");
}

#[test]
fn lines_are_those_of_the_file_whatever_overrides_added() {
    let changed = ["run.seeds=[2]", "workload.settle=9s", "workload.duration=8s"];
    insta::assert_snapshot!(refusal(&changed), @r#"
    error: the fault ends after the workload: 10s, and it lasts 8s
      --> x.toml:13:7
       |
    13 | for = "5s"
       |       ^^^^
       = end it earlier, or make `duration` in [workload] longer

    note: this is with --set run.seeds=[2] --set workload.settle=9s --set workload.duration=8s
    "#);
}

#[test]
fn a_program_can_refuse_a_place_of_the_scenario() {
    let problem = Problem::new("fault.0.kind", "the fast engine cannot do `blip`");
    let error = document().refuse(problem.advise("use `--engine full`"));
    insta::assert_snapshot!(error, @r#"
    error: the fast engine cannot do `blip`
      --> x.toml:14:8
       |
    14 | kind = "blip"
       |        ^^^^^^
       = use `--engine full`
    "#);
}
