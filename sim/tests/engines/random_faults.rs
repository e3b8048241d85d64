//! The hardened design holds under fault schedules that nobody thought of.

use crate::support::{assert_clean, lively_with, setup};
use hubbub_chat::Design;
use hubbub_sim::{fast, judge};
use proptest::prelude::*;

const HOSTS: [&str; 6] = ["store", "chat-1", "chat-2", "chat-3", "devices-1", "devices-2"];

/// One fault between 3 s and 27 s. Two stops of one host must not overlap, so each host is stopped
/// in a slot of its own.
fn fault() -> impl Strategy<Value = String> {
    let links = ["partition", "blip"];
    let either = prop_oneof![
        (0..links.len(), 0..6_usize, 3_000..20_000_u64, 100..7_000_u64).prop_map(
            move |(kind, host, at, duration)| format!(
                "[[fault]]\nat = \"{at}ms\"\nfor = \"{duration}ms\"\nkind = \"{}\"\nhost = \"{}\"\n",
                links[kind], HOSTS[host]
            )
        ),
        (0..6_usize, 1..6_usize, 3_000..20_000_u64, 100..7_000_u64).prop_map(
            |(from, turn, at, duration)| format!(
                "[[fault]]\nat = \"{at}ms\"\nfor = \"{duration}ms\"\nkind = \"partition-one-way\"\nbetween = [[\"{}\"], [\"{}\"]]\n",
                HOSTS[from], HOSTS[(from + turn) % 6]
            )
        ),
        (0..6_usize, 3_000..20_000_u64, 100..7_000_u64, 50..5_000_u64).prop_map(
            |(host, at, duration, latency)| format!(
                "[[fault]]\nat = \"{at}ms\"\nfor = \"{duration}ms\"\nkind = \"latency\"\nhost = \"{}\"\nlatency = \"{latency}ms\"\n",
                HOSTS[host]
            )
        ),
    ];
    either.boxed()
}

fn stops() -> impl Strategy<Value = Vec<String>> {
    let stop = |host: &'static str| {
        (any::<bool>(), 3_000..18_000_u64, 100..9_000_u64).prop_map(move |(silent, at, duration)| {
            let kind = if silent { "power-loss" } else { "crash" };
            format!("[[fault]]\nat = \"{at}ms\"\nfor = \"{duration}ms\"\nkind = \"{kind}\"\nhost = \"{host}\"\n")
        })
    };
    let stops: Vec<_> = HOSTS.iter().map(|host| prop::option::of(stop(host))).collect();
    stops.prop_map(|stops| stops.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(
        faults in prop::collection::vec(fault(), 0..6),
        stops in stops(),
        seed in 0..1_000_000_u64,
    ) {
        let scenario = lively_with(&[faults, stops].concat().concat());
        let setup = setup(&scenario, &Design::default(), seed);
        let judged = judge(&setup, &fast::run(&setup, false));
        assert_clean("random faults", &judged);
    }
}

#[cfg(feature = "full")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order_in_the_full_engine(
        faults in prop::collection::vec(fault(), 0..6),
        stops in stops(),
        seed in 0..1_000_000_u64,
    ) {
        let scenario = lively_with(&[faults, stops].concat().concat());
        let setup = setup(&scenario, &Design::default(), seed);
        let outcome = hubbub_sim::full::run(&setup, false).unwrap();
        assert_clean("random faults", &judge(&setup, &outcome));
    }
}
