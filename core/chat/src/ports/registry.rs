//! The registry: who holds which lease, and so which servers there are (service discovery).

mod model;

pub use model::{Grant, RegistryCounts, RegistryModel, RegistryRecord};

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::ServerId;

/// What a lease is for. One holder at a time has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LeaseKey {
    /// To be this chat server.
    Chat(ServerId),
    /// To be this presence server.
    Presence(ServerId),
    /// To be the one notifier that pushes.
    Notifier,
    /// To issue ids as this Snowflake worker, 0 to 1023.
    Worker(u16),
}

/// What a holder says of itself with each renewal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseInfo {
    /// Where clients reach it, as `host:port`; empty when they do not.
    pub address: String,
    /// Where other servers reach it; empty when they do not.
    pub peer_address: String,
    /// Its region; empty when there is only one.
    pub region: String,
    /// Sessions that it can hold.
    pub capacity: u32,
    /// Sessions that it holds.
    pub load: u32,
    /// Whether it takes new sessions.
    pub open: bool,
    /// For a worker: nothing that it has issued has a later time, in milliseconds since the Unix
    /// epoch. The registry keeps it beyond the lease.
    pub high_water_ms: u64,
}

/// What the registry is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryRequest {
    /// Takes or renews a lease.
    Lease {
        /// What for.
        key: LeaseKey,
        /// Who: a number that no other process has, and this one after a restart neither.
        holder: u64,
        /// For how long.
        ttl: Duration,
        /// What the holder says of itself.
        info: LeaseInfo,
    },
    /// Takes or renews any free worker id.
    Worker {
        /// Who.
        holder: u64,
        /// For how long.
        ttl: Duration,
        /// The worker id to renew; `None` for any.
        worker: Option<u16>,
        /// See [`LeaseInfo::high_water_ms`].
        high_water_ms: u64,
    },
    /// Gives a lease back before its end.
    Release {
        /// What for.
        key: LeaseKey,
        /// Who.
        holder: u64,
    },
    /// Every lease that lives, with the version of the whole.
    Watch,
}

/// What the registry answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistryAnswer {
    /// To `Lease` and `Worker`: the holder has it from now on for the time it asked for.
    Leased {
        /// What.
        key: LeaseKey,
        /// Larger than that of every earlier holder; the same when renewed.
        epoch: u64,
        /// For a worker: the recorded high-water time.
        high_water_ms: u64,
    },
    /// To `Lease` and `Worker`: somebody else has it, it is not known yet that nobody has, there
    /// are as many leases as there may be, or it was asked for a longer time than the registry
    /// gives.
    Held,
    /// To `Release`.
    Released,
    /// To `Watch`.
    Snapshot {
        /// Grows with each change of who holds what and of who is open; not with a renewal.
        version: u64,
        /// The leases that live, in the order of their keys.
        members: Vec<Member>,
    },
}

/// A lease that lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What for.
    pub key: LeaseKey,
    /// Its epoch.
    pub epoch: u64,
    /// What its holder said of itself.
    pub info: LeaseInfo,
}
