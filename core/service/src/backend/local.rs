//! Ports in this process: history, directory and the registry's record on disk, routing in memory.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use hubbub_chat::ports::{Answer, Outcome, Request, routing::RoutingModel, store::StoreRules};

use super::{
    Backend, Reply,
    registry::Holders,
    registry_file::{FILE_NAME, RegistryFile},
};
use crate::{
    directory::{self, DirectoryError, SqliteDirectory},
    net::Net,
    store::{FjallConfig, FjallStore, StoreError},
};

/// A store, a directory and a registry on disk, and routing in memory.
pub struct LocalBackend {
    net: Arc<dyn Net>,
    store: FjallStore,
    directory: SqliteDirectory,
    routing: Mutex<RoutingModel>,
    registry: RegistryFile,
}

/// What the registry of a folder of data has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryConfig {
    /// Where those are who hold leases.
    pub holders: Holders,
    /// The longest lease that it gives.
    pub ttl_max: Duration,
}

/// Why a folder of data cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Because of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Because of the directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Because of the registry's record.
    #[error("cannot read the registry's record {FILE_NAME} in the folder of data: {0}")]
    Registry(io::Error),
}

impl LocalBackend {
    /// The ports over a folder that holds them all, or will: the store's files, and beside them the
    /// directory's and the registry's.
    ///
    /// # Errors
    /// When the folder is in use, was written by another build or under another fanout, or cannot be
    /// read.
    pub fn open(
        net: Arc<dyn Net>,
        folder: &Path,
        rules: StoreRules,
        config: FjallConfig,
        registry: RegistryConfig,
    ) -> Result<Self, OpenError> {
        // The store holds the folder's lock.
        let store = FjallStore::open(folder, rules, config)?;
        let directory = SqliteDirectory::open(folder.join(directory::FILE_NAME))?;
        let RegistryConfig { holders, ttl_max } = registry;
        let registry =
            RegistryFile::open(&net, folder, holders, ttl_max).map_err(OpenError::Registry)?;
        let routing = Mutex::new(RoutingModel::default());
        Ok(Self { net, store, directory, routing, registry })
    }

    /// The store, for its counters.
    #[must_use]
    pub fn store(&self) -> &FjallStore {
        &self.store
    }

    /// Finishes what was asked before, frees the folder, and refuses what is asked later.
    pub async fn close(&self) {
        // The store last: it holds the folder's lock.
        self.registry.close().await;
        self.directory.close().await;
        self.store.close().await;
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
                self.directory.submit(request, move |outcome| {
                    reply(Answer::Directory(outcome));
                });
            }
            request @ (Request::Registry(_) | Request::NextId) => {
                self.registry.submit(request, reply);
            }
            other @ Request::Presence(..) => reply(other.port().refused()),
        }
    }
}
