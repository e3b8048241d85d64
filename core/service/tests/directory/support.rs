//! What these tests share: a directory that can be closed and opened again, and the model beside it.

use std::{path::PathBuf, sync::mpsc};

use hubbub_chat::{
    DeviceId, UserId,
    ports::{
        Outcome,
        directory::{DirectoryAnswer, DirectoryModel, DirectoryRequest},
    },
};
use hubbub_service::directory::{FILE_NAME, SqliteConfig, SqliteDirectory};
use tempfile::TempDir;

/// A directory of either kind.
pub(crate) enum Subject {
    Model(Box<DirectoryModel>),
    Sqlite(OnDisk),
}

impl Subject {
    /// One of each kind, empty.
    pub(crate) fn all() -> [Self; 2] {
        [Self::Model(Box::default()), Self::Sqlite(OnDisk::new(SqliteConfig::default()))]
    }

    pub(crate) fn ask(&mut self, request: DirectoryRequest) -> DirectoryAnswer {
        match self {
            Self::Model(model) => model.handle(request),
            Self::Sqlite(directory) => directory.ask(request),
        }
    }

    /// Asks for all of this before any answer has come.
    pub(crate) fn ask_all(&mut self, requests: Vec<DirectoryRequest>) -> Vec<DirectoryAnswer> {
        match self {
            Self::Model(model) => requests.into_iter().map(|one| model.handle(one)).collect(),
            Self::Sqlite(directory) => {
                let (sender, outcomes) = mpsc::channel();
                for request in requests {
                    let sender = sender.clone();
                    let reply = move |outcome| sender.send(outcome).unwrap();
                    directory.directory().submit(request, reply);
                }
                drop(sender);
                outcomes.iter().map(known).collect()
            }
        }
    }

    pub(crate) fn sign_up(&mut self, name: &str) -> UserId {
        match self.ask(sign_up(name)) {
            DirectoryAnswer::SignedUp(user) => user,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub(crate) fn log_in(&mut self, user: UserId, token: u8) -> DeviceId {
        match self.ask(DirectoryRequest::Login { user, token: [token; 32] }) {
            DirectoryAnswer::LoggedIn(device) => device,
            other => panic!("{user}: {other:?}"),
        }
    }
}

/// A directory in a folder of its own.
pub(crate) struct OnDisk {
    pub(crate) path: PathBuf,
    config: SqliteConfig,
    directory: Option<SqliteDirectory>,
    _folder: TempDir,
}

impl OnDisk {
    pub(crate) fn new(config: SqliteConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join(FILE_NAME);
        let directory = Some(SqliteDirectory::open_with(&path, config).unwrap());
        Self { path, config, directory, _folder: folder }
    }

    pub(crate) fn directory(&self) -> &SqliteDirectory {
        self.directory.as_ref().unwrap()
    }

    pub(crate) fn close(&mut self) {
        block_on(self.directory.take().unwrap().close());
    }

    pub(crate) fn reopen(&mut self) {
        self.close();
        self.directory = Some(SqliteDirectory::open_with(&self.path, self.config).unwrap());
    }

    pub(crate) fn outcome(&self, request: DirectoryRequest) -> Outcome<DirectoryAnswer> {
        block_on(self.directory().call(request))
    }

    pub(crate) fn ask(&self, request: DirectoryRequest) -> DirectoryAnswer {
        known(self.outcome(request))
    }
}

pub(crate) fn sign_up(name: &str) -> DirectoryRequest {
    DirectoryRequest::SignUp { name: name.into(), password_hash: format!("hash of {name}") }
}

pub(crate) fn known(outcome: Outcome<DirectoryAnswer>) -> DirectoryAnswer {
    match outcome {
        Outcome::Ok(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
