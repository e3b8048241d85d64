//! What holds for every plan.

use hubbub_plan::{Calibration, Sizing, plan};
use hubbub_scenario::{Plan, Spread};
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Case {
    section: Plan,
    calibration: Option<Calibration>,
}

fn cases() -> impl Strategy<Value = Case> {
    let section = (1e3..1e9_f64, 1.0..200.0_f64, 0.0..=1.0_f64, 2.0..500.0_f64, 1u32..6, 0u32..5)
        .prop_map(|(users, sends, groups, members, zones, lost)| {
            let mut section = Plan::default();
            section.population.dau = Spread::fixed(users);
            section.messages.sends_per_dau_day = Spread::fixed(sends);
            section.messages.group_share_of_sends = Spread::fixed(groups);
            section.population.group_size_mean = Spread::fixed(members);
            section.reliability.zones = zones;
            section.reliability.zones_lost = lost.min(zones - 1);
            section
        });
    let cost = proptest::option::of(1e-6..1e-3_f64);
    let calibration = proptest::option::of((cost.clone(), cost.clone(), cost).prop_map(
        |(send, delivery, connection)| Calibration {
            version: 1,
            cpu_seconds_per_send: send,
            cpu_seconds_per_delivery: delivery,
            cpu_seconds_per_connection_second: connection,
            ..Calibration::default()
        },
    ));
    (section, calibration).prop_map(|(section, calibration)| Case { section, calibration })
}

fn sized(case: &Case) -> Sizing {
    plan(&case.section, case.calibration.as_ref())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn generated_plans_are_valid(case in cases()) {
        prop_assert_eq!(case.section.problems(), []);
        prop_assert_eq!(case.calibration.map_or(0, |run| run.problems().len()), 0);
    }

    #[test]
    fn more_users_never_need_less(case in cases(), factor in 1.0..10.0_f64) {
        let mut more = case.clone();
        more.section.population.dau = Spread::fixed(case.section.population.dau.base * factor);
        let (one, two) = (sized(&case), sized(&more));
        prop_assert!(two.servers.chat.needed >= one.servers.chat.needed);
        prop_assert!(two.servers.chat.total >= one.servers.chat.total);
        prop_assert!(two.demand.presence_updates_peak_per_s >= one.demand.presence_updates_peak_per_s);
        prop_assert!(two.storage.growth[2].total_provisioned_bytes >= one.storage.growth[2].total_provisioned_bytes);
        prop_assert!(two.cost.total_usd_per_month >= one.cost.total_usd_per_month);
    }

    #[test]
    fn a_measured_cost_never_needs_fewer_servers(case in cases()) {
        let without = plan(&case.section, None).servers.chat.total;
        prop_assert!(sized(&case).servers.chat.total >= without);
    }

    #[test]
    fn the_zones_that_are_left_hold_the_load(case in cases()) {
        let chat = sized(&case).servers.chat;
        let most = case.section.reliability.max_utilisation_degraded.base;
        prop_assert!(chat.serving_degraded >= chat.needed);
        prop_assert!(chat.utilisation_degraded.unwrap() <= most + 1e-9);
        prop_assert!(chat.utilisation <= chat.utilisation_degraded);
        prop_assert!(chat.headroom.unwrap() >= -1e-9);
    }

    #[test]
    fn one_server_fewer_would_not_do(case in cases()) {
        let chat = sized(&case).servers.chat;
        let (needed, exact) = (chat.needed.unwrap() as f64, chat.needed_exact.unwrap());
        prop_assert!(needed + 1e-6 >= exact);
        prop_assert!(needed - 1.0 < exact);
    }

    #[test]
    fn spares_come_on_top_of_the_servers_that_serve(case in cases(), spares in 2u32..9) {
        let mut case = case;
        case.section.reliability.spares = Spread::fixed(f64::from(spares));
        let chat = sized(&case).servers.chat;
        prop_assert_eq!(chat.total, chat.serving.map(|serving| serving + u64::from(spares)));
    }

    #[test]
    fn levels_rise_from_average_to_peak(case in cases()) {
        let demand = sized(&case).demand;
        for levels in [demand.sends, demand.deliveries, demand.session_deliveries, demand.requests] {
            prop_assert!(levels.average_per_s <= levels.peak_per_s);
            prop_assert!(levels.average_per_s <= levels.event_per_s);
        }
    }

    #[test]
    fn every_figure_survives_json(case in cases()) {
        let sizing = sized(&case);
        let value = serde_json::to_value(&sizing).unwrap();
        prop_assert_eq!(serde_json::from_value::<Sizing>(value).unwrap(), sizing);
    }
}
