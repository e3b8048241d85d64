//! The tornado and the draws.

use hubbub_plan::{Calibration, plan};
use hubbub_scenario::{Plan, Spread};

#[test]
fn the_tornado_holds_what_matters_and_begins_with_what_matters_most() {
    let sensitivity = plan(&Plan::default(), None).sensitivity;
    let names: Vec<_> = sensitivity.tornado.iter().map(|swing| swing.name.as_str()).collect();
    assert!(names.contains(&"connections.conns_per_server"));
    assert!(!names.contains(&"population.dau"), "its three values are one");
    assert!(!names.contains(&"messages.body_chars"), "no formula reads it");
    let reach = |swing: &hubbub_plan::Swing| {
        let base = sensitivity.base;
        let servers = swing.at_high.chat_servers_needed - swing.at_low.chat_servers_needed;
        let bytes =
            swing.at_high.storage_after_a_year_bytes - swing.at_low.storage_after_a_year_bytes;
        let usd = swing.at_high.cost_usd_per_month - swing.at_low.cost_usd_per_month;
        (servers / base.chat_servers_needed)
            .abs()
            .max((bytes / base.storage_after_a_year_bytes).abs())
            .max((usd / base.cost_usd_per_month).abs())
    };
    let reaches: Vec<_> = sensitivity.tornado.iter().map(reach).collect();
    assert!(reaches.is_sorted_by(|one, next| one >= next), "{reaches:?}");
}

#[test]
fn the_share_connected_is_a_choice_and_spans_the_policies() {
    let sensitivity = plan(&Plan::default(), None).sensitivity;
    let choices: Vec<_> = sensitivity.tornado.iter().filter(|swing| swing.is_choice).collect();
    assert_eq!(choices.len(), 1);
    // 3M and 54M connections over 175,000.
    assert_eq!(choices[0].at_low.chat_servers_needed, 18.0);
    assert_eq!(choices[0].at_high.chat_servers_needed, 309.0);
}

#[test]
fn percentiles_rise_and_enclose_the_base() {
    let sensitivity = plan(&Plan::default(), None).sensitivity;
    let draws = sensitivity.draws;
    for (percentiles, base) in [
        (draws.storage_after_a_year_bytes, sensitivity.base.storage_after_a_year_bytes),
        (draws.cost_usd_per_month, sensitivity.base.cost_usd_per_month),
    ] {
        assert!(percentiles.p10 < percentiles.p50 && percentiles.p50 < percentiles.p90);
        assert!(percentiles.p10 < base && base < percentiles.p90);
    }
    // Capacities are drawn from 100,000 to a million: far more often above the base than below.
    let servers = draws.chat_servers_needed;
    assert!(servers.p10 < servers.p50 && servers.p50 < sensitivity.base.chat_servers_needed);
}

#[test]
fn the_draws_follow_from_the_seed() {
    assert_eq!(plan(&Plan::default(), None).sensitivity, plan(&Plan::default(), None).sensitivity);
}

#[test]
fn a_parameter_that_is_known_does_not_swing() {
    let swings = |section: &Plan| {
        let tornado = plan(section, None).sensitivity.tornado;
        tornado.iter().any(|swing| swing.name == "storage.row_bytes")
    };
    let mut section = Plan::default();
    assert!(swings(&section));
    section.storage.row_bytes = Spread::fixed(300.0);
    assert!(!swings(&section));
}

#[test]
fn the_size_of_a_chat_server_matters_once_its_cpu_is_measured() {
    let mut section = Plan::default();
    section.cost.usd_per_vcpu_hour = Spread::fixed(0.0);
    let swings = |calibration: Option<&Calibration>| {
        let tornado = plan(&section, calibration).sensitivity.tornado;
        tornado.iter().any(|swing| swing.name == "cost.vcpu_per_chat_server")
    };
    let run = Calibration { cpu_seconds_per_delivery: Some(100e-6), ..Calibration::default() };
    assert!(!swings(None));
    assert!(swings(Some(&run)));
}
