//! The pure model of the registry: leases by its own monotonic clock.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{LeaseInfo, LeaseKey, Member, RegistryAnswer, RegistryRequest};
use crate::{
    situation::{Situation, Situations},
    snowflake::WORKERS,
    time::{Monotonic, Now},
};

/// Leases that live at a time, at most: all workers and some thousands of servers. One more is
/// answered with `Held`.
const LEASES_MAX: usize = 8192;

/// Versions are counted above the last epoch, which survives a restart, in these many bits.
const VERSION_BITS: u32 = 32;

/// What the registry must keep to be restarted. Whoever hosts it writes the record durably, when it
/// has changed, before the answer that changed it goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryRecord {
    /// The last epoch that was given out.
    pub last_epoch: u64,
    /// Who was given what. Renewals are not in it, so it changes seldom.
    pub grants: Vec<Grant>,
    /// For each worker, in milliseconds since the Unix epoch: nothing that it has issued is later.
    pub high_water_ms: Vec<(u16, u64)>,
}

/// A lease as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What for.
    pub key: LeaseKey,
    /// To whom.
    pub holder: u64,
    /// Under which epoch.
    pub epoch: u64,
    /// What the holder says of itself; `load` and `high_water_ms` are 0.
    pub info: LeaseInfo,
}

/// What the registry has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RegistryCounts {
    /// Leases given to a new holder.
    pub granted: u64,
    /// Leases renewed.
    pub renewed: u64,
    /// Requests answered with `Held`.
    pub held: u64,
    /// Leases whose holder was not heard of in time.
    pub expired: u64,
    /// Leases given back.
    pub released: u64,
}

/// The registry.
///
/// A lease is given to whoever asks first, and to nobody else before its end. Epochs grow over all
/// keys. After a restart ([`Self::restore`]) the registry knows to whom it gave what, as far as its
/// record says, but not until when; so for `ttl_max`, which is longer than any lease it gave, a key
/// goes to the holder in the record and to nobody else, and a key without one to nobody at all.
#[derive(Debug, Clone)]
pub struct RegistryModel {
    ttl_max: Duration,
    last_epoch: u64,
    version: u64,
    /// Until then a lease that is not in `leases` may live nevertheless.
    unknown_until: Monotonic,
    leases: BTreeMap<LeaseKey, Lease>,
    high_water_ms: BTreeMap<u16, u64>,
    counts: RegistryCounts,
    situations: Situations,
}

#[derive(Debug, Clone)]
struct Lease {
    holder: u64,
    epoch: u64,
    ends: Monotonic,
    info: LeaseInfo,
}

impl RegistryModel {
    /// A registry that has never given anything. A request for more than `ttl_max` gets nothing.
    #[must_use]
    pub fn new(ttl_max: Duration) -> Self {
        Self {
            ttl_max,
            last_epoch: 0,
            version: 0,
            unknown_until: Monotonic(0),
            leases: BTreeMap::new(),
            high_water_ms: BTreeMap::new(),
            counts: RegistryCounts::default(),
            situations: Situations::default(),
        }
    }

    /// A registry after a restart. `ttl_max` is not below that of the earlier one. A record of the
    /// last epoch alone is safe too: then every holder loses its lease once.
    #[must_use]
    pub fn restore(record: RegistryRecord, now: Now, ttl_max: Duration) -> Self {
        let ends = now.monotonic.after(ttl_max);
        let mut this = Self::new(ttl_max);
        // One more, so that the version differs from every earlier one.
        this.last_epoch = record.last_epoch + 1;
        this.version = this.last_epoch << VERSION_BITS;
        this.unknown_until = ends;
        this.high_water_ms = record.high_water_ms.into_iter().collect();
        for Grant { key, holder, epoch, info } in record.grants {
            this.leases.insert(key, Lease { holder, epoch, ends, info });
        }
        this
    }

    /// A registry after a restart that took all its holders along: they were in its process, so no
    /// lease of before lives.
    #[must_use]
    pub fn restore_alone(record: RegistryRecord, ttl_max: Duration) -> Self {
        let record = RegistryRecord { grants: Vec::new(), ..record };
        let now = Now { monotonic: Monotonic(0), wall: crate::time::Wall(0) };
        Self { unknown_until: Monotonic(0), ..Self::restore(record, now, ttl_max) }
    }

    /// Carries out one request.
    pub fn handle(&mut self, now: Now, request: RegistryRequest) -> RegistryAnswer {
        let now = now.monotonic;
        self.expire(now);
        match request {
            RegistryRequest::Lease { key, holder, ttl, info } => {
                self.lease(now, key, holder, ttl, info)
            }
            RegistryRequest::Worker { holder, ttl, worker, high_water_ms } => {
                self.lease_worker(now, holder, ttl, worker, high_water_ms)
            }
            RegistryRequest::Release { key, holder } => self.release(key, holder),
            RegistryRequest::Watch => {
                RegistryAnswer::Snapshot { version: self.version, members: self.members() }
            }
        }
    }

    /// What has to be kept for a restart.
    #[must_use]
    pub fn record(&self) -> RegistryRecord {
        let grant = |(key, lease): (&LeaseKey, &Lease)| Grant {
            key: *key,
            holder: lease.holder,
            epoch: lease.epoch,
            info: LeaseInfo { load: 0, high_water_ms: 0, ..lease.info.clone() },
        };
        RegistryRecord {
            last_epoch: self.last_epoch,
            grants: self.leases.iter().map(grant).collect(),
            high_water_ms: self
                .high_water_ms
                .iter()
                .map(|(worker, time)| (*worker, *time))
                .collect(),
        }
    }

    /// What it has done since it started.
    #[must_use]
    pub fn counts(&self) -> RegistryCounts {
        self.counts
    }

    /// The situations that it has passed through since it started.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
    }

    fn lease(
        &mut self,
        now: Monotonic,
        key: LeaseKey,
        holder: u64,
        ttl: Duration,
        info: LeaseInfo,
    ) -> RegistryAnswer {
        let possible = ttl <= self.ttl_max && key.is_possible();
        let epoch = match self.leases.get(&key) {
            Some(lease) if possible && lease.holder == holder => self.renew(now, key, ttl, info),
            None if possible && now >= self.unknown_until && self.leases.len() < LEASES_MAX => {
                Some(self.grant(now, key, holder, ttl, info))
            }
            None if possible && now < self.unknown_until => {
                self.situations.mark(Situation::RegistryWaited);
                None
            }
            _ => None,
        };
        let Some(epoch) = epoch else {
            self.counts.held += 1;
            return RegistryAnswer::Held;
        };
        let high_water_ms = match key {
            LeaseKey::Worker(worker) => self.high_water(worker),
            _ => 0,
        };
        RegistryAnswer::Leased { key, epoch, high_water_ms }
    }

    /// A renewal never shortens a lease: its holder may rely on an earlier, longer one.
    fn renew(
        &mut self,
        now: Monotonic,
        key: LeaseKey,
        ttl: Duration,
        info: LeaseInfo,
    ) -> Option<u64> {
        self.note_high_water(key, info.high_water_ms);
        let lease = self.leases.get_mut(&key)?;
        lease.ends = lease.ends.max(now.after(ttl));
        self.version += u64::from(lease.info.open != info.open);
        lease.info = info;
        self.counts.renewed += 1;
        Some(lease.epoch)
    }

    fn grant(
        &mut self,
        now: Monotonic,
        key: LeaseKey,
        holder: u64,
        ttl: Duration,
        info: LeaseInfo,
    ) -> u64 {
        self.last_epoch += 1;
        self.version = (self.version + 1).max(self.last_epoch << VERSION_BITS);
        let (epoch, ends) = (self.last_epoch, now.after(ttl));
        self.note_high_water(key, info.high_water_ms);
        self.leases.insert(key, Lease { holder, epoch, ends, info });
        self.counts.granted += 1;
        epoch
    }

    /// Whoever asks for any worker id and has one already, since its answer was lost, gets that one.
    /// Otherwise it is the free one whose last time lies furthest back, so that an id rests as long
    /// as it can between two holders.
    fn lease_worker(
        &mut self,
        now: Monotonic,
        holder: u64,
        ttl: Duration,
        worker: Option<u16>,
        high_water_ms: u64,
    ) -> RegistryAnswer {
        // What the holder has issued, it has issued as the worker that it names.
        let high_water_ms = if worker.is_some() { high_water_ms } else { 0 };
        let info = LeaseInfo { high_water_ms, ..LeaseInfo::default() };
        let workers = LeaseKey::Worker(0)..=LeaseKey::Worker(WORKERS);
        let own = |(key, lease): (&LeaseKey, &Lease)| (lease.holder == holder).then_some(*key);
        let key = worker
            .map(LeaseKey::Worker)
            .or_else(|| self.leases.range(workers).find_map(own))
            .or_else(|| {
                let is_free = |worker: &u16| !self.leases.contains_key(&LeaseKey::Worker(*worker));
                let free = (0..WORKERS).filter(is_free);
                free.min_by_key(|worker| self.high_water(*worker)).map(LeaseKey::Worker)
            });
        let Some(key) = key else {
            self.counts.held += 1;
            return RegistryAnswer::Held;
        };
        self.lease(now, key, holder, ttl, info)
    }

    fn release(&mut self, key: LeaseKey, holder: u64) -> RegistryAnswer {
        if self.leases.get(&key).is_some_and(|lease| lease.holder == holder) {
            self.leases.remove(&key);
            self.version += 1;
            self.counts.released += 1;
        }
        RegistryAnswer::Released
    }

    fn members(&self) -> Vec<Member> {
        let member = |(key, lease): (&LeaseKey, &Lease)| Member {
            key: *key,
            epoch: lease.epoch,
            info: lease.info.clone(),
        };
        self.leases.iter().map(member).collect()
    }

    fn expire(&mut self, now: Monotonic) {
        let before = self.leases.len();
        self.leases.retain(|_, lease| lease.ends > now);
        let expired = (before - self.leases.len()) as u64;
        self.version += expired;
        self.counts.expired += expired;
    }

    fn high_water(&self, worker: u16) -> u64 {
        self.high_water_ms.get(&worker).copied().unwrap_or_default()
    }

    fn note_high_water(&mut self, key: LeaseKey, time_ms: u64) {
        if let LeaseKey::Worker(worker) = key
            && time_ms > 0
        {
            let known = self.high_water_ms.entry(worker).or_default();
            *known = (*known).max(time_ms);
        }
    }
}

impl LeaseKey {
    /// Whether anybody can have it.
    fn is_possible(self) -> bool {
        !matches!(self, Self::Worker(worker) if worker >= WORKERS)
    }
}
