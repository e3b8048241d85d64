//! Whatever is lost, late, cut, logged out or killed: no gap below the bound is shown, what is shown
//! never goes back, and in the end everybody shows the truth.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_chat::{
    Design, DeviceId, ServerId, UserId, presence::PresenceView, random::Random, time::nanoseconds,
};
use proptest::prelude::*;

use crate::support::{presence_world::*, seconds};

/// Users 1 to 4 are all friends; the first two have a laptop as well.
const USERS: u64 = 4;
const DEVICES: [(u64, u64); 6] = [(1, 10), (1, 11), (2, 20), (2, 21), (3, 30), (4, 40)];
const KEEPERS: [ServerId; 2] = [KEEPER, OTHER_KEEPER];

/// A message is late by less than this.
const LATE_MAX_MS: u64 = 4000;

#[derive(Debug, Clone)]
enum Step {
    Wait {
        milliseconds: u64,
    },
    Link {
        device: usize,
        up: bool,
    },
    LogOut {
        device: usize,
    },
    /// Messages between servers are lost or late with this many per cent.
    Weather {
        lost: u64,
        late: u64,
    },
    Kill {
        keeper: usize,
        unseen_ms: u64,
    },
    Start {
        keeper: usize,
        unseen_ms: u64,
    },
    /// Its lease in the registry ends, and nothing that it is asked arrives any more.
    CutOff {
        keeper: usize,
        unseen_ms: u64,
    },
    /// It is reached again, and holds its lease under a new epoch.
    Return {
        keeper: usize,
        unseen_ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let device = 0..DEVICES.len();
    let unseen_ms = 0..6000_u64;
    prop_oneof![
        6 => (0..20_000_u64).prop_map(|milliseconds| Step::Wait { milliseconds }),
        2 => (0..45_000_u64).prop_map(|milliseconds| Step::Wait { milliseconds }),
        6 => (device.clone(), any::<bool>()).prop_map(|(device, up)| Step::Link { device, up }),
        1 => device.prop_map(|device| Step::LogOut { device }),
        2 => (0..25_u64, 0..40_u64).prop_map(|(lost, late)| Step::Weather { lost, late }),
        2 => (0..2_usize, unseen_ms.clone())
            .prop_map(|(keeper, unseen_ms)| Step::Kill { keeper, unseen_ms }),
        2 => (0..2_usize, unseen_ms.clone())
            .prop_map(|(keeper, unseen_ms)| Step::Start { keeper, unseen_ms }),
        1 => (0..2_usize, unseen_ms.clone())
            .prop_map(|(keeper, unseen_ms)| Step::CutOff { keeper, unseen_ms }),
        1 => (0..2_usize, unseen_ms)
            .prop_map(|(keeper, unseen_ms)| Step::Return { keeper, unseen_ms }),
    ]
}

struct Script {
    world: PresenceWorld,
    random: Random,
    logged_out: BTreeMap<DeviceId, u64>,
    /// How many per cent of the messages between servers are lost, and late.
    weather: (u64, u64),
    /// Presence servers that are not reached.
    cut_off: BTreeSet<ServerId>,
}

impl Script {
    fn new(seed: u64) -> Self {
        let design = Design { presence_refresh: seconds(20), ..prompt() };
        let mut world = PresenceWorld::new(&KEEPERS, design);
        (0..USERS).for_each(|_| world.sign_up());
        for one in 1..=USERS {
            (one + 1..=USERS).for_each(|other| world.befriend(one, other));
        }
        for (user, device) in DEVICES {
            let server = if device % 20 < 10 { CHAT } else { OTHER_CHAT };
            world.login(user, DeviceId(device), server);
        }
        world.run_for(seconds(3));
        let (random, logged_out) = (Random::new(seed), BTreeMap::new());
        Self { world, random, logged_out, weather: (0, 0), cut_off: BTreeSet::new() }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Wait { milliseconds } => self.world.run_for(Duration::from_millis(milliseconds)),
            Step::Link { device, up } => self.world.link(DeviceId(DEVICES[device].1), up),
            Step::LogOut { device } => {
                let device = DeviceId(DEVICES[device].1);
                let now = self.world.now();
                self.logged_out.entry(device).or_insert_with(|| {
                    self.world.log_out(device);
                    now
                });
            }
            Step::Weather { lost, late } => {
                self.weather = (lost, late);
                self.set_rule();
            }
            Step::Kill { keeper, unseen_ms } => {
                self.world.stop_presence(KEEPERS[keeper]);
                self.world.run_for(Duration::from_millis(unseen_ms));
                self.spread_view();
            }
            Step::Start { keeper, unseen_ms } => {
                self.world.start_presence(KEEPERS[keeper]);
                self.reach(KEEPERS[keeper]);
                self.world.run_for(Duration::from_millis(unseen_ms));
                self.spread_view();
            }
            Step::CutOff { keeper, unseen_ms } => {
                if self.world.presence.contains_key(&KEEPERS[keeper]) {
                    self.cut_off.insert(KEEPERS[keeper]);
                    self.set_rule();
                    self.world.lose_lease(KEEPERS[keeper]);
                }
                self.world.run_for(Duration::from_millis(unseen_ms));
                self.spread_view();
            }
            Step::Return { keeper, unseen_ms } => {
                self.reach(KEEPERS[keeper]);
                self.world.run_for(Duration::from_millis(unseen_ms));
                self.spread_view();
            }
        }
    }

    /// A presence server that was cut off is so no longer.
    fn reach(&mut self, keeper: ServerId) {
        if self.cut_off.remove(&keeper) {
            self.set_rule();
            if self.world.presence.contains_key(&keeper) {
                self.world.lease_again(keeper);
            }
        }
    }

    fn set_rule(&mut self) {
        let mut random = Random::new(self.random.next());
        let ((lost, late), cut_off) = (self.weather, self.cut_off.clone());
        self.world.rule(move |wire| match wire {
            Wire::Ask { to, .. } if cut_off.contains(to) => Way::Lose,
            wire => weather(&mut random, wire, lost, late),
        });
    }

    /// Everybody gets the next view, one after the other.
    fn spread_view(&mut self) {
        let view: PresenceView = self.world.next_view();
        let mut servers = vec![CHAT, OTHER_CHAT, KEEPER, OTHER_KEEPER];
        while !servers.is_empty() {
            let next = self.random.below(servers.len() as u64) as usize;
            let server = servers.remove(next);
            if [CHAT, OTHER_CHAT].contains(&server) {
                self.world.give_chat(server, &view);
            } else if !self.cut_off.contains(&server) {
                self.world.give_presence(server, &view);
            }
            let pause = self.random.below(1500);
            self.world.run_for(Duration::from_millis(pause));
        }
    }

    /// Everything heals, and everybody has the time to find out.
    fn settle(&mut self) {
        self.weather = (0, 0);
        self.set_rule();
        KEEPERS.into_iter().for_each(|keeper| self.reach(keeper));
        for keeper in KEEPERS {
            if !self.world.presence.contains_key(&keeper) {
                self.world.start_presence(keeper);
            }
        }
        self.world.announce();
        let design = &self.world.design;
        let enough = 2 * (design.presence_lease() + design.publish_max);
        self.world.run_for(enough + design.presence_refresh * 13 / 10);
    }

    fn is_online(&self, user: u64) -> bool {
        let mut phones = self.world.phones.values().filter(|phone| phone.user == UserId(user));
        phones.any(|phone| phone.link_up && !phone.logged_out)
    }

    fn assert_truth(&self) {
        let attached = |phone: &&Phone| phone.link_up && !phone.logged_out;
        for phone in self.world.phones.values().filter(attached) {
            for user in (1..=USERS).filter(|user| UserId(*user) != phone.user) {
                let shown = phone.machine.status(UserId(user)).map(|status| status.online);
                assert_eq!(shown, Some(self.is_online(user)), "{} of {user}", phone.user);
            }
        }
    }

    fn assert_forward(&self) {
        for phone in self.world.phones.values() {
            let mut last = BTreeMap::new();
            for (_, status) in &phone.shown {
                if let Some(before) = last.insert(status.user, *status) {
                    assert!(status.is_newer_than(&before), "{before:?}, then {status:?}");
                }
            }
        }
    }

    /// Nobody is shown as offline of whom a device was heard less than `offline_after` ago, except
    /// that it may have come back while the news was on its way.
    fn assert_no_flap(&self) {
        let way = nanoseconds(Duration::from_millis(2 * LATE_MAX_MS));
        let gap = nanoseconds(self.world.design.offline_after);
        for observer in self.world.phones.values() {
            for (at, status) in observer.shown.iter().filter(|(_, status)| !status.online) {
                let devices = self.world.phones.iter().filter(|(device, phone)| {
                    let logged_out = self.logged_out.get(device);
                    phone.user == status.user && logged_out.is_none_or(|logout| logout > at)
                });
                for (device, phone) in devices {
                    let heard = phone.heard.iter().rfind(|heard| **heard + way <= *at);
                    let silent = at - heard.copied().unwrap_or_default();
                    assert!(
                        heard.is_none() || silent >= gap,
                        "{device} was heard {:?} before it was shown offline at {:?}",
                        Duration::from_nanos(silent),
                        Duration::from_nanos(*at),
                    );
                }
            }
        }
    }
}

/// Only what travels between servers: the links of the devices are up or down.
fn weather(random: &mut Random, wire: &Wire, lost: u64, late: u64) -> Way {
    let between_servers =
        matches!(wire, Wire::Ask { .. } | Wire::Publish { .. } | Wire::ChatAnswer { .. });
    let dice = random.below(100);
    if !between_servers {
        Way::Pass
    } else if dice < lost {
        Way::Lose
    } else if dice < lost + late {
        Way::Late(Duration::from_millis(random.below(LATE_MAX_MS)))
    } else {
        Way::Pass
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_shown_follows_the_truth(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut script = Script::new(seed);
        for step in &steps {
            script.run(step);
        }
        script.settle();
        script.assert_truth();
        script.assert_forward();
        script.assert_no_flap();
    }
}
