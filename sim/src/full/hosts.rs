//! The hosts' programs: the service's roles, configured for the simulation.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use hubbub_chat::{
    ChannelId, DeviceId, Entry, MessageId, ServerId, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput},
    frame::Change,
    ports::{
        directory::{DirectoryModel, DirectoryRequest},
        routing::RoutingModel,
    },
    random::Random,
    server::ServerConfig,
    time::{Monotonic, nanoseconds},
};
use hubbub_history::{EventBody, Source, device_event, store_entry};
use hubbub_service::{
    ChatRole, Config, DevicesRole, Ports, StoreRole,
    backend::{ModelBackend, Models},
    client::{Command, DeviceConfig, DeviceObserver},
    net::Net,
    password::{Passwords, token_hash},
};
use hubbub_traffic::{Action, What};
use tokio::sync::{mpsc, watch};
use turmoil::Sim;

use super::{
    net::{SimulatedNet, elapsed_ns},
    recording::Shared,
};
use crate::{
    hosts::{HostId, Hosts},
    setup::Setup,
};

/// The port on which chat servers serve devices.
const DEVICE_PORT: u16 = 80;
/// The port on which chat servers hear each other.
const PEER_PORT: u16 = 81;
/// The port on which the store serves chat servers.
const STORE_PORT: u16 = 90;

/// Commands that wait for one device at most.
const COMMANDS_MAX: usize = 4096;

/// The order in which a host starts its devices.
pub type Arrange = Arc<dyn Fn(Vec<DeviceSeat>) -> Vec<DeviceSeat> + Send + Sync>;

/// A device and its place on a host.
#[derive(Clone)]
pub struct DeviceSeat {
    /// Its user.
    pub user: UserId,
    /// Its id.
    pub device: DeviceId,
    pub(super) host: usize,
    pub(super) disk: Arc<Mutex<DeviceDisk>>,
}

/// What the hosts' programs are made from, and what of them survives a restart: the disks.
pub(super) struct Deployment {
    setup: Setup,
    shared: Shared,
    arrange: Arrange,
    models: Arc<Mutex<Models>>,
    seats: Vec<DeviceSeat>,
}

impl Deployment {
    pub(super) fn new(setup: &Setup, shared: Shared, arrange: Arrange) -> Self {
        let store = setup.store();
        let models =
            Models { store, directory: directory(setup), routing: RoutingModel::default() };
        let seat = |(user, device, host)| DeviceSeat { user, device, host, disk: Arc::default() };
        let seats = setup.devices().map(seat).collect();
        Self { setup: setup.clone(), shared, arrange, models: Arc::new(Mutex::new(models)), seats }
    }

    pub(super) fn seeded_entries(&self) -> Vec<EventBody> {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.store.entries().map(|entry| store_entry(entry)).collect()
    }

    pub(super) fn is_settled(&self) -> bool {
        let users: Vec<UserId> = self.setup.population.users().iter().map(|user| user.id).collect();
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let heads: BTreeMap<UserId, Vec<(ChannelId, MessageId)>> =
            models.store.heads(&users).into_iter().collect();
        self.seats.iter().all(|seat| {
            let disk = seat.disk.lock().unwrap_or_else(PoisonError::into_inner);
            let cursors = disk.cursors();
            let is_there = |(channel, head): &(ChannelId, MessageId)| {
                cursors.get(channel).is_some_and(|cursor| cursor >= head)
            };
            disk.pending() == 0 && heads.get(&seat.user).into_iter().flatten().all(is_there)
        })
    }

    pub(super) fn final_events(&self) -> Vec<EventBody> {
        let event = |seat: &DeviceSeat| {
            let disk = seat.disk.lock().unwrap_or_else(PoisonError::into_inner);
            let (cursors, digests) = (disk.cursors(), disk.digests());
            EventBody::Final { device: seat.device, cursors, digests }
        };
        self.seats.iter().map(event).collect()
    }

    fn store_config(&self, net: &Arc<dyn Net>) -> Config {
        let shared = self.shared.clone();
        let committed = Arc::new(move |entry: &Arc<Entry>| {
            let body = store_entry(entry);
            shared
                .with(|recording| recording.record(elapsed_ns(), Source::Store, "store", 0, body));
        });
        let backend = ModelBackend::new(net.clone(), self.models.clone(), committed);
        Config::Store(StoreRole {
            listen: address("store", STORE_PORT),
            backend: Arc::new(backend),
        })
    }

    fn chat_config(&self, index: usize, epoch: u64) -> Config {
        let hosts = &self.setup.hosts;
        let peer =
            |other: usize| (server_id(other), address(hosts.name(hosts.chat(other)), PEER_PORT));
        let host = hosts.name(hosts.chat(index));
        Config::Chat(ChatRole {
            listen: address(host, DEVICE_PORT),
            listen_peers: Some(address(host, PEER_PORT)),
            server: ServerConfig {
                server: server_id(index),
                epoch,
                has_peers: hosts.chat_count() > 1,
                design: self.setup.design.clone(),
                seed: self.setup.seed,
            },
            peers: (0..hosts.chat_count()).filter(|other| *other != index).map(peer).collect(),
            servers: self.servers(),
            ports: Ports::Remote(address("store", STORE_PORT)),
            passwords: Passwords::Digest,
            provision: false,
        })
    }

    fn servers(&self) -> Vec<String> {
        let hosts = &self.setup.hosts;
        (0..hosts.chat_count())
            .map(|index| address(hosts.name(hosts.chat(index)), DEVICE_PORT))
            .collect()
    }

    fn devices_config(&self, host: usize, incarnation: u32) -> (Config, Commands) {
        let observer = Arc::new(Observer { shared: self.shared.clone(), incarnation });
        let seats = self.seats.iter().filter(|seat| seat.host == host).cloned().collect();
        let mut commands = Commands::new();
        let mut devices = Vec::new();
        for seat in (self.arrange)(seats) {
            let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
            commands.insert(seat.device, sender);
            let config = DeviceConfig {
                user: seat.user,
                device: seat.device,
                token: token(seat.device),
                servers: self.servers(),
                first_server: self.setup.server_for(seat.device, 0),
                design: self.setup.design.clone(),
                seed: self.setup.seed,
                disk: seat.disk,
                observer: observer.clone(),
            };
            devices.push((config, receiver));
        }
        (Config::Devices(DevicesRole { devices }), commands)
    }
}

type Commands = BTreeMap<DeviceId, mpsc::Sender<Command>>;

/// Adds all hosts to the simulation.
pub(super) fn add_hosts(sim: &mut Sim<'static>, setup: &Setup, deployment: &Arc<Deployment>) {
    let hosts = setup.hosts.clone();
    for host in hosts.iter() {
        let deployment = deployment.clone();
        let random = Random::stream(setup.seed, 0x686f_7374_0000 + host.0 as u64);
        let name = hosts.name(host).to_owned();
        let net = SimulatedNet::new(&name, deployment.shared.clone(), random);
        let net: Arc<dyn Net> = Arc::new(net);
        let starts = Arc::new(AtomicU32::new(0));
        let hosts = hosts.clone();
        sim.host(name, move || {
            let incarnation = starts.fetch_add(1, Ordering::Relaxed);
            run_host(deployment.clone(), net.clone(), hosts.clone(), host, incarnation)
        });
    }
}

async fn run_host(
    deployment: Arc<Deployment>,
    net: Arc<dyn Net>,
    hosts: Hosts,
    host: HostId,
    incarnation: u32,
) -> turmoil::Result {
    // Nobody asks a simulated process to stop: it crashes.
    let (_running, shutdown) = watch::channel(false);
    let config = if host == hosts.store() {
        deployment.store_config(&net)
    } else if let Some(index) = hosts.chat_index(host) {
        deployment.chat_config(index, u64::from(incarnation) + 1)
    } else {
        let index = host.0 - hosts.devices(0).0;
        let (config, commands) = deployment.devices_config(index, incarnation);
        let actions = deployment.setup.actions.clone();
        net.spawn(Box::pin(play(net.clone(), actions, commands)));
        config
    };
    hubbub_service::run(net, config, shutdown, |_| {}).await?;
    Ok(())
}

/// Lets the users of a host do what the workload says, from now on.
async fn play(net: Arc<dyn Net>, actions: Vec<Action>, commands: Commands) {
    let begin = net.now().monotonic;
    for action in actions {
        let at = Monotonic(nanoseconds(action.at));
        let Some(device) = commands.get(&action.device).filter(|_| at >= begin) else { continue };
        net.sleep_until(at).await;
        let input = match action.what {
            What::Send { channel, body } => DeviceInput::Send { channel, body },
            What::Leave { channel } => DeviceInput::Change { channel, change: Change::Leave },
            What::Join { channel } => DeviceInput::Change { channel, change: Change::Join },
        };
        let command = Command { input, intended_ns: Some(at.0) };
        if device.send(command).await.is_err() {
            return;
        }
    }
    // The devices live as long as somebody could command them.
    std::future::pending::<()>().await;
}

struct Observer {
    shared: Shared,
    incarnation: u32,
}

impl DeviceObserver for Observer {
    fn observe(
        &self,
        user: UserId,
        device: DeviceId,
        server: &str,
        intended_ns: Option<u64>,
        event: &DeviceEvent,
    ) {
        let server = server.split(':').next().unwrap_or_default();
        if let Some(body) = device_event(user, device, server, intended_ns, event) {
            let process = format!("device-{device}");
            self.shared.with(|recording| {
                recording.record(elapsed_ns(), Source::Device, &process, self.incarnation, body);
            });
        }
    }
}

/// The accounts of the population, with a device logged in for each that it names.
fn directory(setup: &Setup) -> DirectoryModel {
    let mut directory = DirectoryModel::default();
    for user in setup.population.users() {
        let (name, password_hash) = (format!("user-{}", user.id), String::new());
        directory.handle(DirectoryRequest::SignUp { name, password_hash });
    }
    for (user, device, _) in setup.devices() {
        let token = token_hash(&token(device));
        directory.handle(DirectoryRequest::Login { user, token });
    }
    directory
}

fn token(device: DeviceId) -> String {
    format!("token-of-device-{device}")
}

fn server_id(index: usize) -> ServerId {
    ServerId(u32::try_from(index).unwrap_or(u32::MAX) + 1)
}

fn address(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}
