//! What the command line makes of each role.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use hubbub_chat::{
    Design, ServerId,
    notifier::NotifierConfig,
    presence::{PresenceConfig, PresenceLimits},
    server::{Registration, ServerConfig},
};
use hubbub_service::{
    ApiRole, ChatRole, Config, NotifyRole, Ports, PresenceRole, StoreRole,
    backend::{Backend, LocalBackend},
    net::Net,
    notify::{Gateway, NotifyFigures, WebhookGateway},
    password::Passwords,
};

use super::{Role, Serve};
use crate::exit::Failure;

impl Serve {
    /// Where pushes go, if they do.
    pub(super) fn gateway(&self, net: &Arc<dyn Net>) -> Result<Option<Arc<dyn Gateway>>, Failure> {
        let Some(url) = &self.webhook else { return Ok(None) };
        if !matches!(self.role, Role::All | Role::Notify) {
            return Err(Failure::new("--webhook is for the roles all and notify: they push"));
        }
        let gateway = WebhookGateway::new(net.clone(), url);
        let gateway = gateway.map_err(|error| Failure::new(format!("--webhook {url}: {error}")))?;
        Ok(Some(Arc::new(gateway)))
    }

    /// What this process does.
    pub(super) fn config(
        &self,
        net: &Arc<dyn Net>,
        design: &Design,
        local: Option<Arc<LocalBackend>>,
        gateway: Option<Arc<dyn Gateway>>,
    ) -> Config {
        let local = local.map(|local| local as Arc<dyn Backend>);
        let ports = || match &local {
            Some(backend) => Ports::Local(backend.clone()),
            None => Ports::Remote(self.store.clone().unwrap_or_default()),
        };
        let notify = gateway.map(|gateway| self.notify(net, design, ports(), gateway));
        let listen = self.listen.clone();
        match (self.role, &local, notify) {
            (Role::Store, Some(backend), _) => {
                Config::Store(StoreRole { listen, backend: backend.clone() })
            }
            (Role::Notify, _, Some(notify)) => Config::Notify(notify),
            (Role::Api, ..) => Config::Api(ApiRole {
                listen,
                design: design.clone(),
                ports: ports(),
                passwords: Passwords::default(),
                provision: self.provision,
            }),
            (Role::Presence, ..) => Config::Presence(PresenceRole {
                listen,
                address: self.advertised.first().cloned().unwrap_or_default(),
                presence: self.presence(net, design),
                holder: net.random(),
                ports: ports(),
                health: self.health.clone(),
                figures: Arc::default(),
            }),
            (_, _, Some(notify)) => {
                let chat = Config::Chat(self.chat(net, design, ports()));
                Config::Together(vec![chat, Config::Notify(notify)])
            }
            (_, _, None) => Config::Chat(self.chat(net, design, ports())),
        }
    }

    fn chat(&self, net: &Arc<dyn Net>, design: &Design, ports: Ports) -> ChatRole {
        let is_alone = self.role == Role::All;
        // With peers named by hand there is no registry.
        let is_registered = is_alone || self.peers.is_empty();
        let registration = is_registered.then(|| Registration {
            holder: net.random(),
            address: self.advertised.first().cloned().unwrap_or_default(),
            peer_address: self.advertise_peers.clone().unwrap_or_default(),
            region: self.region.clone(),
            capacity: self.capacity.unwrap_or(design.session_limit),
        });
        let listen_peers = match (&self.listen_peers, is_alone) {
            (Some(address), _) => Some(address.clone()),
            (None, false) => Some(free_port(&self.listen)),
            (None, true) => None,
        };
        ChatRole {
            listen: self.listen.clone(),
            listen_peers,
            server: ServerConfig {
                server: self.server_id(),
                epoch: epoch(),
                has_peers: !is_alone,
                design: design.clone(),
                seed: net.random(),
                registration,
            },
            peers: self.peers.iter().cloned().collect::<BTreeMap<_, _>>(),
            servers: self.advertised.clone(),
            ports,
            presence: is_alone.then(|| self.presence(net, design)),
            passwords: Passwords::default(),
            provision: self.provision,
            figures: Arc::default(),
        }
    }

    fn presence(&self, net: &Arc<dyn Net>, design: &Design) -> PresenceConfig {
        PresenceConfig {
            server: self.server_id(),
            design: design.clone(),
            seed: net.random(),
            limits: PresenceLimits::default(),
        }
    }

    fn notify(
        &self,
        net: &Arc<dyn Net>,
        design: &Design,
        ports: Ports,
        gateway: Arc<dyn Gateway>,
    ) -> NotifyRole {
        let notifier =
            NotifierConfig { holder: net.random(), design: design.clone(), seed: net.random() };
        let (figures, health) = (Arc::<NotifyFigures>::default(), self.health.clone());
        NotifyRole { notifier, ports, gateway, figures, health }
    }

    fn server_id(&self) -> ServerId {
        ServerId(self.server.unwrap_or(1))
    }
}

/// A free port of the same host.
fn free_port(address: &str) -> String {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    format!("{host}:0")
}

/// Larger after every restart, as long as the clock does not go back by more than a restart takes.
/// With a registry its lease counts instead.
fn epoch() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
