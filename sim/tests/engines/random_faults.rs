//! The hardened design holds under fault schedules that nobody thought of.

use crate::support::{assert_no_violation, busy_in_regions};
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

fn two_hosts() -> impl Strategy<Value = String> {
    (0..HOSTS.len(), 1..HOSTS.len()).prop_map(|(from, turn)| {
        let to = HOSTS[(from + turn) % HOSTS.len()];
        format!("between = [[\"{}\"], [\"{to}\"]]\n", HOSTS[from])
    })
}

/// Of what it is about, so many are struck.
fn share() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        (1..100_u32).prop_map(|share| format!("share = \"{share}%\"\n"))
    ]
}

fn latency(most_ms: u64) -> impl Strategy<Value = String> {
    (1..most_ms).prop_map(|latency| format!("latency = \"{latency}ms\"\n"))
}

fn of_kind(kinds: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(kinds).prop_map(|kind| format!("kind = \"{kind}\"\n"))
}

fn at_host(hosts: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(hosts).prop_map(|host| format!("host = \"{host}\"\n"))
}

/// One host against all others, or what lies between two.
fn on_links() -> impl Strategy<Value = String> {
    prop_oneof![at_host(&HOSTS), two_hosts()]
}

/// A share of the users.
fn of_users() -> impl Strategy<Value = String> {
    (5..60_u32).prop_map(|share| format!("users = \"{share}%\"\n"))
}

fn region() -> impl Strategy<Value = String> {
    prop::sample::select(&["eu", "us"][..]).prop_map(|region| format!("region = \"{region}\"\n"))
}

/// Something goes wrong between hosts.
fn between_hosts() -> impl Strategy<Value = String> {
    let (links, hints) = (&["partition", "blip"], &["hint-loss", "hint-duplication"]);
    prop_oneof![
        2 => (of_kind(links), on_links()).prop_map(|(kind, on)| kind + &on),
        1 => (of_kind(links), region()).prop_map(|(kind, on)| kind + &on),
        1 => (of_kind(&["partition-one-way"]), two_hosts()).prop_map(|(kind, on)| kind + &on),
        1 => (of_kind(&["latency", "jitter"]), on_links(), latency(5_000))
            .prop_map(|(kind, on, latency)| kind + &on + &latency),
        1 => (of_kind(&["latency", "jitter"]), region(), latency(1_000))
            .prop_map(|(kind, on, latency)| kind + &on + &latency),
        1 => (of_kind(&["reorder"]), on_links(), latency(2_000))
            .prop_map(|(kind, on, latency)| kind + &on + &latency),
        1 => (of_kind(hints), on_links(), share()).prop_map(|(kind, on, share)| kind + &on + &share),
    ]
}

/// Something goes wrong with a port, with the gateway, or with a host that goes on.
fn of_roles() -> impl Strategy<Value = String> {
    let unavailable = &["store-unavailable", "registry-unavailable"];
    let sharing = &["store-answer-lost", "gateway-failing"];
    prop_oneof![
        of_kind(unavailable),
        (of_kind(&["store-slow", "gateway-slow"]), latency(5_000))
            .prop_map(|(kind, latency)| kind + &latency),
        (of_kind(sharing), share()).prop_map(|(kind, share)| kind + &share),
        (of_kind(&["lease-lost"]), at_host(&HOSTS[..8])).prop_map(|(kind, host)| kind + &host),
        (of_kind(&["black-hole"]), at_host(&["chat-1", "chat-2", "chat-3", "api-1"]))
            .prop_map(|(kind, host)| kind + &host),
    ]
}

/// Something befalls devices.
fn of_devices() -> impl Strategy<Value = String> {
    let carried =
        &["partition", "blip", "airplane-mode", "switched-network", "churn", "reconnect-storm"];
    let storm_at = &["chat-1", "chat-2", "chat-3", "devices-1", "devices-2"];
    prop_oneof![
        5 => (of_kind(carried), of_users()).prop_map(|(kind, users)| kind + &users),
        1 => (of_kind(&["reconnect-storm"]), at_host(storm_at)).prop_map(|(kind, host)| kind + &host),
    ]
}

/// One fault between 5 s and 47 s.
fn fault() -> impl Strategy<Value = String> {
    let struck = prop_oneof![3 => between_hosts(), 2 => of_roles(), 2 => of_devices()];
    (time(), struck).prop_map(|(time, struck)| time + &struck)
}

/// Two stops of one host must not overlap, nor two faults of its clock, so each host has one of each
/// at most; or all chat servers are started again in turn.
fn stops() -> impl Strategy<Value = Vec<String>> {
    let stop = |host: &'static str| {
        let kinds: &[&str] = match host.starts_with("chat") {
            true => &["crash", "power-loss", "restart", "pause", "drain", "slow"],
            false => &["crash", "power-loss", "restart", "pause", "slow"],
        };
        (time(), prop::sample::select(kinds), 1..120_u64).prop_map(move |(time, kind, by)| {
            let latency =
                if kind == "slow" { format!("latency = \"{by}ms\"\n") } else { String::new() };
            format!("{time}kind = \"{kind}\"\nhost = \"{host}\"\n{latency}")
        })
    };
    let of_users = (time(), of_kind(&["crash", "power-loss", "restart"]), of_users())
        .prop_map(|(time, kind, users)| time + &kind + &users);
    let stops: Vec<_> = HOSTS.iter().map(|host| prop::option::weighted(0.25, stop(host))).collect();
    let rolling = (time(), of_kind(&["rolling-restart"])).prop_map(|(time, kind)| time + &kind);
    let stops =
        (stops, prop::option::weighted(0.25, of_users), prop::option::weighted(0.2, rolling));
    stops.prop_map(|(stops, of_users, rolling)| {
        let is_of_chat = |stop: &String| stop.contains("host = \"chat-");
        let stops = stops.into_iter().flatten().filter(|it| rolling.is_none() || !is_of_chat(it));
        stops.chain(of_users).chain(rolling.clone()).collect()
    })
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

/// How many schedules are tried; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    96.max(std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(0))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn every_role_holds_whatever_goes_wrong(
        faults in prop::collection::vec(fault(), 0..6),
        stops in stops(),
        clocks in wrong_clocks(),
        seed in 0..1_000_000_u64,
    ) {
        let scenario = busy_in_regions(&[faults, stops, clocks].concat().concat());
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
