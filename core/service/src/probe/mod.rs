//! What reading old messages costs, in the store of the messages and in a relational database.
//!
//! Both are filled with the same messages, closed and opened again, and then asked in turns: each
//! jump and each search goes to every engine before the next one is drawn, and to a store that holds
//! the smallest level as well. So the clock and the neighbours of this machine, which change from
//! minute to minute, are the same for all that is compared.
//!
//! What the operating system keeps of the files in memory stays there: this is a process that has
//! been started again, not a machine. The store of the messages is asked as a device asks it, which
//! takes several lookups besides the page; its journal is read back into memory when it is opened, so
//! that a small store never goes to its files at all. SQLite is asked for the page alone.

mod filled;
mod key_value;
mod messages;
mod reading;
mod relational;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use self::{
    filled::Filled,
    messages::{Message, Traffic},
    reading::read_level,
};
use crate::store::StoreError;

/// Bytes of blocks that each engine keeps in memory: what the store of the messages has by default.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeConfig {
    /// Numbers of stored messages to measure at, rising, each above 0.
    pub levels: Vec<u64>,
    /// The engines, each once.
    pub engines: Vec<ProbeEngine>,
    /// Reads of each sort at each level.
    pub reads: u32,
}

/// An engine that keeps messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeEngine {
    /// [`FjallStore`](crate::store::FjallStore), asked through its queue as chat servers ask it.
    KeyValue,
    /// SQLite: one table, whose primary key is channel and place, and an index on user and time.
    Relational,
}

/// What a probe needs of whoever runs it.
pub struct Surroundings<'a> {
    /// Is told how many messages are written, of how many, and what is being done.
    pub progress: &'a dyn Fn(u64, u64, &str),
    /// Whether to stop. The levels that are done are kept.
    pub is_cancelled: &'a dyn Fn() -> bool,
    /// The processor time that this process has used, of all its threads; `None` when the system
    /// does not tell.
    pub cpu_time: &'a dyn Fn() -> Option<Duration>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Reads of each sort at each level.
    pub reads: u32,
    /// Whether every level was measured; otherwise the probe was stopped.
    pub is_complete: bool,
    /// By engine, then level.
    pub rows: Vec<ProbeRow>,
}

/// An engine at a level. Times are in microseconds by the wall clock of this machine, or by the
/// processor time of the whole process, which counts what the engine does in the background too.
///
/// A growth is a ratio to the smallest level, of which the same number of reads were made between
/// those of this level. Where the smallest level is this one, it is 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeRow {
    /// The engine.
    pub engine: ProbeEngine,
    /// Stored messages.
    pub messages: u64,
    /// A jump, half of them within.
    pub jump_p50_us: f64,
    /// A jump, 99 of 100 within.
    pub jump_p99_us: f64,
    /// A jump at the mean.
    pub jump_mean_us: f64,
    /// Processor time of a jump, half of them within; `None` where the system does not tell.
    pub jump_cpu_p50_us: Option<f64>,
    /// The median of a jump relative to the smallest level.
    pub jump_growth: f64,
    /// A search, half of them within.
    pub search_p50_us: f64,
    /// A search, 99 of 100 within.
    pub search_p99_us: f64,
    /// A search at the mean.
    pub search_mean_us: f64,
    /// Processor time of a search, half of them within; `None` where the system does not tell.
    pub search_cpu_p50_us: Option<f64>,
    /// Messages of the conversation that a search looked through, at the mean.
    pub search_messages: f64,
    /// The median of searches through as many messages as those of the smallest level, relative to
    /// that level: whole conversations are longer where there are more messages.
    pub search_growth: f64,
    /// Space taken on disk for each message, with logs and indexes.
    pub bytes_per_message: f64,
    /// Messages written a second, up to this level from the one before, each batch synced.
    pub fill_per_s: f64,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The levels do not rise from above 0.
    #[error("the levels must rise, from 1 on: {levels:?}")]
    Levels {
        /// The levels.
        levels: Vec<u64>,
    },
    /// The folder is in use.
    #[error("{} is not empty: choose a folder of its own", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The key-value store failed.
    #[error("the key-value store failed: {0}")]
    Store(#[from] StoreError),
    /// The relational database failed.
    #[error("the relational database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// An engine gave an answer that it must not give.
    #[error("the {engine} engine does not do as it must: {what}")]
    Answer {
        /// The engine.
        engine: ProbeEngine,
        /// What it did.
        what: String,
    },
    /// The engines found different messages.
    #[error(
        "the {engine} engine and the {other} engine found different messages in conversation \
         {conversation}: one of them has lost some"
    )]
    Disagreement {
        /// An engine.
        engine: ProbeEngine,
        /// Another.
        other: ProbeEngine,
        /// Where.
        conversation: u32,
    },
    /// The operating system failed.
    #[error("the probe's folder or thread failed: {0}")]
    Io(#[from] io::Error),
}

/// What the probe asks of an engine. Places count from 1.
trait Engine {
    /// Writes these messages; all are on disk when it returns.
    fn append(&mut self, messages: &[Message]) -> Result<(), ProbeError>;

    /// Reads the places above `from` and up to `to`, texts and all, and returns the places.
    fn page(&mut self, conversation: u32, from: u32, to: u32) -> Result<Vec<u64>, ProbeError>;

    /// Looks for a word in the first so many messages of a conversation, and returns the places.
    fn search(
        &mut self,
        conversation: u32,
        length: u32,
        word: &str,
    ) -> Result<Vec<u64>, ProbeError>;

    /// Frees the files.
    fn close(&mut self) -> Result<(), ProbeError>;

    /// Opens the files with nothing in memory.
    fn reopen(&mut self) -> Result<(), ProbeError>;
}

/// Measures, for minutes when there are millions of messages; blocks meanwhile, so it must not be
/// called on a runtime's thread. `folder` must be empty or absent; it is removed in the end, whatever
/// that is.
///
/// # Errors
/// When an engine fails, or the engines do not find the same messages. That it was cancelled is no
/// error.
pub fn probe(
    config: &ProbeConfig,
    folder: &Path,
    seed: u64,
    surroundings: &Surroundings<'_>,
) -> Result<Probe, ProbeError> {
    let rise = config.levels.windows(2).all(|pair| pair[0] < pair[1]);
    if !rise || config.levels.first() == Some(&0) {
        return Err(ProbeError::Levels { levels: config.levels.clone() });
    }
    let folder = Folder::claim(folder)?;
    let mut run = Run {
        config,
        folder: &folder.0,
        surroundings,
        traffic: Traffic::new(seed),
        written: 0,
        rows: Vec::new(),
    };
    let is_complete = run.measure()?;
    let Run { mut rows, .. } = run;
    rows.sort_by_key(|row| (row.engine, row.messages));
    Ok(Probe { reads: config.reads, is_complete, rows })
}

/// A probe under way.
struct Run<'a> {
    config: &'a ProbeConfig,
    folder: &'a Path,
    surroundings: &'a Surroundings<'a>,
    traffic: Traffic,
    /// Messages written, to all stores.
    written: u64,
    rows: Vec<ProbeRow>,
}

impl Run<'_> {
    /// Measures level after level; whether all of them.
    fn measure(&mut self) -> Result<bool, ProbeError> {
        let Some((&first, further)) = self.config.levels.split_first() else { return Ok(true) };
        let mut smallest = self.stores("smallest")?;
        if !self.fill(&mut smallest, first)? || !self.read(&mut [], &mut smallest)? {
            return Ok(false);
        }
        let mut growing = match further {
            [] => Vec::new(),
            _ => self.stores("growing")?,
        };
        for level in further {
            if !self.fill(&mut growing, *level)? || !self.read(&mut growing, &mut smallest)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An empty store of each engine.
    fn stores(&self, name: &str) -> Result<Vec<Filled>, ProbeError> {
        let engines = self.config.engines.iter();
        let seed = self.traffic.seed();
        engines.map(|engine| Filled::open(*engine, &self.folder.join(name), seed)).collect()
    }

    /// Brings each store to a level; false when it was stopped.
    fn fill(&mut self, stores: &mut [Filled], level: u64) -> Result<bool, ProbeError> {
        let Surroundings { progress, is_cancelled, .. } = self.surroundings;
        let total = self.messages_to_write();
        self.traffic.extend_to(level);
        for store in stores {
            let what = format!("filling the {} store to {level} messages", store.engine);
            let before = self.written;
            let written = &mut self.written;
            let on_progress = |added: u64| {
                *written = before + added;
                progress(*written, total, &what);
                !is_cancelled()
            };
            if !store.fill(&self.traffic, level, on_progress)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Measures the stores at their level, in turns with the smallest ones; these alone when there
    /// are no others. False when it was stopped.
    fn read(&mut self, stores: &mut [Filled], smallest: &mut [Filled]) -> Result<bool, ProbeError> {
        let Surroundings { progress, .. } = self.surroundings;
        let level = stores.first().or(smallest.first()).map_or(0, Filled::messages);
        progress(
            self.written,
            self.messages_to_write(),
            &format!("reading among {level} messages"),
        );
        let rows =
            read_level(stores, smallest, &self.traffic, self.config.reads, self.surroundings)?;
        let is_done = rows.is_some();
        self.rows.extend(rows.into_iter().flatten());
        Ok(is_done)
    }

    fn messages_to_write(&self) -> u64 {
        let levels = &self.config.levels;
        let largest = if levels.len() > 1 { levels.last() } else { None };
        let each = levels.first().unwrap_or(&0) + largest.unwrap_or(&0);
        each * self.config.engines.len() as u64
    }
}

/// The probe's folder, gone with this value.
struct Folder(PathBuf);

impl Folder {
    fn claim(path: &Path) -> Result<Self, ProbeError> {
        std::fs::create_dir_all(path)?;
        match std::fs::read_dir(path)?.next() {
            Some(_) => Err(ProbeError::Occupied { path: path.to_owned() }),
            None => Ok(Self(path.to_owned())),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            let path = self.0.display();
            tracing::warn!(%error, %path, "the probe's folder is still there: remove it");
        }
    }
}

impl ProbeEngine {
    /// The name as reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyValue => "key-value",
            Self::Relational => "relational",
        }
    }
}

impl std::fmt::Display for ProbeEngine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
