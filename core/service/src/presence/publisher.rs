//! How a presence server tells chat servers of changes. A publication may be lost: whoever watches
//! takes a snapshot regularly.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hubbub_chat::{
    ServerId,
    frame::PeerFrame,
    ports::{
        presence::Status,
        registry::{LeaseKey, Member},
    },
};

use crate::{
    chat::ChatHandle,
    net::Net,
    rpc::{Link, LinkConfig},
};

/// Publications that wait for one chat server at most; further ones are lost.
const PUBLICATIONS_MAX: usize = 1024;

/// The ways to the chat servers: those of other processes come and go with the registry.
#[derive(Clone)]
pub struct Publisher {
    net: Arc<dyn Net>,
    answer_timeout: Duration,
    local: Option<(ServerId, ChatHandle)>,
    links: Arc<Mutex<BTreeMap<ServerId, (String, Link<PeerFrame, ()>)>>>,
}

impl Publisher {
    /// With no way to anybody yet, but for the chat server of this process.
    #[must_use]
    pub fn new(
        net: Arc<dyn Net>,
        answer_timeout: Duration,
        local: Option<(ServerId, ChatHandle)>,
    ) -> Self {
        Self { net, answer_timeout, local, links: Arc::default() }
    }

    /// Opens links to those who are new, and drops those of servers that are gone.
    pub(super) fn update(&self, members: &[Member]) {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let chat: BTreeMap<ServerId, &String> = members
            .iter()
            .filter_map(|member| match member.key {
                LeaseKey::Chat(server) if !member.info.peer_address.is_empty() => {
                    Some((server, &member.info.peer_address))
                }
                _ => None,
            })
            .collect();
        links.retain(|server, (address, _)| chat.get(server) == Some(&&*address));
        for (server, address) in chat {
            links.entry(server).or_insert_with(|| {
                let config = LinkConfig {
                    address: address.clone(),
                    queue_max: PUBLICATIONS_MAX,
                    answer_timeout: self.answer_timeout,
                    reconnect_after: Duration::from_millis(250),
                };
                (address.clone(), Link::open(&self.net, config))
            });
        }
    }

    /// Tells a chat server, or loses it.
    pub(super) fn publish(&self, server: ServerId, statuses: Vec<Status>) {
        let frame = PeerFrame::Statuses(statuses);
        match &self.local {
            Some((local, chat)) if *local == server => chat.hint(frame),
            _ => {
                let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((_, link)) = links.get(&server) {
                    link.call(frame, |_| {});
                }
            }
        }
    }
}
