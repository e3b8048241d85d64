//! The role `chat`, and `all` and `api`: whatever talks to clients.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::{OptionFuture, join};
use hubbub_chat::{ServerId, presence::PresenceConfig, server::ServerConfig};
use tokio::sync::watch;

use super::{Ports, Ready, ServiceError, listen};
use crate::{
    api::{Api, HttpLimits, serve_api},
    backend::PortMap,
    chat::{ChatConfig, ChatHandle, HttpSessions, serve_hints},
    discovery::DiscoveryHandle,
    net::Net,
    password::{PasswordDesk, Passwords},
    presence::{PresenceHandle, PresenceSetup, Publisher},
};

/// The role `chat`, and `all` when the ports are in the same process.
pub struct ChatRole {
    /// Where devices reach it, as `host:port`.
    pub listen: String,
    /// Where the other chat servers and the presence servers reach it.
    pub listen_peers: Option<String>,
    /// The machine's own configuration. An empty address in its registration is the one on which it
    /// listens.
    pub server: ServerConfig,
    /// The other chat servers' peer addresses, where there is no registry.
    pub peers: BTreeMap<ServerId, String>,
    /// The addresses that a login names, this one first; empty for the address it listens on.
    pub servers: Vec<String>,
    /// The ports.
    pub ports: Ports,
    /// A presence server in the same process.
    pub presence: Option<PresenceConfig>,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// Whether users may be provisioned in bulk.
    pub provision: bool,
}

pub(super) async fn run(
    net: Arc<dyn Net>,
    mut role: ChatRole,
    shutdown: watch::Receiver<bool>,
    ready: Ready,
) -> Result<(), ServiceError> {
    let listener = listen(&net, &role.listen).await?;
    let listener_peers = match &role.listen_peers {
        Some(address) => Some(listen(&net, address).await?),
        None => None,
    };
    let address = listener.address();
    if let Some(registration) = &mut role.server.registration {
        fill(&mut registration.address, &address);
        if let Some(peers) = &listener_peers {
            fill(&mut registration.peer_address, &peers.address());
        }
    }
    let design = role.server.design.clone();
    let is_registered = role.server.registration.is_some();
    let holder = role.server.registration.as_ref().map(|registration| registration.holder);
    let server = role.server.server;
    let core = role.ports.backend(&net, design.request_timeout);
    let backend = Arc::new(PortMap::new(net.clone(), core, design.request_timeout));
    let ports = backend.clone();
    let members = Arc::new(move |members: &[_]| ports.update(members));
    let config = ChatConfig { server: role.server, peers: role.peers, members };
    let chat = ChatHandle::start(&net, config, backend.clone(), shutdown.clone());
    if let Some(presence) = role.presence {
        let own = presence.server;
        let publisher =
            Publisher::new(net.clone(), design.request_timeout, Some((server, chat.clone())));
        let holder = holder.unwrap_or_else(|| net.random());
        let setup = PresenceSetup { presence, holder, address: String::new() };
        let core = backend.clone() as Arc<dyn crate::backend::Backend>;
        backend.add_presence(own, PresenceHandle::start(&net, setup, &core, publisher, &shutdown));
    }
    let hints = listener_peers
        .map(|listener| serve_hints(net.clone(), listener, chat.clone(), shutdown.clone()));
    let discovery = is_registered
        .then(|| DiscoveryHandle::start(&net, design.clone(), backend.clone(), shutdown.clone()));
    let servers = if role.servers.is_empty() { vec![address.clone()] } else { role.servers };
    let api = Api {
        net: net.clone(),
        sessions: Some(HttpSessions::new(net.clone(), chat.clone(), &design)),
        discovery,
        chat,
        backend,
        passwords: PasswordDesk::new(role.passwords),
        servers,
        provision: role.provision,
        message_bytes_max: design.message_bytes_max,
        limits: HttpLimits::of(&design),
    };
    ready(&address);
    join(serve_api(Arc::new(api), listener, shutdown), OptionFuture::from(hints)).await;
    Ok(())
}

fn fill(address: &mut String, default: &str) {
    if address.is_empty() {
        default.clone_into(address);
    }
}
