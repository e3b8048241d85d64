//! The store's host: the models of the store, of routing, of the registry and of the directory.

use hubbub_chat::{
    DeviceId, Now,
    ports::{
        Answer, Outcome, Request,
        directory::DirectoryModel,
        registry::{RegistryModel, RegistryRecord},
        routing::RoutingModel,
        store::{StoreCounts, StoreModel, StoreRules},
    },
    situation::Situations,
};
use hubbub_history::{EventBody, Source, store_entry};

use super::Engine;
use crate::{
    ending::{Heads, heads},
    setup::Setup,
};

/// What runs on the store's host. What the store, the directory and the registry have answered is on
/// disk and survives; routing is soft state and does not.
pub(super) struct StoreHost {
    store: StoreModel,
    routing: RoutingModel,
    registry: RegistryModel,
    directory: DirectoryModel,
    /// What the registry had on disk when its process died.
    record: RegistryRecord,
    pub(super) counts_before: StoreCounts,
    /// Of registries whose process has ended.
    situations: Situations,
}

impl StoreHost {
    pub(super) fn new(setup: &Setup, rules: StoreRules) -> Self {
        let store = setup.store_by(rules);
        Self {
            counts_before: store.counts(),
            store,
            routing: RoutingModel::default(),
            registry: RegistryModel::new(setup.design.lease_ttl),
            directory: setup.directory(token),
            record: RegistryRecord::default(),
            situations: Situations::default(),
        }
    }

    pub(super) fn stop(&mut self, now: Now) {
        self.store.lose_unwritten(now.wall);
        self.record = self.registry.record();
    }

    pub(super) fn restart(&mut self, now: Now, setup: &Setup) {
        self.routing = RoutingModel::default();
        let record = std::mem::take(&mut self.record);
        self.situations.add(self.registry.situations());
        self.registry = RegistryModel::restore(record, now, setup.design.lease_ttl);
    }

    pub(super) fn seeded_entries(&self) -> Vec<EventBody> {
        self.store.entries().map(|entry| store_entry(entry)).collect()
    }

    pub(super) fn counts(&self) -> StoreCounts {
        self.store.counts()
    }

    /// What the store and every start of the registry passed through.
    pub(super) fn situations(&self) -> Situations {
        let mut situations = self.situations;
        situations.add(self.registry.situations());
        situations.add(self.store.situations());
        situations
    }

    /// The last entry that each user may see, per channel.
    pub(super) fn heads(&self, setup: &Setup) -> Heads {
        heads(&self.store, setup)
    }
}

impl Engine<'_> {
    /// What a port on the store's host answers.
    pub(super) fn ask_store(&mut self, request: Request) -> Answer {
        let now = self.clock(self.setup.hosts.store());
        match request {
            Request::Routing(request) => {
                Answer::Routing(Outcome::Ok(self.store.routing.handle(request)))
            }
            Request::Registry(request) => {
                let answer = match &mut self.planted {
                    None => self.store.registry.handle(now, request),
                    Some(planted) => {
                        let answer = self.store.registry.handle(now, request.clone());
                        planted.registry_answer(&request, answer)
                    }
                };
                Answer::Registry(Outcome::Ok(answer))
            }
            Request::Directory(request) => {
                Answer::Directory(Outcome::Ok(self.store.directory.handle(request)))
            }
            Request::Store(request) => {
                let handled = match &mut self.planted {
                    None => self.store.store.handle(now.wall, request),
                    Some(planted) => {
                        let handled = self.store.store.handle(now.wall, request.clone());
                        planted.store_answer(&request, handled)
                    }
                };
                if let Some(entry) = &handled.committed {
                    self.record(Source::Store, "store", 0, store_entry(entry));
                }
                Answer::Store(Outcome::Ok(handled.answer))
            }
            Request::Presence(..) | Request::NextId => request.port().refused(),
        }
    }
}

/// Nobody shows a session token here, so any that differs will do.
fn token(device: DeviceId) -> [u8; 32] {
    let mut token = [0; 32];
    token[..8].copy_from_slice(&device.0.to_be_bytes());
    token
}
