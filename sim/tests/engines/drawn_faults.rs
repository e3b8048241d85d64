//! Fault schedules as nobody would think of them, for the hosts and the engine that a test has.

use hubbub_scenario::{Engine, FaultKind};
use proptest::{prelude::*, strategy::Union};

/// What faults are drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground {
    pub(crate) engine: Engine,
    pub(crate) hosts: &'static [&'static str],
    pub(crate) regions: &'static [&'static str],
    /// The range in which faults begin, and how long they last at most, in milliseconds.
    pub(crate) begin_ms: (u64, u64),
    pub(crate) longest_ms: u64,
}

/// How long a fault lasts at least, in milliseconds.
const SHORTEST_MS: u64 = 100;
/// As long does a clock stay wrong: one that has to stand still does so for less than half of it.
const WRONG_MS: u64 = 4_000;

type Text = BoxedStrategy<String>;
type Texts = BoxedStrategy<Vec<String>>;

impl Ground {
    /// Up to so many faults, and stops and wrong clocks beside them.
    pub(crate) fn schedule(self, faults_max: usize) -> Text {
        let faults = prop::collection::vec(self.fault(), 0..=faults_max);
        let all = (faults, self.stops(), self.wrong_clocks());
        all.prop_map(|(faults, stops, clocks)| [faults, stops, clocks].concat().concat()).boxed()
    }

    /// One fault that stops nobody's process and leaves clocks alone.
    fn fault(self) -> Text {
        let struck =
            prop_oneof![3 => self.between_hosts(), 2 => self.of_roles(), 2 => self.of_devices()];
        (self.time(SHORTEST_MS), struck).prop_map(|(time, struck)| time + &struck).boxed()
    }

    /// When a fault begins and how long it lasts, `shortest` milliseconds at least.
    fn time(self, shortest: u64) -> impl Strategy<Value = String> {
        let (first, last) = self.begin_ms;
        (first..last, shortest..self.longest_ms).prop_map(|(at, duration)| {
            format!("[[fault]]\nat = \"{at}ms\"\nfor = \"{duration}ms\"\n")
        })
    }

    /// Something goes wrong between hosts.
    fn between_hosts(self) -> Text {
        let (links, slow) = (["partition", "blip"], ["latency", "jitter"]);
        let hints = ["hint-loss", "hint-duplication"];
        self.one_of([
            (2, self.of_kind(&links), and(self.on_links(), nothing())),
            (1, self.of_kind(&links), and(self.region(), nothing())),
            (1, self.of_kind(&["partition-one-way"]), and(self.two_hosts(), nothing())),
            (1, self.of_kind(&slow), and(self.on_links(), latency(5_000))),
            (1, self.of_kind(&slow), and(self.region(), latency(1_000))),
            (1, self.of_kind(&["reorder"]), and(self.on_links(), latency(2_000))),
            (1, self.of_kind(&hints), and(self.on_links(), share())),
        ])
    }

    /// Something goes wrong with a port, with the gateway, or with a host that goes on.
    fn of_roles(self) -> Text {
        let with_sessions = self.having(|host| host.starts_with("chat-") || host == "api-1");
        let with_leases = self.having(|host| !host.starts_with("devices-"));
        self.one_of([
            (1, self.of_kind(&["store-unavailable", "registry-unavailable"]), Some(nothing())),
            (1, self.of_kind(&["store-slow"]), Some(latency(5_000))),
            (1, self.of_kind(&["store-answer-lost"]), Some(share())),
            (1, self.of_kind(&["gateway-slow"]), self.with_pushes(latency(5_000))),
            (1, self.of_kind(&["gateway-failing"]), self.with_pushes(share())),
            (1, self.of_kind(&["lease-lost"]), Some(at_host(with_leases))),
            (1, self.of_kind(&["black-hole"]), Some(at_host(with_sessions))),
        ])
    }

    /// Something befalls devices.
    fn of_devices(self) -> Text {
        let carried =
            ["partition", "blip", "airplane-mode", "switched-network", "churn", "reconnect-storm"];
        let storm_at =
            self.having(|host| host.starts_with("chat-") || host.starts_with("devices-"));
        self.one_of([
            (5, self.of_kind(&carried), Some(of_users())),
            (1, self.of_kind(&["reconnect-storm"]), Some(at_host(storm_at))),
        ])
    }

    /// Two stops of one host must not overlap, nor two faults of its clock, so each host has one of
    /// each at most; or all chat servers are started again in turn.
    fn stops(self) -> Texts {
        let stops: Vec<_> =
            self.hosts.iter().map(|host| prop::option::weighted(0.25, self.stop(host))).collect();
        let of_users = self.with_time(SHORTEST_MS, &["crash", "power-loss", "restart"], of_users());
        let rolling = self.with_time(SHORTEST_MS, &["rolling-restart"], nothing());
        let stops =
            (stops, prop::option::weighted(0.25, of_users), prop::option::weighted(0.2, rolling));
        let all = stops.prop_map(|(stops, of_users, rolling)| {
            let is_of_chat = |stop: &String| stop.contains("host = \"chat-");
            let stops =
                stops.into_iter().flatten().filter(|it| rolling.is_none() || !is_of_chat(it));
            stops.chain(of_users).chain(rolling.clone()).collect()
        });
        all.boxed()
    }

    fn stop(self, host: &'static str) -> Text {
        let at = format!("host = \"{host}\"\n");
        let whole = ["crash", "power-loss", "restart", "pause", "drain"];
        let kinds = if host.starts_with("chat-") { &whole[..] } else { &whole[..4] };
        self.one_of([
            (kinds.len() as u32, self.of_kind(kinds), Some(nothing())),
            (1, self.of_kind(&["slow"]), Some(latency(120))),
        ])
        .prop_flat_map(move |kind| (self.time(SHORTEST_MS), Just(kind + &at)))
        .prop_map(|(time, what)| time + &what)
        .boxed()
    }

    fn wrong_clocks(self) -> Texts {
        let wrong = |host: &'static str| {
            // A clock that is off by nothing is no fault.
            let by = prop_oneof![-2_000..0_i64, 1..2_000_i64];
            let off = by.prop_map(move |by| format!("host = \"{host}\"\nby = \"{by}ms\"\n"));
            prop::option::weighted(
                0.1,
                self.with_time(WRONG_MS, &["skew", "clock-step"], off.boxed()),
            )
        };
        let clocks: Vec<_> = self.hosts.iter().map(|host| wrong(host)).collect();
        clocks.prop_map(|clocks| clocks.into_iter().flatten().collect()).boxed()
    }

    fn with_time(self, shortest: u64, kinds: &[&'static str], rest: Text) -> Text {
        let kind = self.of_kind(kinds).unwrap();
        (self.time(shortest), kind, rest)
            .prop_map(|(time, kind, rest)| time + &kind + &rest)
            .boxed()
    }

    /// One of these kinds, as far as the engine can do them.
    fn of_kind(self, kinds: &[&'static str]) -> Option<Text> {
        let can = |name: &&str| {
            let kind = FaultKind::ALL.iter().find(|kind| kind.as_str() == *name).unwrap();
            kind.engines().contains(&self.engine)
        };
        let kinds: Vec<&'static str> = kinds.iter().copied().filter(can).collect();
        let is_there = !kinds.is_empty();
        is_there.then(|| {
            prop::sample::select(kinds).prop_map(|kind| format!("kind = \"{kind}\"\n")).boxed()
        })
    }

    /// One of these, by weight, where there is both a kind and something for it to strike.
    fn one_of<const N: usize>(self, all: [(u32, Option<Text>, Option<Text>); N]) -> Text {
        let there = all.into_iter().filter_map(|(weight, kind, rest)| {
            let both = (kind?, rest?).prop_map(|(kind, rest)| kind + &rest);
            Some((weight, both.boxed()))
        });
        Union::new_weighted(there.collect()).boxed()
    }

    /// One host against all others, or what lies between two.
    fn on_links(self) -> Option<Text> {
        Some(prop_oneof![at_host(self.hosts.to_vec()), self.two_hosts()?].boxed())
    }

    fn two_hosts(self) -> Option<Text> {
        let hosts = self.hosts;
        let two = (0..hosts.len(), 1..hosts.len()).prop_map(|(from, turn)| {
            let to = hosts[(from + turn) % hosts.len()];
            format!("between = [[\"{}\"], [\"{to}\"]]\n", hosts[from])
        });
        Some(two.boxed())
    }

    fn region(self) -> Option<Text> {
        let is_there = !self.regions.is_empty();
        is_there.then(|| {
            let region = prop::sample::select(self.regions);
            region.prop_map(|region| format!("region = \"{region}\"\n")).boxed()
        })
    }

    /// That, where somebody pushes.
    fn with_pushes(self, rest: Text) -> Option<Text> {
        self.hosts.contains(&"notify-1").then_some(rest)
    }

    fn having(self, is_meant: impl Fn(&str) -> bool) -> Vec<&'static str> {
        self.hosts.iter().copied().filter(|host| is_meant(host)).collect()
    }
}

fn and(target: Option<Text>, rest: Text) -> Option<Text> {
    target.map(|target| (target, rest).prop_map(|(target, rest)| target + &rest).boxed())
}

fn nothing() -> Text {
    Just(String::new()).boxed()
}

fn latency(most_ms: u64) -> Text {
    (1..most_ms).prop_map(|latency| format!("latency = \"{latency}ms\"\n")).boxed()
}

/// Of what it is about, so many are struck.
fn share() -> Text {
    let some = (1..100_u32).prop_map(|share| format!("share = \"{share}%\"\n"));
    prop_oneof![nothing(), some].boxed()
}

fn at_host(hosts: Vec<&'static str>) -> Text {
    prop::sample::select(hosts).prop_map(|host| format!("host = \"{host}\"\n")).boxed()
}

/// A share of the users.
fn of_users() -> Text {
    (5..60_u32).prop_map(|share| format!("users = \"{share}%\"\n")).boxed()
}
