//! Whatever happens on the way: in the end every accepted message is applied once, in order, on
//! every device that is entitled to it, and nowhere else.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::{
    ChannelId, Content, Design, DeviceId, UserId,
    design::{Fanout, Ids},
    device::DeviceEvent,
    frame::{Change, SendRefusal},
    random::Random,
};
use proptest::prelude::*;

use crate::support::{
    Fate, Message, World,
    reference::{membership, visible},
    seconds,
    views::text,
};

/// Users 1 to 4 have a device each, and the first two have a second one.
const DEVICES: [(u64, u64); 6] = [(1, 11), (1, 12), (2, 21), (2, 22), (3, 31), (4, 41)];
const SERVERS: usize = 2;

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send {
        device: usize,
        channel: usize,
        count: usize,
    },
    Change {
        device: usize,
        channel: usize,
        change: Change,
    },
    Wait {
        milliseconds: u64,
    },
    /// Each class of message is lost, late or doubled with this many per cent.
    Weather {
        lost: u64,
        late: u64,
        doubled: u64,
    },
    StopDevice {
        device: usize,
    },
    StartDevice {
        device: usize,
    },
    Break {
        device: usize,
    },
    Wedge {
        device: usize,
    },
    Move {
        device: usize,
        server: usize,
    },
    CrashServer {
        server: usize,
    },
    StartServer {
        server: usize,
    },
    LoseRoutes,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let device = || 0..DEVICES.len();
    let user = || (1..=4_u64).prop_map(UserId);
    let change = prop_oneof![
        3 => Just(Change::Join),
        3 => Just(Change::Leave),
        2 => prop::collection::vec(user(), 1..3).prop_map(Change::Invite),
        2 => user().prop_map(Change::Remove),
    ];
    prop_oneof![
        12 => (device(), 0..4_usize, 1..8_usize)
            .prop_map(|(device, channel, count)| Step::Send { device, channel, count }),
        6 => (device(), 2..4_usize, change)
            .prop_map(|(device, channel, change)| Step::Change { device, channel, change }),
        10 => (1..4000_u64).prop_map(|milliseconds| Step::Wait { milliseconds }),
        3 => (0..30_u64, 0..40_u64, 0..20_u64)
            .prop_map(|(lost, late, doubled)| Step::Weather { lost, late, doubled }),
        1 => device().prop_map(|device| Step::StopDevice { device }),
        2 => device().prop_map(|device| Step::StartDevice { device }),
        2 => device().prop_map(|device| Step::Break { device }),
        1 => device().prop_map(|device| Step::Wedge { device }),
        2 => (device(), 0..SERVERS).prop_map(|(device, server)| Step::Move { device, server }),
        1 => (0..SERVERS).prop_map(|server| Step::CrashServer { server }),
        2 => (0..SERVERS).prop_map(|server| Step::StartServer { server }),
        1 => Just(Step::LoseRoutes),
    ]
}

fn channel(index: usize) -> ChannelId {
    match index {
        0 => ChannelId::direct(UserId(1), UserId(2)),
        1 => ChannelId::direct(UserId(2), UserId(3)),
        2 => ChannelId::group(UserId(1), 1),
        _ => ChannelId::group(UserId(2), 1),
    }
}

/// Small bounds, so that a short script runs into all of them.
pub(crate) fn design(fanout: Fanout) -> Design {
    Design {
        fanout,
        inflight_max: 4,
        outbox_max: 12,
        session_requests_max: 4,
        session_unconfirmed_max: 6,
        page_entries_max: 3,
        group_limit: 3,
        resync_interval: seconds(5),
        ..Design::default()
    }
}

pub(crate) struct Run {
    pub(crate) world: World,
    seed: u64,
    weathers: u64,
    bodies: u64,
}

impl Run {
    pub(crate) fn new(servers: usize, design: Design, seed: u64) -> Self {
        let mut world = World::seeded(servers, design, seed);
        for (number, (user, device)) in DEVICES.into_iter().enumerate() {
            world.login(UserId(user), DeviceId(device), number % servers);
        }
        world.run_for(seconds(1));
        world.change(DeviceId(11), channel(2), Change::Create(vec![UserId(2), UserId(3)]));
        world.change(DeviceId(21), channel(3), Change::Create(vec![UserId(4)]));
        world.run_for(seconds(1));
        Self { world, seed, weathers: 0, bodies: 0 }
    }

    pub(crate) fn take(&mut self, step: Step) {
        let id = |device: usize| DeviceId(DEVICES[device].1);
        match step {
            Step::Send { device, channel: index, count } => {
                for _ in 0..count {
                    self.bodies += 1;
                    let body = format!("text {}", self.bodies);
                    self.world.send(id(device), channel(index), &body);
                }
            }
            Step::Change { device, channel: index, change } => {
                self.world.change(id(device), channel(index), change);
            }
            Step::Wait { milliseconds } => self.world.run_for(Duration::from_millis(milliseconds)),
            Step::Weather { lost, late, doubled } => self.weather(lost, late, doubled),
            Step::StopDevice { device } => self.world.stop_device(id(device)),
            Step::StartDevice { device } => self.start_device(id(device)),
            Step::Break { device } => self.world.break_connection(id(device)),
            Step::Wedge { device } => self.world.wedge_connection(id(device)),
            Step::Move { device, server } => {
                self.world.move_device(id(device), server % self.world.servers.len());
                self.world.break_connection(id(device));
            }
            Step::CrashServer { server } => {
                self.world.crash_server(server % self.world.servers.len());
            }
            Step::StartServer { server } => {
                self.start_server(server % self.world.servers.len());
            }
            Step::LoseRoutes => {
                self.world.routing = hubbub_chat::ports::routing::RoutingModel::default()
            }
        }
    }

    /// A connection that loses something loses all that follows; ports and peers lose single
    /// messages, and overtake.
    fn weather(&mut self, lost: u64, late: u64, doubled: u64) {
        self.weathers += 1;
        let mut random = Random::stream(self.seed, self.weathers);
        self.world.rule(move |message| {
            let dice = random.below(100);
            let stream = message.lane().is_some();
            let frame = matches!(message, Message::ToServer { .. } | Message::ToDevice { .. });
            if stream {
                return match dice {
                    dice if dice < lost / 5 && frame => Fate::Wedge,
                    dice if dice < late => Fate::Delay(Duration::from_millis(random.below(500))),
                    _ => Fate::Pass,
                };
            }
            match dice {
                dice if dice < lost => Fate::Drop,
                dice if dice < lost + late => {
                    Fate::Delay(Duration::from_millis(random.below(4000)))
                }
                dice if dice < lost + late + doubled => Fate::Twice,
                _ => Fate::Pass,
            }
        });
    }

    fn start_device(&mut self, device: DeviceId) {
        if self.world.node(device).machine.is_none() {
            self.world.start_device(device);
        }
    }

    fn start_server(&mut self, server: usize) {
        if self.world.servers[server].machine.is_none() {
            self.world.start_server(server);
        }
    }

    /// All is well again, for long enough.
    pub(crate) fn end(&mut self) {
        self.world.heal();
        (0..self.world.servers.len()).for_each(|server| self.start_server(server));
        DEVICES.iter().for_each(|(_, device)| self.start_device(DeviceId(*device)));
        self.world.run_for(seconds(240));
    }

    pub(crate) fn check(&self) {
        self.check_devices();
        self.check_bodies();
    }

    pub(crate) fn check_devices(&self) {
        for (user, device) in DEVICES {
            self.check_device(UserId(user), DeviceId(device));
        }
    }

    pub(crate) fn devices() -> impl Iterator<Item = DeviceId> {
        DEVICES.into_iter().map(|(_, device)| DeviceId(device))
    }

    fn check_device(&self, user: UserId, device: DeviceId) {
        let world = &self.world;
        assert!(world.is_synced(device), "device {device} is not synced");
        assert_eq!(world.pending(device), 0, "device {device} still waits for something");
        for channel in (0..4).map(channel) {
            let log = world.log(channel);
            let places = visible(&log, channel, user);
            let expected: Vec<_> = places
                .iter()
                .map(|place| &log[place.0 as usize - 1])
                .map(|entry| (entry.message_id, text(entry)))
                .collect();
            let mut applied: Vec<_> = world
                .applied(device)
                .into_iter()
                .filter(|entry| entry.channel == channel)
                .map(|entry| (entry.message_id, text(entry)))
                .collect();
            if world.design.ids != Ids::ChannelSequence {
                applied.sort_unstable();
            }
            assert_eq!(applied, expected, "device {device} in {channel}");
            let allowed: Vec<_> = expected.into_iter().map(|(_, text)| text).collect();
            for received in world.received(device, channel) {
                assert!(allowed.contains(&received), "device {device} received {received}");
            }
        }
    }

    /// Every send was answered once, truly, and its author's order was kept.
    fn check_bodies(&self) {
        let mut found: BTreeMap<(ChannelId, u64), Vec<u64>> = BTreeMap::new();
        for entry in self.world.store.entries() {
            if let Content::Text(_) = entry.content {
                found
                    .entry((entry.channel, entry.body_hash()))
                    .or_default()
                    .push(entry.message_id.0);
            }
        }
        assert!(found.values().all(|places| places.len() == 1), "a body is in the log twice");
        for (_, device) in DEVICES {
            let device = DeviceId(device);
            let accepted = self.world.accepted(device);
            let failed = self.world.failed(device);
            assert_eq!(self.world.invoked(device).len(), accepted.len() + failed.len());
            for (send, message_id) in &accepted {
                let place = found.get(&(send.channel, send.body_hash)).map(|places| places[0]);
                assert_eq!(place, message_id.map(|id| id.0), "accepted, on device {device}");
            }
            for (send, reason) in failed {
                assert_eq!(reason, SendRefusal::NotMember);
                let place = found.get(&(send.channel, send.body_hash));
                assert_eq!(place, None, "failed and yet in the log, on device {device}");
            }
            self.check_order(device, &found);
        }
    }

    /// How often a user is a member of a group again, after messages that they must not see.
    fn came_back(&self) -> usize {
        let mut count = 0;
        for channel in [channel(2), channel(3)] {
            let log = self.world.log(channel);
            for user in (1..=4).map(UserId) {
                let places = visible(&log, channel, user);
                let hidden = places.windows(2).any(|pair| pair[1].0 > pair[0].0 + 1);
                count += usize::from(hidden && membership(&log, channel, user).is_some());
            }
        }
        count
    }

    fn check_order(&self, device: DeviceId, found: &BTreeMap<(ChannelId, u64), Vec<u64>>) {
        let mut last: BTreeMap<ChannelId, u64> = BTreeMap::new();
        for send in self.world.invoked(device) {
            if let Some(places) = found.get(&(send.channel, send.body_hash)) {
                let before = last.insert(send.channel, places[0]).unwrap_or(0);
                assert!(before < places[0], "device {device} sent in another order");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_accepted_message_is_applied_once_and_in_order_wherever_it_belongs(
        inbox in any::<bool>(),
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut run = Run::new(SERVERS, design(if inbox { Fanout::Inbox } else { Fanout::ChannelLog }), seed);
        for step in steps {
            run.take(step);
        }
        run.end();
        run.check();
    }
}

/// Scripts mean little when nothing difficult ever happens in them.
#[test]
fn random_scripts_run_into_every_difficulty() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..40 {
        let steps = prop::collection::vec(step(), 60).new_tree(&mut runner).unwrap().current();
        let mut run = Run::new(SERVERS, design(Fanout::Inbox), seed);
        steps.into_iter().for_each(|step| run.take(step));
        run.end();
        for (_, device) in DEVICES {
            let device = DeviceId(device);
            for (_, event) in &run.world.node(device).events {
                let name = match event {
                    DeviceEvent::Attempted { attempt, .. } if *attempt > 1 => {
                        "repeated send".into()
                    }
                    DeviceEvent::Refused { reason, .. } => format!("{reason:?}"),
                    DeviceEvent::Failed { reason, .. } => format!("{reason:?}"),
                    DeviceEvent::ChangeFailed(_, reason) => format!("{reason:?}"),
                    DeviceEvent::Detached(cause) => format!("{cause:?}"),
                    DeviceEvent::Applied { path, .. } => format!("{path:?}"),
                    _ => continue,
                };
                *seen.entry(name).or_default() += 1;
            }
            for reason in run.world.refusals_to(device) {
                *seen.entry(format!("told {reason:?}")).or_default() += 1;
            }
            for reason in run.world.cuts(device) {
                *seen.entry(format!("cut {reason:?}")).or_default() += 1;
            }
        }
        *seen.entry("came back".into()).or_default() += run.came_back();
    }
    for difficulty in [
        "repeated send",
        "OutboxFull",
        "NotMember",
        "ChangePending",
        "NotOwner",
        "GroupLimit",
        "Unreachable",
        "Closed",
        "Silent",
        "Hint",
        "Sync",
        "Accepted",
        "told Gap",
        "told Busy",
        "told Unavailable",
        "told NotMember",
        "cut SlowConsumer",
        "cut Replaced",
        "cut Silent",
        "came back",
    ] {
        let count: usize = seen
            .iter()
            .filter(|(name, _)| name.starts_with(difficulty))
            .map(|(_, count)| count)
            .sum();
        assert!(count > 0, "{difficulty} never happened: {seen:#?}");
    }
}
