//! The store's host: the models of the store and of routing.

use std::collections::BTreeMap;

use hubbub_chat::{
    ChannelId, MessageId, RequestId, UserId,
    ports::{Answer, Outcome, Request, routing::RoutingModel, store::StoreModel},
};
use hubbub_history::{EventBody, Source, store_entry};

use super::{Engine, Lane, Payload};
use crate::setup::Setup;

/// What runs on the store's host. What the store has answered is on disk and survives; routing is
/// soft state and does not.
pub(super) struct StoreHost {
    store: StoreModel,
    routing: RoutingModel,
    users: Vec<UserId>,
    pub(super) up: bool,
    /// The fault that took it down, for counting the requests that it lost.
    pub(super) down_by: Option<u32>,
}

impl StoreHost {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            store: setup.store(),
            routing: RoutingModel::default(),
            users: setup.population.users().iter().map(|user| user.id).collect(),
            up: true,
            down_by: None,
        }
    }

    pub(super) fn restart(&mut self) {
        self.routing = RoutingModel::default();
        (self.up, self.down_by) = (true, None);
    }

    pub(super) fn seeded_entries(&self) -> Vec<EventBody> {
        self.store.entries().map(|entry| store_entry(entry)).collect()
    }

    /// The last entry that each user may see, per channel.
    pub(super) fn heads(&self) -> BTreeMap<UserId, Vec<(ChannelId, MessageId)>> {
        self.store.heads(&self.users).into_iter().collect()
    }
}

impl Engine<'_> {
    pub(super) fn request_arrives(
        &mut self,
        server: usize,
        incarnation: u32,
        id: RequestId,
        request: Request,
    ) {
        if !self.store.up {
            if let Some(fault) = self.store.down_by {
                self.network.count(fault, 1);
            }
            return;
        }
        let answer = self.ask_store(request);
        let payload = Payload::Answer { server, incarnation, id, answer };
        let (from, to) = (self.setup.hosts.store(), self.setup.hosts.chat(server));
        self.transmit(from, to, Lane::Hosts(from, to), payload);
    }

    fn ask_store(&mut self, request: Request) -> Answer {
        match request {
            Request::Directory(_)
            | Request::Presence(..)
            | Request::Registry(_)
            | Request::NextId => request.port().refused(),
            Request::Routing(request) => {
                Answer::Routing(Outcome::Ok(self.store.routing.handle(request)))
            }
            Request::Store(request) => {
                let handled = self.store.store.handle(self.clock().wall, request.clone());
                let handled = self.planted.store_answer(&request, handled);
                if let Some(entry) = &handled.committed {
                    self.record(Source::Store, "store", 0, store_entry(entry));
                }
                Answer::Store(Outcome::Ok(handled.answer))
            }
        }
    }
}
