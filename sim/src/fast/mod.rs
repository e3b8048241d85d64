//! The fast engine: an event queue over the machines. It skips idle time, and needs no thread, no
//! socket and no async runtime.

mod beliefs;
mod bytes;
mod clients;
mod devices;
mod faults;
mod http;
mod network;
mod planted;
mod servers;
mod sessions;
mod store;

use std::collections::BTreeMap;

use hubbub_chat::{
    DeviceId, RequestId, SessionId,
    device::DeviceInput,
    frame::{Change, ClientFrame, PeerFrame, ServerFrame},
    ports::{Answer, Request},
    random::Random,
    time::{Monotonic, Now, Wall, nanoseconds},
    transport::{CallBody, CallId, ClientInput},
};
use hubbub_history::{EventBody, History, Phase, Process, Source};
use hubbub_traffic::What;

pub use planted::{Nothing, Planted};

use crate::{
    cpu::thread_cpu_s,
    hosts::HostId,
    outcome::Outcome,
    setup::{LEAD, Setup, WALL_START_NS},
    trace::Trace,
};
use beliefs::Beliefs;
use devices::DeviceNode;
use http::Reply;
use network::{Fate, Lane, Network};
use servers::ServerHost;
use store::StoreHost;

/// How often the engine looks whether everything has settled after the heal.
const SETTLE_CHECK_NS: u64 = 500_000_000;

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

/// Something that will happen.
#[derive(Debug)]
enum Happening {
    Action(usize),
    Arrival(HostId, Payload),
    WakeServer(usize),
    WakeSession(usize, SessionId),
    WakeDevice(DeviceId),
    /// Devices are attached; what quiet users cost counts from here.
    Attached,
    Fault(usize, bool),
    Heal,
    SettleCheck,
}

/// What goes over the network.
#[derive(Debug, Clone)]
enum Payload {
    Open { stream: u64, device: DeviceId },
    /// The stream is open; `number` is what requests name its session.
    Opened { stream: u64, number: u64 },
    Refused { stream: u64 },
    ToServer { stream: u64, frame: ClientFrame },
    ToDevice { stream: u64, frame: ServerFrame, bytes: u64 },
    CloseServer { stream: u64 },
    CloseDevice { stream: u64 },
    /// A connection for calls, and that it is open.
    Connect { stream: u64 },
    Connected { stream: u64 },
    Call { stream: u64, call: CallId, body: CallBody },
    Reply { stream: u64, call: CallId, reply: Reply, bytes: u64 },
    Request { server: usize, incarnation: u32, id: RequestId, request: Request },
    Answer { server: usize, incarnation: u32, id: RequestId, answer: Answer },
    Peer { server: usize, frame: PeerFrame },
}

/// A connection of a device to a chat server: a stream, or what carries the calls of a lane.
#[derive(Debug, Clone, Copy)]
struct Stream {
    device: DeviceId,
    server: usize,
    /// The server's incarnation that knows it.
    opened_by: Option<u32>,
    /// A message on it was lost, so nothing that follows in that direction arrives: there is no
    /// retransmission. Towards the server, and towards the device.
    wedged: [bool; 2],
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
    store: StoreHost,
    servers: Vec<ServerHost>,
    devices: BTreeMap<DeviceId, DeviceNode>,
    beliefs: Beliefs,
    history: History,
    trace: Option<Trace>,
    machine_events: u64,
    ended: bool,
}

impl<'run> Engine<'run> {
    fn new(setup: &'run Setup, traced: bool, planted: &'run mut dyn Planted) -> Self {
        let header = || {
            let Setup { scenario, variant, seed, .. } = setup;
            Trace::new(format!(
                "hubbub-trace v1 engine=fast scenario={scenario} variant={variant} seed={seed}"
            ))
        };
        let random = Random::stream(setup.seed, 0x6e65_7477_6f72_6b00);
        let mut engine = Self {
            setup,
            planted,
            now: 0,
            order: 0,
            queue: BTreeMap::new(),
            network: Network::new(&setup.cluster, random),
            held: Vec::new(),
            streams: BTreeMap::new(),
            last_stream: 0,
            store: StoreHost::new(setup),
            servers: Vec::new(),
            devices: BTreeMap::new(),
            beliefs: Beliefs::default(),
            history: History::default(),
            trace: traced.then(header),
            machine_events: 0,
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
        for index in 0..setup.hosts.chat_count() {
            self.servers.push(ServerHost::down());
            self.start_server(index);
        }
        for (user, device, host) in setup.devices() {
            self.devices.insert(device, DeviceNode::new(user, setup.hosts.devices(host)));
            self.start_device(device);
        }
        for (index, action) in setup.actions.iter().enumerate() {
            self.at(nanoseconds(action.at), Happening::Action(index));
        }
        for (index, fault) in setup.faults.iter().enumerate() {
            self.at(nanoseconds(fault.at), Happening::Fault(index, true));
            self.at(nanoseconds(fault.until), Happening::Fault(index, false));
        }
        self.at(nanoseconds(LEAD), Happening::Attached);
        self.at(nanoseconds(setup.heal_at()), Happening::Heal);
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
        let effect =
            |fault: &crate::faults::ActiveFault| fault.effect(self.network.affected(fault.id));
        Outcome {
            effects: self.setup.faults.iter().map(effect).collect(),
            simulated_s: self.now as f64 / 1e9,
            cpu_s: thread_cpu_s() - cpu_before_s,
            transport: Some(transport),
            envelopes: self.network.envelopes,
            machine_events: self.machine_events,
            history: self.history,
            trace: self.trace,
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Action(index) => self.act(index),
            Happening::Arrival(host, payload) => self.arrive(host, payload),
            Happening::WakeServer(index) => self.wake_server(index),
            Happening::WakeSession(index, session) => self.wake_session(index, session),
            Happening::WakeDevice(device) => self.wake_device(device),
            Happening::Attached => self.begin_quiet(),
            Happening::Fault(index, on) => self.fault(index, on),
            Happening::Heal => self.heal(),
            Happening::SettleCheck => self.check_settled(),
        }
    }

    fn act(&mut self, index: usize) {
        let action = &self.setup.actions[index];
        let input = match action.what.clone() {
            What::Send { channel, body } => DeviceInput::Send { channel, body },
            What::Leave { channel } => DeviceInput::Change { channel, change: Change::Leave },
            What::Join { channel } => DeviceInput::Change { channel, change: Change::Join },
        };
        self.device_input(action.device, input, Some(nanoseconds(action.at)));
    }

    fn arrive(&mut self, host: HostId, payload: Payload) {
        self.trace(host, || format!("arrives {payload:?}"));
        match payload {
            Payload::Open { stream, device } => self.open_arrives(stream, device),
            Payload::Opened { stream, number } => {
                self.stream_input(stream, ClientInput::StreamOpened { session: Some(number) });
            }
            Payload::Refused { stream } => {
                self.close_at_device(stream, ClientInput::StreamUnreachable);
            }
            Payload::ToServer { stream, frame } => self.frame_arrives(stream, frame),
            Payload::ToDevice { stream, frame, bytes } => {
                self.stream_input(stream, ClientInput::StreamFrame { frame, payload_bytes: bytes });
            }
            Payload::CloseServer { stream } => self.close_at_server(stream),
            Payload::CloseDevice { stream } => {
                self.close_at_device(stream, ClientInput::StreamClosed);
                self.streams.remove(&stream);
                self.network.forget(stream);
            }
            Payload::Connect { stream } => self.connect_arrives(stream),
            Payload::Connected { stream } => self.connection_opened(stream),
            Payload::Call { stream, call, body } => self.call_arrives(stream, call, body),
            Payload::Reply { stream, call, reply, bytes } => {
                self.reply_arrives(stream, call, reply, bytes);
            }
            Payload::Request { server, incarnation, id, request } => {
                self.request_arrives(server, incarnation, id, request);
            }
            Payload::Answer { server, incarnation, id, answer } => {
                self.answer_arrives(server, incarnation, id, answer);
            }
            Payload::Peer { server, frame } => self.hint_arrives(server, frame),
        }
    }

    /// Sends something over a link, subject to the faults that strike it.
    fn transmit(&mut self, from: HostId, to: HostId, lane: Lane, payload: Payload) {
        match self.network.send(self.now, from, to, lane) {
            Fate::Arrives(at) => self.at(at, Happening::Arrival(to, payload)),
            Fate::Held => self.held.push((from, to, lane, payload)),
            Fate::Dropped => {
                self.trace(from, || format!("loses {payload:?}"));
                if let Lane::Stream(stream, to_server) = lane
                    && let Some(stream) = self.streams.get_mut(&stream)
                {
                    stream.wedged[usize::from(!to_server)] = true;
                }
            }
        }
    }

    /// What was held on a link goes out when nothing holds it any more.
    fn release(&mut self) {
        for (from, to, lane, payload) in std::mem::take(&mut self.held) {
            self.transmit(from, to, lane, payload);
        }
    }

    fn heal(&mut self) {
        self.record(Source::Harness, "harness", 0, phase(Phase::Heal, None));
        let deadline = nanoseconds(self.setup.deadline());
        self.record(Source::Harness, "harness", 0, phase(Phase::Liveness, Some(deadline)));
        self.at(self.now + SETTLE_CHECK_NS, Happening::SettleCheck);
    }

    fn check_settled(&mut self) {
        let late = self.now >= nanoseconds(self.setup.deadline());
        if !late && !self.is_settled() {
            return self.at(self.now + SETTLE_CHECK_NS, Happening::SettleCheck);
        }
        let finals: Vec<_> = self.devices.values().filter_map(DeviceNode::final_event).collect();
        for event in finals {
            self.record(Source::Harness, "harness", 0, event);
        }
        self.record(Source::Harness, "harness", 0, phase(Phase::End, None));
        self.ended = true;
    }

    /// Nothing is pending on any device, and every device has what the store has for its user.
    fn is_settled(&self) -> bool {
        let heads = self.store.heads();
        self.devices.values().all(|node| node.is_settled(&heads))
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.queue.insert((at.max(self.now), self.order), happening);
    }

    fn clock(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(WALL_START_NS + self.now) }
    }

    fn record(&mut self, source: Source, process: &str, incarnation: u32, body: EventBody) {
        self.history.push(self.now, source, Process(process.into()), incarnation, body);
    }

    fn trace(&mut self, host: HostId, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push_envelope(self.now, self.setup.hosts.name(host), &what());
        }
    }
}

fn phase(phase: Phase, deadline_ns: Option<u64>) -> EventBody {
    EventBody::Phase { phase, deadline_ns }
}
