//! Several devices, chat servers, the models of the store and of routing, and a clock that jumps to
//! the next wake-up. In the style of quinn-proto's `Pair`.

mod network;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hubbub_chat::{
    ChannelId, ChatServer, Design, Device, DeviceId, Entry, Monotonic, Now, ServerId, UserId, Wall,
    device::{DeviceDisk, DeviceEvent, DeviceInput},
    frame::{Change, CutReason},
    ports::{
        registry::{Member, RegistryModel},
        routing::RoutingModel,
        store::{StoreModel, StoreRequest, StoreRules},
    },
    server::{Input, Registration, ServerConfig},
    situation::Situations,
    snowflake::SnowflakeSource,
    time::nanoseconds,
};

use super::message::{Fate, Message, Stream};

/// One way between a device and a chat server, and between a chat server and its ports.
const DEVICE_LATENCY: Duration = Duration::from_millis(10);
const PORT_LATENCY: Duration = Duration::from_millis(1);

/// The wall clock when the test begins: 2025-07-01, in seconds since the Unix epoch. Servers may be
/// minutes behind it and still be after the epoch of Snowflakes.
pub(crate) const WALL_START_S: u64 = 1_751_328_000;

type Rule = Box<dyn FnMut(&Message) -> Fate>;

/// A device: its machine while it runs, its disk, and everything it said.
pub(crate) struct DeviceNode {
    pub(crate) user: UserId,
    pub(crate) machine: Option<Device>,
    pub(crate) disk: DeviceDisk,
    pub(crate) events: Vec<(u64, DeviceEvent)>,
    design: Design,
    server: usize,
    stream: Option<Stream>,
}

/// A chat server: its machine while it runs.
pub(crate) struct ServerNode {
    pub(crate) machine: Option<ChatServer>,
    pub(crate) cuts: Vec<(DeviceId, CutReason)>,
    /// What it last said of the registry's members.
    pub(crate) members: Vec<Member>,
    /// When it had handed everything over.
    pub(crate) drained_at: Option<u64>,
    /// By how much its wall clock is off, in milliseconds.
    pub(crate) skew_ms: i64,
    incarnation: u64,
}

impl ServerNode {
    fn down() -> Self {
        Self {
            machine: None,
            cuts: Vec::new(),
            members: Vec::new(),
            drained_at: None,
            skew_ms: 0,
            incarnation: 0,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Connection {
    device: DeviceId,
    server: usize,
    /// The incarnation that accepted it.
    incarnation: Option<u64>,
    /// Nothing arrives any more, towards the server and towards the device.
    wedged: [bool; 2],
}

pub(crate) struct World {
    pub(crate) design: Design,
    pub(crate) store: StoreModel,
    pub(crate) routing: RoutingModel,
    pub(crate) registry: RegistryModel,
    /// Whether the servers lease their places, and not their worker ids alone.
    is_registered: bool,
    pub(crate) generator: SnowflakeSource,
    pub(crate) servers: Vec<ServerNode>,
    pub(crate) devices: BTreeMap<DeviceId, DeviceNode>,
    /// Everything that was sent, with its time, whatever became of it.
    pub(crate) sent: Vec<(u64, Message)>,
    now: u64,
    order: u64,
    queue: BTreeMap<(u64, u64), Message>,
    held: Vec<Message>,
    connections: BTreeMap<Stream, Connection>,
    last_stream: Stream,
    last_arrival: BTreeMap<(Stream, bool), u64>,
    rule: Rule,
    seed: u64,
    /// Of machines whose process has ended.
    past: Situations,
}

impl World {
    pub(crate) fn new(servers: usize, design: Design) -> Self {
        Self::seeded(servers, design, 1)
    }

    pub(crate) fn seeded(servers: usize, design: Design, seed: u64) -> Self {
        let mut world = Self {
            store: StoreModel::new(StoreRules::from(&design)),
            routing: RoutingModel::default(),
            registry: RegistryModel::new(design.lease_ttl),
            is_registered: false,
            generator: SnowflakeSource::fixed(),
            servers: Vec::new(),
            devices: BTreeMap::new(),
            sent: Vec::new(),
            now: 0,
            order: 0,
            queue: BTreeMap::new(),
            held: Vec::new(),
            connections: BTreeMap::new(),
            last_stream: 0,
            last_arrival: BTreeMap::new(),
            rule: Box::new(|_| Fate::Pass),
            design,
            seed,
            past: Situations::default(),
        };
        world.servers.resize_with(servers, ServerNode::down);
        (0..servers).for_each(|server| world.start_server(server));
        world
    }

    /// The same, whose servers lease their places from a registry.
    pub(crate) fn registered(servers: usize, design: Design) -> Self {
        let mut world = Self::new(0, design);
        world.is_registered = true;
        world.servers.resize_with(servers, ServerNode::down);
        (0..servers).for_each(|server| world.start_server(server));
        world
    }

    /// Everything sent from now on meets this rule.
    pub(crate) fn rule(&mut self, rule: impl FnMut(&Message) -> Fate + 'static) {
        self.rule = Box::new(rule);
    }

    /// The first message of this kind is lost alone, and everything else passes.
    pub(crate) fn lose_first(&mut self, is_it: impl Fn(&Message) -> bool + 'static) {
        let mut lost = false;
        self.rule(move |message| {
            let lose = !lost && is_it(message);
            lost |= lose;
            if lose { Fate::Drop } else { Fate::Pass }
        });
    }

    /// The network is good again, and what was held arrives.
    pub(crate) fn heal(&mut self) {
        self.rule = Box::new(|_| Fate::Pass);
        self.release();
    }

    /// What was held arrives, in the order in which it was sent.
    pub(crate) fn release(&mut self) {
        for message in std::mem::take(&mut self.held) {
            self.dispatch(message, Duration::ZERO);
        }
    }

    /// A user logs a device in, which starts and connects to this chat server.
    pub(crate) fn login(&mut self, user: UserId, device: DeviceId, server: usize) {
        self.login_with(user, device, server, self.design.clone());
    }

    pub(crate) fn login_with(
        &mut self,
        user: UserId,
        device: DeviceId,
        server: usize,
        design: Design,
    ) {
        self.store(StoreRequest::Register { user, device: Some(device) });
        let node = DeviceNode {
            user,
            machine: None,
            disk: DeviceDisk::default(),
            events: Vec::new(),
            design,
            server,
            stream: None,
        };
        self.devices.insert(device, node);
        self.start_device(device);
    }

    /// Asks the store directly, as an API server would.
    pub(crate) fn store(
        &mut self,
        request: StoreRequest,
    ) -> hubbub_chat::ports::store::StoreAnswer {
        let wall = self.clock().wall;
        self.store.handle(wall, request).answer
    }

    pub(crate) fn send(&mut self, device: DeviceId, channel: ChannelId, body: &str) {
        self.device_input(device, DeviceInput::Send { channel, body: body.into() });
    }

    pub(crate) fn change(&mut self, device: DeviceId, channel: ChannelId, change: Change) {
        self.device_input(device, DeviceInput::Change { channel, change });
    }

    /// Starts a device from its disk.
    pub(crate) fn start_device(&mut self, device: DeviceId) {
        let seed = self.seed;
        let node = self.node_mut(device);
        let (user, design, disk) = (node.user, node.design.clone(), node.disk.clone());
        node.machine = Some(Device::restore(user, device, design, disk, seed));
    }

    /// A device dies without a word to anybody.
    pub(crate) fn stop_device(&mut self, device: DeviceId) {
        self.past = self.situations();
        let node = self.node_mut(device);
        node.machine = None;
        if let Some(stream) = node.stream.take()
            && let Some(connection) = self.connections.get_mut(&stream)
        {
            connection.wedged = [true; 2];
        }
    }

    /// The device's next connections go to another chat server.
    pub(crate) fn move_device(&mut self, device: DeviceId, server: usize) {
        self.node_mut(device).server = server;
    }

    /// The device's connection breaks, and both ends are told.
    pub(crate) fn break_connection(&mut self, device: DeviceId) {
        if let Some(stream) = self.node_mut(device).stream {
            self.transmit(Message::CloseDevice { stream });
            self.transmit(Message::CloseServer { stream });
        }
    }

    /// The device's connection breaks, and it comes back and syncs.
    pub(crate) fn reconnect(&mut self, device: DeviceId) {
        self.break_connection(device);
        self.run_for(Duration::from_millis(15));
        self.run_until(Duration::from_secs(3), |world| world.is_synced(device));
    }

    /// The device's connection carries nothing any more, and nobody is told.
    pub(crate) fn wedge_connection(&mut self, device: DeviceId) {
        let stream = self.node_mut(device).stream;
        if let Some(connection) = stream.and_then(|stream| self.connections.get_mut(&stream)) {
            connection.wedged = [true; 2];
        }
    }

    pub(crate) fn start_server(&mut self, server: usize) {
        let now = self.server_clock(server);
        let has_peers = self.servers.len() > 1;
        let incarnation = self.servers[server].incarnation + 1;
        let registration = self.is_registered.then(|| Registration {
            holder: incarnation * 1000 + server as u64,
            address: format!("chat-{}:80", server + 1),
            peer_address: format!("chat-{}:81", server + 1),
            region: String::new(),
            capacity: self.design.session_limit,
        });
        let node = &mut self.servers[server];
        node.incarnation = incarnation;
        node.drained_at = None;
        let config = ServerConfig {
            server: server_id(server),
            epoch: node.incarnation,
            has_peers,
            design: self.design.clone(),
            seed: self.seed,
            registration,
        };
        node.machine = Some(ChatServer::new(config, now));
    }

    /// A chat server's process dies; its host closes the connections.
    pub(crate) fn crash_server(&mut self, server: usize) {
        self.past = self.situations();
        self.servers[server].machine = None;
        let here = self.connections.iter().filter(|(_, connection)| connection.server == server);
        let streams: Vec<Stream> = here.map(|(stream, _)| *stream).collect();
        for stream in streams {
            self.transmit(Message::CloseDevice { stream });
        }
    }

    /// Gives a chat server an input from outside.
    pub(crate) fn server_input(&mut self, server: usize, input: Input) {
        let now = self.server_clock(server);
        if let Some(machine) = &mut self.servers[server].machine {
            machine.handle_input(now, input);
        }
        self.drain_server(server);
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Runs until the clock has advanced by `duration`.
    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now + nanoseconds(duration);
        while self.step(end) {}
        self.now = end;
    }

    /// Runs until `done`, and panics when that has not come within `limit`.
    pub(crate) fn run_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) {
        let end = self.now + nanoseconds(limit);
        while !done(self) {
            assert!(self.step(end), "what the test waits for did not come within {limit:?}");
        }
    }

    pub(crate) fn node(&self, device: DeviceId) -> &DeviceNode {
        &self.devices[&device]
    }

    fn node_mut(&mut self, device: DeviceId) -> &mut DeviceNode {
        match self.devices.get_mut(&device) {
            Some(node) => node,
            None => panic!("no device {device} has logged in"),
        }
    }

    pub(crate) fn clock(&self) -> Now {
        let wall = Wall(WALL_START_S * 1_000_000_000 + self.now);
        Now { monotonic: Monotonic(self.now), wall }
    }

    /// What a chat server takes for the time.
    fn server_clock(&self, server: usize) -> Now {
        let Now { monotonic, wall } = self.clock();
        let skew_ns = self.servers[server].skew_ms * 1_000_000;
        Now { monotonic, wall: Wall(wall.0.saturating_add_signed(skew_ns)) }
    }

    /// Jumps to the next thing that happens, unless that lies behind `end`.
    fn step(&mut self, end: u64) -> bool {
        let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
        let devices = self.devices.iter().filter_map(|(device, node)| {
            Some((node.machine.as_ref()?.poll_timeout()?.0.0, *device))
        });
        let device = devices.min();
        let servers =
            self.servers.iter().enumerate().filter_map(|(index, node)| {
                Some((node.machine.as_ref()?.poll_timeout()?.0.0, index))
            });
        let server = servers.min();
        let wakes = [arrival, device.map(|(at, _)| at), server.map(|(at, _)| at)];
        let Some(at) = wakes.into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        if arrival == Some(at) {
            if let Some((_, message)) = self.queue.pop_first() {
                self.arrive(message);
            }
        } else if let Some((_, device)) = device.filter(|(due, _)| *due == at) {
            self.wake_device(device);
        } else if let Some((_, server)) = server {
            self.wake_server(server);
        }
        true
    }

    fn wake_device(&mut self, device: DeviceId) {
        let now = self.clock();
        if let Some(machine) = &mut self.node_mut(device).machine {
            machine.handle_timeout(now);
        }
        self.drain_device(device);
    }

    fn wake_server(&mut self, server: usize) {
        let now = self.server_clock(server);
        if let Some(machine) = &mut self.servers[server].machine {
            machine.handle_timeout(now);
        }
        self.drain_server(server);
    }

    /// What all machines passed through, those included whose process has ended.
    pub(crate) fn situations(&self) -> Situations {
        let mut all = self.past;
        let devices = self.devices.values().filter_map(|node| node.machine.as_ref());
        devices.for_each(|device| all.add(device.situations()));
        let servers = self.servers.iter().filter_map(|node| node.machine.as_ref());
        servers.for_each(|server| all.add(server.situations()));
        all.add(self.store.situations());
        all.add(self.registry.situations());
        all.add(self.generator.situations());
        all
    }

    /// What the store has of a channel.
    pub(crate) fn log(&self, channel: ChannelId) -> Vec<Arc<Entry>> {
        self.store.entries().filter(|entry| entry.channel == channel).cloned().collect()
    }
}

pub(crate) fn server_id(server: usize) -> ServerId {
    match u32::try_from(server) {
        Ok(index) => ServerId(index + 1),
        Err(_) => panic!("too many chat servers"),
    }
}
