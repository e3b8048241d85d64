//! The section's policies select what the figures are for.

use hubbub_plan::plan;
use hubbub_scenario::plan::{ConnectionPolicy, PresencePolicy};
use hubbub_scenario::{Plan, Spread};

#[test]
fn every_connection_policy_is_planned_as_the_table_of_policies_says() {
    let table = plan(&Plan::default(), None).connection_designs;
    for policy in ConnectionPolicy::ALL {
        let mut section = Plan::default();
        section.connections.policy = policy;
        let sizing = plan(&section, None);
        let row = table.iter().find(|row| row.policy == policy.name()).unwrap();
        assert_eq!(sizing.demand.connection_policy, policy.name());
        assert_eq!(sizing.demand.connections_peak, row.connections_peak);
        assert_eq!(sizing.servers.chat.total, Some(row.chat_servers_total));
    }
}

#[test]
fn every_presence_policy_is_one_of_the_choices_and_chosen_alone() {
    for policy in PresencePolicy::ALL {
        let mut section = Plan::default();
        section.presence.policy = policy;
        let demand = plan(&section, None).demand;
        let chosen: Vec<_> = demand.presence_choices.iter().filter(|c| c.chosen).collect();
        assert_eq!(chosen.len(), 1);
        assert_eq!(chosen[0].policy, policy.name());
        assert_eq!(demand.presence_updates_peak_per_s, chosen[0].updates_peak_per_s);
        assert!(demand.presence_updates_peak_per_s > 0.0);
    }
}

#[test]
fn pushing_status_to_all_contacts_outweighs_the_messages() {
    let demand = plan(&Plan::default(), None).demand;
    let times = |place: usize| {
        demand.presence_choices[place].updates_peak_per_s / demand.deliveries.peak_per_s
    };
    assert!((10.0..=30.0).contains(&times(0)) && times(1) > 10.0);
    assert!(times(3) < 1.0);
}

#[test]
fn a_copy_per_recipient_writes_more_rows_than_a_log_per_channel() {
    let sizing = plan(&Plan::default(), None);
    let [inbox, log] = &sizing.fan_out_designs[..] else { panic!("two designs") };
    assert_eq!((inbox.design.as_str(), log.design.as_str()), ("inbox", "channel-log"));
    assert_eq!(inbox.rows_written_peak_per_s, 3.5 * log.rows_written_peak_per_s);
    let difference = inbox.provisioned_bytes_after_a_year - log.provisioned_bytes_after_a_year;
    assert!((difference / sizing.storage.inbox_provisioned_bytes - 1.0).abs() < 1e-9);
}

#[test]
fn more_open_apps_than_connections_leave_no_negative_background() {
    let mut section = Plan::default();
    section.connections.peak_connected_over_dau = Spread::fixed(0.01);
    section.connections.foreground_min_per_day = Spread::fixed(600.0);
    let demand = plan(&section, None).demand;
    assert_eq!(demand.foreground_users_peak, demand.connections_peak);
    let every_30_s = demand.connections_peak / 30.0;
    assert!((demand.heartbeats_per_s - every_30_s).abs() < 1e-6);
}
