//! The hosts of devices. Each device is a process of its own, which may die and start again while its
//! host goes on.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hubbub_chat::{
    Design, DeviceId, UserId,
    device::{DeviceDisk, DeviceEvent, DeviceInput},
    situation::Situations,
    time::{Monotonic, nanoseconds},
    transport::TransportCounts,
};
use hubbub_history::{EventBody, device_event};
use hubbub_service::{
    Config, DevicesRole,
    client::{Command, DeviceConfig, DeviceObserver, Discovery},
    net::Net,
    run,
};
use hubbub_traffic::Action;
use tokio::sync::{mpsc, watch};

use super::{
    device_net::DeviceNet,
    gate::Gate,
    gated_stream::{Owner, keep},
    net::{SimulatedNet, elapsed_ns},
    recording::Shared,
};
use crate::setup::DEVICES_START;

/// Commands that wait for one device at most.
const COMMANDS_MAX: usize = 4096;

/// A device, its place on a host, and what of it survives a restart.
#[derive(Clone)]
pub struct DeviceSeat {
    /// Its user.
    pub user: UserId,
    /// Its id.
    pub device: DeviceId,
    pub(super) host: usize,
    disk: Arc<Mutex<DeviceDisk>>,
    pub(super) counts: Arc<Mutex<TransportCounts>>,
    pub(super) gate: Arc<Gate>,
    /// How often its process has started.
    starts: Arc<AtomicU32>,
}

impl DeviceSeat {
    pub(super) fn new(user: UserId, device: DeviceId, host: usize) -> Self {
        let (disk, counts, starts) = (Arc::default(), Arc::default(), Arc::default());
        Self { user, device, host, disk, counts, gate: Arc::new(Gate::new()), starts }
    }

    pub(super) fn disk(&self) -> MutexGuard<'_, DeviceDisk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What its transport has cost since the run began.
    pub(super) fn counts(&self) -> TransportCounts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a host of devices is made from.
pub(super) struct DevicesHost {
    pub(super) net: Arc<SimulatedNet>,
    pub(super) shared: Shared,
    /// In the order in which they start.
    pub(super) seats: Vec<DeviceSeat>,
    pub(super) actions: Vec<Action>,
    pub(super) discovery: Discovery,
    pub(super) design: Design,
    pub(super) seed: u64,
}

/// The ways to the devices that are up.
type Commands = Arc<Mutex<BTreeMap<DeviceId, mpsc::Sender<Command>>>>;

impl DevicesHost {
    /// Runs the devices, and lets their users do what the workload says, from now on.
    pub(super) async fn run(self) {
        let host = Arc::new(self);
        let net: Arc<dyn Net> = host.net.clone();
        let begin = net.now().monotonic;
        net.sleep_until(Monotonic(nanoseconds(DEVICES_START))).await;
        let (keeper, kept) = mpsc::unbounded_channel();
        net.spawn(Box::pin(keep(net.clone(), kept)));
        let commands = Commands::default();
        for seat in host.seats.clone() {
            let owner = Owner {
                device: seat.device,
                gate: seat.gate.clone(),
                shared: host.shared.clone(),
                keeper: keeper.clone(),
            };
            net.spawn(Box::pin(live(host.clone(), seat, owner, commands.clone())));
        }
        play(&*net, &host.actions, begin, &commands).await;
    }

    fn config(&self, seat: &DeviceSeat) -> DeviceConfig {
        let incarnation = seat.starts.fetch_add(1, Ordering::Relaxed);
        DeviceConfig {
            user: seat.user,
            device: seat.device,
            token: token(seat.device),
            discovery: self.discovery.clone(),
            design: self.design.clone(),
            seed: self.seed,
            disk: seat.disk.clone(),
            observer: Arc::new(Observer { shared: self.shared.clone(), incarnation }),
            counts: Some(seat.counts.clone()),
        }
    }
}

/// Runs a device whenever it is up.
async fn live(host: Arc<DevicesHost>, seat: DeviceSeat, owner: Owner, commands: Commands) {
    loop {
        let life = seat.gate.started().await;
        let net = DeviceNet { host: host.net.clone(), owner: owner.clone(), life };
        let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
        commands.lock().unwrap_or_else(PoisonError::into_inner).insert(seat.device, sender);
        // Nobody asks a device to stop: it dies.
        let (_running, shutdown) = watch::channel(false);
        let config = Config::Devices(DevicesRole { devices: vec![(host.config(&seat), receiver)] });
        tokio::select! {
            biased;
            () = seat.gate.ended(life) => {}
            _ = run(Arc::new(net), config, shutdown, Arc::new(|_| {})) => {}
        }
        commands.lock().unwrap_or_else(PoisonError::into_inner).remove(&seat.device);
    }
}

/// Lets the users of a host do what the workload says. A device that is down is told nothing.
async fn play(net: &dyn Net, actions: &[Action], begin: Monotonic, commands: &Commands) {
    for action in actions {
        let at = Monotonic(nanoseconds(action.at));
        if at < begin {
            continue;
        }
        net.sleep_until(at).await;
        let input = DeviceInput::from(action.what.clone());
        let command = Command { input, intended_ns: Some(at.0) };
        let device =
            commands.lock().unwrap_or_else(PoisonError::into_inner).get(&action.device).cloned();
        if let Some(device) = device {
            // It may die before it has taken it.
            drop(device.send(command).await);
        }
    }
    // The devices live as long as their host.
    std::future::pending::<()>().await;
}

struct Observer {
    shared: Shared,
    incarnation: u32,
}

impl Observer {
    fn record(&self, device: DeviceId, body: EventBody) {
        let (now, incarnation) = (elapsed_ns(), self.incarnation);
        self.shared.with(|recording| recording.record_of_device(now, device, incarnation, body));
    }
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
        if let Some(body) = device_event(user, device, host_of(server), intended_ns, event) {
            self.record(device, body);
        }
    }

    fn observe_situations(&self, _device: DeviceId, situations: Situations) {
        self.shared.with(|recording| recording.situations.add(situations));
    }

    fn observe_assignment(
        &self,
        _user: UserId,
        device: DeviceId,
        server: Option<&str>,
        wait: Option<Duration>,
    ) {
        let server = server.map(|server| host_of(server).to_owned());
        self.record(device, EventBody::Assigned { device, server, wait_ns: wait.map(nanoseconds) });
    }
}

fn host_of(address: &str) -> &str {
    address.split(':').next().unwrap_or_default()
}

/// A device's session token.
pub(super) fn token(device: DeviceId) -> String {
    format!("token-of-device-{device}")
}
