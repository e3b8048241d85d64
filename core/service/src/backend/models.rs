//! Ports over the pure models, for simulations.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use hubbub_chat::{
    Entry,
    ports::{
        Answer, Outcome, Request, directory::DirectoryModel, routing::RoutingModel,
        store::StoreModel,
    },
};

use super::{
    Backend, Reply,
    registry::{Holders, RegistryDesk, RegistryKept},
};
use crate::net::Net;

/// The models. What the store and the directory have answered counts as on disk: whoever holds
/// these across a restart of the host plays the disk. Routing is soft state, and the registry is
/// restored from what it kept.
#[derive(Debug)]
pub struct Models {
    /// History, inboxes and cursors.
    pub store: StoreModel,
    /// Accounts and tokens.
    pub directory: DirectoryModel,
    /// Routes.
    pub routing: RoutingModel,
    /// What the registry and the generator of ids keep on disk.
    pub registry: Option<RegistryKept>,
}

/// Is told of every entry that was committed.
pub type Committed = Arc<dyn Fn(&Arc<Entry>) + Send + Sync>;

/// Ports over the models.
pub struct ModelBackend {
    net: Arc<dyn Net>,
    models: Arc<Mutex<Models>>,
    committed: Committed,
    registry: Mutex<RegistryDesk>,
}

impl ModelBackend {
    /// The ports over these models. Routing begins empty, as after every restart of its host. No
    /// lease is given for longer than `ttl_max`; whoever holds one may live elsewhere.
    #[must_use]
    pub fn new(
        net: Arc<dyn Net>,
        models: Arc<Mutex<Models>>,
        committed: Committed,
        ttl_max: Duration,
    ) -> Self {
        let mut kept = None;
        if let Ok(mut models) = models.lock() {
            models.routing = RoutingModel::default();
            kept.clone_from(&models.registry);
        }
        let desk = RegistryDesk::new(kept, Holders::Elsewhere, net.now(), ttl_max);
        Self { net, models, committed, registry: Mutex::new(desk) }
    }

    fn answer(&self, request: Request) -> Answer {
        let Ok(mut models) = self.models.lock() else {
            return request.port().refused();
        };
        match request {
            Request::Store(request) => {
                let handled = models.store.handle(self.net.now().wall, request);
                if let Some(entry) = &handled.committed {
                    (self.committed)(entry);
                }
                Answer::Store(Outcome::Ok(handled.answer))
            }
            Request::Routing(request) => {
                Answer::Routing(Outcome::Ok(models.routing.handle(request)))
            }
            Request::Directory(request) if !request.fits() => Answer::Directory(Outcome::Refused),
            Request::Directory(request) => {
                Answer::Directory(Outcome::Ok(models.directory.handle(request)))
            }
            request @ (Request::Registry(_) | Request::NextId) => {
                let Ok(mut desk) = self.registry.lock() else {
                    return request.port().refused();
                };
                let answer = desk.handle(self.net.now(), request);
                if let Some(kept) = desk.unkept() {
                    models.registry = Some(kept.clone());
                    desk.keep(kept);
                }
                answer
            }
            other @ Request::Presence(..) => other.port().refused(),
        }
    }
}

impl Backend for ModelBackend {
    fn submit(&self, request: Request, reply: Reply) {
        reply(self.answer(request));
    }
}
