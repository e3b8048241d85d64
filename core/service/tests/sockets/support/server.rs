//! Servers in this process.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use hubbub_chat::{
    Design, Entry, ServerId,
    ports::{
        Request,
        directory::DirectoryModel,
        routing::RoutingModel,
        store::{StoreModel, StoreRequest, StoreRules},
    },
    server::{Registration, ServerConfig},
};
use hubbub_service::{
    ChatRole, Config, Ports, Ready, ServiceError,
    backend::{Backend, Holders, LocalBackend, ModelBackend, Models, RegistryConfig, Reply},
    net::Net,
    password::Passwords,
    run,
    store::FjallConfig,
};
use tokio::sync::{oneshot, watch};

use super::within;

/// A process of the deployment.
pub(crate) struct Server {
    pub(crate) address: String,
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<Result<(), ServiceError>>,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(net: &Arc<dyn Net>, config: Config) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (ready, listens) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let running = net.clone();
        net.spawn(Box::pin(async move {
            let ready = Mutex::new(Some(ready));
            // With several roles in the process the first one counts.
            let ready: Ready = Arc::new(move |address: &str| {
                if let Some(ready) = ready.lock().unwrap().take() {
                    drop(ready.send(address.to_owned()));
                }
            });
            drop(end.send(run(running, config, stopped, ready).await));
        }));
        let address = within("address of a server", listens).await.expect("it can listen");
        Self { address, stop, ended }
    }

    /// A server of its own over the models.
    pub(crate) async fn alone(net: &Arc<dyn Net>, design: Design) -> (Self, Arc<Mutex<Models>>) {
        let (backend, models) = models(net, &design);
        (Self::start(net, Config::Chat(local_role("chat", 1, design, backend))).await, models)
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        within("end of a server", self.ended).await.unwrap().unwrap();
    }
}

/// A chat server that is the only one.
pub(crate) fn local_role(
    listen: &str,
    epoch: u64,
    design: Design,
    backend: Arc<dyn Backend>,
) -> ChatRole {
    let mut role = chat_role(listen, epoch, design, Ports::Local(backend));
    role.server.has_peers = false;
    (role.listen_peers, role.peers) = (None, BTreeMap::new());
    role
}

/// The chat server `chat`, or one of the two `chat-1` and `chat-2`.
pub(crate) fn chat_role(listen: &str, epoch: u64, design: Design, ports: Ports) -> ChatRole {
    let number = if listen == "chat-2" { 2 } else { 1 };
    let other = 3 - number;
    let server = ServerId(number);
    ChatRole {
        listen: listen.into(),
        listen_peers: Some(format!("peers-{number}")),
        server: ServerConfig {
            server,
            epoch,
            has_peers: true,
            registration: None,
            design,
            seed: 1,
        },
        peers: BTreeMap::from([(ServerId(other), format!("peers-{other}"))]),
        servers: Vec::new(),
        ports,
        presence: None,
        passwords: Passwords::Digest,
        provision: true,
        figures: Arc::default(),
    }
}

/// The same chat server with a place in the registry instead of fixed peers.
pub(crate) fn registered_role(listen: &str, holder: u64, design: Design, ports: Ports) -> ChatRole {
    let mut role = chat_role(listen, holder, design, ports);
    role.peers = BTreeMap::new();
    role.server.registration = Some(Registration {
        holder,
        address: String::new(),
        peer_address: String::new(),
        region: String::new(),
        capacity: 1000,
    });
    role
}

/// Ports over the models, and the models, to look into.
pub(crate) fn models(
    net: &Arc<dyn Net>,
    design: &Design,
) -> (Arc<dyn Backend>, Arc<Mutex<Models>>) {
    let models = Arc::new(Mutex::new(Models {
        store: StoreModel::new(StoreRules::from(design)),
        directory: DirectoryModel::default(),
        routing: RoutingModel::default(),
        registry: None,
    }));
    let ttl_max = design.lease_ttl;
    let backend = ModelBackend::new(net.clone(), models.clone(), Arc::new(|_| {}), ttl_max);
    (Arc::new(backend), models)
}

/// Every entry in the models' logs.
pub(crate) fn stored(models: &Mutex<Models>) -> Vec<Arc<Entry>> {
    models.lock().unwrap().store.entries().cloned().collect()
}

/// Everything that the models of store and directory hold, to compare.
pub(crate) fn held(models: &Mutex<Models>) -> String {
    let models = models.lock().unwrap();
    format!("{:?} {:?}", models.store, models.directory)
}

/// Ports over other ports, which notes what store and directory are asked.
pub(crate) struct Recorder {
    inner: Arc<dyn Backend>,
    requests: Mutex<Vec<Request>>,
}

impl Recorder {
    /// A server over the models that is watched.
    pub(crate) async fn server(net: &Arc<dyn Net>, design: Design) -> (Server, Arc<Self>) {
        let (inner, _) = models(net, &design);
        let recorder = Arc::new(Self { inner, requests: Mutex::default() });
        let role = local_role("chat", 1, design, recorder.clone());
        (Server::start(net, Config::Chat(role)).await, recorder)
    }

    /// What the store was asked, as far as `part` picks it out.
    pub(crate) fn store<T>(&self, part: impl Fn(&StoreRequest) -> Option<T>) -> Vec<T> {
        let requests = self.requests.lock().unwrap();
        let to_store = requests.iter().filter_map(|request| match request {
            Request::Store(request) => part(request),
            _ => None,
        });
        to_store.collect()
    }
}

impl Backend for Recorder {
    fn submit(&self, request: Request, reply: Reply) {
        self.requests.lock().unwrap().push(request.clone());
        self.inner.submit(request, reply);
    }
}

/// Ports over a folder of data.
pub(crate) struct Disk {
    pub(crate) backend: Arc<LocalBackend>,
}

impl Disk {
    pub(crate) fn open(net: &Arc<dyn Net>, folder: &Path, design: &Design) -> Self {
        let rules = StoreRules::from(design);
        let config = FjallConfig::default();
        let registry = RegistryConfig { holders: Holders::Elsewhere, ttl_max: design.lease_ttl };
        let opened = LocalBackend::open(net.clone(), folder, rules, config, registry);
        Self { backend: Arc::new(opened.unwrap()) }
    }

    /// Frees the folder, whoever still holds the backend.
    pub(crate) async fn close(self) {
        within("end of a store", self.backend.close()).await;
    }
}
