//! The store's group commit: what arrives while its disk syncs is synced and answered together.

use hubbub_chat::{
    RequestId,
    ports::{Request, store::StoreRequest},
    random::Random,
    time::nanoseconds,
};
use hubbub_scenario::FaultKind;

use super::{Asker, Engine, Happening};
use crate::disk::{Disk, Joined, Lost, Synced};

/// A request that the store has taken in and not answered.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    asker: Asker,
    id: RequestId,
    request: StoreRequest,
    /// The start of the store's process that took it in.
    incarnation: u32,
}

/// What is on its way to the store's disk.
#[derive(Debug)]
pub(super) struct Group {
    disk: Disk<Waiting>,
    /// How many processes of the store have ended; the end of a sync of an earlier one means nothing.
    number: u64,
}

impl Group {
    pub(super) fn new(random: Random) -> Self {
        Self { disk: Disk::new(random), number: 0 }
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

    fn join_group(&mut self, waiting: Waiting) {
        let is_read = waiting.request.is_read();
        match self.group.disk.join(waiting, is_read) {
            Joined::NeedNotWait(waiting) => self.carry_out(waiting),
            Joined::Waits => {}
            Joined::Begins(sync_ns) => self.sync(sync_ns),
        }
    }

    fn sync(&mut self, sync_ns: u64) {
        self.at(self.now + sync_ns, Happening::Synced(self.group.number));
    }

    pub(super) fn synced(&mut self, number: u64) {
        if number != self.group.number {
            return;
        }
        let Synced { done, next_ns } = self.group.disk.synced();
        if let Some(sync_ns) = next_ns {
            self.sync(sync_ns);
        }
        done.into_iter().for_each(|waiting| self.carry_out(waiting));
    }

    fn carry_out(&mut self, waiting: Waiting) {
        let Waiting { asker, id, request, .. } = waiting;
        let answer = self.ask_store(Request::Store(request));
        if !self.draws(FaultKind::StoreAnswerLost) {
            self.answer(self.setup.hosts.store(), asker, id, answer);
        }
    }

    /// The store's process is gone, and what waited with it. Of what the disk has all the same, nobody
    /// is told.
    pub(super) fn lose_group(&mut self, silent: bool, fault: u32) {
        self.group.number += 1;
        let Lost { requests, survivors } = self.group.disk.lose(silent);
        self.network.count(fault, requests as u64);
        for waiting in survivors {
            self.ask_store(Request::Store(waiting.request));
        }
    }
}
