//! The embedded store: fjall behind the group commit.

mod activity;
mod append;
mod cache;
mod channel;
mod cursors;
mod devices;
mod global;
mod inbox;
pub(in crate::store) mod keys;
mod ledger;
mod push;
mod reading;
mod retention;
mod state;
mod sweep;
mod tables;
mod tokens;
mod values;
mod view;

use std::{path::Path, sync::Arc};

use hubbub_chat::{
    design::{DirectKey, DirectQuery, Fanout, WriteOrder},
    entry::Entry,
    ports::{
        Outcome,
        store::{StoreAnswer, StoreRequest, StoreRules},
    },
    time::Wall,
};

use self::ledger::{FjallLedger, Work};
use super::{
    error::StoreError,
    group_commit::{BatchLimits, Counters, GroupCommit, Journal, StoreCounters},
};
use crate::disk::{DiskThread, answer};

/// Is told of every entry once it is on disk, before its sender is, in the order of the logs. It
/// runs on the store's thread: it must be quick and must not wait for the store.
pub type Observer = Arc<dyn Fn(&Arc<Entry>) + Send + Sync>;

/// Puts a journal of one's own around the store's, to watch it or to plant faults.
pub type JournalWrapper = Arc<dyn Fn(Box<dyn Journal>) -> Box<dyn Journal> + Send + Sync>;

/// Bounds of a [`FjallStore`], and who watches it.
#[derive(Clone)]
pub struct FjallConfig {
    /// Requests that share one sync at most.
    pub batch_max: usize,
    /// Rows after which a batch takes in no further request. 16,384 rows take some 50 ms to write,
    /// which bounds how long a group of thousands delays the requests behind it.
    pub batch_rows_max: usize,
    /// Requests that wait at most; more are refused.
    pub queue_max: usize,
    /// Decoded rows kept at most of each kind: users, devices, channels, remembered answers.
    pub cache_rows_max: usize,
    /// Bytes of blocks read from disk that are kept.
    pub block_cache_bytes: u64,
    /// Logs and inboxes that the sweep looks at ten times a second, while there is something to
    /// write: the first row of each, a few microseconds. 16 of each go round a million of them in
    /// under two hours. 0 sweeps nothing: what is at the end of its time goes with the next request
    /// for it.
    pub sweep_stretches_max: usize,
    /// Is told of every entry that is on disk.
    pub observer: Option<Observer>,
    /// Goes around the journal, again whenever the folder is opened again.
    pub journal: Option<JournalWrapper>,
}

impl Default for FjallConfig {
    fn default() -> Self {
        Self {
            batch_max: 1024,
            batch_rows_max: 16_384,
            queue_max: 16_384,
            cache_rows_max: 65_536,
            block_cache_bytes: 64 * 1024 * 1024,
            sweep_stretches_max: 16,
            observer: None,
            journal: None,
        }
    }
}

/// The durable backend of the `Store` port, in one folder.
///
/// Requests are carried out in the order in which they were submitted. What is answered with
/// [`Outcome::Ok`] is on disk, and so is everything that a read has shown.
pub struct FjallStore {
    thread: DiskThread<Work, StoreAnswer>,
    counters: Arc<Counters>,
}

impl FjallStore {
    /// Opens the store in this folder, or makes an empty one.
    ///
    /// # Errors
    /// When the rules can be simulated only; when the folder is in use, was written in another
    /// format, under another fanout or with other ids, or cannot be read.
    pub fn open(
        path: impl AsRef<Path>,
        rules: StoreRules,
        config: FjallConfig,
    ) -> Result<Self, StoreError> {
        check_rules(&rules)?;
        let counters = Arc::<Counters>::default();
        let limits = BatchLimits {
            requests_max: config.batch_max.max(1),
            rows_max: config.batch_rows_max.max(1),
        };
        let queue_max = config.queue_max;
        let ledger = FjallLedger::open(path.as_ref().to_owned(), rules, config)?;
        let counted = counters.clone();
        let thread = DiskThread::start(queue_max, move |requests| {
            GroupCommit::new(ledger, requests, limits, counted).run();
        });
        Ok(Self { thread, counters })
    }

    /// Asks the store, and waits until the answer is durable. `wall` dates what is written.
    ///
    /// Refused when the queue is full or the store closed; unknown when the disk failed.
    pub async fn call(&self, wall: Wall, request: StoreRequest) -> Outcome<StoreAnswer> {
        answer(|reply| self.submit(wall, request, reply)).await
    }

    /// Asks the store without waiting. `reply` is called once, on the store's thread, or here and
    /// now when the request is refused at once; it must be quick.
    pub fn submit(
        &self,
        wall: Wall,
        request: StoreRequest,
        reply: impl FnOnce(Outcome<StoreAnswer>) + Send + 'static,
    ) {
        if !self.thread.submit(Work { wall, request }, Box::new(reply)) {
            self.counters.count_overflow();
        }
    }

    /// Finishes what was asked before, frees the folder, and refuses what is asked later.
    pub async fn close(&self) {
        self.thread.close().await;
    }

    /// What the store has done since it was opened.
    #[must_use]
    pub fn counters(&self) -> StoreCounters {
        self.counters.read()
    }
}

/// What only the model carries out.
fn check_rules(rules: &StoreRules) -> Result<(), StoreError> {
    let simulated_only = |knob, value: &dyn std::fmt::Display| {
        Err(StoreError::SimulatedOnly { knob, value: value.to_string() })
    };
    if rules.fanout == Fanout::SharedQueue {
        return simulated_only("fanout", &rules.fanout);
    }
    if rules.direct_query != DirectQuery::default() {
        return simulated_only("direct_query", &rules.direct_query);
    }
    if rules.direct_key != DirectKey::default() {
        return simulated_only("direct_key", &rules.direct_key);
    }
    if rules.write_order != WriteOrder::default() {
        return simulated_only("write_order", &rules.write_order);
    }
    Ok(())
}
