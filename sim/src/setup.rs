//! Everything that a run begins with, worked out from a scenario, a design and a seed: the same
//! for both engines.

use std::{collections::BTreeSet, time::Duration};

use hubbub_chat::{
    ChannelId, Design, DeviceId, MessageId, OperationId, UserId,
    design::{IdSource, Ids},
    frame::Change,
    ports::{
        directory::{DirectoryModel, DirectoryRequest},
        store::{ChangeRequest, StoreModel, StoreRequest, StoreRules},
    },
    snowflake::SnowflakeSource,
    time::{Monotonic, Now, Wall, nanoseconds},
};
use hubbub_history::{Bounds, EventBody, UserRow};
use hubbub_scenario::{Cluster, Scenario, ViolationName, Workload};
use hubbub_traffic::{Action, Population, PopulationShape, Schedule, ScheduleShape};

use crate::{
    faults::ActiveFault,
    hosts::{HostId, Hosts},
};

/// Devices attach during this time, before users begin to send.
pub const LEAD: Duration = Duration::from_secs(2);

/// API servers start so long after the others: the registry knows of chat servers by then.
pub(crate) const API_START: Duration = Duration::from_millis(250);

/// Devices start so long after the servers: discovery knows of chat servers by then.
pub(crate) const DEVICES_START: Duration = Duration::from_millis(500);

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
    /// A fault says neither `host` nor `between` nor `users`, or none that its kind can strike.
    #[error("fault {fault} names no target: give it `host`, `between` or `users`")]
    NoTarget {
        /// Its number, from 0.
        fault: u32,
    },
    /// A fault of a kind that needs a time does not say how much.
    #[error("fault {fault} of kind {kind} needs `latency`")]
    NoLatency {
        /// Its number, from 0.
        fault: u32,
        /// Its kind.
        kind: &'static str,
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
    /// The checkers that must find something to judge.
    pub applicable: BTreeSet<ViolationName>,
    /// The bounds that checkers judge by.
    pub bounds: Bounds,
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
        let population = population(&workload, &scenario.cluster, seed);
        let faults = (0..)
            .zip(&scenario.faults)
            .map(|(id, fault)| ActiveFault::new(id, fault, &hosts, &population, seed))
            .collect::<Result<_, _>>()?;
        let mut applicable = scenario.applicable(design);
        applicable.retain(|name| !scenario.expect.not_applicable.contains(name));
        let bounds = Bounds {
            reassign_max_ns: nanoseconds(scenario.expect.reassign_max.0),
            push_settle_max_ns: nanoseconds(scenario.expect.push_settle_max.0),
            ..Bounds::of(design)
        };
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
            applicable,
            bounds,
        })
    }

    /// The devices with their users, and the number of the device host that each lives on.
    pub fn devices(&self) -> impl Iterator<Item = (UserId, DeviceId, usize)> + '_ {
        self.population.users().iter().flat_map(|user| {
            user.devices.iter().map(|device| (user.id, *device, user.host as usize))
        })
    }

    /// The store as it is when the run begins: users, devices, groups, push tokens and what is muted.
    /// Direct channels need no preparation.
    #[must_use]
    pub fn store(&self) -> StoreModel {
        self.store_by(StoreRules::from(&self.design))
    }

    /// As [`Self::store`], by other rules than those of the design.
    pub(crate) fn store_by(&self, rules: StoreRules) -> StoreModel {
        let mut store = StoreModel::new(rules);
        for request in self.store_requests() {
            store.handle(Wall(WALL_START_NS), request);
        }
        store
    }

    /// The directory as it is when the run begins: the accounts, logged in on their devices, and who
    /// is whose friend. `token` is the hash of a device's session token.
    pub(crate) fn directory(&self, token: impl Fn(DeviceId) -> [u8; 32]) -> DirectoryModel {
        let mut directory = DirectoryModel::default();
        for user in self.population.users() {
            let (name, password_hash) = (format!("user-{}", user.id), String::new());
            directory.handle(DirectoryRequest::SignUp { name, password_hash });
        }
        for (user, device, _) in self.devices() {
            directory.handle(DirectoryRequest::Login { user, token: token(device) });
        }
        for (one, other) in self.population.friendships() {
            for (user, other) in [(one, other), (other, one)] {
                directory.handle(DirectoryRequest::Befriend { user, other });
            }
        }
        directory
    }

    fn store_requests(&self) -> Vec<StoreRequest> {
        let register = |(user, device, _)| StoreRequest::Register { user, device: Some(device) };
        let mut requests: Vec<StoreRequest> = self.devices().map(register).collect();
        let mut ids = FirstIds::of(&self.design);
        for group in self.population.groups() {
            let device = self.population.user(group.creator).and_then(|user| user.devices.first());
            requests.extend(device.map(|device| {
                StoreRequest::Change(ChangeRequest {
                    given_id: ids.next(),
                    user: group.creator,
                    device: *device,
                    channel: group.channel,
                    // Before the device's own first change.
                    operation: OperationId(0),
                    change: Change::Create(group.members.clone()),
                })
            }));
        }
        for user in self.population.users() {
            let device = user.devices.first().filter(|_| user.push);
            requests.extend(device.map(|device| StoreRequest::PushToken {
                user: user.id,
                device: *device,
                token: Some(format!("token-{device}")),
            }));
            requests.extend(user.muted.iter().map(|channel| StoreRequest::Mute {
                user: user.id,
                channel: *channel,
                muted: true,
            }));
        }
        requests
    }

    /// The host of the separate generator of ids, where the design has one: that of the first API
    /// server.
    #[must_use]
    pub fn generator(&self) -> Option<HostId> {
        let is_separate =
            self.design.ids == Ids::Snowflake && self.design.id_source == IdSource::Generator;
        is_separate.then(|| self.hosts.generator())
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
            bounds: self.bounds.clone(),
        }
    }

    /// The line that says who takes part. Members come with the entries of the groups' logs.
    #[must_use]
    pub fn population_event(&self) -> EventBody {
        let row =
            |user: &hubbub_traffic::User| UserRow { user: user.id, devices: user.devices.clone() };
        let users = self.population.users();
        let with_token = users.iter().filter(|user| user.push);
        let muted = |user: &hubbub_traffic::User| {
            let channels = user.muted.clone();
            let user = user.id;
            channels.into_iter().map(move |channel| (user, channel))
        };
        EventBody::Population(hubbub_history::Population {
            users: users.iter().map(row).collect(),
            members: std::collections::BTreeMap::new(),
            friends: self.population.friendships().collect(),
            push: with_token.filter_map(|user| Some((user.id, *user.devices.first()?))).collect(),
            muted: users.iter().flat_map(muted).collect(),
        })
    }

    /// The line that says whether a host is up.
    pub(crate) fn host_event(&self, host: HostId, up: bool) -> EventBody {
        let is_chat = self.hosts.chat_index(host).is_some();
        EventBody::Truth {
            name: self.hosts.name(host).to_owned(),
            up,
            link: None,
            hears: None,
            logged_in: None,
            capacity: (up && is_chat).then_some(self.design.session_limit),
        }
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

/// Ids of what is in the logs before the run begins, where the append does not give them.
struct FirstIds {
    ids: Ids,
    source: SnowflakeSource,
    at_ms: u64,
}

/// The worker of those ids. Leases are given from 0 up, so nobody else has it.
const FIRST_WORKER: u16 = 1023;

impl FirstIds {
    fn of(design: &Design) -> Self {
        let mut source = SnowflakeSource::without_lease();
        source.lease(FIRST_WORKER, Monotonic(u64::MAX), 0, Monotonic(0));
        // All of them lie in the second before the run.
        Self { ids: design.ids, source, at_ms: WALL_START_NS / 1_000_000 - 1000 }
    }

    fn next(&mut self) -> MessageId {
        self.at_ms += 1;
        match self.ids {
            Ids::ChannelSequence => MessageId::ZERO,
            Ids::CreatedAt => MessageId(self.at_ms),
            Ids::Snowflake => {
                let now = Now { monotonic: Monotonic(0), wall: Wall(self.at_ms * 1_000_000) };
                self.source.issue(now).unwrap_or_default()
            }
        }
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
        friends: workload.friends,
        push: workload.push,
        muted: workload.muted,
        quiet_users: workload.quiet_users,
    };
    Population::generate(seed, &shape)
}

fn actions(workload: &Workload, population: &Population, seed: u64) -> Vec<Action> {
    let shape = ScheduleShape {
        duration: workload.duration.0.saturating_sub(LEAD),
        sends_per_second: workload.sends_per_user.per_second,
        group_share: workload.group_share,
        member_changes_per_second: workload.member_changes.per_second,
        joins_per_second: workload.joins.per_second,
        looks_per_second: workload.looks_per_user.per_second,
        body_bytes: workload.body_bytes,
    };
    let mut actions = Schedule::generate(seed, population, &shape);
    actions.iter_mut().for_each(|action| action.at += LEAD);
    actions
}
