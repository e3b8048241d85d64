//! The hardened design holds under fault schedules that nobody thought of.

use crate::support::{assert_no_violation, busy_with};
use hubbub_sim::{Setup, fast, judge};
use proptest::prelude::*;

const HOSTS: [&str; 10] = [
    "store",
    "chat-1",
    "chat-2",
    "chat-3",
    "presence-1",
    "presence-2",
    "notify-1",
    "api-1",
    "devices-1",
    "devices-2",
];

/// When a fault begins and how long it lasts, in milliseconds.
fn time() -> impl Strategy<Value = String> {
    (5_000..35_000_u64, 100..12_000_u64)
        .prop_map(|(at, duration)| format!("[[fault]]\nat = \"{at}ms\"\nfor = \"{duration}ms\"\n"))
}

fn host() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&HOSTS[..])
}

fn two_hosts() -> impl Strategy<Value = String> {
    (0..HOSTS.len(), 1..HOSTS.len()).prop_map(|(from, turn)| {
        let to = HOSTS[(from + turn) % HOSTS.len()];
        format!("between = [[\"{}\"], [\"{to}\"]]\n", HOSTS[from])
    })
}

/// One fault between 5 s and 47 s.
fn fault() -> impl Strategy<Value = String> {
    let links = || prop::sample::select(&["partition", "blip"][..]);
    let struck = prop_oneof![
        (links(), host())
            .prop_map(|(kind, host)| format!("kind = \"{kind}\"\nhost = \"{host}\"\n")),
        (links(), two_hosts()).prop_map(|(kind, two)| format!("kind = \"{kind}\"\n{two}")),
        two_hosts().prop_map(|two| format!("kind = \"partition-one-way\"\n{two}")),
        links().prop_map(|kind| format!("kind = \"{kind}\"\nusers = \"20%\"\n")),
        (host(), 50..5_000_u64).prop_map(|(host, latency)| {
            format!("kind = \"latency\"\nhost = \"{host}\"\nlatency = \"{latency}ms\"\n")
        }),
    ];
    (time(), struck).prop_map(|(time, struck)| time + &struck)
}

/// Two stops of one host must not overlap, nor two faults of its clock, so each host has one of each
/// at most.
fn stops() -> impl Strategy<Value = Vec<String>> {
    let stop = |host: &'static str| {
        let kinds: &[&str] = match host.starts_with("chat") {
            true => &["crash", "power-loss", "pause", "drain"],
            false => &["crash", "power-loss", "pause"],
        };
        (time(), prop::sample::select(kinds))
            .prop_map(move |(time, kind)| format!("{time}kind = \"{kind}\"\nhost = \"{host}\"\n"))
    };
    let of_users = (time(), any::<bool>()).prop_map(|(time, silent)| {
        let kind = if silent { "power-loss" } else { "crash" };
        format!("{time}kind = \"{kind}\"\nusers = \"20%\"\n")
    });
    let stops: Vec<_> = HOSTS.iter().map(|host| prop::option::weighted(0.25, stop(host))).collect();
    (stops, prop::option::weighted(0.25, of_users))
        .prop_map(|(stops, of_users)| stops.into_iter().flatten().chain(of_users).collect())
}

fn wrong_clocks() -> impl Strategy<Value = Vec<String>> {
    let wrong = |host: &'static str| {
        let kinds = prop::sample::select(&["skew", "clock-step"][..]);
        // A clock that is off by nothing is no fault.
        let by = prop_oneof![-2_000..0_i64, 1..2_000_i64];
        (kinds, 5_000..35_000_u64, 4_000..12_000_u64, by).prop_map(
            move |(kind, at, duration, by)| {
                format!(
                    "[[fault]]\nat = \"{at}ms\"\nfor = \"{duration}ms\"\nkind = \"{kind}\"\nhost = \"{host}\"\nby = \"{by}ms\"\n"
                )
            },
        )
    };
    let clocks: Vec<_> =
        HOSTS.iter().map(|host| prop::option::weighted(0.1, wrong(host))).collect();
    clocks.prop_map(|clocks| clocks.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_role_holds_whatever_goes_wrong(
        faults in prop::collection::vec(fault(), 0..6),
        stops in stops(),
        clocks in wrong_clocks(),
        seed in 0..1_000_000_u64,
    ) {
        let scenario = busy_with(&[faults, stops, clocks].concat().concat());
        let setup = Setup::new(&scenario, "hash", "", &scenario.design, seed).unwrap();
        let judged = judge(&setup, &fast::run(&setup, false));
        assert_no_violation("random faults", &judged);
    }
}

#[cfg(feature = "full")]
mod full_engine {
    use crate::support::{assert_clean, lively_with, setup};
    use hubbub_chat::Design;
    use hubbub_sim::judge;
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
}
