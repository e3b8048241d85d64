//! A usual day, hour by hour.

use hubbub_plan::plan;
use hubbub_scenario::Plan;

#[test]
fn the_hours_add_up_to_the_day() {
    let sizing = plan(&Plan::default(), None);
    assert_eq!(sizing.day.len(), 24);
    let sends: f64 = sizing.day.iter().map(|hour| hour.sends_per_s * 3600.0).sum();
    let deliveries: f64 = sizing.day.iter().map(|hour| hour.deliveries_per_s * 3600.0).sum();
    assert!((sends / 3e9 - 1.0).abs() < 1e-9);
    assert!((deliveries / 7.5e9 - 1.0).abs() < 1e-9);
}

#[test]
fn the_evening_is_busiest_and_holds_the_peak_of_connections() {
    let sizing = plan(&Plan::default(), None);
    let busiest = sizing.day.iter().max_by(|a, b| a.sends_per_s.total_cmp(&b.sends_per_s)).unwrap();
    assert_eq!(busiest.hour, 21);
    assert_eq!(busiest.connections, sizing.demand.connections_peak);
    assert!(busiest.sends_per_s <= sizing.demand.sends.peak_per_s);
}

#[test]
fn weights_that_average_a_little_off_one_still_give_the_day_s_total() {
    let mut section = Plan::default();
    section.time.hourly_weights = section.time.hourly_weights.map(|weight| weight * 1.009);
    let sends: f64 = plan(&section, None).day.iter().map(|hour| hour.sends_per_s * 3600.0).sum();
    assert!((sends / 3e9 - 1.0).abs() < 1e-9);
}
