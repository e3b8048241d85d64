//! The lease of the worker id under which the server issues Snowflakes.

use super::{ChatServer, ServerConfig, Timer, ids::IdSupply, requests::Pending};
use crate::{
    entry::mix,
    ports::{Outcome, Request, registry::RegistryAnswer},
    time::Now,
};

impl ChatServer {
    /// The worker id that the server holds the lease of at this moment, and under which epoch.
    #[must_use]
    pub fn worker_lease(&self, now: Now) -> Option<(u16, u64)> {
        match &self.ids {
            IdSupply::Leased(worker) => worker.lease(now),
            _ => None,
        }
    }

    pub(super) fn keep_worker(&mut self, now: Now) {
        if let IdSupply::Leased(worker) = &mut self.ids {
            worker.handle_timeout(now);
        }
        self.drive_worker(now);
    }

    pub(super) fn settle_worker(
        &mut self,
        now: Now,
        number: u64,
        outcome: Outcome<RegistryAnswer>,
    ) {
        if let IdSupply::Leased(worker) = &mut self.ids {
            worker.handle_answer(now, number, outcome);
        }
        self.drive_worker(now);
    }

    fn drive_worker(&mut self, now: Now) {
        while let IdSupply::Leased(worker) = &mut self.ids
            && let Some((number, request)) = worker.poll_request()
        {
            self.request(now, Pending::Worker(number), Request::Registry(request));
        }
        if let IdSupply::Leased(worker) = &self.ids
            && let Some(due) = worker.poll_timeout()
        {
            self.timers.set(Timer::Worker, due);
        }
    }
}

/// A number that no other process has, nor this server after a restart. With a registry the epoch is
/// no such number: it changes with each new lease, and an incarnation may come to the same.
pub(super) fn holder(config: &ServerConfig) -> u64 {
    let worker = crate::body_hash("worker");
    match &config.registration {
        Some(registration) => mix(worker, &registration.holder.to_le_bytes()),
        None => mix(mix(worker, &config.server.0.to_le_bytes()), &config.epoch.to_le_bytes()),
    }
}
