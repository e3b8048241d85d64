//! The role `presence`.

use std::sync::{Arc, Mutex};

use hubbub_chat::presence::PresenceConfig;
use tokio::sync::watch;

use super::{Ports, Ready, ServiceError, listen, tell_health};
use crate::{
    api::presence_page,
    net::Net,
    presence::{PresenceFigures, PresenceHandle, PresenceSetup, Publisher, serve_presence},
};

/// The role `presence`.
pub struct PresenceRole {
    /// Where chat servers reach it, as `host:port`.
    pub listen: String,
    /// The address that it tells the registry; empty for the one on which it listens.
    pub address: String,
    /// The machine's own configuration.
    pub presence: PresenceConfig,
    /// A number that no other process has, and this one after a restart neither.
    pub holder: u64,
    /// The ports.
    pub ports: Ports,
    /// Where it tells operators what it counts, as `host:port`; `None` for nowhere.
    pub health: Option<String>,
    /// Kept up to date with what it has done.
    pub figures: Arc<Mutex<PresenceFigures>>,
}

pub(super) async fn run(
    net: Arc<dyn Net>,
    role: PresenceRole,
    shutdown: watch::Receiver<bool>,
    ready: Ready,
) -> Result<(), ServiceError> {
    let listener = listen(&net, &role.listen).await?;
    let timeout = role.presence.design.request_timeout;
    let backend = role.ports.backend(&net, timeout);
    let publisher = Publisher::new(net.clone(), timeout, None);
    let listens = listener.address();
    let PresenceRole { presence, holder, figures, address, .. } = role;
    let address = if address.is_empty() { listens.clone() } else { address };
    let setup = PresenceSetup { presence, holder, address, figures };
    let presence = PresenceHandle::start(&net, setup, &backend, publisher, &shutdown);
    let counted = presence.clone();
    tell_health(&net, role.health, move || presence_page(&counted), &shutdown).await?;
    ready(&listens);
    serve_presence(net, listener, presence, shutdown).await;
    Ok(())
}
