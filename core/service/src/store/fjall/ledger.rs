//! What the group commit works on: the store's state and its journal.

use std::path::PathBuf;

use hubbub_chat::{
    ports::{
        directory::{DirectoryAnswer, DirectoryRequest},
        store::{StoreAnswer, StoreRequest, StoreRules},
    },
    time::Wall,
};

use super::{FjallConfig, state::State, tables::Tables, view::View};
use crate::store::{
    Row, StoreError,
    group_commit::{Journal, Ledger},
};

/// A request to one of the two ports.
pub(super) enum Work {
    Store(Wall, StoreRequest),
    Directory(DirectoryRequest),
}

/// An answer of one of the two ports.
pub(super) enum WorkAnswer {
    Store(StoreAnswer),
    Directory(DirectoryAnswer),
}

/// An open folder.
pub(super) struct FjallLedger {
    path: PathBuf,
    config: FjallConfig,
    state: State,
    journal: Box<dyn Journal>,
}

impl FjallLedger {
    pub(super) fn open(
        path: PathBuf,
        rules: StoreRules,
        config: FjallConfig,
    ) -> Result<Self, StoreError> {
        let tables = Tables::open(&path, rules.fanout, config.block_cache_bytes)?;
        let journal: Box<dyn Journal> = Box::new(tables.journal());
        let journal = match &config.journal {
            Some(wrap) => wrap(journal),
            None => journal,
        };
        let state = State::new(rules, View::new(tables), config.cache_rows_max);
        Ok(Self { path, config, state, journal })
    }
}

impl Ledger for FjallLedger {
    type Work = Work;
    type Answer = WorkAnswer;

    fn is_read(work: &Work) -> bool {
        match work {
            Work::Store(_, request) => {
                matches!(request, StoreRequest::Sync(_) | StoreRequest::Heads { .. })
            }
            Work::Directory(request) => matches!(
                request,
                DirectoryRequest::Credentials { .. } | DirectoryRequest::Authenticate { .. }
            ),
        }
    }

    fn apply(&mut self, work: Work) -> Result<WorkAnswer, StoreError> {
        match work {
            Work::Store(wall, request) => self.state.handle(wall, request).map(WorkAnswer::Store),
            Work::Directory(request) => {
                self.state.handle_directory(request).map(WorkAnswer::Directory)
            }
        }
    }

    fn pending_rows(&self) -> usize {
        self.state.view.waiting_rows()
    }

    fn take_rows(&mut self) -> Vec<Row> {
        self.state.view.take_rows()
    }

    fn journal(&mut self) -> &mut dyn Journal {
        &mut *self.journal
    }

    fn settle(&mut self) {
        let written = self.state.take_written();
        if let Some(observer) = &self.config.observer {
            written.iter().for_each(|entry| observer(entry));
        }
    }

    fn discard(&mut self) {
        self.state.discard();
    }

    fn reopen(self) -> Result<Self, StoreError> {
        let Self { path, config, state, journal } = self;
        let rules = state.rules;
        // Both hold the folder open.
        drop((state, journal));
        Self::open(path, rules, config)
    }
}
