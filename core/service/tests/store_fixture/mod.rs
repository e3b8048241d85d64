//! What the store's tests share: a store in a folder of its own, requests in few words, and a
//! journal that records and fails as it is told.
#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(unused_imports, unused_macros, reason = "as above")]

mod backend;
mod source;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use hubbub_chat::{
    design::{Design, Fanout},
    entry::Entry,
    frame::{Change, Cursors, Range},
    ids::{ChannelId, ClientId, DeviceId, MessageId, OperationId, UserId},
    ports::{
        Outcome,
        store::{Append, ChangeRequest, CursorReport, StoreAnswer, StoreRequest, StoreRules, Sync},
    },
    time::Wall,
};
use hubbub_service::store::{
    FjallConfig, FjallStore, Row, StoreError,
    group_commit::{Journal, StoreCounters},
};
use tempfile::TempDir;

pub(crate) use self::{backend::*, source::*};

/// The time at which every case begins: 7 ms.
pub(crate) const START: Wall = Wall(7_000_000);

/// Small bounds, so that a few requests reach them: seconds where the design has days.
pub(crate) fn rules(fanout: Fanout) -> StoreRules {
    let design = Design {
        fanout,
        group_limit: 4,
        inflight_max: 4,
        initial_history: 3,
        inbox_rows_max: 8,
        push_grace: Duration::from_secs(5),
        retention: Duration::from_secs(30),
        device_expiry: Duration::from_secs(40),
        history_retention: Duration::from_secs(60),
        ..Design::default()
    };
    StoreRules::from(&design)
}

/// A cache that cannot hold what the tests use, so that rows are read again from disk.
pub(crate) fn small_cache() -> FjallConfig {
    FjallConfig { cache_rows_max: 4, ..FjallConfig::default() }
}

/// A store that can be closed and opened again, asked from a plain test function.
pub(crate) struct Subject {
    pub(crate) rules: StoreRules,
    pub(crate) config: FjallConfig,
    pub(crate) path: PathBuf,
    /// The store's clock.
    pub(crate) wall: Wall,
    store: Option<FjallStore>,
    _folder: Option<TempDir>,
}

impl Subject {
    pub(crate) fn new(fanout: Fanout, config: FjallConfig) -> Self {
        Self::with_rules(rules(fanout), config)
    }

    pub(crate) fn with_rules(rules: StoreRules, config: FjallConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut subject =
            Self { rules, config, path, wall: START, store: None, _folder: Some(folder) };
        subject.open().unwrap();
        subject
    }

    /// A store in a folder that belongs to somebody else.
    pub(crate) fn at(path: &Path, fanout: Fanout, config: FjallConfig) -> Result<Self, StoreError> {
        Self::at_with_rules(path, rules(fanout), config)
    }

    pub(crate) fn at_with_rules(
        path: &Path,
        rules: StoreRules,
        config: FjallConfig,
    ) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let mut subject = Self { rules, config, path, wall: START, store: None, _folder: None };
        subject.open()?;
        Ok(subject)
    }

    pub(crate) fn open(&mut self) -> Result<(), StoreError> {
        self.store = Some(FjallStore::open(&self.path, self.rules, self.config.clone())?);
        Ok(())
    }

    pub(crate) fn store(&self) -> &FjallStore {
        self.store.as_ref().unwrap()
    }

    pub(crate) fn close(&mut self) {
        block_on(self.store.take().unwrap().close());
    }

    pub(crate) fn reopen(&mut self) {
        self.close();
        self.open().unwrap();
    }

    pub(crate) fn counters(&self) -> StoreCounters {
        self.store().counters()
    }

    pub(crate) fn outcome(&self, request: StoreRequest) -> Outcome<StoreAnswer> {
        block_on(self.store().call(self.wall, request))
    }

    pub(crate) fn ask(&self, request: StoreRequest) -> StoreAnswer {
        known(self.outcome(request))
    }

    /// Submits without waiting; the outcomes arrive in the order of the answers.
    pub(crate) fn submit(
        &self,
        request: StoreRequest,
        outcomes: &mpsc::Sender<Outcome<StoreAnswer>>,
    ) {
        let outcomes = outcomes.clone();
        self.store().submit(self.wall, request, move |outcome| {
            outcomes.send(outcome).unwrap();
        });
    }
}

pub(crate) fn known<T: std::fmt::Debug>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Ok(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The only device of user n is device n, unless a test says otherwise.
pub(crate) fn register(user: u64) -> StoreRequest {
    StoreRequest::Register { user: UserId(user), device: Some(DeviceId(user)) }
}

pub(crate) fn direct(one: u64, other: u64) -> ChannelId {
    ChannelId::direct(UserId(one), UserId(other))
}

pub(crate) fn group(creator: u64) -> ChannelId {
    ChannelId::group(UserId(creator), 1)
}

/// Send number `number` of user `user` under `membership`; every earlier one is still pending.
pub(crate) fn send(user: u64, channel: ChannelId, membership: u64, number: u64) -> Append {
    Append {
        given_id: MessageId::ZERO,
        user: UserId(user),
        device: DeviceId(user),
        channel,
        membership: MessageId(membership),
        client_id: ClientId(number),
        oldest_pending: ClientId(1),
        body: format!("body {number} of {user}").into(),
    }
}

pub(crate) fn append(user: u64, channel: ChannelId, membership: u64, number: u64) -> StoreRequest {
    StoreRequest::Append(send(user, channel, membership, number))
}

pub(crate) fn change(
    user: u64,
    channel: ChannelId,
    operation: u64,
    change: Change,
) -> StoreRequest {
    let (user, device, operation) = (UserId(user), DeviceId(user), OperationId(operation));
    StoreRequest::Change(ChangeRequest {
        given_id: MessageId::ZERO,
        user,
        device,
        channel,
        operation,
        change,
    })
}

pub(crate) fn create(creator: u64, users: &[u64]) -> StoreRequest {
    change(creator, group(creator), 1, Change::Create(ids(users)))
}

pub(crate) fn sync(user: u64, cursors: &[(ChannelId, u64)], entries_max: u32) -> StoreRequest {
    sync_of(user, user, cursors, entries_max)
}

pub(crate) fn sync_of(
    user: u64,
    device: u64,
    cursors: &[(ChannelId, u64)],
    entries_max: u32,
) -> StoreRequest {
    let cursors = cursors.iter().map(|(channel, cursor)| (*channel, MessageId(*cursor)));
    let cursors = cursors.collect::<Cursors>();
    StoreRequest::Sync(Sync {
        newest: MessageId::ZERO,
        user: UserId(user),
        device: DeviceId(device),
        cursors,
        entries_max,
    })
}

pub(crate) fn cursor(user: u64, device: u64, channel: ChannelId, message_id: u64) -> StoreRequest {
    let (user, device, message_id) = (UserId(user), DeviceId(device), MessageId(message_id));
    StoreRequest::Cursors(vec![CursorReport { user, device, channel, message_id }])
}

/// Where these users stand, and whether the devices of the same numbers are logged in.
pub(crate) fn heads(users: &[u64]) -> StoreRequest {
    let devices = users.iter().copied().map(DeviceId).collect();
    StoreRequest::Heads { users: ids(users), devices }
}

pub(crate) fn ids(users: &[u64]) -> Vec<UserId> {
    users.iter().copied().map(UserId).collect()
}

/// Rows of one table, read past the store.
pub(crate) fn rows(subject: &Subject, table: &str) -> usize {
    let database = fjall::Database::builder(&subject.path).open().unwrap();
    database.keyspace(table, fjall::KeyspaceCreateOptions::default).unwrap().len().unwrap()
}

/// The ranges of a page and whether there is more.
pub(crate) fn page(answer: StoreAnswer) -> (Vec<Range>, bool) {
    match answer {
        StoreAnswer::Page { ranges, more } => (ranges, more),
        other => panic!("no page: {other:?}"),
    }
}

/// The places that a page shows of one channel.
pub(crate) fn places(answer: StoreAnswer, channel: ChannelId) -> Vec<u64> {
    let (ranges, _) = page(answer);
    let range = ranges.into_iter().find(|range| range.channel == channel);
    range.into_iter().flat_map(|range| range.entries).map(|entry| entry.message_id.0).collect()
}

/// What a journal and its callers did, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// Entries were written.
    Write(Vec<(ChannelId, MessageId)>),
    /// The disk confirmed.
    Sync,
    /// A sender was told.
    Accepted(ChannelId, MessageId),
    /// The observer was told.
    Observed(ChannelId, MessageId),
}

/// What goes wrong with a journal, on its next commit or sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The commit fails and has written nothing.
    CommitFails,
    /// The commit fails after everything was written.
    CommitFailsLate,
    /// The disk does not confirm.
    SyncFails,
}

/// Shared between a test and the journals of its store.
#[derive(Clone, Default)]
pub(crate) struct Tape {
    events: Arc<Mutex<Vec<Event>>>,
    fault: Arc<Mutex<Option<Fault>>>,
    hold: Arc<Mutex<Option<Hold>>>,
    is_sync_removed: bool,
}

/// The journal's end of a [`Gate`].
struct Hold {
    reached: mpsc::Sender<()>,
    opened: mpsc::Receiver<()>,
}

/// Holds a commit until it is dropped.
pub(crate) struct Gate {
    reached: mpsc::Receiver<()>,
    _open: mpsc::Sender<()>,
}

impl Gate {
    /// Waits until the store has come to the commit: what is asked from here on is another batch.
    pub(crate) fn wait(&self) {
        self.reached.recv().unwrap();
    }
}

impl Tape {
    pub(crate) fn push(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Plants a fault for the next commit or sync.
    pub(crate) fn plant(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    /// A planted bug: no sync reaches the disk.
    pub(crate) fn without_sync() -> Self {
        Self { is_sync_removed: true, ..Self::default() }
    }

    /// Holds the next commit until the gate is dropped.
    pub(crate) fn hold(&self) -> Gate {
        let (reached, is_reached) = mpsc::channel();
        let (open, opened) = mpsc::channel();
        *self.hold.lock().unwrap() = Some(Hold { reached, opened });
        Gate { reached: is_reached, _open: open }
    }

    /// The default configuration with this tape around the journal.
    pub(crate) fn config(&self) -> FjallConfig {
        let (tape, observer) = (self.clone(), self.clone());
        FjallConfig {
            journal: Some(Arc::new(move |inner| {
                Box::new(TapedJournal { inner, tape: tape.clone() })
            })),
            observer: Some(Arc::new(move |entry: &Arc<Entry>| {
                observer.push(Event::Observed(entry.channel, entry.message_id));
            })),
            ..FjallConfig::default()
        }
    }

    fn take_fault(&self, faults: &[Fault]) -> Option<Fault> {
        let mut fault = self.fault.lock().unwrap();
        let due = fault.filter(|fault| faults.contains(fault));
        if due.is_some() {
            *fault = None;
        }
        due
    }
}

struct TapedJournal {
    inner: Box<dyn Journal>,
    tape: Tape,
}

impl Journal for TapedJournal {
    fn commit(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        let fault = self.tape.take_fault(&[Fault::CommitFails, Fault::CommitFailsLate]);
        if fault == Some(Fault::CommitFails) {
            return Err(planted());
        }
        let hold = self.tape.hold.lock().unwrap().take();
        if let Some(Hold { reached, opened }) = hold {
            // Either end may be gone: a test need not wait, and it opens the gate by dropping it.
            let _ = reached.send(());
            let _ = opened.recv();
        }
        let places = rows.iter().filter_map(Row::place).collect();
        self.inner.commit(rows)?;
        self.tape.push(Event::Write(places));
        if fault.is_some() { Err(planted()) } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.tape.take_fault(&[Fault::SyncFails]).is_some() {
            return Err(planted());
        }
        if !self.tape.is_sync_removed {
            self.inner.sync()?;
            self.tape.push(Event::Sync);
        }
        Ok(())
    }
}

fn planted() -> StoreError {
    StoreError::Io(std::io::Error::other("planted"))
}
