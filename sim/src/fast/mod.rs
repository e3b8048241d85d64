//! The fast engine: an event queue over the machines. It skips idle time, and needs no thread, no
//! socket and no async runtime.

mod bytes;
mod clients;
mod clocks;
mod custom;
mod devices;
mod discovery;
mod ending;
mod faults;
mod generator;
mod group;
mod happenings;
mod http;
mod leases;
mod links;
mod lives;
mod network;
mod notifiers;
mod pace;
mod phones;
mod planted;
mod ports;
mod presence;
mod process;
mod queue;
mod servers;
mod sessions;
mod slow;
mod store;
mod traced;
mod transit;
mod troubles;

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{
    ChatServer, DeviceId, Notifier, device::DeviceInput, ports::store::StoreRules, random::Random,
    situation::Situations, snowflake::LeasedWorker, time::nanoseconds,
};
use hubbub_history::{EventBody, History, Phase, Process as ProcessName, Source};

pub use planted::{Nothing, Planted};

use crate::{
    clock::WallClock,
    cpu::thread_cpu_s,
    custom::CustomFault,
    ending::{Settling, phase},
    held::HeldSessions,
    hosts::HostId,
    outcome::{MachineCounts, Outcome},
    setup::{API_START, DEVICES_START, LEAD, Setup},
};
use custom::CustomFaults;
use devices::DeviceNode;
use discovery::ApiNode;
use group::Group;
use happenings::{Happening, Paused, Payload, Stream};
use leases::Beliefs;
use network::{Fate, Lane, Network};
use pace::Pace;
use ports::{Asker, Seat};
use presence::PresenceNode;
use process::Process;
use queue::Queue;
use sessions::Sessions;
use slow::SlowHost;
use store::StoreHost;
use traced::Tracing;

/// Runs a setup to its end.
#[must_use]
pub fn run(setup: &Setup, traced: bool) -> Outcome {
    Engine::new(setup, traced, None, Vec::new()).run()
}

/// Runs a setup with a defect planted in its machines.
#[must_use]
pub fn run_planted(setup: &Setup, traced: bool, planted: &mut dyn Planted) -> Outcome {
    Engine::new(setup, traced, Some(planted), Vec::new()).run()
}

/// Runs a setup with faults beside those of its schedule. Each of them serves one run.
#[must_use]
pub fn run_with_faults(setup: &Setup, traced: bool, faults: Vec<Box<dyn CustomFault>>) -> Outcome {
    Engine::new(setup, traced, None, faults).run()
}

struct Engine<'run> {
    setup: &'run Setup,
    /// Asked about every output and answer, so it is not there at all when nothing is planted.
    planted: Option<&'run mut dyn Planted>,
    now: u64,
    queue: Queue<Happening>,
    network: Network,
    custom: CustomFaults,
    held: Vec<(HostId, HostId, Lane, Payload)>,
    streams: BTreeMap<u64, Stream>,
    last_stream: u64,
    last_ask: u64,
    /// How often each host has started.
    incarnations: Vec<u32>,
    /// Hosts that are down, and the fault that took them down.
    down_by: BTreeMap<HostId, u32>,
    /// Chat servers that are handing their sessions over, and the fault that wants it.
    draining: BTreeMap<usize, u32>,
    paused: BTreeMap<HostId, Paused>,
    slow: BTreeMap<HostId, SlowHost>,
    /// Faults under way that strike whoever asks a port or opens a connection.
    troubles: Vec<usize>,
    /// What those draw, and what slow hosts take.
    of_troubles: Random,
    /// Connections that died when their devices changed to another network.
    former: BTreeSet<u64>,
    group: Group,
    /// The wall clock of each host.
    clocks: Vec<WallClock>,
    store: StoreHost,
    servers: Vec<Process<ChatServer>>,
    /// What each chat server's process has between itself and HTTP requests.
    sessions: Vec<Sessions>,
    presence: Vec<Process<PresenceNode>>,
    notifiers: Vec<Process<Notifier>>,
    apis: Vec<Process<ApiNode>>,
    generator: Process<LeasedWorker>,
    beliefs: BTreeMap<Seat, Beliefs>,
    devices: BTreeMap<DeviceId, DeviceNode>,
    held_sessions: HeldSessions,
    history: History,
    trace: Option<Tracing>,
    pace: Pace,
    machine_events: u64,
    machines: MachineCounts,
    /// Of machines whose process has ended.
    situations: Situations,
    settling: Settling,
    ended: bool,
}

impl<'run> Engine<'run> {
    fn new(
        setup: &'run Setup,
        traced: bool,
        mut planted: Option<&'run mut dyn Planted>,
        custom: Vec<Box<dyn CustomFault>>,
    ) -> Self {
        let random = |purpose| Random::stream(setup.seed, purpose);
        let rules = StoreRules::from(&setup.design);
        let rules = planted.as_mut().map_or(rules, |planted| planted.store_rules(rules));
        let hosts = &setup.hosts;
        let mut engine = Self {
            setup,
            planted,
            now: 0,
            queue: Queue::default(),
            network: Network::new(
                &setup.cluster,
                random(0x6e65_7477_6f72_6b00),
                random(0x7374_7269_6b65_7300),
            ),
            custom: CustomFaults::new(custom, setup.faults.len(), nanoseconds(setup.heal_at())),
            held: Vec::new(),
            streams: BTreeMap::new(),
            last_stream: 0,
            last_ask: 0,
            incarnations: vec![1; hosts.iter().count()],
            down_by: BTreeMap::new(),
            draining: BTreeMap::new(),
            paused: BTreeMap::new(),
            slow: BTreeMap::new(),
            troubles: Vec::new(),
            of_troubles: random(0x7472_6f75_626c_6500),
            former: BTreeSet::new(),
            group: Group::new(random(0x7379_6e63_0000_0000)),
            clocks: hosts.iter().map(|host| WallClock::new(setup, host)).collect(),
            store: StoreHost::new(setup, rules),
            servers: downs(hosts.chat_count()),
            sessions: (0..hosts.chat_count()).map(|_| Sessions::default()).collect(),
            presence: downs(hosts.presence_count()),
            notifiers: downs(hosts.notify_count()),
            apis: downs(hosts.api_count()),
            generator: Process::down(),
            beliefs: BTreeMap::new(),
            devices: BTreeMap::new(),
            held_sessions: HeldSessions::default(),
            history: History::default(),
            trace: traced.then(|| Tracing::new(setup)),
            pace: Pace::new(setup.devices().count()),
            machine_events: 0,
            machines: MachineCounts::default(),
            situations: Situations::default(),
            settling: Settling::default(),
            ended: false,
        };
        engine.prepare();
        engine
    }

    fn prepare(&mut self) {
        let setup = self.setup;
        self.record(Source::Harness, "harness", 0, setup.run_event("fast"));
        self.record(Source::Harness, "harness", 0, setup.population_event());
        for entry in self.store.seeded_entries() {
            self.record(Source::Store, "store", 0, entry);
        }
        self.record(Source::Harness, "harness", 0, phase(Phase::Safety, None));
        self.record_capacities();
        self.every_seat(|engine, seat| match seat {
            Seat::Api(_) => engine.at(nanoseconds(API_START), Happening::Start(seat)),
            _ => engine.start_seat(seat),
        });
        for (user, device, host) in setup.devices() {
            let node = DeviceNode::new(user, device, setup.hosts.devices(host));
            self.devices.insert(device, node);
        }
        self.at(nanoseconds(DEVICES_START), Happening::StartDevices);
        for (index, action) in setup.actions.iter().enumerate() {
            self.at(nanoseconds(action.at), Happening::Action(index));
        }
        for (index, fault) in setup.faults.iter().enumerate() {
            self.at(nanoseconds(fault.at), Happening::Fault(index, true));
            self.at(nanoseconds(fault.until), Happening::Fault(index, false));
        }
        self.plan_custom_faults();
        self.at(nanoseconds(LEAD), Happening::Attached);
        self.at(nanoseconds(setup.heal_at()), Happening::Heal);
        self.check_leases();
    }

    fn run(mut self) -> Outcome {
        let cpu_before_s = thread_cpu_s();
        while !self.ended
            && let Some((at, happening)) = self.queue.pop()
        {
            self.pace.note(at, &happening);
            self.now = at;
            self.happen(happening);
        }
        let transport = self.transport_totals();
        self.count_machines();
        let effect =
            |fault: &crate::faults::ActiveFault| fault.effect(self.network.affected(fault.id));
        let custom = self.custom.effects(|id| self.network.affected(id));
        Outcome {
            effects: self.setup.faults.iter().map(effect).chain(custom).collect(),
            simulated_s: self.now as f64 / 1e9,
            cpu_s: thread_cpu_s() - cpu_before_s,
            envelopes: self.network.envelopes,
            machine_events: self.machine_events,
            history: self.history,
            trace: self.trace.map(Tracing::into_trace),
            machines: self.machines,
            situations: self.situations,
            transport,
        }
    }

    fn happen(&mut self, happening: Happening) {
        let happening = match self.defer(happening) {
            Some(Happening::Turn(_, happening)) => Some(*happening),
            Some(happening) => self.queue_up(happening),
            None => None,
        };
        if let Some(happening) = happening {
            self.happen_now(happening);
        }
    }

    fn happen_now(&mut self, happening: Happening) {
        match happening {
            Happening::Action(index) => self.act(index),
            Happening::Arrival(_, payload) => self.arrive(payload),
            Happening::Wake(seat, at) => self.wake(seat, at),
            Happening::WakeDevice(device, at) => {
                self.trace_wake_device(device, at);
                self.wake_device(device, at);
            }
            Happening::WakeSession(index, session, at) => self.wake_session(index, session, at),
            Happening::Attached => self.begin_quiet(),
            Happening::Start(seat) => self.start_late(seat),
            Happening::StartDevices => {
                let devices: Vec<DeviceId> = self.devices.keys().copied().collect();
                devices.into_iter().for_each(|device| self.start_late_device(device));
            }
            Happening::Push(notifier, push) => self.push_arrives(notifier, push),
            Happening::Fault(index, on) => self.fault(index, on),
            Happening::FaultOver(index) => self.fault_over(index),
            Happening::Rolling(index, place, on) => self.roll_on(index, place, on),
            Happening::Episode { fault, device, kind, on } => self.episode(fault, device, kind, on),
            Happening::Fallback(device, number) => self.fallback_turn(device, number),
            Happening::Severed { device, stream } => self.severed(device, stream),
            Happening::StoreTurn(waiting) => self.store_turn(waiting),
            Happening::Synced(number) => self.synced(number),
            Happening::Turn(_, happening) => self.happen_now(*happening),
            Happening::Custom(index, on) => self.custom_fault(index, on),
            Happening::HostStrike(index, on) => self.host_strike(index, on),
            Happening::DrainLimit(index, fault) => self.drain_limit(index, fault),
            Happening::LeaseCheck => self.check_leases(),
            Happening::Heal => self.heal(),
            Happening::SettleCheck => self.check_settled(),
        }
    }

    fn wake(&mut self, seat: Seat, at: u64) {
        self.trace_wake(seat, at);
        match seat {
            Seat::Chat(index) => self.wake_server(index, at),
            Seat::Presence(index) => self.wake_presence(index, at),
            Seat::Notify(index) => self.wake_notifier(index, at),
            Seat::Api(index) => self.wake_api(index, at),
            Seat::Generator => self.wake_generator(at),
        }
    }

    /// A fault may have been earlier: then its end is the start.
    fn start_late(&mut self, seat: Seat) {
        if !self.down_by.contains_key(&self.host_of(seat)) && !self.is_up(seat) {
            self.start_seat(seat);
        }
    }

    fn start_late_device(&mut self, device: DeviceId) {
        if self.may_start(device) {
            self.start_device(device);
        }
    }

    fn act(&mut self, index: usize) {
        let action = &self.setup.actions[index];
        let input = DeviceInput::from(action.what.clone());
        self.device_input(action.device, input, Some(nanoseconds(action.at)));
    }

    fn record_capacities(&mut self) {
        for index in 0..self.setup.hosts.chat_count() {
            self.record_host(self.setup.hosts.chat(index), true);
        }
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.queue.push(at.max(self.now), happening);
    }

    fn wake_at(&mut self, seat: Seat, at: u64) {
        self.at(at, Happening::Wake(seat, at));
    }

    fn record(&mut self, source: Source, process: &str, incarnation: u32, body: EventBody) {
        self.history.push(self.now, source, ProcessName(process.into()), incarnation, body);
        self.trace_event();
    }
}

fn downs<M>(count: usize) -> Vec<Process<M>> {
    (0..count).map(|_| Process::down()).collect()
}
