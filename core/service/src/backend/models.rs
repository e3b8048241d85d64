//! Ports over the pure models, for simulations.

use std::sync::{Arc, Mutex};

use hubbub_chat::{
    Entry,
    ports::{
        Answer, Outcome, Request, directory::DirectoryModel, routing::RoutingModel,
        store::StoreModel,
    },
};

use super::{Backend, PortAnswer, PortRequest, Reply};
use crate::net::Net;

/// The models. What the store and the directory have answered counts as on disk: whoever holds
/// these across a restart of the host plays the disk. Routing is soft state.
#[derive(Debug)]
pub struct Models {
    /// History, inboxes and cursors.
    pub store: StoreModel,
    /// Accounts and tokens.
    pub directory: DirectoryModel,
    /// Routes.
    pub routing: RoutingModel,
}

/// Is told of every entry that was committed.
pub type Committed = Arc<dyn Fn(&Arc<Entry>) + Send + Sync>;

/// Ports over the models.
pub struct ModelBackend {
    net: Arc<dyn Net>,
    models: Arc<Mutex<Models>>,
    committed: Committed,
}

impl ModelBackend {
    /// The ports over these models. Routing begins empty, as after every restart of its host.
    #[must_use]
    pub fn new(net: Arc<dyn Net>, models: Arc<Mutex<Models>>, committed: Committed) -> Self {
        if let Ok(mut models) = models.lock() {
            models.routing = RoutingModel::default();
        }
        Self { net, models, committed }
    }

    fn answer(&self, request: PortRequest) -> PortAnswer {
        let Ok(mut models) = self.models.lock() else {
            return refused(&request);
        };
        match request {
            PortRequest::Core(Request::Store(request)) => {
                let handled = models.store.handle(self.net.now().wall, request);
                if let Some(entry) = &handled.committed {
                    (self.committed)(entry);
                }
                PortAnswer::Core(Answer::Store(Outcome::Ok(handled.answer)))
            }
            PortRequest::Core(Request::Routing(request)) => {
                PortAnswer::Core(Answer::Routing(Outcome::Ok(models.routing.handle(request))))
            }
            PortRequest::Directory(request) => {
                PortAnswer::Directory(Outcome::Ok(models.directory.handle(request)))
            }
        }
    }
}

impl Backend for ModelBackend {
    fn submit(&self, request: PortRequest, reply: Reply) {
        reply(self.answer(request));
    }
}

fn refused(request: &PortRequest) -> PortAnswer {
    match request {
        PortRequest::Core(Request::Store(_)) => PortAnswer::Core(Answer::Store(Outcome::Refused)),
        PortRequest::Core(Request::Routing(_)) => {
            PortAnswer::Core(Answer::Routing(Outcome::Refused))
        }
        PortRequest::Directory(_) => PortAnswer::Directory(Outcome::Refused),
    }
}
