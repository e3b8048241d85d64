//! A registry that knows nothing but Snowflake workers.

use std::collections::BTreeMap;

use hubbub_chat::{
    Monotonic,
    ports::registry::{LeaseKey, RegistryAnswer, RegistryRequest},
    snowflake::WORKERS,
};

#[derive(Debug, Default)]
pub(crate) struct Workers {
    leases: BTreeMap<u16, Lease>,
    epochs: u64,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    holder: u64,
    epoch: u64,
    ends: Monotonic,
    high_water_ms: u64,
}

impl Workers {
    pub(crate) fn handle(&mut self, now: Monotonic, request: RegistryRequest) -> RegistryAnswer {
        let RegistryRequest::Worker { holder, ttl, worker, high_water_ms } = request else {
            panic!("nothing else is asked: {request:?}")
        };
        let is_free = |worker: &u16| {
            let lease = self.leases.get(worker);
            lease.is_none_or(|lease| lease.holder == holder || lease.ends <= now)
        };
        let Some(worker) = worker.or_else(|| (0..WORKERS).find(is_free)).filter(is_free) else {
            return RegistryAnswer::Held;
        };
        let fresh = Lease { holder, epoch: 0, ends: now, high_water_ms: 0 };
        let lease = self.leases.entry(worker).or_insert(fresh);
        if lease.holder != holder || lease.ends <= now {
            self.epochs += 1;
            (lease.holder, lease.epoch) = (holder, self.epochs);
        }
        let recorded = lease.high_water_ms;
        lease.high_water_ms = recorded.max(high_water_ms);
        lease.ends = now.after(ttl);
        let (key, epoch) = (LeaseKey::Worker(worker), lease.epoch);
        RegistryAnswer::Leased { key, epoch, high_water_ms: lease.high_water_ms }
    }
}
