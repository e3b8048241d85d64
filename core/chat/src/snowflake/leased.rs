//! A Snowflake worker whose id is leased from the registry and renewed.
//!
//! The registry gives a worker id to a new holder only after the old lease has ended, and remembers
//! the time up to which the old one had issued when it last renewed. Between that renewal and the end
//! of its lease the old holder may have issued later times, but none later than its clock showed at
//! the end. So a new holder waits `skew_max`, by which its own clock may be behind the old one's, and
//! then issues nothing that the recorded time covers.

use std::collections::VecDeque;

use super::{NoId, SnowflakeSource};
use crate::{
    design::Design,
    ids::MessageId,
    lease::{LeaseKeeper, LeaseOutput, LeaseTarget},
    ports::{
        Outcome,
        registry::{LeaseInfo, LeaseKey, RegistryAnswer, RegistryRequest},
    },
    situation::Situations,
    time::{Monotonic, Now},
};

/// A source of ids and the lease of its worker id.
#[derive(Debug)]
pub struct LeasedWorker {
    keeper: LeaseKeeper,
    source: SnowflakeSource,
    design: Design,
    requests: VecDeque<(u64, RegistryRequest)>,
}

impl LeasedWorker {
    /// A worker that asks for any free id at once. `holder` is a number that no other process has,
    /// and this one after a restart neither.
    #[must_use]
    pub fn new(holder: u64, design: &Design) -> Self {
        let info = LeaseInfo::default();
        Self {
            keeper: LeaseKeeper::new(LeaseTarget::AnyWorker, holder, design, info),
            source: SnowflakeSource::without_lease(),
            design: design.clone(),
            requests: VecDeque::new(),
        }
    }

    /// Takes in the registry's answer to the request with this number. Without one the worker goes
    /// on until its lease ends.
    pub fn handle_answer(&mut self, now: Now, number: u64, answer: Outcome<RegistryAnswer>) {
        self.keeper.handle_answer(now.monotonic, number, answer);
        self.follow_lease(now);
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        self.keeper.info_mut().high_water_ms = self.source.high_water_ms();
        self.keeper.handle_timeout(now.monotonic);
        self.follow_lease(now);
    }

    /// What to ask the registry next, and the number that its answer comes back with; drained after
    /// every `handle_*`.
    pub fn poll_request(&mut self) -> Option<(u64, RegistryRequest)> {
        self.requests.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Monotonic> {
        self.keeper.poll_timeout()
    }

    /// The next id.
    ///
    /// # Errors
    /// Why there is none now; see [`NoId`].
    pub fn issue(&mut self, now: Now) -> Result<MessageId, NoId> {
        match self.keeper.epoch(now.monotonic) {
            Some(_) => self.source.issue(now),
            None => Err(NoId::NoLease),
        }
    }

    /// The worker id that it holds at this moment, and under which epoch.
    #[must_use]
    pub fn lease(&self, now: Now) -> Option<(u16, u64)> {
        Some((self.source.worker()?, self.keeper.epoch(now.monotonic)?))
    }

    /// The situations that it has passed through.
    #[must_use]
    pub fn situations(&self) -> Situations {
        let mut situations = self.source.situations();
        situations.add(self.keeper.situations());
        situations
    }

    /// Until when the lease lasts is the keeper's to know: it is asked before each id.
    fn follow_lease(&mut self, now: Now) {
        while let Some(output) = self.keeper.poll_output() {
            match output {
                LeaseOutput::Request { number, request } => {
                    self.requests.push_back((number, request));
                }
                LeaseOutput::Held { key: LeaseKey::Worker(worker), high_water_ms, .. } => {
                    let worker = if planted!(self.design, WorkerIdReused) { 0 } else { worker };
                    let may_start_at = now.monotonic.after(self.design.skew_max);
                    let for_ever = Monotonic(u64::MAX);
                    self.source.lease(worker, for_ever, high_water_ms, may_start_at);
                }
                LeaseOutput::Lost => self.source.release(),
                LeaseOutput::Held { .. } | LeaseOutput::Released => {}
            }
        }
    }
}
