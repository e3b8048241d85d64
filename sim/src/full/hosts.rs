//! The hosts' programs: the service's roles, configured for the simulation.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hubbub_chat::{
    Entry,
    notifier::NotifierConfig,
    ports::{
        directory::DirectoryModel,
        routing::RoutingModel,
        store::{StoreCounts, StoreModel, StoreRules},
    },
    presence::{PresenceConfig, PresenceLimits},
    random::Random,
    server::{Registration, ServerConfig},
    situation::Situations,
    time::{Monotonic, Wall, nanoseconds},
};
use hubbub_history::{EventBody, Source, store_entry};
use hubbub_service::{
    ApiRole, ChatRole, Config, NotifyRole, Ports, PresenceRole, ServiceError, StoreRole,
    backend::{Backend, ModelBackend, Models},
    client::Discovery,
    net::Net,
    password::{Passwords, token_hash},
    run,
};
use hubbub_traffic::Action;
use tokio::sync::watch;
use turmoil::Sim;

use super::{
    counters::Counters,
    devices::{DeviceSeat, DevicesHost, token},
    gateway::SimulatedGateway,
    generator::{GeneratorAlone, SplitPorts},
    group::{Group, GroupedPorts},
    net::{SimulatedNet, elapsed_ns},
    port_faults::{AskedPorts, StruckPorts},
    recording::Shared,
};
use crate::{
    disk::Lost,
    ending::{final_event, has_all, heads},
    hosts::{HostId, Hosts, server_id},
    outcome::MachineCounts,
    setup::{API_START, Setup},
};

/// The port on which chat servers and API servers serve devices.
const DEVICE_PORT: u16 = 80;
/// The port on which chat servers hear other servers.
const PEER_PORT: u16 = 81;
/// The port on which the store serves other roles.
const STORE_PORT: u16 = 90;
/// The port on which presence servers serve chat servers.
const PRESENCE_PORT: u16 = 91;

/// The port on which the generator of ids serves chat servers, where it is not on the store's host.
const GENERATOR_PORT: u16 = 92;

/// The stream of the seed that the store's disk draws from.
const DISK_STREAM: u64 = 0x6469_736b;

/// The order in which a host starts its devices.
pub type Arrange = Arc<dyn Fn(Vec<DeviceSeat>) -> Vec<DeviceSeat> + Send + Sync>;

/// What the hosts' programs are made from, and what of them survives a restart: the disks.
pub(super) struct Deployment {
    setup: Setup,
    shared: Shared,
    arrange: Arrange,
    models: Arc<Mutex<Models>>,
    /// What is on its way to the store's disk.
    group: Group,
    /// Of a generator of ids that is not on the store's host: it uses no more than its own record.
    generator: Arc<Mutex<Models>>,
    pub(super) seats: Vec<DeviceSeat>,
    /// Asks the process of a host to stop.
    stops: Mutex<BTreeMap<HostId, watch::Sender<bool>>>,
    counters: Counters,
    /// What the store had counted when the run began.
    store_before: StoreCounts,
}

impl Deployment {
    pub(super) fn new(setup: &Setup, shared: Shared, arrange: Arrange) -> Self {
        let models = |store, directory| {
            let models =
                Models { store, directory, routing: RoutingModel::default(), registry: None };
            Arc::new(Mutex::new(models))
        };
        let (store, rules) = (setup.store(), StoreRules::from(&setup.design));
        let seat = |(user, device, host)| DeviceSeat::new(user, device, host);
        Self {
            setup: setup.clone(),
            shared,
            arrange,
            counters: Counters::default(),
            store_before: store.counts(),
            models: models(store, setup.directory(|device| token_hash(&token(device)))),
            group: Group::new(Random::stream(setup.seed, DISK_STREAM)),
            generator: models(StoreModel::new(rules), DirectoryModel::default()),
            seats: setup.devices().map(seat).collect(),
            stops: Mutex::default(),
        }
    }

    pub(super) fn seeded_entries(&self) -> Vec<EventBody> {
        self.models().store.entries().map(|entry| store_entry(entry)).collect()
    }

    /// The store's process dies, `elapsed_ns` after the run began, and with it what its disk does not
    /// have. `silent`: the power went. Returns how many requests will not be answered.
    pub(super) fn lose_unwritten(&self, elapsed_ns: u64, wall: Wall, silent: bool) -> u64 {
        let Lost { requests, survivors } = self.group.lose(silent);
        let mut models = self.models();
        for request in survivors {
            if let Some(entry) = models.store.handle(wall, request).committed {
                record_entry(&self.shared, elapsed_ns, &entry);
            }
        }
        models.store.lose_unwritten(wall);
        requests as u64
    }

    /// At the end of the run, what every machine has counted.
    pub(super) fn counted(&self) -> MachineCounts {
        let believed_max_ns = self.shared.with(|recording| {
            self.setup.hosts.iter().for_each(|host| recording.end_sessions(host));
            recording.held_sessions.longest()
        });
        self.counters.read([self.store_before, self.models().store.counts()], believed_max_ns)
    }

    /// What the machines that can be seen passed through.
    pub(super) fn situations(&self) -> Situations {
        let mut all = self.shared.with(|recording| recording.situations);
        all.add(self.counters.situations());
        all.add(self.models().store.situations());
        all
    }

    /// Asks the process of a host to stop in good order.
    pub(super) fn ask_to_stop(&self, host: HostId) {
        let stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = stops.get(&host) {
            stop.send_replace(true);
        }
    }

    /// Nothing is pending on any device, and each has what the store has for its user.
    pub(super) fn is_settled(&self) -> bool {
        let (heads, design) = (heads(&self.models().store, &self.setup), &self.setup.design);
        self.seats.iter().all(|seat| has_all(&seat.disk(), seat.user, &heads, design))
    }

    pub(super) fn final_events(&self) -> Vec<EventBody> {
        self.seats.iter().map(|seat| final_event(seat.device, &seat.disk())).collect()
    }

    fn models(&self) -> MutexGuard<'_, Models> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn backend(&self, net: &Arc<SimulatedNet>) -> Arc<dyn Backend> {
        let shared = self.shared.clone();
        let committed =
            Arc::new(move |entry: &Arc<Entry>| record_entry(&shared, elapsed_ns(), entry));
        let ttl_max = self.setup.design.lease_ttl;
        let models = ModelBackend::new(net.clone(), self.models.clone(), committed, ttl_max);
        let grouped = GroupedPorts::new(net.clone(), self.group.clone(), Arc::new(models));
        let (net, shared, ports) = (net.clone(), self.shared.clone(), Arc::new(grouped));
        Arc::new(StruckPorts { net, shared, ports })
    }

    /// The ports as a process on a host away from the store reaches them.
    fn ports(&self, net: &Arc<SimulatedNet>, host: HostId) -> Ports {
        let (net, timeout) = (net.clone() as Arc<dyn Net>, self.setup.design.request_timeout);
        let store = Ports::Remote(address("store", STORE_PORT)).backend(&net, timeout);
        let ports = match self.generator_apart() {
            None => store,
            Some(generator) => {
                let generator = address(self.setup.hosts.name(generator), GENERATOR_PORT);
                let generator = Ports::Remote(generator).backend(&net, timeout);
                Arc::new(SplitPorts { generator, others: store })
            }
        };
        self.asked(host, ports)
    }

    /// The ports as the processes of a host ask them.
    fn asked(&self, host: HostId, ports: Arc<dyn Backend>) -> Ports {
        Ports::Local(Arc::new(AskedPorts { host, shared: self.shared.clone(), ports }))
    }

    /// The host of the generator of ids, if there is one away from the store.
    fn generator_apart(&self) -> Option<HostId> {
        let Setup { hosts, .. } = &self.setup;
        self.setup.generator().filter(|host| *host != hosts.store())
    }

    fn generator_config(&self, net: &Arc<SimulatedNet>, host: HostId) -> Config {
        let (net, ttl_max) = (net.clone(), self.setup.design.lease_ttl);
        let (models, committed) = (self.generator.clone(), Arc::new(|_: &Arc<Entry>| {}));
        let generator = Arc::new(ModelBackend::new(net, models, committed, ttl_max));
        Config::Store(StoreRole {
            listen: address(self.setup.hosts.name(host), GENERATOR_PORT),
            backend: Arc::new(GeneratorAlone(generator)),
        })
    }

    /// Everything but the API that the store's host does.
    fn store_config(&self, net: &Arc<SimulatedNet>, backend: &Arc<dyn Backend>) -> Config {
        let listen = address("store", STORE_PORT);
        let (hosts, store) = (&self.setup.hosts, self.setup.hosts.store());
        let local = || self.asked(store, backend.clone());
        let mut roles = vec![Config::Store(StoreRole { listen, backend: backend.clone() })];
        if hosts.presence(0) == store {
            roles.push(self.presence_config(net, 0, local()));
        }
        if hosts.notify(0) == store {
            roles.push(self.notify_config(net, store, local()));
        }
        Config::Together(roles)
    }

    fn chat_config(&self, net: &Arc<SimulatedNet>, index: usize, incarnation: u32) -> Config {
        let Setup { hosts, design, seed, .. } = &self.setup;
        let id = hosts.chat(index);
        let host = hosts.name(id);
        let (listen, listen_peers) = (address(host, DEVICE_PORT), address(host, PEER_PORT));
        Config::Chat(ChatRole {
            server: ServerConfig {
                server: server_id(index),
                epoch: u64::from(incarnation) + 1,
                has_peers: hosts.chat_count() > 1,
                design: design.clone(),
                seed: *seed,
                registration: Some(Registration {
                    holder: net.random(),
                    address: listen.clone(),
                    peer_address: listen_peers.clone(),
                    region: hosts.region(id).to_owned(),
                    capacity: design.session_limit,
                }),
            },
            listen,
            listen_peers: Some(listen_peers),
            peers: BTreeMap::new(),
            servers: Vec::new(),
            ports: self.ports(net, id),
            presence: None,
            passwords: Passwords::Digest,
            provision: false,
            figures: self.counters.of_server(),
        })
    }

    fn presence_config(&self, net: &Arc<SimulatedNet>, index: usize, ports: Ports) -> Config {
        let Setup { hosts, design, seed, .. } = &self.setup;
        let (design, limits) = (design.clone(), PresenceLimits::default());
        Config::Presence(PresenceRole {
            listen: address(hosts.name(hosts.presence(index)), PRESENCE_PORT),
            address: String::new(),
            presence: PresenceConfig { server: server_id(index), design, seed: *seed, limits },
            holder: net.random(),
            ports,
            health: None,
            figures: self.counters.of_presence(),
        })
    }

    fn notify_config(&self, net: &Arc<SimulatedNet>, host: HostId, ports: Ports) -> Config {
        let Setup { hosts, design, seed, .. } = &self.setup;
        let gateway = SimulatedGateway {
            net: net.clone(),
            host: hosts.name(host).to_owned(),
            incarnation: net.incarnation(),
            shared: self.shared.clone(),
            cluster: self.setup.cluster.clone(),
        };
        let (holder, design) = (net.random(), design.clone());
        Config::Notify(NotifyRole {
            notifier: NotifierConfig { holder, design, seed: *seed },
            ports,
            gateway: Arc::new(gateway),
            figures: self.counters.of_notifier(),
            health: None,
        })
    }

    fn api_config(&self, host: HostId, ports: Ports) -> Config {
        Config::Api(ApiRole {
            listen: address(self.setup.hosts.name(host), DEVICE_PORT),
            design: self.setup.design.clone(),
            ports,
            passwords: Passwords::Digest,
            provision: false,
        })
    }

    fn devices_host(&self, net: &Arc<SimulatedNet>, host: HostId) -> DevicesHost {
        let Setup { hosts, design, seed, actions, .. } = &self.setup;
        let here = |seat: &&DeviceSeat| hosts.devices(seat.host) == host;
        let seats: Vec<DeviceSeat> = self.seats.iter().filter(here).cloned().collect();
        let is_of_here = |action: &&Action| seats.iter().any(|seat| seat.device == action.device);
        let actions = actions.iter().filter(is_of_here).cloned().collect();
        let api = (0..hosts.api_count())
            .map(|index| address(hosts.name(hosts.api(index)), DEVICE_PORT))
            .collect();
        DevicesHost {
            net: net.clone(),
            shared: self.shared.clone(),
            actions,
            discovery: Discovery::Registry { api, region: hosts.region(host).to_owned() },
            design: design.clone(),
            seed: *seed,
            seats: (self.arrange)(seats),
        }
    }

    /// The program of a host, from a start of its process to its end.
    async fn run_host(&self, net: Arc<SimulatedNet>, host: HostId) -> Result<(), ServiceError> {
        let incarnation = net.start();
        let (stop, shutdown) = watch::channel(false);
        self.stops.lock().unwrap_or_else(PoisonError::into_inner).insert(host, stop);
        let run = |config| run(net.clone(), config, shutdown.clone(), Arc::new(|_| {}));
        let hosts = &self.setup.hosts;
        let at = |role: fn(&Hosts, usize) -> HostId, count: usize| {
            (0..count).find(|index| role(hosts, *index) == host)
        };
        if host == hosts.store() {
            let backend = self.backend(&net);
            let others = self.store_config(&net, &backend);
            let api = async {
                if hosts.api(0) != host {
                    return Ok(());
                }
                net.sleep_until(Monotonic(nanoseconds(API_START))).await;
                run(self.api_config(host, self.asked(host, backend.clone()))).await
            };
            let (others, api) = tokio::join!(run(others), api);
            others.and(api)
        } else if let Some(index) = hosts.chat_index(host) {
            run(self.chat_config(&net, index, incarnation)).await
        } else if let Some(index) = at(Hosts::presence, hosts.presence_count()) {
            run(self.presence_config(&net, index, self.ports(&net, host))).await
        } else if at(Hosts::notify, hosts.notify_count()).is_some() {
            run(self.notify_config(&net, host, self.ports(&net, host))).await
        } else if at(Hosts::api, hosts.api_count()).is_some() {
            let generator = async {
                if self.generator_apart() == Some(host) {
                    return run(self.generator_config(&net, host)).await;
                }
                Ok(())
            };
            let api = async {
                net.sleep_until(Monotonic(nanoseconds(API_START))).await;
                run(self.api_config(host, self.ports(&net, host))).await
            };
            let (generator, api) = tokio::join!(generator, api);
            generator.and(api)
        } else {
            self.devices_host(&net, host).run().await;
            Ok(())
        }
    }
}

/// Adds all hosts to the simulation.
pub(super) fn add_hosts(sim: &mut Sim<'static>, setup: &Setup, deployment: &Arc<Deployment>) {
    for host in setup.hosts.iter() {
        let deployment = deployment.clone();
        let net = Arc::new(SimulatedNet::new(setup, host, deployment.shared.clone()));
        sim.host(setup.hosts.name(host).to_owned(), move || {
            let (deployment, net) = (deployment.clone(), net.clone());
            async move {
                deployment.run_host(net, host).await?;
                // The harness ends what is left of the process, as the end of its program would.
                deployment.shared.with(|recording| recording.finish(host));
                std::future::pending().await
            }
        });
    }
}

fn record_entry(shared: &Shared, elapsed_ns: u64, entry: &Entry) {
    let body = store_entry(entry);
    shared.with(|recording| recording.record(elapsed_ns, Source::Store, "store", 0, body));
}

fn address(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}
