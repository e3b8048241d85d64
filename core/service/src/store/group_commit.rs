//! Group commit: many requests, one write, one sync, and only then the answers.
//!
//! One thread owns the state. It takes whatever requests are waiting, carries them out in order
//! upon rows in memory, writes all their rows as one atomic batch, has the disk sync once, and
//! then answers all of them. Under load a sync is shared by hundreds of appends; a single append
//! does not wait for company.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use hubbub_chat::ports::Outcome;

use super::{error::StoreError, row::Row};
use crate::disk::{Reply, Requests};

/// Where rows become durable.
pub trait Journal: Send {
    /// Writes these rows, all or none. They may be lost until the next [`sync`](Self::sync).
    ///
    /// # Errors
    /// When writing failed: it is open whether the rows are there.
    fn commit(&mut self, rows: Vec<Row>) -> Result<(), StoreError>;

    /// Has everything that was committed on disk when it returns.
    ///
    /// # Errors
    /// When the disk did not confirm it: nothing that was read back since can be trusted.
    fn sync(&mut self) -> Result<(), StoreError>;
}

/// What a store has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCounters {
    /// Requests carried out or refused by the store's thread.
    pub requests: u64,
    /// Requests that found the queue full or the store closed.
    pub overflows: u64,
    /// Batches written. A batch that only read is none.
    pub batches: u64,
    /// Syncs that the disk confirmed.
    pub syncs: u64,
    /// Rows written or removed, of all tables.
    pub rows: u64,
    /// Writes and syncs that failed.
    pub failures: u64,
}

/// What the loop works on: the state as of the last commit, and the rows on top of it.
pub(crate) trait Ledger: Sized {
    /// A request.
    type Work;
    /// Its answer.
    type Answer;

    /// Whether this request changes nothing that its asker would have to know of.
    fn is_read(work: &Self::Work) -> bool;

    /// Carries out one request in memory. After an error the caller discards.
    fn apply(&mut self, work: Self::Work) -> Result<Self::Answer, StoreError>;

    /// Rows that wait to be committed.
    fn pending_rows(&self) -> usize;

    /// Hands out the rows that wait, and takes them for committed from here on.
    fn take_rows(&mut self) -> Vec<Row>;

    /// Where the rows go.
    fn journal(&mut self) -> &mut dyn Journal;

    /// The rows that were handed out are on disk.
    fn settle(&mut self);

    /// Drops the rows that wait and everything remembered on the way to them.
    fn discard(&mut self);

    /// Opens the folder again, with nothing in memory.
    fn reopen(self) -> Result<Self, StoreError>;
}

/// Bounds of one batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchLimits {
    /// Requests at most.
    pub(crate) requests_max: usize,
    /// Rows after which no further request is taken in; the last one may exceed it.
    pub(crate) rows_max: usize,
}

/// Counted on the loop's thread, read from anywhere.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    overflows: AtomicU64,
    batches: AtomicU64,
    syncs: AtomicU64,
    rows: AtomicU64,
    failures: AtomicU64,
}

impl Counters {
    pub(crate) fn count_overflow(&self) {
        self.overflows.fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> StoreCounters {
        StoreCounters {
            requests: self.requests.load(Relaxed),
            overflows: self.overflows.load(Relaxed),
            batches: self.batches.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            rows: self.rows.load(Relaxed),
            failures: self.failures.load(Relaxed),
        }
    }
}

/// The loop and what it owns.
pub(crate) struct GroupCommit<L: Ledger> {
    /// Absent once the store cannot go on: then everything is refused.
    ledger: Option<L>,
    requests: Requests<L::Work, L::Answer>,
    limits: BatchLimits,
    counters: Arc<Counters>,
}

/// An answer that waits for the disk.
struct Held<A> {
    answer: A,
    reply: Reply<A>,
    is_read: bool,
}

/// Why a batch did not become durable.
enum Failure {
    Commit(StoreError),
    Sync(StoreError),
}

impl<L: Ledger> GroupCommit<L> {
    pub(crate) fn new(
        ledger: L,
        requests: Requests<L::Work, L::Answer>,
        limits: BatchLimits,
        counters: Arc<Counters>,
    ) -> Self {
        Self { ledger: Some(ledger), requests, limits, counters }
    }

    /// Serves until it is told to close or nobody can ask any more.
    pub(crate) fn run(mut self) {
        while let Some(first) = self.requests.next() {
            self.carry_out(first);
        }
        // The ledger holds the folder's lock, so it goes before anybody hears of it.
        drop(self.ledger.take());
        self.requests.end();
    }

    /// One batch, beginning with this request.
    fn carry_out(&mut self, first: (L::Work, Reply<L::Answer>)) {
        let mut held = Vec::new();
        let mut next = Some(first);
        while let Some((work, reply)) = next {
            self.apply(work, reply, &mut held);
            let has_room = self.has_room(held.len());
            next = if has_room { self.requests.next_waiting() } else { None };
        }
        self.settle(held);
    }

    fn has_room(&self, requests: usize) -> bool {
        let rows = self.ledger.as_ref().map_or(0, L::pending_rows);
        requests < self.limits.requests_max && rows < self.limits.rows_max
    }

    /// Carries out one request in memory. When that fails, nothing of the batch has reached the
    /// journal, so all of it is refused.
    fn apply(&mut self, work: L::Work, reply: Reply<L::Answer>, held: &mut Vec<Held<L::Answer>>) {
        self.counters.requests.fetch_add(1, Relaxed);
        let Some(ledger) = &mut self.ledger else {
            return reply(Outcome::Refused);
        };
        let is_read = L::is_read(&work);
        match ledger.apply(work) {
            Ok(answer) => held.push(Held { answer, reply, is_read }),
            Err(error) => {
                self.counters.failures.fetch_add(1, Relaxed);
                tracing::error!(%error, "a request failed: its batch is refused");
                ledger.discard();
                reply(Outcome::Refused);
                held.drain(..).for_each(|one| (one.reply)(Outcome::Refused));
            }
        }
    }

    /// Makes the batch durable, then answers it.
    fn settle(&mut self, held: Vec<Held<L::Answer>>) {
        let Some(ledger) = &mut self.ledger else {
            return;
        };
        match make_durable(ledger, &self.counters) {
            Ok(()) => {
                ledger.settle();
                held.into_iter().for_each(|one| (one.reply)(Outcome::Ok(one.answer)));
            }
            Err(failure) => {
                self.counters.failures.fetch_add(1, Relaxed);
                self.recover(&failure);
                for one in held {
                    // A read saw rows that may not be there, but it has done nothing.
                    (one.reply)(if one.is_read { Outcome::Refused } else { Outcome::Unknown });
                }
            }
        }
    }

    fn recover(&mut self, failure: &Failure) {
        match failure {
            Failure::Commit(error) => {
                tracing::error!(%error, "a commit failed: the store reads its folder again");
                self.reopen();
            }
            // After a failed sync the kernel may hold pages for clean that are not on disk, so
            // what is read back proves nothing (Rebello et al., "Can applications recover from
            // fsync failures?", 2020). Only a person can say that the disk is sound.
            Failure::Sync(error) => {
                tracing::error!(%error, "a sync failed: the store refuses everything from here on");
                self.ledger = None;
            }
        }
    }

    fn reopen(&mut self) {
        self.ledger = self.ledger.take().and_then(|ledger| match ledger.reopen() {
            Ok(ledger) => Some(ledger),
            Err(error) => {
                tracing::error!(%error, "the folder cannot be read: everything is refused");
                None
            }
        });
    }
}

fn make_durable<L: Ledger>(ledger: &mut L, counters: &Counters) -> Result<(), Failure> {
    let rows = ledger.take_rows();
    if rows.is_empty() {
        return Ok(());
    }
    let count = rows.len() as u64;
    let journal = ledger.journal();
    journal.commit(rows).map_err(Failure::Commit)?;
    counters.batches.fetch_add(1, Relaxed);
    counters.rows.fetch_add(count, Relaxed);
    journal.sync().map_err(Failure::Sync)?;
    counters.syncs.fetch_add(1, Relaxed);
    Ok(())
}
