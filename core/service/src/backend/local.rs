//! Ports in this process: history and directory on disk, routing in memory.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use hubbub_chat::ports::{Answer, Outcome, Request, routing::RoutingModel, store::StoreRules};

use super::{Backend, Reply};
use crate::{
    directory::{self, DirectoryError, SqliteDirectory},
    net::Net,
    store::{FjallConfig, FjallStore, StoreError},
};

/// A store and a directory on disk, and routing in memory.
pub struct LocalBackend {
    net: Arc<dyn Net>,
    store: FjallStore,
    directory: SqliteDirectory,
    routing: Mutex<RoutingModel>,
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
}

impl LocalBackend {
    /// The ports over an open store and an open directory.
    #[must_use]
    pub fn new(net: Arc<dyn Net>, store: FjallStore, directory: SqliteDirectory) -> Self {
        Self { net, store, directory, routing: Mutex::new(RoutingModel::default()) }
    }

    /// The ports over a folder that holds both, or will: the store's files, and the directory's
    /// beside them.
    ///
    /// # Errors
    /// When the folder is in use, was written by another build or under another fanout, or cannot be
    /// read.
    pub fn open(
        net: Arc<dyn Net>,
        folder: &Path,
        rules: StoreRules,
        config: FjallConfig,
    ) -> Result<Self, OpenError> {
        // The store holds the folder's lock.
        let store = FjallStore::open(folder, rules, config)?;
        let directory = SqliteDirectory::open(folder.join(directory::FILE_NAME))?;
        Ok(Self::new(net, store, directory))
    }

    /// The store, for its counters.
    #[must_use]
    pub fn store(&self) -> &FjallStore {
        &self.store
    }

    /// Finishes what was asked before, frees the folder, and refuses what is asked later.
    pub async fn close(&self) {
        // The directory first: the store holds the folder's lock.
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
            other => reply(other.port().refused()),
        }
    }
}
