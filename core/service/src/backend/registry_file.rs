//! The registry with its record in a file. One thread owns both; what an answer relies on is on disk
//! before it goes out.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hubbub_chat::ports::{Answer, Outcome, Request};

use super::{
    Reply,
    registry::{Holders, RegistryDesk, RegistryKept},
};
use crate::{
    disk::{DiskThread, Requests},
    net::Net,
};

/// The file's name in a folder of data.
pub(super) const FILE_NAME: &str = "registry.json";

/// Requests that wait at most; more are refused. With ids of the generator that is one per message.
const QUEUE_MAX: usize = 16_384;

/// The registry and the generator of ids over a file.
pub(super) struct RegistryFile {
    thread: DiskThread<Request, Answer>,
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
        let worker = Worker { net: net.clone(), desk, path };
        Ok(Self { thread: DiskThread::start(QUEUE_MAX, |requests| worker.run(requests)) })
    }

    /// Asks without waiting.
    pub(super) fn submit(&self, request: Request, reply: Reply) {
        let port = request.port();
        let reply = move |outcome| {
            reply(match outcome {
                Outcome::Ok(answer) => answer,
                Outcome::Refused => port.refused(),
                Outcome::Unknown => port.unknown(),
            });
        };
        self.thread.submit(request, Box::new(reply));
    }

    /// Finishes what was asked before, and refuses what is asked later.
    pub(super) async fn close(&self) {
        self.thread.close().await;
    }
}

struct Worker {
    net: Arc<dyn Net>,
    desk: RegistryDesk,
    path: PathBuf,
}

impl Worker {
    fn run(mut self, mut requests: Requests<Request, Answer>) {
        while let Some((request, reply)) = requests.next() {
            let answer = self.desk.handle(self.net.now(), request);
            reply(match self.keep() {
                Ok(()) => Outcome::Ok(answer),
                // What it would rely on is not on disk, and the next request tries again. A lease
                // that was given here stays with its holder, who asks again.
                Err(error) => {
                    tracing::error!("cannot write {}: {error}", self.path.display());
                    Outcome::Refused
                }
            });
        }
        requests.end();
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
