//! The role `chat`, and `all`: sessions of devices, and the HTTP API.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::{OptionFuture, join3};
use hubbub_chat::{
    ServerId,
    ports::registry::{LeaseKey, Member},
    presence::PresenceConfig,
    server::ServerConfig,
};
use tokio::sync::watch;

use super::{Ports, Ready, ServiceError, listen, stopped};
use crate::{
    api::{Api, HttpLimits, serve_api},
    backend::{Backend, PortMap},
    chat::{ChatConfig, ChatFigures, ChatHandle, HttpSessions, MembersChanged, serve_hints},
    discovery::DiscoveryHandle,
    net::{Net, in_time},
    password::{PasswordDesk, Passwords},
    presence::{PresenceHandle, PresenceSetup, Publisher},
};

/// How long a server hands its sessions over before it stops all the same.
const DRAIN_MAX: Duration = Duration::from_secs(20);

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
    /// The addresses that a login names when discovery names none, this one first; empty for the
    /// address it listens on.
    pub servers: Vec<String>,
    /// The ports.
    pub ports: Ports,
    /// A presence server in the same process.
    pub presence: Option<PresenceConfig>,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// Whether users may be provisioned in bulk.
    pub provision: bool,
    /// Counts what the chat server does.
    pub figures: Arc<ChatFigures>,
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
    // What runs here goes on while the sessions are handed over.
    let (stop, stopping) = watch::channel(false);
    let design = role.server.design.clone();
    let holder = role.server.registration.as_ref().map(|registration| registration.holder);
    let server = role.server.server;
    let core = role.ports.backend(&net, design.request_timeout);
    let backend = Arc::new(PortMap::new(net.clone(), core, design.request_timeout));
    let (others, has_others) = watch::channel(None);
    let members = watch_members(backend.clone(), others, server);
    let config =
        ChatConfig { server: role.server, peers: role.peers, members, figures: role.figures };
    let chat = ChatHandle::start(&net, config, backend.clone(), stopping.clone());
    let presence = role.presence.map(|presence| {
        let own = presence.server;
        let local = Some((server, chat.clone()));
        let publisher = Publisher::new(net.clone(), design.request_timeout, local);
        let holder = holder.unwrap_or_else(|| net.random());
        let setup =
            PresenceSetup { presence, holder, address: String::new(), figures: Arc::default() };
        let core = backend.clone() as Arc<dyn Backend>;
        let presence = PresenceHandle::start(&net, setup, &core, publisher, &stopping);
        backend.add_presence(own, presence.clone());
        presence
    });
    let hints = listener_peers
        .map(|listener| serve_hints(net.clone(), listener, chat.clone(), stopping.clone()));
    let discovery = holder
        .is_some()
        .then(|| DiscoveryHandle::start(&net, design.clone(), backend.clone(), stopping.clone()));
    let servers = if role.servers.is_empty() { vec![address.clone()] } else { role.servers };
    let api = Api {
        net: net.clone(),
        sessions: Some(HttpSessions::new(net.clone(), chat.clone(), &design)),
        discovery,
        presence,
        chat: chat.clone(),
        backend,
        passwords: PasswordDesk::new(role.passwords),
        servers,
        provision: role.provision,
        message_bytes_max: design.message_bytes_max,
        limits: HttpLimits::of(&design),
    };
    if holder.is_some() {
        know_others(&*net, has_others.clone(), design.request_timeout).await;
    }
    ready(&address);
    let draining = drain(net, chat, has_others, shutdown, stop);
    join3(serve_api(Arc::new(api), listener, stopping), OptionFuture::from(hints), draining).await;
    Ok(())
}

/// Waits until the registry has answered: without a place in it no session is taken. When it is
/// silent, the rest of the API is served all the same.
async fn know_others(net: &dyn Net, mut others: watch::Receiver<Option<bool>>, patience: Duration) {
    let until = net.now().monotonic.after(patience);
    // An error among the answers means that the server has stopped already.
    if in_time(net, until, others.wait_for(Option::is_some)).await.is_none() {
        tracing::warn!("the registry does not answer: sessions are taken once it does");
    }
}

/// Before it stops, a server hands its sessions over to others, if there are any.
async fn drain(
    net: Arc<dyn Net>,
    chat: ChatHandle,
    has_others: watch::Receiver<Option<bool>>,
    mut shutdown: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
) {
    stopped(&mut shutdown).await;
    let has_others = *has_others.borrow();
    if has_others == Some(true) {
        let until = net.now().monotonic.after(DRAIN_MAX);
        if in_time(&*net, until, chat.drain()).await.is_none() {
            tracing::warn!("sessions are left that could not be handed over");
        }
    }
    stop.send_replace(true);
}

/// Notes whether another chat server takes sessions, and tells the ports of the presence servers.
fn watch_members(
    ports: Arc<PortMap>,
    others: watch::Sender<Option<bool>>,
    own: ServerId,
) -> MembersChanged {
    Arc::new(move |members: &[Member]| {
        ports.update(members);
        let is_other = |member: &Member| {
            let key = member.key;
            matches!(key, LeaseKey::Chat(server) if server != own) && member.info.open
        };
        others.send_replace(Some(members.iter().any(is_other)));
    })
}

fn fill(address: &mut String, default: &str) {
    if address.is_empty() {
        default.clone_into(address);
    }
}
