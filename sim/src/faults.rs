//! The faults of a run: what each strikes, and what it did.

use std::time::Duration;

use hubbub_chat::Design;
use hubbub_scenario::{Fault, FaultKind};
use serde::{Deserialize, Serialize};

use crate::{
    hosts::{HostId, Hosts},
    setup::SetupError,
};

/// A fault of the schedule with its targets looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveFault {
    /// Its number in the schedule, from 0.
    pub id: u32,
    /// When it begins, from the start of the run.
    pub at: Duration,
    /// When it ends.
    pub until: Duration,
    /// Its kind.
    pub kind: FaultKind,
    /// What it strikes.
    pub strike: Strike,
    /// What it strikes, for people.
    pub target: String,
}

/// What a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strike {
    /// A host.
    Host(HostId),
    /// Links, each in one direction.
    Links(Vec<(HostId, HostId)>),
    /// Links, each in one direction, on which messages take at least so long.
    Slow(Vec<(HostId, HostId)>, Duration),
}

/// What a fault did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultEffect {
    /// Its number in the schedule.
    pub id: u32,
    /// Its kind, as the scenario names it.
    pub kind: String,
    /// What it struck.
    pub target: String,
    /// When it began, in seconds from the start of the run.
    pub from_s: f64,
    /// When it ended, in seconds from the start of the run.
    pub until_s: f64,
    /// Messages dropped, held or delayed; for a crash or a power loss, connections that ended and
    /// requests that were lost.
    pub affected: u64,
}

impl ActiveFault {
    /// Looks up the targets of a scenario's fault.
    ///
    /// # Errors
    /// When it names a host that the cluster does not have, or no target at all.
    pub fn new(id: u32, fault: &Fault, hosts: &Hosts) -> Result<Self, SetupError> {
        let (strike, target) = match fault.kind {
            FaultKind::Crash | FaultKind::PowerLoss => {
                let name = fault.host.clone().ok_or(SetupError::NoTarget { fault: id })?;
                (Strike::Host(find(hosts, &name)?), name)
            }
            FaultKind::Partition | FaultKind::Blip => {
                let (one, other) = sides(id, fault, hosts)?;
                let links = both_ways(&one, &other);
                (Strike::Links(links), describe(fault, " and "))
            }
            FaultKind::PartitionOneWay => {
                let (one, other) = sides(id, fault, hosts)?;
                (Strike::Links(links(&one, &other)), describe(fault, " to "))
            }
            FaultKind::Latency => {
                let (one, other) = sides(id, fault, hosts)?;
                let latency = fault.latency.ok_or(SetupError::NoLatency { fault: id })?.0;
                (Strike::Slow(both_ways(&one, &other), latency), describe(fault, " and "))
            }
        };
        let (at, until) = (fault.at.0, fault.at.0 + fault.r#for.0);
        Ok(Self { id, at, until, kind: fault.kind, strike, target })
    }

    /// The kind's name, as a scenario writes it.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        kind_name(self.kind)
    }

    /// How long after its end a connection that it killed may go on unnoticed: a device and its
    /// chat server notice by `silence_after`, servers and their ports by `request_timeout` and the
    /// second in which they connect again.
    #[must_use]
    pub fn notice_within(&self, hosts: &Hosts, design: &Design) -> Duration {
        let strikes_devices = match &self.strike {
            Strike::Host(host) => hosts.is_devices(*host) || hosts.chat_index(*host).is_some(),
            Strike::Links(links) | Strike::Slow(links, _) => {
                links.iter().any(|(from, to)| hosts.is_devices(*from) || hosts.is_devices(*to))
            }
        };
        match (self.kind, strikes_devices) {
            // What was held is delivered, and what is slow arrives: no connection dies.
            (FaultKind::Blip | FaultKind::Latency, _) => Duration::ZERO,
            (_, true) => design.silence_after,
            (_, false) => design.request_timeout + Duration::from_secs(1),
        }
    }

    /// The effect, with what the run counted.
    #[must_use]
    pub fn effect(&self, affected: u64) -> FaultEffect {
        FaultEffect {
            id: self.id,
            kind: self.kind_name().to_owned(),
            target: self.target.clone(),
            from_s: self.at.as_secs_f64(),
            until_s: self.until.as_secs_f64(),
            affected,
        }
    }
}

/// A kind's name, as a scenario writes it.
fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Partition => "partition",
        FaultKind::PartitionOneWay => "partition-one-way",
        FaultKind::Blip => "blip",
        FaultKind::Crash => "crash",
        FaultKind::PowerLoss => "power-loss",
        FaultKind::Latency => "latency",
    }
}

type Sides = (Vec<HostId>, Vec<HostId>);

/// The two sides of a fault between hosts: as named, or one host against all others.
fn sides(id: u32, fault: &Fault, hosts: &Hosts) -> Result<Sides, SetupError> {
    if let Some([one, other]) = &fault.between {
        let side = |names: &[String]| -> Result<Vec<HostId>, SetupError> {
            names.iter().map(|name| find(hosts, name)).collect()
        };
        return Ok((side(one)?, side(other)?));
    }
    let name = fault.host.as_ref().ok_or(SetupError::NoTarget { fault: id })?;
    let host = find(hosts, name)?;
    Ok((vec![host], hosts.iter().filter(|other| *other != host).collect()))
}

fn find(hosts: &Hosts, name: &str) -> Result<HostId, SetupError> {
    hosts.find(name).ok_or_else(|| SetupError::UnknownHost { name: name.to_owned() })
}

fn links(from: &[HostId], to: &[HostId]) -> Vec<(HostId, HostId)> {
    let to_all = |from: HostId| to.iter().map(move |to| (from, *to));
    from.iter().flat_map(|from| to_all(*from)).collect()
}

fn both_ways(one: &[HostId], other: &[HostId]) -> Vec<(HostId, HostId)> {
    links(one, other).into_iter().chain(links(other, one)).collect()
}

fn describe(fault: &Fault, between: &str) -> String {
    match (&fault.between, &fault.host) {
        (Some([one, other]), _) => format!("{}{between}{}", one.join(", "), other.join(", ")),
        (None, Some(host)) => format!("{host}{between}all others"),
        (None, None) => String::new(),
    }
}
