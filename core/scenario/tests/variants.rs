//! Variants change the base, knob by knob, and are whole designs afterwards.

use std::time::Duration;

use hubbub_chat::Design;
use hubbub_chat::design::Accept;
use hubbub_scenario::{BASE, Scenario, ViolationName};

const TEXT: &str = "\
version = 1
name = \"x\"
summary = \"X.\"

[design]
accept = \"on-receipt\"
retry_after = \"1500ms\"

[workload]
users = 20
sends_per_user = \"7/min\"
duration = \"30s\"

[expect]
violations = [\"accepted-lost\", \"order\"]
recover_p99 = \"20s\"

[[variant]]
name = \"hardened\"
design = { accept = \"after-append\" }
expect = { violations = [] }

[[variant]]
name = \"patient\"
[variant.design]
retry_after = \"9s\"
";

#[test]
fn a_variant_is_the_base_with_its_own_keys() {
    let document = Scenario::parse("x.toml", TEXT).unwrap();
    let [base, hardened, patient] = document.variants() else { panic!("base and two variants") };
    assert_eq!([&base.name, &hardened.name, &patient.name], [BASE, "hardened", "patient"]);

    let retry_after = Duration::from_millis(1500);
    assert_eq!(base.design, Design { accept: Accept::OnReceipt, retry_after, ..Design::default() });
    assert_eq!(hardened.design, Design { accept: Accept::AfterAppend, ..base.design.clone() });
    assert_eq!(
        patient.design,
        Design { retry_after: Duration::from_secs(9), ..base.design.clone() }
    );

    assert_eq!(base.expect.violations, [ViolationName::AcceptedLost, ViolationName::Order]);
    assert_eq!(hardened.expect.violations, []);
    assert_eq!(hardened.expect.recover_p99, base.expect.recover_p99);
    assert_eq!(patient.expect, base.expect);
}

#[test]
fn a_bad_change_in_a_scenario_that_a_program_built_is_a_problem_of_its_place() {
    let mut scenario = Scenario::parse("x.toml", TEXT).unwrap().scenario().clone();
    scenario.variants[1].design.insert("retry_after".into(), toml::Value::Integer(3));
    let problems = scenario.problems();
    let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["variant.1.design"]);
    assert_eq!(scenario.resolve().unwrap_err(), problems);
}

#[test]
fn a_scenario_survives_being_written() {
    let document = Scenario::parse("x.toml", TEXT).unwrap();
    let written = document.scenario().to_toml().unwrap();
    let again = Scenario::parse("again.toml", &written).unwrap();
    assert_eq!(again.scenario(), document.scenario());
    assert_eq!(again.variants(), document.variants());
}
