//! The directory in SQLite: accounts, devices, tokens, friends, profiles and settings.
//!
//! One thread owns the file. Requests wait for it in a bounded queue; those that wait together
//! share a transaction, so that they share a sync of the disk too.

mod accounts;
mod batch;
mod error;
mod friends;
mod profiles;
mod schema;

use std::{
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    time::Duration,
};

use hubbub_chat::ports::{
    Outcome,
    directory::{DirectoryAnswer, DirectoryRequest},
};

use self::batch::Worker;
use crate::disk::{DiskThread, answer};

pub use self::error::DirectoryError;

/// The file's name in a folder of data.
pub const FILE_NAME: &str = "directory.sqlite";

/// Bounds of a [`SqliteDirectory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteConfig {
    /// Requests that share one transaction at most: at some 30 µs each, about 10 ms.
    pub batch_max: usize,
    /// Requests that wait at most; more are refused.
    pub queue_max: usize,
    /// How long a transaction waits for another program that has the file locked; then its
    /// requests are refused.
    pub busy_timeout: Duration,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self { batch_max: 256, queue_max: 16_384, busy_timeout: Duration::from_secs(5) }
    }
}

/// The durable backend of the `Directory` port, in one file.
///
/// Requests are carried out in the order in which they were submitted. What is answered with
/// [`Outcome::Ok`] is on disk, and so is everything that a read has shown. SQLite has threads of its
/// own, so a simulated run has the model in its place.
pub struct SqliteDirectory {
    thread: DiskThread<DirectoryRequest, DirectoryAnswer>,
}

impl SqliteDirectory {
    /// Opens the file with the default bounds, or makes an empty one and its folder.
    ///
    /// # Errors
    /// When it is no directory, has migrations that this build does not know, or cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DirectoryError> {
        Self::open_with(path, SqliteConfig::default())
    }

    /// The same with other bounds.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, config: SqliteConfig) -> Result<Self, DirectoryError> {
        let path = path.as_ref().to_owned();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| io(&path, source))?;
        }
        let (sender, opened) = sync_channel(1);
        let file = path.clone();
        let thread = DiskThread::start(config.queue_max, move |requests| {
            match Worker::open(file, config) {
                Ok(worker) => {
                    // Whoever opens it waits for this, so somebody takes it.
                    let _ = sender.send(Ok(()));
                    worker.run(requests);
                }
                Err(error) => drop(sender.send(Err(error))),
            }
        });
        let lost = |_| io(&path, std::io::Error::other("its thread ended early"));
        opened.recv().map_err(lost)??;
        Ok(Self { thread })
    }

    /// Asks, and waits until the answer is durable.
    ///
    /// Refused when the queue is full, the directory closed, another program has the file locked, or
    /// the request is out of its bounds; unknown when the disk failed.
    pub async fn call(&self, request: DirectoryRequest) -> Outcome<DirectoryAnswer> {
        answer(|reply| self.submit(request, reply)).await
    }

    /// Asks without waiting. `reply` is called once, on the directory's thread, or here and now when
    /// the request is refused at once; it must be quick.
    pub fn submit(
        &self,
        request: DirectoryRequest,
        reply: impl FnOnce(Outcome<DirectoryAnswer>) + Send + 'static,
    ) {
        if request.fits() {
            self.thread.submit(request, Box::new(reply));
        } else {
            reply(Outcome::Refused);
        }
    }

    /// Finishes what was asked before, frees the file, and refuses what is asked later.
    pub async fn close(&self) {
        self.thread.close().await;
    }
}

fn io(path: &Path, source: std::io::Error) -> DirectoryError {
    DirectoryError::Io { path: PathBuf::from(path), source }
}
