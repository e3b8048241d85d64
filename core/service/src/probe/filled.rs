//! A store of one engine and what it holds.
#![expect(
    clippy::disallowed_types,
    reason = "a probe measures this machine by its own clock: no simulation runs it"
)]

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    Engine, ProbeEngine, ProbeError,
    key_value::KeyValue,
    messages::{Message, Traffic},
    relational::Relational,
};

/// Messages written between two looks at whether to stop; a transaction of the relational engine.
const CHUNK: u64 = 10_000;

/// A store of one engine.
pub(super) struct Filled {
    pub(super) engine: ProbeEngine,
    pub(super) store: Box<dyn Engine>,
    path: PathBuf,
    messages: u64,
    /// How many messages each conversation has.
    pub(super) lengths: Vec<u32>,
    /// Messages written a second when it was last filled.
    pub(super) fill_per_s: f64,
    /// Space on disk when it was last filled.
    bytes: u64,
}

impl Filled {
    /// Makes an empty store in a folder of the engine's name.
    pub(super) fn open(engine: ProbeEngine, folder: &Path, seed: u64) -> Result<Self, ProbeError> {
        let path = folder.join(engine.as_str());
        fs::create_dir_all(&path)?;
        let store: Box<dyn Engine> = match engine {
            ProbeEngine::KeyValue => Box::new(KeyValue::open(&path, seed)?),
            ProbeEngine::Relational => Box::new(Relational::open(&path, seed)?),
        };
        let (messages, lengths, fill_per_s, bytes) = (0, Vec::new(), 0.0, 0);
        Ok(Self { engine, store, path, messages, lengths, fill_per_s, bytes })
    }

    /// How many messages it holds.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    pub(super) fn bytes_per_message(&self) -> f64 {
        self.bytes as f64 / self.messages.max(1) as f64
    }

    /// Writes messages until it holds so many. `on_progress` is told how many were added and says
    /// whether to go on; when not, the result is false and the store holds only some.
    pub(super) fn fill(
        &mut self,
        traffic: &Traffic,
        level: u64,
        mut on_progress: impl FnMut(u64) -> bool,
    ) -> Result<bool, ProbeError> {
        // It was closed behind the last level.
        self.store.reopen()?;
        let (before, started) = (self.messages, Instant::now());
        while self.messages < level {
            let end = level.min(self.messages + CHUNK);
            let chunk = self.next_messages(traffic.conversations(self.messages, end));
            self.store.append(&chunk)?;
            self.messages = end;
            if !on_progress(end - before) {
                return Ok(false);
            }
        }
        // What it writes in order to close belongs to it.
        self.store.close()?;
        self.fill_per_s = (level - before) as f64 / started.elapsed().as_secs_f64().max(1e-9);
        self.bytes = bytes_on_disk(&self.path)?;
        Ok(true)
    }

    fn next_messages(&mut self, conversations: &[u32]) -> Vec<Message> {
        let Self { lengths, messages, .. } = self;
        let placed = conversations.iter().zip(*messages..).map(|(conversation, index)| {
            let slot = *conversation as usize;
            if slot >= lengths.len() {
                lengths.resize(slot + 1, 0);
            }
            lengths[slot] += 1;
            Message { conversation: *conversation, place: lengths[slot], index }
        });
        placed.collect()
    }
}

/// The space that a folder's files take.
fn bytes_on_disk(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes +=
            if metadata.is_dir() { bytes_on_disk(&entry.path())? } else { allocated(&metadata) };
    }
    Ok(bytes)
}

/// A file may be longer than what was written of it. A block is 512 bytes whatever the disk's is.
#[cfg(unix)]
fn allocated(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn allocated(metadata: &Metadata) -> u64 {
    metadata.len()
}
