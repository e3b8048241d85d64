//! The fast engine: an event queue over the machines. It skips idle time, and needs no thread, no
//! socket and no async runtime.

mod bytes;
mod clients;
mod clocks;
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
mod phones;
mod planted;
mod ports;
mod presence;
mod process;
mod servers;
mod sessions;
mod slow;
mod store;
mod transit;
mod troubles;

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{
    ChatServer, DeviceId, Notifier, device::DeviceInput, ports::store::StoreRules, random::Random,
    snowflake::LeasedWorker, time::nanoseconds,
};
use hubbub_history::{EventBody, History, Phase, Process as ProcessName, Source};

pub use planted::{Nothing, Planted};

use crate::{
    clock::WallClock,
    cpu::thread_cpu_s,
    ending::{Settling, phase},
    held::HeldSessions,
    hosts::HostId,
    outcome::{MachineCounts, Outcome},
    setup::{API_START, DEVICES_START, LEAD, Setup},
    trace::Trace,
};
use devices::DeviceNode;
use discovery::ApiNode;
use group::Group;
use happenings::{Happening, Paused, Payload, Stream};
use leases::Beliefs;
use network::{Fate, Lane, Network};
use ports::{Asker, Seat};
use presence::PresenceNode;
use process::Process;
use sessions::Sessions;
use slow::SlowHost;
use store::StoreHost;

/// Runs a setup to its end.
#[must_use]
pub fn run(setup: &Setup, traced: bool) -> Outcome {
    run_planted(setup, traced, &mut Nothing)
}

/// Runs a setup with a defect planted in its machines.
#[must_use]
pub fn run_planted(setup: &Setup, traced: bool, planted: &mut dyn Planted) -> Outcome {
    Engine::new(setup, traced, planted).run()
}

struct Engine<'run> {
    setup: &'run Setup,
    planted: &'run mut dyn Planted,
    now: u64,
    order: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    network: Network,
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
    trace: Option<Trace>,
    machine_events: u64,
    machines: MachineCounts,
    settling: Settling,
    ended: bool,
}

impl<'run> Engine<'run> {
    fn new(setup: &'run Setup, traced: bool, planted: &'run mut dyn Planted) -> Self {
        let random = |purpose| Random::stream(setup.seed, purpose);
        let rules = planted.store_rules(StoreRules::from(&setup.design));
        let hosts = &setup.hosts;
        let mut engine = Self {
            setup,
            planted,
            now: 0,
            order: 0,
            queue: BTreeMap::new(),
            network: Network::new(
                &setup.cluster,
                random(0x6e65_7477_6f72_6b00),
                random(0x7374_7269_6b65_7300),
            ),
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
            trace: traced.then(|| Trace::of(setup, "fast")),
            machine_events: 0,
            machines: MachineCounts::default(),
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
        self.at(nanoseconds(LEAD), Happening::Attached);
        self.at(nanoseconds(setup.heal_at()), Happening::Heal);
        self.check_leases();
    }

    fn run(mut self) -> Outcome {
        let cpu_before_s = thread_cpu_s();
        while !self.ended
            && let Some(((at, _), happening)) = self.queue.pop_first()
        {
            self.now = at;
            self.happen(happening);
        }
        let transport = self.transport_totals();
        self.count_machines();
        let effect =
            |fault: &crate::faults::ActiveFault| fault.effect(self.network.affected(fault.id));
        Outcome {
            effects: self.setup.faults.iter().map(effect).collect(),
            simulated_s: self.now as f64 / 1e9,
            cpu_s: thread_cpu_s() - cpu_before_s,
            envelopes: self.network.envelopes,
            machine_events: self.machine_events,
            history: self.history,
            trace: self.trace,
            machines: self.machines,
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
            Happening::Arrival(host, payload) => self.arrive(host, payload),
            Happening::Wake(seat, at) => self.wake(seat, at),
            Happening::WakeDevice(device, at) => self.wake_device(device, at),
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
            Happening::Spell { fault, device, kind, on } => self.spell(fault, device, kind, on),
            Happening::Severed { device, stream } => self.severed(device, stream),
            Happening::StoreTurn(waiting) => self.store_turn(waiting),
            Happening::Synced(number) => self.synced(number),
            Happening::Turn(_, happening) => self.happen_now(*happening),
            Happening::DrainLimit(index, fault) => self.drain_limit(index, fault),
            Happening::LeaseCheck => self.check_leases(),
            Happening::Heal => self.heal(),
            Happening::SettleCheck => self.check_settled(),
        }
    }

    fn wake(&mut self, seat: Seat, at: u64) {
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
        self.order += 1;
        self.queue.insert((at.max(self.now), self.order), happening);
    }

    fn wake_at(&mut self, seat: Seat, at: u64) {
        self.at(at, Happening::Wake(seat, at));
    }

    fn record(&mut self, source: Source, process: &str, incarnation: u32, body: EventBody) {
        self.history.push(self.now, source, ProcessName(process.into()), incarnation, body);
    }

    fn trace(&mut self, host: HostId, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push_envelope(self.now, self.setup.hosts.name(host), &what());
        }
    }
}

fn downs<M>(count: usize) -> Vec<Process<M>> {
    (0..count).map(|_| Process::down()).collect()
}
