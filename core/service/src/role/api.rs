//! The role `api`: the HTTP API and discovery, without sessions.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{
    Design, ServerId,
    membership::{MembershipConfig, MembershipOutput},
    ports::registry::{LeaseInfo, Member},
    server::ServerConfig,
};
use tokio::sync::watch;

use super::{Ports, Ready, ServiceError, listen};
use crate::{
    api::{Api, HttpLimits, serve_api},
    chat::{ChatConfig, ChatHandle, peers_among},
    discovery::DiscoveryHandle,
    membership::keep_membership,
    net::Net,
    password::{PasswordDesk, Passwords},
};

/// The id of a server without sessions: no chat server has it, so none is taken for this one.
const NO_SERVER: ServerId = ServerId(0);

/// The role `api`.
pub struct ApiRole {
    /// Where clients reach it, as `host:port`.
    pub listen: String,
    /// The design.
    pub design: Design,
    /// The ports.
    pub ports: Ports,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// Whether users may be provisioned in bulk.
    pub provision: bool,
}

/// Changes of membership go through a chat server's machine that has no session. It learns of the
/// others from the registry, to tell them of what it appended.
pub(super) async fn run(
    net: Arc<dyn Net>,
    role: ApiRole,
    shutdown: watch::Receiver<bool>,
    ready: Ready,
) -> Result<(), ServiceError> {
    let ApiRole { listen: address, design, ports, passwords, provision } = role;
    let listener = listen(&net, &address).await?;
    let address = listener.address();
    let backend = ports.backend(&net, design.request_timeout);
    let server = ServerConfig {
        server: NO_SERVER,
        epoch: 0,
        has_peers: true,
        design: design.clone(),
        seed: net.random(),
        registration: None,
    };
    let (members, figures) = (Arc::new(|_: &[Member]| {}), Arc::default());
    let config = ChatConfig { server, peers: BTreeMap::new(), members, figures };
    let chat = ChatHandle::start(&net, config, backend.clone(), shutdown.clone());
    let watching = MembershipConfig {
        key: None,
        holder: net.random(),
        info: LeaseInfo::default(),
        design: design.clone(),
    };
    let others = chat.clone();
    let changed = move |output| {
        if let MembershipOutput::Members { members, .. } = output {
            others.connect(peers_among(&members, None));
        }
    };
    let watching =
        keep_membership(net.clone(), watching, backend.clone(), shutdown.clone(), changed);
    net.spawn(Box::pin(watching));
    let discovery = DiscoveryHandle::start(&net, design.clone(), backend.clone(), shutdown.clone());
    let api = Api {
        net,
        chat,
        sessions: None,
        discovery: Some(discovery),
        presence: None,
        backend,
        passwords: PasswordDesk::new(passwords),
        servers: Vec::new(),
        provision,
        message_bytes_max: design.message_bytes_max,
        limits: HttpLimits::default(),
    };
    ready(&address);
    serve_api(Arc::new(api), listener, shutdown).await;
    Ok(())
}
