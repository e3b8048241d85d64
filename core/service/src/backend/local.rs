//! Ports in this process: history and directory on disk, routing in memory.

use std::sync::{Arc, Mutex};

use hubbub_chat::ports::{Answer, Outcome, Request, routing::RoutingModel};

use super::{Backend, Reply};
use crate::{net::Net, store::FjallStore};

/// A store on disk and routing in memory.
pub struct LocalBackend {
    net: Arc<dyn Net>,
    store: FjallStore,
    routing: Mutex<RoutingModel>,
}

impl LocalBackend {
    /// The ports over an open store.
    #[must_use]
    pub fn new(net: Arc<dyn Net>, store: FjallStore) -> Self {
        Self { net, store, routing: Mutex::new(RoutingModel::default()) }
    }

    /// The store, for its counters and for closing it.
    #[must_use]
    pub fn store(&self) -> &FjallStore {
        &self.store
    }
}

impl Backend for LocalBackend {
    fn submit(&self, request: Request, reply: Reply) {
        match request {
            Request::Store(request) => {
                let wall = self.net.now().wall;
                self.store.submit(wall, request, move |outcome| {
                    reply(Answer::Store(outcome));
                });
            }
            Request::Routing(request) => {
                let answer = match self.routing.lock() {
                    Ok(mut routing) => Outcome::Ok(routing.handle(request)),
                    Err(_) => Outcome::Refused,
                };
                reply(Answer::Routing(answer));
            }
            Request::Directory(request) => {
                self.store.submit_directory(request, move |outcome| {
                    reply(Answer::Directory(outcome));
                });
            }
            other => reply(other.port().refused()),
        }
    }
}
