//! Discovery spreads devices over the servers that have room, and lets them in at a bounded rate.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, DeviceId, Discovery, Monotonic, Now, RequestId, ServerId, Wall,
    design::Placement,
    discovery::{Assignment, DiscoveryInput, DiscoveryOutput, WAIT_MAX},
    ports::{
        Answer, Outcome, Port,
        registry::{LeaseInfo, LeaseKey, Member, RegistryAnswer},
    },
    random::Random,
    time::nanoseconds,
};

use crate::support::assert_reached;

struct Bench {
    discovery: Discovery,
    now: u64,
    members: Vec<Member>,
    version: u64,
    /// Whether the registry answers.
    registry: bool,
    assigned: Vec<Assignment>,
}

impl Bench {
    fn new(design: Design, members: Vec<Member>) -> Self {
        let discovery = Discovery::new(design, 1);
        let mut bench =
            Self { discovery, now: 0, members, version: 1, registry: true, assigned: Vec::new() };
        bench.pass(Duration::ZERO);
        bench
    }

    fn clock(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(0) }
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + nanoseconds(duration);
        while let Some((at, _)) = self.discovery.poll_timeout().filter(|(at, _)| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.discovery.handle_timeout(self.clock());
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        while let Some(output) = self.discovery.poll_output() {
            match output {
                DiscoveryOutput::Request { id, .. } => self.answer(id),
                DiscoveryOutput::Assign(_, assignment) => self.assigned.push(assignment),
            }
        }
    }

    fn answer(&mut self, id: RequestId) {
        let (version, members) = (self.version, self.members.clone());
        let snapshot = RegistryAnswer::Snapshot { version, members };
        let answer = match self.registry {
            true => Answer::Registry(Outcome::Ok(snapshot)),
            false => Port::Registry.refused(),
        };
        self.discovery.handle_input(self.clock(), DiscoveryInput::Answer(id, answer));
    }

    fn ask_as(&mut self, device: u64, region: &str, background: bool) -> Assignment {
        let (device, region) = (DeviceId(device), region.to_owned());
        let ask = DiscoveryInput::Ask { call: device.0, device, region, background, attempt: 0 };
        self.discovery.handle_input(self.clock(), ask);
        self.drain();
        self.assigned.pop().expect("every ask is answered at once")
    }

    fn ask(&mut self) -> Assignment {
        self.ask_as(1, "", false)
    }

    /// How many of these asks go to which server.
    fn spread(&mut self, asks: usize) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        for _ in 0..asks {
            *counts.entry(server(&self.ask())).or_default() += 1;
        }
        counts
    }

    fn load(&mut self, server: usize, load: u32) {
        self.members[server - 1].info.load = load;
    }
}

fn member(server: u32, region: &str, capacity: u32, load: u32) -> Member {
    let info = LeaseInfo {
        address: format!("chat-{server}:80"),
        peer_address: format!("chat-{server}:81"),
        region: region.to_owned(),
        capacity,
        load,
        open: true,
        high_water_ms: 0,
    };
    Member { key: LeaseKey::Chat(ServerId(server)), epoch: u64::from(server), info }
}

fn four(capacity: u32, loads: [u32; 4]) -> Vec<Member> {
    (1..).zip(loads).map(|(server, load)| member(server, "", capacity, load)).collect()
}

fn unbounded(placement: Placement) -> Design {
    Design { placement, login_rate: 0, ..Design::default() }
}

/// The server that an ask was given; 0 for none.
fn server(assignment: &Assignment) -> u32 {
    match assignment {
        Assignment::Server { server, .. } => server.0,
        _ => 0,
    }
}

#[test]
fn a_stale_load_figure_does_not_send_everyone_to_one_server() {
    // The third has restarted and is empty; the next report is two seconds away.
    let members = four(1000, [500, 500, 0, 500]);
    let mut bench = Bench::new(unbounded(Placement::Spread), members.clone());
    let counts = bench.spread(1000);
    for (server, expected) in [(1, 200), (2, 200), (3, 400), (4, 200)] {
        let count = counts[&server];
        assert!(count.abs_diff(expected) < 60, "{count} of 1000 to {server}: {counts:?}");
    }

    let mut bench = Bench::new(unbounded(Placement::LeastLoaded), members);
    assert_eq!(bench.spread(1000), BTreeMap::from([(3, 1000)]), "least-loaded herds");
    assert_eq!(bench.spread(1000), BTreeMap::from([(3, 1000)]), "even past its capacity");
}

#[test]
fn what_was_assigned_since_the_last_report_counts_as_load() {
    let mut bench = Bench::new(unbounded(Placement::Spread), four(10, [0; 4]));
    let counts = bench.spread(40);
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [10; 4]);
    assert_eq!(bench.ask(), Assignment::None);
    // A report that may be older than the assignments does not make room.
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.ask(), Assignment::None);
    // By the next one they are in the report, or have gone elsewhere.
    bench.load(1, 10);
    bench.load(2, 4);
    bench.load(3, 10);
    bench.load(4, 10);
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.spread(6), BTreeMap::from([(2, 6)]));
    assert_eq!(bench.discovery.counts().without_server, 2);
    assert_eq!(bench.discovery.counts().per_server[&ServerId(2)], 16);
}

#[test]
fn the_own_region_comes_first() {
    let members = vec![
        member(1, "eu", 10, 0),
        member(2, "us", 10, 0),
        member(3, "us", 10, 0),
        member(4, "eu", 10, 10),
    ];
    let mut bench = Bench::new(unbounded(Placement::Spread), members);
    for device in 0..10 {
        assert_eq!(server(&bench.ask_as(device, "eu", false)), 1);
    }
    let elsewhere = server(&bench.ask_as(11, "eu", false));
    assert!([2, 3].contains(&elsewhere), "the region is full");
    assert!(server(&bench.ask_as(12, "asia", false)) > 0, "a region without servers");
}

#[test]
fn the_fallback_is_another_server() {
    let mut bench = Bench::new(unbounded(Placement::Spread), four(1000, [0; 4]));
    for _ in 0..100 {
        let Assignment::Server { address, fallback: Some(fallback), .. } = bench.ask() else {
            panic!("no fallback")
        };
        assert_ne!(address, fallback);
    }
    let mut bench = Bench::new(unbounded(Placement::Spread), vec![member(1, "", 10, 0)]);
    assert!(matches!(bench.ask(), Assignment::Server { fallback: None, .. }));
}

#[test]
fn nobody_is_sent_to_a_server_that_is_closed() {
    let mut members = four(1000, [0; 4]);
    members[1].info.open = false;
    members.push(Member { key: LeaseKey::Notifier, epoch: 9, info: LeaseInfo::default() });
    let mut bench = Bench::new(unbounded(Placement::Spread), members);
    assert_eq!(bench.spread(300).into_keys().collect::<Vec<_>>(), [1, 3, 4]);
    for member in &mut bench.members {
        member.info.open = false;
    }
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.ask(), Assignment::None);
    assert_reached(bench.discovery.situations(), Situation::NoServer);
}

#[test]
fn it_goes_on_with_what_it_knows_while_the_registry_is_away() {
    let mut bench = Bench::new(unbounded(Placement::Spread), four(1000, [0; 4]));
    bench.registry = false;
    bench.members.clear();
    bench.pass(Duration::from_secs(60));
    assert!(server(&bench.ask()) > 0);
    bench.registry = true;
    bench.pass(Duration::from_secs(3));
    assert_eq!(bench.ask(), Assignment::None, "it has learnt that they are gone");
}

/// A crowd that lost its server asks at once, and whoever is put off comes again as told. When
/// each was assigned, and how many times they asked.
fn storm(design: Design, devices: u64, background: impl Fn(u64) -> bool) -> (Vec<(u64, u64)>, u64) {
    let mut bench = Bench::new(design, four(100_000, [0; 4]));
    let mut random = Random::new(7);
    let mut queue: BTreeMap<(u64, u64), u64> =
        (0..devices).map(|device| ((0, device), device)).collect();
    let (mut assigned, mut asks) = (Vec::new(), 0);
    while let Some(((at, _), device)) = queue.pop_first() {
        bench.pass(Duration::from_nanos(at - bench.now));
        asks += 1;
        match bench.ask_as(device, "", background(device)) {
            Assignment::Server { .. } => assigned.push((at, device)),
            Assignment::Wait(wait) => {
                assert!(wait <= WAIT_MAX);
                // As the device does.
                let again = at + nanoseconds(wait + random.up_to(wait / 8));
                queue.insert((again, asks * devices + device), device);
            }
            Assignment::None => panic!("there is room"),
        }
    }
    if asks > devices {
        assert_reached(bench.discovery.situations(), Situation::LoginDeferred);
    }
    (assigned, asks)
}

/// The most that were assigned within a second.
fn busiest(assigned: &[(u64, u64)]) -> usize {
    let within = |from: u64| {
        let later = assigned.iter().skip_while(move |(at, _)| *at < from);
        later.take_while(move |(at, _)| *at < from + 1_000_000_000).count()
    };
    assigned.iter().map(|(at, _)| within(*at)).max().unwrap_or(0)
}

#[test]
fn a_storm_is_let_in_at_the_admitted_rate() {
    let design = Design { login_rate: 200, ..Design::default() };
    let (assigned, asks) = storm(design, 3000, |_| false);
    assert_eq!(assigned.len(), 3000);
    assert!(busiest(&assigned) <= 400, "the bucket and the rate: {}", busiest(&assigned));
    let last = Duration::from_nanos(assigned[2999].0);
    // 2,800 come after the first bucket, at 200 a second: 14 s, and the jitter of their return.
    assert!((14..25).contains(&last.as_secs()), "{last:?}");
    assert!(asks < 9000, "few ask more than twice: {asks}");
}

#[test]
fn without_a_rate_all_come_at_once() {
    let (assigned, asks) = storm(unbounded(Placement::Spread), 3000, |_| false);
    assert_eq!((busiest(&assigned), asks), (3000, 3000));
}

#[test]
fn those_who_have_something_to_send_come_first() {
    let design = Design { login_rate: 200, ..Design::default() };
    let (assigned, _) = storm(design, 3000, |device| device % 10 != 0);
    let mean = |background: bool| {
        let times = assigned.iter().filter(|(_, device)| (device % 10 != 0) == background);
        let times: Vec<u64> = times.map(|(at, _)| *at).collect();
        Duration::from_nanos(times.iter().sum::<u64>() / times.len() as u64)
    };
    assert!(3 * mean(false) < mean(true), "{:?} and {:?}", mean(false), mean(true));
}

#[test]
fn a_login_with_something_to_send_passes_a_storm_of_background_logins() {
    let design = Design { login_rate: 100, ..Design::default() };
    let mut bench = Bench::new(design, four(100_000, [0; 4]));
    for device in 0..5000 {
        bench.ask_as(device, "", true);
    }
    assert_eq!(bench.discovery.counts().assigned, 80);
    for device in 5000..5020 {
        assert!(server(&bench.ask_as(device, "", false)) > 0, "{device}");
    }
    assert_eq!(bench.discovery.counts().put_off, 4920);
}
