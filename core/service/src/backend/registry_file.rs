//! The registry with its record in a file. One thread owns both; what an answer relies on is on disk
//! before it goes out.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use hubbub_chat::ports::Request;
use tokio::sync::oneshot;

use super::{
    Reply,
    registry::{Holders, RegistryDesk, RegistryKept},
};
use crate::net::Net;

/// The file's name in a folder of data.
pub(super) const FILE_NAME: &str = "registry.json";

/// Requests that wait at most; more are refused. With ids of the generator that is one per message.
const QUEUE_MAX: usize = 16_384;

/// The registry and the generator of ids over a file.
pub(super) struct RegistryFile {
    queue: Mutex<Option<SyncSender<(Request, Reply)>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Resolves when the thread has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl RegistryFile {
    /// Opens the file, or begins without one.
    pub(super) fn open(
        net: &Arc<dyn Net>,
        folder: &Path,
        holders: Holders,
        ttl_max: Duration,
    ) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        let kept = match fs::read(&path) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(io::Error::other)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let desk = RegistryDesk::new(kept, holders, net.now(), ttl_max);
        let (queue, requests) = sync_channel(QUEUE_MAX);
        let (end, ended) = oneshot::channel::<()>();
        let worker = Worker { net: net.clone(), desk, path };
        #[expect(
            clippy::disallowed_methods,
            reason = "the file's thread: a simulated run has the pure model in its place"
        )]
        let thread = std::thread::spawn(move || {
            worker.run(&requests);
            drop(end);
        });
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            ended: Mutex::new(Some(ended)),
        })
    }

    /// Asks without waiting.
    pub(super) fn submit(&self, request: Request, reply: Reply) {
        let port = request.port();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = match queue.as_ref() {
            Some(queue) => queue.try_send((request, reply)).err().map(|error| match error {
                TrySendError::Full((_, reply)) | TrySendError::Disconnected((_, reply)) => reply,
            }),
            None => Some(reply),
        };
        drop(queue);
        if let Some(reply) = refused {
            reply(port.refused());
        }
    }

    /// Finishes what was asked before, and refuses what is asked later.
    pub(super) async fn close(&self) {
        self.refuse();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            // The other end is dropped, not used.
            let _ = ended.await;
        }
    }

    fn refuse(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Drop for RegistryFile {
    /// Whoever drops it can open the file again.
    fn drop(&mut self) {
        self.refuse();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A reply may hold the last handle.
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            drop(thread.join());
        }
    }
}

struct Worker {
    net: Arc<dyn Net>,
    desk: RegistryDesk,
    path: PathBuf,
}

impl Worker {
    fn run(mut self, requests: &Receiver<(Request, Reply)>) {
        while let Ok((request, reply)) = requests.recv() {
            let port = request.port();
            let answer = self.desk.handle(self.net.now(), request);
            reply(match self.keep() {
                Ok(()) => answer,
                // What it would rely on is not on disk, and the next request tries again. A lease
                // that was given here stays with its holder, who asks again.
                Err(error) => {
                    tracing::error!("cannot write {}: {error}", self.path.display());
                    port.refused()
                }
            });
        }
    }

    fn keep(&mut self) -> io::Result<()> {
        if let Some(kept) = self.desk.unkept() {
            write(&self.path, &kept)?;
            self.desk.keep(kept);
        }
        Ok(())
    }
}

/// A crash leaves the old file or the new one, never a part of one.
fn write(path: &Path, kept: &RegistryKept) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    // The new name is on disk once its folder is.
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
