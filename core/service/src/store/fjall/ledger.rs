//! What the group commit works on: the store's state and its journal.

use std::path::PathBuf;

use hubbub_chat::{
    ports::store::{StoreAnswer, StoreRequest, StoreRules},
    time::Wall,
};

use super::{FjallConfig, state::State, sweep::Sweep, tables::Tables, view::View};
use crate::store::{
    Row, StoreError,
    group_commit::{Journal, Ledger},
};

/// A request, and the time that dates what it writes.
pub(super) struct Work {
    pub(super) wall: Wall,
    pub(super) request: StoreRequest,
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
        let tables = Tables::open(&path, &rules, config.block_cache_bytes)?;
        let journal: Box<dyn Journal> = Box::new(tables.journal());
        let journal = match &config.journal {
            Some(wrap) => wrap(journal),
            None => journal,
        };
        let sweep = Sweep::new(config.sweep_stretches_max);
        let state = State::new(rules, View::new(tables), config.cache_rows_max, sweep);
        Ok(Self { path, config, state, journal })
    }
}

impl Ledger for FjallLedger {
    type Work = Work;
    type Answer = StoreAnswer;

    fn is_read(work: &Work) -> bool {
        work.request.is_read()
    }

    fn apply(&mut self, work: Work) -> Result<StoreAnswer, StoreError> {
        let is_read = Self::is_read(&work);
        let answer = self.state.handle(work.wall, work.request)?;
        if !is_read {
            self.state.sweep(work.wall);
        }
        Ok(answer)
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
