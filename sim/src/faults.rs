//! The faults of a run: what each strikes, and what it did.

use std::time::Duration;

use hubbub_chat::DeviceId;
use hubbub_history::{EventBody, FaultState};
use hubbub_scenario::{Fault, FaultKind, Parameter};
use hubbub_traffic::Population;
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
    /// As the scenario has it.
    pub fault: Fault,
}

/// What a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strike {
    /// A host: its process, or its clock, as the kind says.
    Host(HostId),
    /// Links, each in one direction.
    Links(Vec<(HostId, HostId)>),
    /// Links, each in one direction, on which messages take at least so long.
    Slow(Vec<(HostId, HostId)>, Duration),
    /// These devices, and nothing else.
    Devices(Vec<DeviceId>),
    /// These hosts, one after the other, each for its part of the time.
    Rolling(Vec<HostId>),
    /// What the kind names: the store, the registry or the push gateway.
    Port,
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
    /// What it did: [`FaultKind::counts`] says of each kind what is counted.
    pub affected: u64,
}

impl ActiveFault {
    /// Looks up the targets of a scenario's fault. Users are drawn by the seed.
    ///
    /// # Errors
    /// When it names a host that the cluster does not have, or no target at all.
    pub fn new(
        id: u32,
        fault: &Fault,
        hosts: &Hosts,
        population: &Population,
        seed: u64,
    ) -> Result<Self, SetupError> {
        if fault.kind.parameter() == Parameter::Latency && fault.latency.is_none() {
            return Err(SetupError::NoLatency { fault: id, kind: fault.kind.as_str() });
        }
        let (strike, target) = match (fault.users, fault.kind) {
            (Some(share), _) => {
                let users = population.struck_users(seed, id, share.share());
                let users = users.iter().filter_map(|user| population.user(*user));
                let devices = users.flat_map(|user| user.devices.iter().copied()).collect();
                (Strike::Devices(devices), format!("{share} of the users"))
            }
            (
                None,
                FaultKind::Partition
                | FaultKind::Blip
                | FaultKind::HintLoss
                | FaultKind::HintDuplication,
            ) => {
                let (one, other) = sides(id, fault, hosts)?;
                let links = both_ways(&one, &other);
                (Strike::Links(links), describe(fault, " and "))
            }
            (None, FaultKind::PartitionOneWay) => {
                let (one, other) = sides(id, fault, hosts)?;
                (Strike::Links(links(&one, &other)), describe(fault, " to "))
            }
            (None, FaultKind::Latency | FaultKind::Jitter | FaultKind::Reorder) => {
                let (one, other) = sides(id, fault, hosts)?;
                let latency = fault.latency.unwrap_or_default().0;
                (Strike::Slow(both_ways(&one, &other), latency), describe(fault, " and "))
            }
            (
                None,
                FaultKind::Crash
                | FaultKind::PowerLoss
                | FaultKind::Restart
                | FaultKind::Skew
                | FaultKind::ClockStep
                | FaultKind::Pause
                | FaultKind::Slow
                | FaultKind::Drain
                | FaultKind::BlackHole
                | FaultKind::LeaseLost
                | FaultKind::ReconnectStorm
                | FaultKind::AirplaneMode
                | FaultKind::SwitchedNetwork
                | FaultKind::Churn,
            ) => {
                let name = fault.host.clone().ok_or(SetupError::NoTarget { fault: id })?;
                (Strike::Host(find(hosts, &name)?), name)
            }
            (None, FaultKind::RollingRestart) => {
                // Each is named: a checker looks there for whether a host was stopped in order.
                let chats: Vec<HostId> = (0..hosts.chat_count()).map(|at| hosts.chat(at)).collect();
                let names: Vec<&str> = chats.iter().map(|host| hosts.name(*host)).collect();
                let target = format!("{}, one after the other", names.join(", "));
                (Strike::Rolling(chats), target)
            }
            (
                None,
                FaultKind::StoreUnavailable | FaultKind::StoreSlow | FaultKind::StoreAnswerLost,
            ) => (Strike::Port, "the store".to_owned()),
            (None, FaultKind::RegistryUnavailable) => (Strike::Port, "the registry".to_owned()),
            (None, FaultKind::GatewayFailing | FaultKind::GatewaySlow) => {
                (Strike::Port, "the push gateway".to_owned())
            }
        };
        let (at, until) = (fault.at.0, fault.until());
        Ok(Self { id, at, until, kind: fault.kind, strike, target, fault: fault.clone() })
    }

    /// The kind's name, as a scenario writes it.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        self.kind.as_str()
    }

    /// Whether it sets the clock of its host wrong and does nothing else.
    #[must_use]
    pub fn is_of_clocks(&self) -> bool {
        matches!(self.kind, FaultKind::Skew | FaultKind::ClockStep)
    }

    /// How many of what it is about are struck, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.fault.share.map_or(1.0, |share| share.share())
    }

    /// Its `latency`; zero for kinds that have none.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.fault.latency.map_or(Duration::ZERO, |latency| latency.0)
    }

    /// The line that says that it begins or ends, with what it did by then.
    #[must_use]
    pub fn event(&self, state: FaultState, affected: Option<u64>) -> EventBody {
        EventBody::Fault {
            id: self.id,
            kind: self.kind_name().to_owned(),
            state,
            target: self.target.clone(),
            affected,
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

type Sides = (Vec<HostId>, Vec<HostId>);

/// The two sides of a fault between hosts: as named, or one host against all others.
fn sides(id: u32, fault: &Fault, hosts: &Hosts) -> Result<Sides, SetupError> {
    if let Some(region) = &fault.region {
        return Ok(hosts.iter().partition(|host| hosts.region(*host) == region));
    }
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
    match (&fault.between, &fault.host, &fault.region) {
        (Some([one, other]), _, _) => format!("{}{between}{}", one.join(", "), other.join(", ")),
        (None, Some(host), _) => format!("{host}{between}all others"),
        (None, None, Some(region)) => format!("region {region}{between}all others"),
        (None, None, None) => String::new(),
    }
}
