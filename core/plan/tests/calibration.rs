//! Unit costs of a measured run change the plan; costs that nobody measured do not.

use hubbub_plan::{Basis, Calibration, NOT_MEASURED, Resource, plan};
use hubbub_scenario::Plan;

/// A realistic run: 40 µs of CPU for a delivery, the whole server included.
fn measured(cpu_seconds_per_delivery: f64) -> Calibration {
    Calibration {
        version: 1,
        machine: "two cores".to_owned(),
        revision: "0123abc".to_owned(),
        cpu_seconds_per_delivery: Some(cpu_seconds_per_delivery),
        ..Calibration::default()
    }
}

fn chat_servers(calibration: &Calibration) -> (u64, u64) {
    let chat = plan(&Plan::default(), Some(calibration)).servers.chat;
    chat.needed.zip(chat.total).expect("chat servers are always sized")
}

#[test]
fn doubling_the_cpu_per_delivery_raises_the_number_of_chat_servers() {
    // Session deliveries of an event: 520,833/s · 40 µs = 20.8 cores = 1.86 servers of 16 · 0.7.
    assert_eq!(chat_servers(&measured(40e-6)), (157, 239));
    assert_eq!(chat_servers(&measured(80e-6)), (159, 242));
}

#[test]
fn doubling_raises_it_for_every_cost_that_is_worth_a_server() {
    for microseconds in (20..400).step_by(5) {
        let cost = f64::from(microseconds) * 1e-6;
        let (one, two) = (chat_servers(&measured(cost)), chat_servers(&measured(2.0 * cost)));
        assert!(two.0 > one.0, "{microseconds} µs: {one:?} then {two:?}");
        assert!(two.1 > one.1 || microseconds < 37, "{microseconds} µs: {one:?} then {two:?}");
    }
}

#[test]
fn without_a_run_the_connections_alone_count_and_cpu_is_not_measured() {
    let sizing = plan(&Plan::default(), None);
    let chat = sizing.servers.chat;
    assert_eq!((chat.needed, chat.binds), (Some(155), Some(Resource::Connections)));
    let message_cpu = &chat.bounds[2];
    assert_eq!(message_cpu.resource, Resource::MessageCpu);
    assert_eq!((message_cpu.servers_exact, message_cpu.source.as_str()), (None, NOT_MEASURED));
    let cpu = &sizing.unit_costs[1];
    assert_eq!((cpu.name.as_str(), cpu.basis), ("cpu_seconds_per_delivery", Basis::NotMeasured));
    assert_eq!(serde_json::to_value(cpu).unwrap()["basis"], NOT_MEASURED);
}

#[test]
fn both_bounds_are_shown_and_add_up() {
    let chat = plan(&Plan::default(), Some(&measured(40e-6))).servers.chat;
    let asked: Vec<_> = chat.bounds.iter().map(|bound| bound.servers_exact).collect();
    assert!((asked[0].unwrap() - 27e6 / 175e3).abs() < 1e-6);
    assert_eq!(asked[1], None);
    assert!((chat.bounds[2].load.unwrap() - 20.8333).abs() < 1e-3);
    assert!((chat.needed_exact.unwrap() - asked[0].unwrap() - asked[2].unwrap()).abs() < 1e-9);
}

#[test]
fn a_send_and_a_delivery_are_both_charged() {
    let delivery_only = plan(&Plan::default(), Some(&measured(40e-6)));
    let both = Calibration { cpu_seconds_per_send: Some(30e-6), ..measured(40e-6) };
    let both = plan(&Plan::default(), Some(&both));
    let cores = |sizing: &hubbub_plan::Sizing| sizing.servers.chat.bounds[2].load.unwrap();
    let sends = both.demand.sends.event_per_s * 30e-6;
    assert!((cores(&both) - cores(&delivery_only) - sends).abs() < 1e-9);
}

#[test]
fn the_dearer_way_to_hold_a_connection_counts() {
    let cheap = Calibration { cpu_seconds_per_connection_second: Some(1e-6), ..measured(40e-6) };
    assert_eq!(chat_servers(&cheap), chat_servers(&measured(40e-6)));
    // 27M · 0.1 ms = 2,700 cores = 241 servers of 11.2.
    let dear = Calibration { cpu_seconds_per_connection_second: Some(100e-6), ..measured(40e-6) };
    let chat = plan(&Plan::default(), Some(&dear)).servers.chat;
    assert_eq!(chat.binds, Some(Resource::ConnectionCpu));
    assert_eq!(chat.needed, Some((2700.0_f64 / 11.2 + 20.8333 / 11.2).ceil() as u64));
}

#[test]
fn messages_bind_when_they_are_dear() {
    let chat = plan(&Plan::default(), Some(&measured(5e-3))).servers.chat;
    assert_eq!(chat.binds, Some(Resource::MessageCpu));
    assert!(chat.needed.unwrap() > 155 + 230);
}

#[test]
fn logins_size_the_api_servers_only_when_measured() {
    let api = &plan(&Plan::default(), None).servers.others[0];
    assert_eq!((api.role.as_str(), api.total), ("api", None));
    let run = Calibration { cpu_seconds_per_login: Some(0.02), ..measured(40e-6) };
    let api = &plan(&Plan::default(), Some(&run)).servers.others[0];
    // (42,188 + 30,000) logins/s · 20 ms = 1,444 cores = 128.9 servers.
    assert_eq!((api.needed, api.per_zone, api.total), (Some(129), Some(65), Some(197)));
}

#[test]
fn measured_bytes_replace_the_assumed_ones() {
    let run = Calibration {
        bytes_per_connection: Some(12e3),
        wire_bytes_per_delivery: Some(150.0),
        store_bytes_per_message: Some(500.0),
        ..measured(40e-6)
    };
    let (assumed, sizing) = (plan(&Plan::default(), None), plan(&Plan::default(), Some(&run)));
    assert_eq!(sizing.memory.connections_bytes, 27e6 * 12e3);
    assert_eq!(sizing.memory.connection_assumed_bytes, 20e3);
    assert!(sizing.network.delivery_wire_bytes_measured);
    assert!(sizing.network.chat.peak_gbit_per_s < assumed.network.chat.peak_gbit_per_s);
    let measured_growth = sizing.storage.measured_provisioned_bytes_per_day.unwrap();
    assert!((measured_growth - 3e9 * 500.0 * 3.0 / 0.6).abs() < 1.0);
    assert_eq!(assumed.storage.measured_provisioned_bytes_per_day, None);
}

#[test]
fn a_file_with_an_unknown_cost_is_refused() {
    let text = r#"{"version":1,"machine":"m","revision":"r","cpu_seconds_per_mail":1}"#;
    let error = serde_json::from_str::<Calibration>(text).unwrap_err().to_string();
    assert!(error.contains("unknown field `cpu_seconds_per_mail`"), "{error}");
}

#[test]
fn absent_costs_are_absent_in_the_file() {
    let text = serde_json::to_string(&measured(1e-6)).unwrap();
    assert!(text.contains("cpu_seconds_per_delivery") && !text.contains("bytes_per_connection"));
    assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), measured(1e-6));
}

#[test]
fn other_versions_and_impossible_costs_are_problems() {
    assert_eq!(measured(1e-6).problems(), []);
    let wrong = Calibration { version: 2, ..measured(0.0) };
    let problems: Vec<_> = wrong.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2);
    assert!(problems[0].contains("version 2 is not known"));
    assert!(problems[1].starts_with("cpu_seconds_per_delivery is 0: write a number above 0"));
    assert_eq!(measured(f64::NAN).problems().len(), 1);
}
