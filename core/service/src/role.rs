//! What one process of the deployment does.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use futures_util::future::{OptionFuture, join};
use hubbub_chat::{ServerId, server::ServerConfig};
use tokio::sync::{mpsc, watch};

use crate::{
    api::{Api, HttpLimits, serve_api},
    backend::{Backend, RemoteBackend, serve_ports},
    chat::{ChatConfig, ChatHandle, serve_hints},
    client::{Command, DeviceConfig, drive_device},
    net::Net,
    password::{PasswordDesk, Passwords},
    rpc::LinkConfig,
};

/// Requests that wait for the store's process at most.
const PORT_QUEUE_MAX: usize = 65_536;

/// What a process does.
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub enum Config {
    /// It serves the ports to other processes.
    Store(StoreRole),
    /// It serves devices.
    Chat(ChatRole),
    /// It is a host full of devices.
    Devices(DevicesRole),
}

/// The role `store`.
pub struct StoreRole {
    /// Where chat servers reach it, as `host:port`.
    pub listen: String,
    /// What it serves.
    pub backend: Arc<dyn Backend>,
}

/// The role `chat`, and `all` when the ports are in the same process.
pub struct ChatRole {
    /// Where devices reach it, as `host:port`.
    pub listen: String,
    /// Where the other chat servers reach it.
    pub listen_peers: Option<String>,
    /// The machine's own configuration.
    pub server: ServerConfig,
    /// The other chat servers' peer addresses.
    pub peers: BTreeMap<ServerId, String>,
    /// The addresses that a login names, this one first; empty for the address it listens on.
    pub servers: Vec<String>,
    /// The ports.
    pub ports: Ports,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// Whether users may be provisioned in bulk.
    pub provision: bool,
}

/// Where a chat server's ports are.
pub enum Ports {
    /// In this process.
    Local(Arc<dyn Backend>),
    /// In the store's process, as `host:port`.
    Remote(String),
}

/// A host full of devices.
pub struct DevicesRole {
    /// The devices, and what their users do.
    pub devices: Vec<(DeviceConfig, mpsc::Receiver<Command>)>,
}

/// Why a process can't do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// It can't listen.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}

/// Runs a process of the deployment until `shutdown` turns true. `ready` is called with the
/// address as soon as it listens. A chat server tells its sessions before this returns, as far as
/// they take it in within a few seconds; its addresses are free then.
///
/// # Errors
/// When it can't listen.
pub async fn run(
    net: Arc<dyn Net>,
    config: Config,
    mut shutdown: watch::Receiver<bool>,
    ready: impl FnOnce(&str) + Send,
) -> Result<(), ServiceError> {
    match config {
        Config::Store(role) => run_store(net, role, shutdown, ready).await,
        Config::Chat(role) => run_chat(net, role, shutdown, ready).await,
        Config::Devices(role) => {
            for (config, commands) in role.devices {
                net.spawn(Box::pin(drive_device(net.clone(), config, commands)));
            }
            ready("");
            stopped(&mut shutdown).await;
            Ok(())
        }
    }
}

async fn run_store(
    net: Arc<dyn Net>,
    role: StoreRole,
    shutdown: watch::Receiver<bool>,
    ready: impl FnOnce(&str) + Send,
) -> Result<(), ServiceError> {
    let listener = listen(&net, &role.listen).await?;
    ready(&listener.address());
    serve_ports(net, listener, role.backend, shutdown).await;
    Ok(())
}

async fn run_chat(
    net: Arc<dyn Net>,
    role: ChatRole,
    shutdown: watch::Receiver<bool>,
    ready: impl FnOnce(&str) + Send,
) -> Result<(), ServiceError> {
    let listener = listen(&net, &role.listen).await?;
    let listener_peers = match &role.listen_peers {
        Some(address) => Some(listen(&net, address).await?),
        None => None,
    };
    let address = listener.address();
    let design = role.server.design.clone();
    let backend = match role.ports {
        Ports::Local(backend) => backend,
        Ports::Remote(address) => remote(&net, address, design.request_timeout),
    };
    let config = ChatConfig { server: role.server, peers: role.peers };
    let chat = ChatHandle::start(&net, config, backend.clone(), shutdown.clone());
    let hints = listener_peers
        .map(|listener| serve_hints(net.clone(), listener, chat.clone(), shutdown.clone()));
    let servers = if role.servers.is_empty() { vec![address.clone()] } else { role.servers };
    let api = Api {
        net: net.clone(),
        chat,
        backend,
        passwords: PasswordDesk::new(role.passwords),
        servers,
        provision: role.provision,
        message_bytes_max: design.message_bytes_max,
        limits: HttpLimits::default(),
    };
    ready(&address);
    join(serve_api(Arc::new(api), listener, shutdown), OptionFuture::from(hints)).await;
    Ok(())
}

fn remote(net: &Arc<dyn Net>, address: String, timeout: Duration) -> Arc<dyn Backend> {
    let config = LinkConfig {
        address,
        queue_max: PORT_QUEUE_MAX,
        answer_timeout: timeout,
        reconnect_after: Duration::from_millis(250),
    };
    Arc::new(RemoteBackend::open(net, config))
}

async fn listen(
    net: &Arc<dyn Net>,
    address: &str,
) -> Result<Box<dyn crate::net::Listener>, ServiceError> {
    net.listen(address)
        .await
        .map_err(|source| ServiceError::Listen { address: address.to_owned(), source })
}

/// Waits for the shutdown.
pub(crate) async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // Nobody who could stop it is left: then it runs until its process ends.
    if shutdown.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
