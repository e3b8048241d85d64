//! Everything that a run begins with, worked out from a scenario, a design and a seed: the same
//! for both engines.

use std::time::Duration;

use hubbub_chat::{
    ChannelId, Design, DeviceId, MessageId, OperationId, UserId,
    frame::Change,
    ports::store::{ChangeRequest, StoreModel, StoreRequest, StoreRules},
    time::Wall,
};
use hubbub_history::{Bounds, EventBody, UserRow};
use hubbub_scenario::{Cluster, Scenario, Workload};
use hubbub_traffic::{Action, Population, PopulationShape, Schedule, ScheduleShape};

use crate::{faults::ActiveFault, hosts::Hosts};

/// Devices attach during this time, before users begin to send.
pub const LEAD: Duration = Duration::from_secs(2);

/// The wall clock at the start of every simulated run: 2026-01-01 00:00:00 UTC, in nanoseconds.
pub(crate) const WALL_START_NS: u64 = 1_767_225_600_000_000_000;

/// Why a scenario can't be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// It has no workload.
    #[error("the scenario has no [workload]: there is nothing to simulate")]
    NoWorkload,
    /// A fault names a host that there is not.
    #[error("there is no host `{name}` in the cluster")]
    UnknownHost {
        /// The name.
        name: String,
    },
    /// A fault says neither `host` nor `between`.
    #[error("fault {fault} names no target: give it `host` or `between`")]
    NoTarget {
        /// Its number, from 0.
        fault: u32,
    },
    /// A latency fault does not say how much.
    #[error("fault {fault} of kind latency needs `latency`")]
    NoLatency {
        /// Its number, from 0.
        fault: u32,
    },
}

/// What a run begins with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The scenario's name.
    pub scenario: String,
    /// A hash of the scenario and everything that overrode it.
    pub scenario_hash: String,
    /// The variant; empty for the base.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// The design.
    pub design: Design,
    /// Latencies, and how many hosts there are.
    pub cluster: Cluster,
    /// What users do.
    pub workload: Workload,
    /// The hosts.
    pub hosts: Hosts,
    /// The faults, in the order of the file.
    pub faults: Vec<ActiveFault>,
    /// Users, devices and groups.
    pub population: Population,
    /// What users do, sorted by time from the start of the run.
    pub actions: Vec<Action>,
}

impl Setup {
    /// Works out a run.
    ///
    /// # Errors
    /// When the scenario has no workload or a fault has no target.
    pub fn new(
        scenario: &Scenario,
        scenario_hash: &str,
        variant: &str,
        design: &Design,
        seed: u64,
    ) -> Result<Self, SetupError> {
        let workload = scenario.workload.clone().ok_or(SetupError::NoWorkload)?;
        let hosts = Hosts::new(&scenario.cluster);
        let faults = (0..)
            .zip(&scenario.faults)
            .map(|(id, fault)| ActiveFault::new(id, fault, &hosts))
            .collect::<Result<_, _>>()?;
        let population = population(&workload, &scenario.cluster, seed);
        let actions = actions(&workload, &population, seed);
        Ok(Self {
            scenario: scenario.name.clone(),
            scenario_hash: scenario_hash.to_owned(),
            variant: variant.to_owned(),
            seed,
            design: design.clone(),
            cluster: scenario.cluster.clone(),
            workload,
            hosts,
            faults,
            population,
            actions,
        })
    }

    /// The devices with their users, and the number of the device host that each lives on.
    pub fn devices(&self) -> impl Iterator<Item = (UserId, DeviceId, usize)> + '_ {
        self.population.users().iter().flat_map(|user| {
            user.devices.iter().map(|device| (user.id, *device, user.host as usize))
        })
    }

    /// The store as it is when the run begins: users, devices and groups. Direct channels need no
    /// preparation.
    #[must_use]
    pub fn store(&self) -> StoreModel {
        let mut store = StoreModel::new(StoreRules::from(&self.design));
        for request in self.store_requests() {
            store.handle(Wall(WALL_START_NS), request);
        }
        store
    }

    fn store_requests(&self) -> Vec<StoreRequest> {
        let register = |(user, device, _)| StoreRequest::Register { user, device: Some(device) };
        let mut requests: Vec<StoreRequest> = self.devices().map(register).collect();
        for group in self.population.groups() {
            let device = self.population.user(group.creator).and_then(|user| user.devices.first());
            requests.extend(device.map(|device| {
                StoreRequest::Change(ChangeRequest {
                    given_id: MessageId::ZERO,
                    user: group.creator,
                    device: *device,
                    channel: group.channel,
                    // Before the device's own first change.
                    operation: OperationId(0),
                    change: Change::Create(group.members.clone()),
                })
            }));
        }
        requests
    }

    /// The line that says what is run.
    #[must_use]
    pub fn run_event(&self, engine: &str) -> EventBody {
        EventBody::Run {
            scenario: self.scenario.clone(),
            scenario_hash: self.scenario_hash.clone(),
            variant: self.variant.clone(),
            seed: self.seed,
            engine: engine.to_owned(),
            bounds: Bounds::of(&self.design),
        }
    }

    /// The line that says who takes part. Members come with the entries of the groups' logs.
    #[must_use]
    pub fn population_event(&self) -> EventBody {
        let row =
            |user: &hubbub_traffic::User| UserRow { user: user.id, devices: user.devices.clone() };
        EventBody::Population(hubbub_history::Population {
            users: self.population.users().iter().map(row).collect(),
            ..hubbub_history::Population::default()
        })
    }

    /// When users stop sending; by then every fault is over.
    #[must_use]
    pub fn heal_at(&self) -> Duration {
        self.workload.duration.0
    }

    /// When everything pending must be done.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.workload.duration.0 + self.workload.settle.0
    }

    /// The chat server, counted from 0, that a device tries: each device begins with another one
    /// and goes round.
    #[must_use]
    pub fn server_for(&self, device: DeviceId, attempt: u32) -> usize {
        let turn = device.0.wrapping_add(u64::from(attempt));
        (turn % self.hosts.chat_count().max(1) as u64) as usize
    }

    /// Every channel of the run.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelId> {
        let groups = self.population.groups().map(|group| group.channel);
        self.population.direct_channels().chain(groups).collect()
    }
}

fn population(workload: &Workload, cluster: &Cluster, seed: u64) -> Population {
    let shape = PopulationShape {
        users: workload.users,
        devices_per_user: workload.devices_per_user,
        contacts: workload.contacts,
        group_count: workload.groups.count,
        group_size: workload.groups.size,
        device_hosts: cluster.devices,
    };
    Population::generate(seed, &shape)
}

fn actions(workload: &Workload, population: &Population, seed: u64) -> Vec<Action> {
    let shape = ScheduleShape {
        duration: workload.duration.0.saturating_sub(LEAD),
        sends_per_second: workload.sends_per_user.per_second,
        group_share: workload.group_share,
        member_changes_per_second: workload.member_changes.per_second,
        body_bytes: workload.body_bytes,
    };
    let mut actions = Schedule::generate(seed, population, &shape);
    actions.iter_mut().for_each(|action| action.at += LEAD);
    actions
}
