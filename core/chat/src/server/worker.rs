//! The worker id under which a server issues Snowflakes: leased from the registry and renewed.
//!
//! The registry gives a worker id to a new holder only after the old lease has ended, and remembers
//! the time up to which the old one had issued when it last renewed. Between that renewal and the end
//! of its lease the old holder may have issued later times, but none later than its clock showed at
//! the end. So a new holder waits `skew_max`, by which its own clock may be behind the old one's, and
//! then issues nothing that the recorded time covers.

use super::{ChatServer, ServerConfig, Timer, requests::Pending};
use crate::{
    entry::mix,
    ids::MessageId,
    ports::{
        Outcome, Request,
        registry::{LeaseKey, RegistryAnswer, RegistryRequest},
    },
    snowflake::{NoId, SnowflakeSource},
    time::{Monotonic, Now},
};

/// The part of a lease that its holder relies on. The rest is for clocks that do not run equally fast.
const RELIED: f64 = 0.9;

/// The source of ids and what is known of its lease.
#[derive(Debug)]
pub(super) struct WorkerSeat {
    source: SnowflakeSource,
    lease: Option<Lease>,
    is_fixed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    epoch: u64,
    until: Monotonic,
    may_start_at: Monotonic,
}

impl WorkerSeat {
    pub(super) fn without_lease() -> Self {
        Self { source: SnowflakeSource::without_lease(), lease: None, is_fixed: false }
    }

    /// Worker 1 for ever, whoever else is.
    pub(super) fn fixed() -> Self {
        Self { source: SnowflakeSource::fixed(), lease: None, is_fixed: true }
    }

    pub(super) fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    pub(super) fn issue(&mut self, now: Now) -> Result<MessageId, NoId> {
        self.source.issue(now)
    }

    /// The lease counts from when it was asked for, which is before the registry granted it.
    fn granted(&mut self, worker: u16, granted: Lease, high_water_ms: u64) {
        let lease = match self.lease {
            Some(own) if own.epoch == granted.epoch => {
                // Answers may overtake each other.
                Lease { until: own.until.max(granted.until), ..own }
            }
            _ => {
                self.source.release();
                granted
            }
        };
        self.lease = Some(lease);
        self.source.lease(worker, lease.until, high_water_ms, lease.may_start_at);
    }

    fn lost(&mut self) {
        self.source.release();
        self.lease = None;
    }
}

impl ChatServer {
    /// The worker id that the server holds the lease of at this moment, and under which epoch.
    #[must_use]
    pub fn worker_lease(&self, now: Now) -> Option<(u16, u64)> {
        let super::ids::IdSupply::Worker(seat) = &self.ids else { return None };
        let lease = seat.lease.filter(|lease| now.monotonic < lease.until)?;
        Some((seat.source.worker()?, lease.epoch))
    }

    /// Takes or renews the lease, thrice in its time: two answers may be lost.
    pub(super) fn renew_worker(&mut self, now: Now) {
        let super::ids::IdSupply::Worker(seat) = &self.ids else { return };
        let (worker, high_water_ms) = (seat.source.worker(), seat.source.high_water_ms());
        let ttl = self.config.design.lease_ttl;
        self.timers.set(Timer::WorkerRenewal, now.monotonic.after(ttl / 3));
        let holder = holder(&self.config);
        let request = RegistryRequest::Worker { holder, ttl, worker, high_water_ms };
        let asked = Pending::Worker { asked_at: now.monotonic, renewal: worker.is_some() };
        self.request(now, asked, Request::Registry(request));
    }

    /// Without an answer the server goes on until its lease ends.
    pub(super) fn settle_worker(
        &mut self,
        now: Now,
        asked_at: Monotonic,
        renewal: bool,
        outcome: Outcome<RegistryAnswer>,
    ) {
        let design = &self.config.design;
        let super::ids::IdSupply::Worker(seat) = &mut self.ids else { return };
        match outcome {
            Outcome::Ok(RegistryAnswer::Leased {
                key: LeaseKey::Worker(worker),
                epoch,
                high_water_ms,
            }) => {
                let until = asked_at.after(design.lease_ttl.mul_f64(RELIED));
                let may_start_at = now.monotonic.after(design.skew_max);
                seat.granted(worker, Lease { epoch, until, may_start_at }, high_water_ms);
            }
            Outcome::Ok(RegistryAnswer::Held) => {
                seat.lost();
                if renewal {
                    self.renew_worker(now);
                }
            }
            Outcome::Ok(other) => debug_assert!(false, "no answer to a worker: {other:?}"),
            Outcome::Refused | Outcome::Unknown => {}
        }
    }
}

/// A number that no other process has, nor this server after a restart. With a registry the epoch is
/// no such number: it changes with each new lease, and an incarnation may come to the same.
fn holder(config: &ServerConfig) -> u64 {
    let worker = crate::body_hash("worker");
    match &config.registration {
        Some(registration) => mix(worker, &registration.holder.to_le_bytes()),
        None => mix(mix(worker, &config.server.0.to_le_bytes()), &config.epoch.to_le_bytes()),
    }
}
