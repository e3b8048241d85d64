//! What one process of the deployment does: one role, or several together.

mod api;
mod chat;
mod notify;
mod presence;
mod store;

use std::{future::Future, io, pin::Pin, sync::Arc, time::Duration};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::{
    api::serve_health,
    backend::{Backend, RemoteBackend},
    client::{Command, DeviceConfig, drive_device},
    net::Net,
    rpc::LinkConfig,
};

pub use api::ApiRole;
pub use chat::ChatRole;
pub use notify::NotifyRole;
pub use presence::PresenceRole;
pub use store::StoreRole;

/// Requests that wait for the store's process at most.
const PORT_QUEUE_MAX: usize = 65_536;

/// What a process does.
#[expect(clippy::large_enum_variant, reason = "a process has a few")]
pub enum Config {
    /// It serves the ports to other processes.
    Store(StoreRole),
    /// It serves devices.
    Chat(ChatRole),
    /// It serves HTTP without sessions.
    Api(ApiRole),
    /// It knows who is online.
    Presence(PresenceRole),
    /// It pushes what devices have not received.
    Notify(NotifyRole),
    /// It is a host full of devices.
    Devices(DevicesRole),
    /// It does all of this; `ready` is called for each.
    Together(Vec<Config>),
}

/// Where a role's ports are.
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

/// Called with the address of each role that listens to clients.
pub type Ready = Arc<dyn Fn(&str) + Send + Sync>;

/// Runs a process of the deployment until `shutdown` turns true. A chat server tells its sessions
/// before this returns, as far as they take it in within a few seconds; its addresses are free then.
///
/// # Errors
/// When it can't listen.
pub fn run(
    net: Arc<dyn Net>,
    config: Config,
    mut shutdown: watch::Receiver<bool>,
    ready: Ready,
) -> Pin<Box<dyn Future<Output = Result<(), ServiceError>> + Send>> {
    Box::pin(async move {
        match config {
            Config::Store(role) => store::run(net, role, shutdown, ready).await,
            Config::Chat(role) => chat::run(net, role, shutdown, ready).await,
            Config::Api(role) => api::run(net, role, shutdown, ready).await,
            Config::Notify(role) => notify::run(net, role, shutdown).await,
            Config::Presence(role) => presence::run(net, role, shutdown, ready).await,
            Config::Devices(role) => {
                for (config, commands) in role.devices {
                    net.spawn(Box::pin(drive_device(net.clone(), config, commands)));
                }
                stopped(&mut shutdown).await;
                Ok(())
            }
            Config::Together(roles) => {
                let run = |role| run(net.clone(), role, shutdown.clone(), ready.clone());
                join_all(roles.into_iter().map(run)).await.into_iter().collect()
            }
        }
    })
}

impl Ports {
    /// Opens them. Where they are remote, a request waits for its answer for `timeout` at most.
    #[must_use]
    pub fn backend(self, net: &Arc<dyn Net>, timeout: Duration) -> Arc<dyn Backend> {
        match self {
            Self::Local(backend) => backend,
            Self::Remote(address) => {
                let config = LinkConfig {
                    address,
                    queue_max: PORT_QUEUE_MAX,
                    answer_timeout: timeout,
                    reconnect_after: Duration::from_millis(250),
                };
                Arc::new(RemoteBackend::open(net, config))
            }
        }
    }
}

async fn listen(
    net: &Arc<dyn Net>,
    address: &str,
) -> Result<Box<dyn crate::net::Listener>, ServiceError> {
    net.listen(address)
        .await
        .map_err(|source| ServiceError::Listen { address: address.to_owned(), source })
}

/// Begins to serve the page of a process that no client comes to, if it is to have one.
async fn tell_health(
    net: &Arc<dyn Net>,
    address: Option<String>,
    page: impl Fn() -> Value + Clone + Send + Sync + 'static,
    shutdown: &watch::Receiver<bool>,
) -> Result<(), ServiceError> {
    if let Some(address) = address {
        let listener = listen(net, &address).await?;
        net.spawn(Box::pin(serve_health(net.clone(), listener, page, shutdown.clone())));
    }
    Ok(())
}

/// Waits for the shutdown.
pub(crate) async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // Nobody who could stop it is left: then it runs until its process ends.
    if shutdown.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
