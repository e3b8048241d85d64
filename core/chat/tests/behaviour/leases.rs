//! A lease has one holder at a time, whatever happens to messages, processes and clocks.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::{
    Design, Monotonic, Now, Wall,
    lease::{LeaseKeeper, LeaseOutput, LeaseTarget},
    ports::{
        Outcome,
        registry::{
            LeaseInfo, LeaseKey, RegistryAnswer, RegistryModel, RegistryRecord, RegistryRequest,
        },
    },
    random::Random,
};
use proptest::prelude::*;

const TTL: Duration = Duration::from_secs(6);
const KEY: LeaseKey = LeaseKey::Notifier;
const SECOND: u64 = 1_000_000_000;

/// A process with a clock of its own, which begins at 0 with every start and never jumps.
#[derive(Debug)]
struct Clock {
    started: u64,
    /// Its seconds per thousand true ones.
    rate: u64,
}

impl Clock {
    fn read(&self, now: u64) -> Monotonic {
        let elapsed = u128::from(now - self.started) * u128::from(self.rate) / 1000;
        Monotonic(u64::try_from(elapsed).expect("centuries"))
    }

    /// The first true time at which it has reached `reading`.
    fn when(&self, reading: Monotonic) -> u64 {
        let elapsed = (u128::from(reading.0) * 1000).div_ceil(u128::from(self.rate));
        self.started + u64::try_from(elapsed).expect("centuries")
    }
}

struct Holder {
    clock: Clock,
    number: u64,
    keeper: LeaseKeeper,
}

#[derive(Debug, Clone)]
enum Event {
    ToRegistry { holder: u64, number: u64, request: RegistryRequest },
    ToHolder { holder: u64, number: u64, answer: RegistryAnswer },
    RegistryDies,
    RegistryStarts,
    HolderRestarts(usize),
    Release(usize),
}

struct World {
    now: u64,
    random: Random,
    faults: bool,
    registry: Option<RegistryModel>,
    registry_clock: Clock,
    record: RegistryRecord,
    holders: Vec<Holder>,
    last_holder: u64,
    queue: BTreeMap<(u64, u64), Event>,
    order: u64,
    /// Who was told to hold the lease, and under which epoch.
    tenures: Vec<(u64, u64)>,
}

impl World {
    fn new(seed: u64, holders: usize) -> Self {
        let mut random = Random::new(seed);
        let registry_clock = Clock { started: 0, rate: 960 + random.below(81) };
        let mut world = Self {
            now: 0,
            random,
            faults: true,
            registry: Some(RegistryModel::new(TTL)),
            registry_clock,
            record: RegistryRecord::default(),
            holders: Vec::new(),
            last_holder: 0,
            queue: BTreeMap::new(),
            order: 0,
            tenures: Vec::new(),
        };
        for _ in 0..holders {
            let holder = world.start_holder();
            world.holders.push(holder);
        }
        world
    }

    fn start_holder(&mut self) -> Holder {
        self.last_holder += 1;
        let clock = Clock { started: self.now, rate: 960 + self.random.below(81) };
        let design = Design { lease_ttl: TTL, ..Design::default() };
        let target = LeaseTarget::Key(KEY);
        let number = self.last_holder;
        let keeper = LeaseKeeper::new(target, number, &design, LeaseInfo::default());
        Holder { clock, number, keeper }
    }

    fn schedule(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.queue.insert((at, self.order), event);
    }

    /// Most messages are quick; some take longer than a lease, some are lost, some come twice.
    fn transmit(&mut self, event: &Event) {
        let copies = match self.random.below(10) {
            0 | 1 if self.faults => 0,
            2 if self.faults => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let most =
                if self.faults && self.random.below(4) == 0 { 9 * SECOND } else { SECOND / 5 };
            let at = self.now + self.random.below(most);
            self.schedule(at, event.clone());
        }
    }

    fn run(&mut self, until: u64) {
        loop {
            let wakes = self.holders.iter().enumerate().filter_map(|(index, holder)| {
                Some((holder.clock.when(holder.keeper.poll_timeout()?), index))
            });
            let wake = wakes.min();
            let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
            let next = [arrival, wake.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= until) else { break };
            self.now = self.now.max(at);
            if arrival == Some(at) {
                if let Some((_, event)) = self.queue.pop_first() {
                    self.happen(event);
                }
            } else if let Some((_, index)) = wake {
                let holder = &mut self.holders[index];
                holder.keeper.handle_timeout(holder.clock.read(self.now));
            }
            self.drain();
            self.assert_one_holder();
        }
        self.now = until;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::ToRegistry { holder, number, request } => {
                let monotonic = self.registry_clock.read(self.now);
                let Some(registry) = &mut self.registry else { return };
                let answer = registry.handle(Now { monotonic, wall: Wall(0) }, request);
                self.record = registry.record();
                self.transmit(&Event::ToHolder { holder, number, answer });
            }
            Event::ToHolder { holder, number, answer } => {
                let now = self.now;
                let to = self.holders.iter_mut().find(|one| one.number == holder);
                if let Some(to) = to {
                    to.keeper.handle_answer(to.clock.read(now), number, Outcome::Ok(answer));
                }
            }
            Event::RegistryDies => self.registry = None,
            Event::RegistryStarts => {
                // Half of the time it has kept no more than its last epoch.
                let last_epoch = self.record.last_epoch;
                let record = match self.random.below(2) {
                    0 => RegistryRecord { last_epoch, ..RegistryRecord::default() },
                    _ => self.record.clone(),
                };
                let rate = 960 + self.random.below(81);
                self.registry_clock = Clock { started: self.now, rate };
                self.registry = Some(RegistryModel::restore(record, Now::default(), TTL));
            }
            Event::HolderRestarts(index) => self.holders[index] = self.start_holder(),
            Event::Release(index) => {
                let holder = &mut self.holders[index];
                holder.keeper.release(holder.clock.read(self.now));
            }
        }
    }

    fn drain(&mut self) {
        for index in 0..self.holders.len() {
            while let Some(output) = self.holders[index].keeper.poll_output() {
                let holder = self.holders[index].number;
                match output {
                    LeaseOutput::Request { number, request } => {
                        self.transmit(&Event::ToRegistry { holder, number, request });
                    }
                    LeaseOutput::Held { epoch, .. } => self.begin_tenure(holder, epoch),
                    LeaseOutput::Lost | LeaseOutput::Released => {}
                }
            }
        }
    }

    fn begin_tenure(&mut self, holder: u64, epoch: u64) {
        for (other, earlier) in &self.tenures {
            let grows = if *other == holder { epoch >= *earlier } else { epoch > *earlier };
            assert!(grows, "{holder} holds epoch {epoch} after {other} held {earlier}");
        }
        self.tenures.push((holder, epoch));
    }

    fn holding(&self) -> Vec<u64> {
        let holds = |holder: &&Holder| holder.keeper.epoch(holder.clock.read(self.now)).is_some();
        self.holders.iter().filter(holds).map(|holder| holder.number).collect()
    }

    fn assert_one_holder(&self) {
        let holding = self.holding();
        assert!(holding.len() <= 1, "{holding:?} hold the lease at {} ns", self.now);
    }
}

/// Ten minutes with faults; the holders who had the lease.
fn with_faults(seed: u64) -> World {
    let mut world = World::new(seed, 3);
    let mut at = 0;
    while at < 600 * SECOND {
        at += SECOND + world.random.below(30 * SECOND);
        let index = world.random.below(3) as usize;
        match world.random.below(5) {
            0 | 1 => {
                let back = at + world.random.below(10 * SECOND);
                world.schedule(at, Event::RegistryDies);
                world.schedule(back, Event::RegistryStarts);
            }
            2 | 3 => world.schedule(at, Event::HolderRestarts(index)),
            _ => {
                let back = at + world.random.below(3 * SECOND);
                world.schedule(at, Event::Release(index));
                world.schedule(back, Event::HolderRestarts(index));
            }
        }
    }
    world.run(at + 10 * SECOND);
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn two_never_hold_a_lease_at_once(seed: u64) {
        let mut world = with_faults(seed);
        world.faults = false;
        // A lease, and a retry: nothing else stands between the end of the faults and a holder.
        world.run(world.now + 30 * SECOND);
        prop_assert_eq!(world.holding().len(), 1);
        let holders: std::collections::BTreeSet<u64> =
            world.tenures.iter().map(|(holder, _)| *holder).collect();
        prop_assert!(holders.len() > 3, "the lease has moved: {:?}", world.tenures);
    }
}

#[test]
fn a_holder_keeps_its_lease_over_a_restart_of_the_registry_that_kept_its_record() {
    let mut world = World::new(1, 2);
    world.faults = false;
    world.run(5 * SECOND);
    assert_eq!(world.tenures.len(), 1);
    world.registry_clock = Clock { started: world.now, rate: 1000 };
    let record = world.record.clone();
    world.registry = Some(RegistryModel::restore(record, Now::default(), TTL));
    world.run(60 * SECOND);
    assert_eq!(world.tenures.len(), 1, "{:?}", world.tenures);
    assert_eq!(world.holding().len(), 1);
}

#[test]
fn a_released_lease_moves_at_once_and_one_of_a_dead_holder_after_its_time() {
    let moved_after = |event: fn(usize) -> Event| {
        let mut world = World::new(2, 1);
        world.faults = false;
        world.run(5 * SECOND);
        let second = world.start_holder();
        world.holders.push(second);
        world.schedule(6 * SECOND, event(0));
        world.run(6 * SECOND);
        while world.tenures.len() < 2 {
            world.run(world.now + SECOND / 10);
        }
        world.now - 6 * SECOND
    };
    assert!(moved_after(Event::Release) < 3 * SECOND, "within the pause between two requests");
    let after_death = moved_after(Event::HolderRestarts);
    assert!((3 * SECOND..9 * SECOND).contains(&after_death), "{after_death}");
}
