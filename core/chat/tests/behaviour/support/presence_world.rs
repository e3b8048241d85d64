//! Devices, chat servers and presence servers, with the models of the store and the directory, links
//! that go down and come back, and a clock that jumps to the next wake-up.

mod network;

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::{
    ChatServer, Design, Device, DeviceId, Monotonic, Now, PresenceServer, RequestId, ServerId,
    UserId, Wall,
    device::{DeviceDisk, DeviceInput},
    frame::{ClientFrame, ServerFrame},
    ports::{
        Answer, Request,
        directory::{DirectoryModel, DirectoryRequest},
        presence::{PresenceRequest, Status},
        store::{StoreModel, StoreRequest, StoreRules},
    },
    presence::{
        CallId, PresenceConfig, PresenceInput, PresenceLimits, PresenceOutput, PresenceView,
    },
    server::{Input, ServerConfig},
    time::nanoseconds,
};

/// The wall clock when the test begins: 2025-01-01, in milliseconds since the Unix epoch.
pub(crate) const WALL_START_MS: u64 = 1_735_689_600_000;

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) enum Wire {
    ToChat(DeviceId, u64, ClientFrame),
    ToDevice(DeviceId, u64, ServerFrame),
    Open(DeviceId),
    Opened(DeviceId, u64),
    Unreachable(DeviceId),
    CloseChat(DeviceId, u64),
    CloseDevice(DeviceId, u64),
    Ask { chat: ServerId, to: ServerId, call: CallId, request: PresenceRequest },
    Publish { to: ServerId, statuses: Vec<Status> },
    ChatAnswer { chat: ServerId, incarnation: u64, id: RequestId, answer: Answer },
    PresenceAnswer { presence: ServerId, incarnation: u64, id: RequestId, answer: Answer },
    ChatPort { chat: ServerId, incarnation: u64, id: RequestId, request: Request },
    PresencePort { presence: ServerId, incarnation: u64, id: RequestId, request: Request },
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Pass,
    Lose,
    Late(Duration),
}

pub(crate) struct Phone {
    pub(crate) user: UserId,
    pub(crate) machine: Device,
    pub(crate) server: ServerId,
    pub(crate) link_up: bool,
    pub(crate) logged_out: bool,
    pub(crate) session: Option<u64>,
    /// What it showed, and when.
    pub(crate) shown: Vec<(u64, Status)>,
    /// When a heartbeat or a hello of it reached its chat server.
    pub(crate) heard: Vec<u64>,
    /// Statuses that it was sent.
    pub(crate) told: Vec<Status>,
    /// Frames that refused something.
    pub(crate) errors: Vec<ServerFrame>,
}

type Rule = Box<dyn FnMut(&Wire) -> Way>;

pub(crate) struct PresenceWorld {
    pub(crate) design: Design,
    pub(crate) store: StoreModel,
    pub(crate) directory: DirectoryModel,
    pub(crate) chats: BTreeMap<ServerId, (u64, ChatServer)>,
    pub(crate) presence: BTreeMap<ServerId, (u64, PresenceServer)>,
    /// Which presence servers hold a lease in the registry, and under which epoch.
    leases: BTreeMap<ServerId, u64>,
    pub(crate) phones: BTreeMap<DeviceId, Phone>,
    /// Every message, with its time, whatever became of it.
    pub(crate) sent: Vec<(u64, Wire)>,
    /// The views that servers without an own one are given.
    version: u64,
    incarnation: u64,
    now: u64,
    order: u64,
    sessions: u64,
    calls: BTreeMap<CallId, (ServerId, u64, RequestId)>,
    queue: BTreeMap<(u64, u64), Wire>,
    rule: Rule,
}

/// Chat servers are 1, 2, …; presence servers 101, 102, ….
pub(crate) const CHAT: ServerId = ServerId(1);
pub(crate) const OTHER_CHAT: ServerId = ServerId(2);
pub(crate) const KEEPER: ServerId = ServerId(101);
pub(crate) const OTHER_KEEPER: ServerId = ServerId(102);

/// The one device of a user unless a test says otherwise.
pub(crate) fn phone(user: u64) -> DeviceId {
    DeviceId(user * 10)
}

impl PresenceWorld {
    /// Two chat servers, and presence servers that all know each other.
    pub(crate) fn new(presence: &[ServerId], design: Design) -> Self {
        let mut world = Self {
            store: StoreModel::new(StoreRules::from(&design)),
            directory: DirectoryModel::default(),
            design,
            chats: BTreeMap::new(),
            presence: BTreeMap::new(),
            leases: BTreeMap::new(),
            phones: BTreeMap::new(),
            sent: Vec::new(),
            version: 0,
            incarnation: 0,
            now: 0,
            order: 0,
            sessions: 0,
            calls: BTreeMap::new(),
            queue: BTreeMap::new(),
            rule: Box::new(|_| Way::Pass),
        };
        world.start_chat(CHAT);
        world.start_chat(OTHER_CHAT);
        presence.iter().for_each(|server| world.start_presence(*server));
        world.announce();
        world
    }

    /// Users 1 to `users` with a phone each, all friends of user 1.
    pub(crate) fn with_friends_of_one(users: u64, presence: &[ServerId], design: Design) -> Self {
        let mut world = Self::new(presence, design);
        (0..users).for_each(|_| world.sign_up());
        (2..=users).for_each(|user| world.befriend(1, user));
        for user in 1..=users {
            world.login(user, phone(user), if user == 1 { CHAT } else { OTHER_CHAT });
        }
        world
    }

    pub(crate) fn sign_up(&mut self) {
        let name = format!("user {}", self.phones.len() + self.order as usize);
        self.order += 1;
        let request = DirectoryRequest::SignUp { name, password_hash: String::new() };
        self.directory.handle(request);
    }

    pub(crate) fn befriend(&mut self, one: u64, other: u64) {
        let (one, other) = (UserId(one), UserId(other));
        self.directory.handle(DirectoryRequest::Befriend { user: one, other });
        self.directory.handle(DirectoryRequest::Befriend { user: other, other: one });
    }

    pub(crate) fn login(&mut self, user: u64, device: DeviceId, server: ServerId) {
        let user = UserId(user);
        let wall = self.clock().wall;
        self.store.handle(wall, StoreRequest::Register { user, device: Some(device) });
        let disk = DeviceDisk::default();
        let machine = Device::restore(user, device, self.design.clone(), disk, 1);
        let phone = Phone {
            user,
            machine,
            server,
            link_up: true,
            logged_out: false,
            session: None,
            shown: Vec::new(),
            heard: Vec::new(),
            told: Vec::new(),
            errors: Vec::new(),
        };
        self.phones.insert(device, phone);
    }

    pub(crate) fn log_out(&mut self, device: DeviceId) {
        self.phone_mut(device).logged_out = true;
        let wall = self.clock().wall;
        self.store.handle(wall, StoreRequest::Forget { device });
        let chats: Vec<ServerId> = self.chats.keys().copied().collect();
        chats.into_iter().for_each(|chat| self.chat_input(chat, Input::LoggedOut(device)));
    }

    /// The device's link carries nothing any more, and nobody is told.
    pub(crate) fn link(&mut self, device: DeviceId, up: bool) {
        self.phone_mut(device).link_up = up;
    }

    pub(crate) fn look(&mut self, device: DeviceId, users: &[u64]) {
        let users = users.iter().copied().map(UserId).collect();
        self.device_input(device, DeviceInput::Look { users });
    }

    pub(crate) fn start_chat(&mut self, server: ServerId) {
        self.incarnation += 1;
        let design = self.design.clone();
        let epoch = self.incarnation;
        let config =
            ServerConfig { server, epoch, has_peers: false, registration: None, design, seed: 1 };
        let machine = ChatServer::new(config, self.clock());
        self.chats.insert(server, (epoch, machine));
    }

    /// A presence server's process starts; nobody knows it before the next view.
    pub(crate) fn start_presence(&mut self, server: ServerId) {
        self.incarnation += 1;
        let design = self.design.clone();
        let config = PresenceConfig { server, design, seed: 1, limits: PresenceLimits::default() };
        let machine = PresenceServer::new(config, self.clock());
        self.presence.insert(server, (self.incarnation, machine));
        self.hold_lease(server, self.incarnation);
    }

    pub(crate) fn stop_presence(&mut self, server: ServerId) {
        self.presence.remove(&server);
        self.leases.remove(&server);
    }

    /// A presence server's lease in the registry ends; the epoch that it had.
    pub(crate) fn lose_lease(&mut self, server: ServerId) -> Option<u64> {
        self.presence_input(server, PresenceInput::Lost);
        self.leases.remove(&server)
    }

    /// A presence server that runs holds its lease under this epoch, until the test says otherwise.
    pub(crate) fn hold_lease(&mut self, server: ServerId, epoch: u64) {
        self.leases.insert(server, epoch);
        let until = Monotonic(u64::MAX);
        self.presence_input(server, PresenceInput::Held { epoch, until });
    }

    /// A presence server that lost its lease gets it again, under a new epoch.
    pub(crate) fn lease_again(&mut self, server: ServerId) {
        self.incarnation += 1;
        self.hold_lease(server, self.incarnation);
    }

    /// What the machines that run passed through.
    pub(crate) fn situations(&self) -> hubbub_chat::situation::Situations {
        let mut all = hubbub_chat::situation::Situations::default();
        self.presence.values().for_each(|(_, server)| all.add(server.situations()));
        self.chats.values().for_each(|(_, server)| all.add(server.situations()));
        self.phones.values().for_each(|phone| all.add(phone.machine.situations()));
        all
    }

    /// The next view, with the presence servers that hold their leases.
    pub(crate) fn next_view(&mut self) -> PresenceView {
        self.version += 1;
        PresenceView::new(self.version, self.leases.clone())
    }

    /// Everybody is given the next view.
    pub(crate) fn announce(&mut self) {
        let view = self.next_view();
        let chats: Vec<ServerId> = self.chats.keys().copied().collect();
        chats.into_iter().for_each(|chat| self.give_chat(chat, &view));
        let presence: Vec<ServerId> = self.presence.keys().copied().collect();
        presence.into_iter().for_each(|server| self.give_presence(server, &view));
    }

    pub(crate) fn give_chat(&mut self, chat: ServerId, view: &PresenceView) {
        self.chat_input(chat, Input::PresenceView(view.clone()));
    }

    pub(crate) fn give_presence(&mut self, server: ServerId, view: &PresenceView) {
        self.presence_input(server, PresenceInput::View(view.clone()));
    }

    /// Everything sent from now on meets this rule.
    pub(crate) fn rule(&mut self, rule: impl FnMut(&Wire) -> Way + 'static) {
        self.rule = Box::new(rule);
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn clock(&self) -> Now {
        let wall = Wall(WALL_START_MS * 1_000_000 + self.now);
        Now { monotonic: Monotonic(self.now), wall }
    }

    /// Runs until the clock has advanced by `duration`.
    pub(crate) fn run_for(&mut self, duration: Duration) {
        let end = self.now + nanoseconds(duration);
        while self.step(end) {}
        self.now = end;
    }

    /// Which chat server has the last session of the device, as far as the device knows.
    pub(crate) fn phone(&self, device: DeviceId) -> &Phone {
        &self.phones[&device]
    }

    fn phone_mut(&mut self, device: DeviceId) -> &mut Phone {
        match self.phones.get_mut(&device) {
            Some(phone) => phone,
            None => panic!("no device {device} has logged in"),
        }
    }

    /// How a device shows a user.
    pub(crate) fn shows(&self, device: DeviceId, user: u64) -> Option<bool> {
        self.phone(device).machine.status(UserId(user)).map(|status| status.online)
    }

    /// The dots that a device showed for a user, with their times.
    pub(crate) fn shown(&self, device: DeviceId, user: u64) -> Vec<(u64, bool)> {
        let shown =
            self.phone(device).shown.iter().filter(|(_, status)| status.user == UserId(user));
        shown.map(|(at, status)| (*at, status.online)).collect()
    }

    /// The dots alone.
    pub(crate) fn dots(&self, device: DeviceId, user: u64) -> Vec<bool> {
        self.shown(device, user).into_iter().map(|(_, online)| online).collect()
    }

    /// What presence servers were asked.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &PresenceRequest> {
        self.sent.iter().filter_map(|(_, wire)| match wire {
            Wire::Ask { request, .. } => Some(request),
            _ => None,
        })
    }

    /// Who was told of a user, and when.
    pub(crate) fn told_of(&self, user: u64) -> Vec<(u64, ServerId, bool)> {
        let of = |(at, wire): &(u64, Wire)| match wire {
            Wire::Publish { to, statuses, .. } => {
                let status = statuses.iter().find(|status| status.user == UserId(user))?;
                Some((*at, *to, status.online))
            }
            _ => None,
        };
        self.sent.iter().filter_map(of).collect()
    }

    /// Jumps to the next thing that happens, unless that lies behind `end`.
    fn step(&mut self, end: u64) -> bool {
        let arrival = self.queue.first_key_value().map(|((at, _), _)| *at);
        let due = |at: Option<(Monotonic, _)>| at.map(|(Monotonic(at), ())| at);
        let devices = self.phones.iter().filter_map(|(device, phone)| {
            Some((due(phone.machine.poll_timeout().map(|(at, _)| (at, ())))?, *device))
        });
        let chats = self.chats.iter().filter_map(|(server, (_, machine))| {
            Some((due(machine.poll_timeout().map(|(at, _)| (at, ())))?, *server))
        });
        let presence = self.presence.iter().filter_map(|(server, (_, machine))| {
            Some((due(machine.poll_timeout().map(|(at, _)| (at, ())))?, *server))
        });
        let (device, chat, presence) = (devices.min(), chats.min(), presence.min());
        let wakes =
            [arrival, device.map(|(at, _)| at), chat.map(|(at, _)| at), presence.map(|(at, _)| at)];
        let Some(at) = wakes.into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        if arrival == Some(at) {
            if let Some((_, wire)) = self.queue.pop_first() {
                self.arrive(wire);
            }
        } else if let Some((_, device)) = device.filter(|(due, _)| *due == at) {
            self.wake_device(device);
        } else if let Some((_, chat)) = chat.filter(|(due, _)| *due == at) {
            self.wake_chat(chat);
        } else if let Some((_, server)) = presence {
            self.wake_presence(server);
        }
        true
    }
}

/// One presence server alone, whose callers the test plays itself.
pub(crate) fn outputs(machine: &mut PresenceServer) -> Vec<PresenceOutput> {
    std::iter::from_fn(|| machine.poll_output()).collect()
}

/// Devices come back soon after their link does, so that a gap is about as long as the link was down.
pub(crate) fn prompt() -> Design {
    Design { reconnect_max: Duration::from_secs(1), ..Design::default() }
}
