//! Real devices and a real chat server over any transport, and a clock that jumps to the next
//! wake-up.

mod server;

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::{
    Design, Device, DeviceId, Monotonic, Now, UserId, Wall,
    device::{DeviceDisk, DeviceEvent, DeviceInput, DeviceOutput},
    frame::{ClientFrame, ServerFrame},
    time::nanoseconds,
    transport::{
        Call, CallId, ClientInput, ClientOutput, PollAnswer, TransportClient, TransportCounts,
    },
};

use crate::support::views::text;
use server::Server;

pub(crate) const LATENCY: Duration = Duration::from_millis(10);

/// A connection attempt of a device, or a call: what both ends name it by.
pub(crate) type Stream = u64;

/// Something on the network.
#[derive(Debug, Clone)]
pub(crate) enum Packet {
    Open(Stream),
    ToServer(Stream, ClientFrame),
    CloseServer(Stream),
    Call(Call),
    CloseCall(CallId),
    ToDevice(ToDevice),
}

/// Something on its way to a device.
#[derive(Debug, Clone)]
pub(crate) enum ToDevice {
    Opened(Stream, u64),
    Frame(Stream, ServerFrame),
    Closed(Stream),
    Answered(CallId, PollAnswer),
    Taken(CallId),
    Unknown(CallId),
    Failed(CallId),
}

pub(crate) struct Node {
    pub(crate) user: UserId,
    pub(crate) machine: Device,
    pub(crate) client: TransportClient,
    pub(crate) events: Vec<(u64, DeviceEvent)>,
    pub(crate) calls: Vec<Call>,
    disk: DeviceDisk,
    stream: Option<Stream>,
    /// Nothing gets through, and nobody is told.
    is_cut_off: bool,
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) nodes: BTreeMap<DeviceId, Node>,
    design: Design,
    now: u64,
    order: u64,
    last_stream: Stream,
    queue: BTreeMap<(u64, u64), (DeviceId, Packet)>,
}

impl World {
    pub(crate) fn new(design: Design) -> Self {
        assert_eq!(design.problems(), []);
        let server = Server::new(design.clone(), clock(0));
        Self {
            server,
            nodes: BTreeMap::new(),
            design,
            now: 0,
            order: 0,
            last_stream: 0,
            queue: BTreeMap::new(),
        }
    }

    pub(crate) fn login(&mut self, user: UserId, device: DeviceId) {
        self.server.register(clock(self.now), user, device);
        let disk = DeviceDisk::default();
        let machine = Device::restore(user, device, self.design.clone(), disk.clone(), 1);
        let node = Node {
            user,
            machine,
            client: TransportClient::new(&self.design),
            events: Vec::new(),
            calls: Vec::new(),
            disk,
            stream: None,
            is_cut_off: false,
        };
        self.nodes.insert(device, node);
    }

    pub(crate) fn send(&mut self, device: DeviceId, body: &str) {
        let channel = crate::support::direct();
        self.device_input(device, DeviceInput::Send { channel, body: body.into() });
    }

    pub(crate) fn node(&self, device: DeviceId) -> &Node {
        &self.nodes[&device]
    }

    pub(crate) fn counts(&self, device: DeviceId) -> TransportCounts {
        self.node(device).client.counts()
    }

    /// What the device has applied, in order.
    pub(crate) fn texts(&self, device: DeviceId) -> Vec<String> {
        let texts = self.node(device).events.iter().filter_map(|(_, event)| match event {
            DeviceEvent::Applied { entry, .. } => Some(text(entry)),
            _ => None,
        });
        texts.collect()
    }

    pub(crate) fn detached(&self, device: DeviceId) -> usize {
        let is_end = |event: &DeviceEvent| matches!(event, DeviceEvent::Detached(_));
        self.node(device).events.iter().filter(|(_, event)| is_end(event)).count()
    }

    /// Nothing gets through to the device or from it any more, or it does again.
    pub(crate) fn cut_off(&mut self, device: DeviceId, is_cut_off: bool) {
        if let Some(node) = self.nodes.get_mut(&device) {
            node.is_cut_off = is_cut_off;
        }
    }

    /// The server's process dies and starts again; its host closes all connections.
    pub(crate) fn restart_server(&mut self) {
        for (device, reply) in self.server.restart(clock(self.now)) {
            self.transmit(device, Packet::ToDevice(reply));
        }
    }

    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now + nanoseconds(duration);
        while self.step(end) {}
        self.now = end;
    }

    fn step(&mut self, end: u64) -> bool {
        let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
        let due = |node: &Node| {
            let machine = node.machine.poll_timeout().map(|(at, _)| at);
            let client = node.client.poll_timeout().map(|(at, _)| at);
            machine.into_iter().chain(client).min()
        };
        let device =
            self.nodes.iter().filter_map(|(device, node)| Some((due(node)?.0, *device))).min();
        let server = self.server.poll_timeout().map(|at| at.0);
        let wakes = [arrival, device.map(|(at, _)| at), server];
        let Some(at) = wakes.into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        let now = clock(self.now);
        if arrival == Some(at) {
            if let Some((_, (device, packet))) = self.queue.pop_first() {
                self.arrive(device, packet);
            }
        } else if let Some((_, device)) = device.filter(|(due, _)| *due == at) {
            if let Some(node) = self.nodes.get_mut(&device) {
                node.machine.handle_timeout(now);
                node.client.handle_timeout(now);
            }
            self.drain_device(device);
        } else {
            self.server.handle_timeout(now);
            self.drain_server();
        }
        true
    }

    fn transmit(&mut self, device: DeviceId, packet: Packet) {
        if self.node(device).is_cut_off {
            return;
        }
        // A new connection costs a round trip before its first request.
        let handshake = match &packet {
            Packet::Call(Call { new_connection: true, .. }) | Packet::Open(_) => 2 * LATENCY,
            _ => Duration::ZERO,
        };
        self.order += 1;
        let at = self.now + nanoseconds(LATENCY + handshake);
        self.queue.insert((at, self.order), (device, packet));
    }

    fn arrive(&mut self, device: DeviceId, packet: Packet) {
        if self.node(device).is_cut_off {
            return;
        }
        match packet {
            Packet::ToDevice(reply) => return self.arrive_at_device(device, reply),
            packet => {
                let user = self.node(device).user;
                self.server.arrive(clock(self.now), user, device, packet);
            }
        }
        self.drain_server();
    }

    fn arrive_at_device(&mut self, device: DeviceId, reply: ToDevice) {
        let stream = self.node(device).stream;
        let input = match reply {
            ToDevice::Opened(of, session) if stream == Some(of) => {
                ClientInput::StreamOpened { session: Some(session) }
            }
            ToDevice::Frame(of, frame) if stream == Some(of) => {
                let payload_bytes = size(&frame);
                ClientInput::StreamFrame { frame, payload_bytes }
            }
            ToDevice::Closed(of) if stream == Some(of) => ClientInput::StreamClosed,
            // An older stream of the device means nothing to it.
            ToDevice::Opened(..) | ToDevice::Frame(..) | ToDevice::Closed(..) => return,
            ToDevice::Answered(call, answer) => {
                let body_bytes = size(&answer);
                ClientInput::Answered { call, answer, body_bytes }
            }
            ToDevice::Taken(call) => ClientInput::Taken(call),
            ToDevice::Unknown(call) => ClientInput::UnknownSession(call),
            ToDevice::Failed(call) => ClientInput::Failed(call),
        };
        self.client_input(device, input);
        self.drain_device(device);
    }

    fn device_input(&mut self, device: DeviceId, input: DeviceInput) {
        let now = clock(self.now);
        if let Some(node) = self.nodes.get_mut(&device) {
            node.machine.handle_input(now, input);
        }
        self.drain_device(device);
    }

    fn client_input(&mut self, device: DeviceId, input: ClientInput) {
        let now = clock(self.now);
        if let Some(node) = self.nodes.get_mut(&device) {
            node.client.handle_input(now, input);
        }
    }

    /// First all that the device wants, then one output of its transport, and so on.
    fn drain_device(&mut self, device: DeviceId) {
        loop {
            self.drain_machine(device);
            let Some(output) =
                self.nodes.get_mut(&device).and_then(|node| node.client.poll_output())
            else {
                return;
            };
            self.carry_out(device, output);
        }
    }

    fn drain_machine(&mut self, device: DeviceId) {
        let now = self.now;
        while let Some(node) = self.nodes.get_mut(&device)
            && let Some(output) = node.machine.poll_output()
        {
            let input = match output {
                DeviceOutput::Open { .. } => ClientInput::Open,
                DeviceOutput::Frame(frame) => ClientInput::Frame(frame),
                DeviceOutput::Close => ClientInput::Close,
                DeviceOutput::Persist(write) => {
                    node.disk.write(&write);
                    continue;
                }
                DeviceOutput::Event(event) => {
                    node.events.push((now, event));
                    continue;
                }
            };
            self.client_input(device, input);
        }
    }

    fn carry_out(&mut self, device: DeviceId, output: ClientOutput) {
        let Some(node) = self.nodes.get_mut(&device) else { return };
        match output {
            ClientOutput::Device(input) => node.machine.handle_input(clock(self.now), input),
            ClientOutput::Call(call) => {
                node.calls.push(call.clone());
                let sent = ClientInput::Sent { call: call.id, body_bytes: size(&call.body) };
                self.client_input(device, sent);
                self.transmit(device, Packet::Call(call));
            }
            ClientOutput::Abandon(call) => self.transmit(device, Packet::CloseCall(call)),
            ClientOutput::OpenStream => {
                self.last_stream += 1;
                node.stream = Some(self.last_stream);
                self.transmit(device, Packet::Open(self.last_stream));
            }
            ClientOutput::StreamFrame(frame) => {
                let Some(stream) = node.stream else { return };
                let sent = ClientInput::StreamSent { payload_bytes: size(&frame) };
                self.client_input(device, sent);
                self.transmit(device, Packet::ToServer(stream, frame));
            }
            ClientOutput::CloseStream => {
                if let Some(stream) = node.stream.take() {
                    self.transmit(device, Packet::CloseServer(stream));
                }
            }
        }
    }

    fn drain_server(&mut self) {
        for (device, reply) in self.server.drain(clock(self.now)) {
            self.transmit(device, Packet::ToDevice(reply));
        }
    }
}

/// Stands for the length of the encoded text.
fn size(value: &impl std::fmt::Debug) -> u64 {
    format!("{value:?}").len() as u64
}

fn clock(now: u64) -> Now {
    Now { monotonic: Monotonic(now), wall: Wall(1_735_689_600_000_000_000 + now) }
}
