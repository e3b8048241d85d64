//! The store's group commit: what arrives while it syncs is carried out and answered together.

use hubbub_chat::{
    RequestId,
    ports::{Request, store::StoreRequest},
    random::Random,
    time::nanoseconds,
};
use hubbub_scenario::FaultKind;

use super::{Asker, Engine, Happening};
use crate::disk;

/// A request that the store has taken in and not answered.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    asker: Asker,
    id: RequestId,
    request: StoreRequest,
    /// The start of the store's process that took it in.
    incarnation: u32,
}

/// What waits for the sync that is under way.
#[derive(Debug)]
pub(super) struct Group {
    waiting: Vec<Waiting>,
    /// How many groups there were; a sync of an earlier one means nothing.
    number: u64,
    random: Random,
}

impl Group {
    pub(super) fn new(random: Random) -> Self {
        Self { waiting: Vec::new(), number: 0, random }
    }

    fn take(&mut self) -> Vec<Waiting> {
        self.number += 1;
        std::mem::take(&mut self.waiting)
    }
}

impl Engine<'_> {
    pub(super) fn store_request(&mut self, asker: Asker, id: RequestId, request: StoreRequest) {
        let incarnation = self.incarnations[self.setup.hosts.store().0];
        let waiting = Waiting { asker, id, request, incarnation };
        match self.longest(FaultKind::StoreSlow) {
            Some(by) => self.at(self.now + nanoseconds(by), Happening::StoreTurn(waiting)),
            None => self.join_group(waiting),
        }
    }

    /// A request that a fault kept waiting is gone with the process that had it.
    pub(super) fn store_turn(&mut self, waiting: Waiting) {
        let store = self.setup.hosts.store();
        match self.down_by.get(&store) {
            Some(fault) => self.network.count(*fault, 1),
            None if waiting.incarnation == self.incarnations[store.0] => self.join_group(waiting),
            None => {}
        }
    }

    /// A read waits for what came before it, and for nothing else.
    fn join_group(&mut self, waiting: Waiting) {
        if self.group.waiting.is_empty() {
            if waiting.request.is_read() {
                return self.carry_out(waiting);
            }
            let sync_ns = disk::sync_ns(&mut self.group.random);
            self.at(self.now + sync_ns, Happening::Synced(self.group.number));
        }
        self.group.waiting.push(waiting);
    }

    pub(super) fn synced(&mut self, number: u64) {
        if number == self.group.number {
            self.group.take().into_iter().for_each(|waiting| self.carry_out(waiting));
        }
    }

    fn carry_out(&mut self, waiting: Waiting) {
        let Waiting { asker, id, request, .. } = waiting;
        let answer = self.ask_store(Request::Store(request));
        if !self.draws(FaultKind::StoreAnswerLost) {
            self.answer(self.setup.hosts.store(), asker, id, answer);
        }
    }

    /// The store's process is gone, and what waited with it. Where the power went, a drawn
    /// beginning was on disk: nobody is told.
    pub(super) fn lose_group(&mut self, silent: bool, fault: u32) {
        let group = self.group.take();
        self.network.count(fault, group.len() as u64);
        let kept = disk::survivors(&mut self.group.random, group.len(), silent);
        for waiting in group.into_iter().take(kept) {
            self.ask_store(Request::Store(waiting.request));
        }
    }
}
