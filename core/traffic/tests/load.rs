//! A load makes the wanted deliveries per second.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::UserId;
use hubbub_traffic::{LoadShape, Population, PopulationShape, Schedule, What, mean_fan_out};

fn population(contacts: u32, group_count: u32, group_size: [u32; 2]) -> Population {
    let shape = PopulationShape {
        users: 200,
        devices_per_user: 1.0,
        contacts,
        group_count,
        group_size,
        device_hosts: 1,
        ..PopulationShape::default()
    };
    Population::generate(11, &shape)
}

fn shape(deliveries_per_second: f64, group_share: f64) -> LoadShape {
    LoadShape {
        duration: Duration::from_secs(20),
        deliveries_per_second,
        group_share,
        body_bytes: 40,
    }
}

/// Deliveries and sends of a schedule.
fn totals(population: &Population, shape: &LoadShape) -> (usize, usize) {
    let actions = Schedule::generate_load(11, population, shape);
    assert!(actions.is_sorted_by_key(|action| action.at));
    assert!(actions.iter().all(|action| action.at < shape.duration));
    let deliveries = actions.iter().map(|action| {
        assert!(matches!(action.what, What::Send { .. }));
        assert_eq!(population.owner(action.device), Some(action.user));
        let channel = action.what.channel().expect("a send has one");
        assert!(population.members(channel).contains(&action.user));
        population.recipients(channel, action.device).len()
    });
    (deliveries.sum(), actions.len())
}

#[test]
fn pairs_make_one_delivery_per_send() {
    let population = population(1, 0, [2, 2]);
    assert_eq!(mean_fan_out(&population, 0.5), 1.0);
    let (deliveries, sends) = totals(&population, &shape(1_000.0, 0.5));
    assert_eq!(deliveries, sends);
    // 20,000 expected; the standard deviation is 141.
    assert!((19_300..20_700).contains(&sends), "{sends}");
}

#[test]
fn groups_need_fewer_sends_for_the_same_deliveries() {
    let population = population(1, 20, [10, 30]);
    let shape = shape(4_000.0, 0.5);
    let (deliveries, sends) = totals(&population, &shape);
    assert!(sends < 20_000, "{sends}");
    // 80,000 expected. A send makes up to 29 deliveries, so the standard deviation is at most
    // √(80,000 · 29) = 1,523.
    assert!((75_000..85_000).contains(&deliveries), "{deliveries}");
    let fan_out = deliveries as f64 / sends as f64;
    let expected = mean_fan_out(&population, shape.group_share);
    assert!((fan_out / expected - 1.0).abs() < 0.05, "{fan_out} against {expected}");
    let wanted = shape.sends_per_second(&population) * 20.0;
    assert!((sends as f64 - wanted).abs() < 5.0 * wanted.sqrt(), "{sends} against {wanted}");
}

#[test]
fn the_mean_fan_out_is_the_formula_of_one_large_group() {
    // One group of everybody: F = (1 − g) + g (s − 1).
    let population = population(1, 1, [200, 200]);
    for group_share in [0.0, 0.25, 1.0] {
        let expected = (1.0 - group_share) + group_share * 199.0;
        assert!((mean_fan_out(&population, group_share) - expected).abs() < 1e-9);
    }
}

#[test]
fn every_user_sends_about_as_often() {
    let population = population(1, 0, [2, 2]);
    let mut counts: BTreeMap<UserId, u32> = BTreeMap::new();
    for action in Schedule::generate_load(1, &population, &shape(1_000.0, 0.0)) {
        *counts.entry(action.user).or_default() += 1;
    }
    // A hundred each; the standard deviation is 10.
    assert_eq!(counts.len(), 200);
    assert!(counts.values().all(|count| (50..150).contains(count)), "{counts:?}");
}

#[test]
fn the_quiet_take_no_part_and_the_others_make_up_for_them() {
    let quiet = PopulationShape {
        users: 200,
        devices_per_user: 1.0,
        contacts: 1,
        quiet_users: 0.5,
        ..PopulationShape::default()
    };
    let population = Population::generate(11, &quiet);
    let actions = Schedule::generate_load(11, &population, &shape(1_000.0, 0.0));
    // As many deliveries as without them: 20,000, with a standard deviation of 141.
    assert!((19_300..20_700).contains(&actions.len()), "{}", actions.len());
    assert!(actions.iter().all(|action| !population.user(action.user).unwrap().quiet));
}

#[test]
fn nobody_to_talk_with_means_no_load() {
    let population = population(0, 0, [2, 2]);
    assert_eq!(mean_fan_out(&population, 0.5), 0.0);
    assert!(Schedule::generate_load(1, &population, &shape(1_000.0, 0.5)).is_empty());
}
