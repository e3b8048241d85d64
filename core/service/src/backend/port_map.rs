//! The ports of one process: most are behind one backend, and each presence server is behind a link
//! of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hubbub_chat::{
    ServerId,
    ports::{
        Answer, Outcome, Port, Request,
        presence::{PresenceAnswer, PresenceRequest},
        registry::{LeaseKey, Member},
    },
    time::Monotonic,
};

use super::{Backend, Reply};
use crate::{
    net::Net,
    presence::PresenceHandle,
    rpc::{CallError, Link, LinkConfig},
};

/// Requests that wait for one presence server at most; further ones are refused.
const PRESENCE_QUEUE_MAX: usize = 4096;

/// Where each port is.
pub struct PortMap {
    net: Arc<dyn Net>,
    core: Arc<dyn Backend>,
    answer_timeout: Duration,
    presence: Mutex<BTreeMap<ServerId, PresencePort>>,
}

enum PresencePort {
    Local(PresenceHandle),
    Remote(String, Link<PresenceRequest, Outcome<PresenceAnswer>>),
}

impl PortMap {
    /// The ports of a process that knows of no presence server yet.
    #[must_use]
    pub fn new(net: Arc<dyn Net>, core: Arc<dyn Backend>, answer_timeout: Duration) -> Self {
        Self { net, core, answer_timeout, presence: Mutex::default() }
    }

    /// A presence server of this process.
    pub fn add_presence(&self, server: ServerId, presence: PresenceHandle) {
        self.links().insert(server, PresencePort::Local(presence));
    }

    /// Opens links to the presence servers that are new, and drops those of servers that are gone.
    pub fn update(&self, members: &[Member]) {
        let addresses: BTreeMap<ServerId, &str> = members
            .iter()
            .filter_map(|member| match member.key {
                LeaseKey::Presence(server) => Some((server, member.info.peer_address.as_str())),
                _ => None,
            })
            .collect();
        let mut links = self.links();
        links.retain(|server, port| match port {
            PresencePort::Local(_) => true,
            PresencePort::Remote(address, _) => addresses.get(server) == Some(&address.as_str()),
        });
        for (server, address) in addresses {
            links.entry(server).or_insert_with(|| {
                let config = LinkConfig {
                    address: address.to_owned(),
                    queue_max: PRESENCE_QUEUE_MAX,
                    answer_timeout: self.answer_timeout,
                    reconnect_after: Duration::from_millis(250),
                };
                PresencePort::Remote(address.to_owned(), Link::open(&self.net, config))
            });
        }
    }

    fn ask_presence(&self, server: ServerId, request: PresenceRequest, reply: Reply) {
        match self.links().get(&server) {
            Some(PresencePort::Local(presence)) => presence.submit(request, reply),
            Some(PresencePort::Remote(_, link)) => link.call(request, move |answer| {
                reply(match answer {
                    Ok(outcome) => Answer::Presence(outcome),
                    Err(CallError::Refused) => Port::Presence.refused(),
                    Err(CallError::Unknown) => Port::Presence.unknown(),
                });
            }),
            None => reply(Port::Presence.refused()),
        }
    }

    fn links(&self) -> MutexGuard<'_, BTreeMap<ServerId, PresencePort>> {
        // Nothing panics while it holds this.
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for PortMap {
    fn submit(&self, request: Request, reply: Reply) {
        match request {
            Request::Presence(server, request) => self.ask_presence(server, request, reply),
            request => self.core.submit(request, reply),
        }
    }

    fn submit_by(&self, deadline: Monotonic, request: Request, reply: Reply) {
        match request {
            Request::Presence(server, request) => self.ask_presence(server, request, reply),
            request => self.core.submit_by(deadline, request, reply),
        }
    }
}
