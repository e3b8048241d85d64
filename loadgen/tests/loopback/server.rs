//! A chat server in this process, and loads on it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use hubbub_chat::{
    Design, ServerId,
    ports::{
        directory::DirectoryModel,
        routing::RoutingModel,
        store::{StoreModel, StoreRules},
    },
    server::ServerConfig,
};
use hubbub_history::{History, checkers::check_named};
use hubbub_loadgen::{
    HistoryHeader, LoadError, LoadOrder, LoadOutcome, LoadProgress, Target, run_load,
};
use hubbub_scenario::{Groups, Load, Period, Rate};
use hubbub_service::{
    ChatRole, Config, Ports,
    backend::{Backend, Holders, LocalBackend, ModelBackend, Models, RegistryConfig},
    net::{Net, RealNet},
    password::Passwords,
    store::FjallConfig,
};
use tokio::sync::{oneshot, watch};

/// A running server; it stops when this is dropped.
pub(crate) struct Server {
    pub(crate) address: String,
    running: watch::Sender<bool>,
}

/// A load of 20 connections. Its objective is one that any machine meets when nothing is planted.
pub(crate) fn load(deliveries_per_second: f64, window_s: u64) -> Load {
    Load {
        connections: 20,
        rate: Rate::per_second(deliveries_per_second),
        warmup: Period::from_millis(500),
        duration: Period::from_secs(window_s),
        groups: Groups { count: 3, size: [4, 8] },
        group_share: 0.5,
        body_bytes: 40,
        deliver_p99: Period::from_secs(20),
    }
}

/// Messages go to all others at once: one group of everybody.
pub(crate) fn in_one_group(load: Load) -> Load {
    let groups = Groups { count: 1, size: [load.connections; 2] };
    Load { groups, group_share: 1.0, ..load }
}

pub(crate) fn order(server: &Server, load: Load, design: &Design) -> LoadOrder {
    LoadOrder {
        load,
        design: design.clone(),
        target: Target { address: server.address.clone(), server_pid: Some(std::process::id()) },
        seed: 7,
        connect_within: LoadOrder::CONNECT_WITHIN,
        history: Some(HistoryHeader {
            scenario: "loopback".into(),
            scenario_hash: "0000000000000000".into(),
            variant: String::new(),
        }),
    }
}

/// Runs a load to its end.
pub(crate) async fn run(net: Arc<dyn Net>, order: &LoadOrder) -> Result<LoadOutcome, LoadError> {
    let (_running, cancelled) = watch::channel(false);
    run_load(net, order, &|_: &LoadProgress| {}, cancelled).await
}

/// The checkers that speak for a load, by name, with what they found.
pub(crate) fn violations(history: &History) -> BTreeMap<String, u64> {
    // Every user has one device, so `converged` has nothing to compare.
    let names = [
        "accepted-lost",
        "duplicated",
        "order",
        "real-time",
        "causality",
        "unauthorised",
        "liveness",
    ];
    let findings = check_named(history, &names).unwrap();
    let mut violated = BTreeMap::new();
    for finding in findings {
        assert!(finding.judged > 0, "{} judged nothing", finding.checker);
        if finding.violations_total > 0 {
            violated.insert(finding.checker, finding.violations_total);
        }
    }
    violated
}

impl Server {
    /// A server over the models.
    pub(crate) async fn start(design: &Design) -> Self {
        Self::over(design, model_backend(design), true).await
    }

    /// A server over a store on disk, in this folder.
    pub(crate) async fn on_disk(design: &Design, folder: &std::path::Path) -> Self {
        let rules = StoreRules::from(design);
        let (net, config) = (Arc::new(RealNet::new()), FjallConfig::default());
        let registry = RegistryConfig { holders: Holders::Here, ttl_max: design.lease_ttl };
        let backend = LocalBackend::open(net, folder, rules, config, registry).unwrap();
        Self::over(design, Arc::new(backend), true).await
    }

    /// A server over this backend.
    pub(crate) async fn over(design: &Design, backend: Arc<dyn Backend>, provision: bool) -> Self {
        let net: Arc<dyn Net> = Arc::new(RealNet::new());
        let (running, shutdown) = watch::channel(false);
        let server = ServerConfig {
            server: ServerId(1),
            epoch: 1,
            has_peers: false,
            registration: None,
            design: design.clone(),
            seed: 1,
        };
        let config = Config::Chat(ChatRole {
            listen: "127.0.0.1:0".into(),
            listen_peers: None,
            server,
            peers: BTreeMap::new(),
            servers: Vec::new(),
            ports: Ports::Local(backend),
            presence: None,
            passwords: Passwords::Digest,
            provision,
            figures: Arc::default(),
        });
        let (ready, address) = oneshot::channel();
        let task = net.clone();
        net.spawn(Box::pin(async move {
            let ready = Mutex::new(Some(ready));
            let ready = move |address: &str| {
                if let Some(ready) = ready.lock().unwrap().take() {
                    ready.send(address.to_owned()).unwrap();
                }
            };
            hubbub_service::run(task, config, shutdown, Arc::new(ready)).await.unwrap();
        }));
        Self { address: address.await.unwrap(), running }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.send_replace(true);
    }
}

pub(crate) fn model_backend(design: &Design) -> Arc<dyn Backend> {
    let models = Models {
        store: StoreModel::new(StoreRules::from(design)),
        directory: DirectoryModel::default(),
        routing: RoutingModel::default(),
        registry: None,
    };
    let models = Arc::new(Mutex::new(models));
    let net = Arc::new(RealNet::new());
    Arc::new(ModelBackend::new(net, models, Arc::new(|_| {}), design.lease_ttl))
}

pub(crate) const fn milliseconds(count: u64) -> u64 {
    Duration::from_millis(count).as_nanos() as u64
}
