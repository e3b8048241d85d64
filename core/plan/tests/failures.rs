//! What is left when a server or zones fail.

use hubbub_plan::plan;
use hubbub_scenario::Plan;

#[test]
fn the_zones_that_are_left_carry_the_peak_at_the_utilisation_that_is_allowed() {
    let sizing = plan(&Plan::default(), None);
    let zone = sizing.failures.last().unwrap();
    assert_eq!(zone.servers_left, 156);
    assert_eq!(zone.utilisation_after, sizing.servers.chat.utilisation_degraded);
    let after = zone.utilisation_after.unwrap();
    // 27M connections over 156 servers of 250,000.
    assert!((after - 27e6 / (156.0 * 250e3)).abs() < 1e-9);
    assert!(zone.holds);
}

#[test]
fn one_server_cuts_its_own_connections_alone() {
    let sizing = plan(&Plan::default(), None);
    let server = &sizing.failures[0];
    assert!((server.connections_cut - 27e6 / 234.0).abs() < 1.0);
    assert!(server.reconnects_in_30_s_per_s < server.usual_logins_per_s);
}

#[test]
fn a_plan_that_allows_for_no_lost_zone_does_not_hold_when_one_is_lost() {
    let mut section = Plan::default();
    section.reliability.zones_lost = 0;
    let sizing = plan(&section, None);
    assert_eq!(sizing.servers.chat.serving, Some(156));
    let zone = sizing.failures.last().unwrap();
    assert_eq!((zone.failed.as_str(), zone.holds), ("1 of 3 zones", false));
}

#[test]
fn losing_the_only_zone_leaves_nothing() {
    let mut section = Plan::default();
    (section.reliability.zones, section.reliability.zones_lost) = (1, 0);
    let zone = plan(&section, None).failures.pop().unwrap();
    assert_eq!((zone.servers_left, zone.utilisation_after, zone.holds), (0, None, false));
    assert_eq!(zone.connections_cut, 27e6);
}
