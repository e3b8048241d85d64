//! The defaults give the published base figures for 50 million daily users, to the printed digits.

use hubbub_plan::{Sizing, plan};
use hubbub_scenario::{Plan, Spread};

fn base() -> Sizing {
    plan(&Plan::default(), None)
}

/// Asserts that `value` is `printed` when rounded to as many digits as `unit` leaves.
#[track_caller]
fn assert_prints(value: f64, unit: f64, decimals: usize, printed: &str) {
    assert_eq!(format!("{:.decimals$}", value / unit), printed);
}

#[test]
fn sends_and_deliveries() {
    let demand = base().demand;
    assert_prints(demand.sends.average_per_s, 1e3, 1, "34.7");
    assert_prints(demand.sends.peak_per_s, 1e3, 1, "69.4");
    assert_prints(demand.sends.event_per_s, 1e3, 0, "174");
    assert_prints(demand.fan_out_recipients_per_send, 1.0, 1, "2.5");
    assert_prints(demand.deliveries.average_per_s, 1e3, 1, "86.8");
    assert_prints(demand.deliveries.peak_per_s, 1e3, 0, "174");
    assert_prints(demand.session_deliveries.average_per_s, 1e3, 1, "104.2");
    assert_prints(demand.send_attempts_storm_per_s, 1e3, 0, "347");
}

#[test]
fn connections_heartbeats_and_logins() {
    let demand = base().demand;
    assert_prints(demand.connections_peak, 1e6, 0, "27");
    assert_prints(demand.heartbeats_per_s, 1e3, 0, "157");
    assert_prints(demand.heartbeats_shortest_interval_per_s, 1e6, 1, "5.4");
    assert_prints(demand.logins_per_s, 1e3, 0, "42");
}

#[test]
fn status_changes_and_presence_under_every_policy() {
    let demand = base().demand;
    assert_prints(demand.status_changes_average_per_s, 1e3, 1, "23.1");
    let updates: Vec<_> = demand.presence_choices.iter().map(|c| c.updates_peak_per_s).collect();
    assert_prints(updates[0], 1e6, 2, "4.63");
    assert_prints(updates[1], 1e6, 2, "2.08");
    assert_prints(updates[2], 1e3, 0, "193");
    assert_prints(updates[3], 1e3, 0, "23");
}

#[test]
fn pushes_pass_the_default_quota() {
    let demand = base().demand;
    assert_prints(demand.pushes_average_per_s, 1e3, 0, "43");
    assert!(demand.push_quota_exceeded);
}

#[test]
fn log_and_inboxes() {
    let storage = base().storage;
    assert_prints(storage.log_logical_bytes_per_day, 1e12, 1, "0.9");
    assert_prints(storage.log_provisioned_bytes_per_day, 1e12, 2, "3.15");
    assert_prints(storage.log_provisioned_bytes_per_year, 1e15, 2, "1.15");
    assert_prints(storage.inbox_provisioned_bytes, 1e12, 0, "79");
}

#[test]
fn egress_of_chat_and_media_apart() {
    let network = base().network;
    assert_prints(network.chat.peak_gbit_per_s, 1.0, 2, "0.78");
    assert_prints(network.media.peak_gbit_per_s, 1.0, 0, "20");
}

#[test]
fn chat_servers_alone_and_with_a_zone_lost_and_two_spares() {
    let chat = base().servers.chat;
    assert_eq!((chat.needed, chat.per_zone, chat.total), (Some(155), Some(78), Some(236)));
}

#[test]
fn connections_and_chat_servers_under_every_connection_policy() {
    let rows: Vec<_> = base()
        .connection_designs
        .into_iter()
        .map(|row| (row.policy, row.connections_peak.round(), row.chat_servers_total, row.chosen))
        .collect();
    let expected = [
        ("foreground-only".to_owned(), 3e6, 29, false),
        ("push-woken".to_owned(), 27e6, 236, true),
        ("always-on".to_owned(), 54e6, 467, false),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_lost_zone_brings_a_third_of_the_connections_back() {
    let zone = base().failures.pop().unwrap();
    assert_eq!(zone.failed, "1 of 3 zones");
    assert_prints(zone.reconnects_in_30_s_per_s, 1e3, 0, "300");
    assert_prints(zone.reconnects_in_300_s_per_s, 1e3, 0, "30");
}

#[test]
fn a_million_connections_of_ten_kilobytes_take_ten_gigabytes() {
    let mut section = Plan::default();
    section.population.dau = Spread::fixed(1e6);
    section.population.devices_per_connected = Spread::fixed(1.0);
    section.connections.peak_connected_over_dau = Spread::fixed(1.0);
    section.connections.mem_per_conn_bytes = Spread::fixed(10e3);
    assert_prints(plan(&section, None).memory.connections_bytes, 1e9, 3, "10.000");
}

#[test]
fn sixty_billion_messages_a_day_are_694_thousand_a_second() {
    let mut section = Plan::default();
    section.population.dau = Spread::fixed(1e9);
    assert_prints(plan(&section, None).demand.sends.average_per_s, 1e3, 0, "694");
}

#[test]
fn a_hundred_thousand_members_hear_of_one_change() {
    let mut section = Plan::default();
    section.population.contacts_mean = Spread::fixed(100e3);
    let all = &plan(&section, None).demand.presence_choices[0];
    assert_eq!((all.policy.as_str(), all.recipients_per_change), ("all-contacts", 100e3));
}

#[test]
fn published_systems_are_reproduced() {
    let comparisons = plan(&Plan::default(), None).validation;
    assert_eq!(comparisons.len(), 7);
    for row in comparisons {
        if row.published_at_least {
            assert!(row.model >= row.published, "{row:?}");
            continue;
        }
        // The high event multiplier is a season's, the sends per user lie between three systems.
        assert!(row.difference.abs() < 0.20, "{row:?}");
    }
}
