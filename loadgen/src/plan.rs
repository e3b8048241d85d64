//! What a run does, from the `[load]` section of a scenario.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{Design, time::nanoseconds};
use hubbub_scenario::Load;
use hubbub_traffic::{Action, LoadShape, Population, PopulationShape, Schedule, mean_fan_out};
use serde::{Deserialize, Serialize};

/// Direct conversations that each user opens: those in no group talk in pairs.
const CONTACTS: u32 = 1;

/// Everything that a run needs to know beforehand.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// Who takes part.
    pub population: Arc<Population>,
    /// What they do, warm-up and window together, sorted by time.
    pub actions: Vec<Action>,
    /// How long to send before measuring, in nanoseconds.
    pub warmup_ns: u64,
    /// How long to measure, in nanoseconds.
    pub window_ns: u64,
    /// How long to wait at most for what is under way afterwards, in nanoseconds.
    pub drain_ns: u64,
    /// The longest acceptable delivery at the 99th percentile, in nanoseconds.
    pub objective_ns: u64,
}

/// What a run was asked to do, as its result repeats it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadSettings {
    /// The seed of population and schedule.
    pub seed: u64,
    /// Connections, each a user with one device.
    pub connections: u32,
    /// Deliveries wanted per second.
    pub deliveries_per_second: f64,
    /// Deliveries per send on average, from the population.
    pub mean_fan_out: f64,
    /// Sends per second that make the wanted deliveries.
    pub sends_per_second: f64,
    /// How many groups there are.
    pub group_count: u32,
    /// Fewest and most members of a group.
    pub group_size: [u32; 2],
    /// Share of the sends that go to groups, for users who are in one.
    pub group_share: f64,
    /// Bytes of a message's text.
    pub body_bytes: u32,
    /// Seconds of sending before the window.
    pub warmup_s: f64,
    /// Seconds measured.
    pub window_s: f64,
    /// The longest acceptable delivery at the 99th percentile, in milliseconds.
    pub objective_ms: f64,
}

impl LoadPlan {
    /// The plan that follows from a seed, a `[load]` section and the design that it is put on.
    #[must_use]
    pub fn generate(seed: u64, load: &Load, design: &Design) -> Self {
        let population = Population::generate(seed, &population_shape(load));
        let actions = Schedule::generate_load(seed, &population, &load_shape(load));
        Self {
            population: Arc::new(population),
            actions,
            warmup_ns: nanoseconds(load.warmup.0),
            window_ns: nanoseconds(load.duration.0),
            drain_ns: nanoseconds(drain(design)),
            objective_ns: nanoseconds(load.deliver_p99.0),
        }
    }
}

impl LoadSettings {
    /// What a seed and a `[load]` section ask for.
    #[must_use]
    pub fn new(seed: u64, load: &Load, population: &Population) -> Self {
        Self {
            seed,
            connections: load.connections,
            deliveries_per_second: load.rate.per_second,
            mean_fan_out: mean_fan_out(population, load.group_share),
            sends_per_second: load_shape(load).sends_per_second(population),
            group_count: load.groups.count,
            group_size: load.groups.size,
            group_share: load.group_share,
            body_bytes: load.body_bytes,
            warmup_s: load.warmup.0.as_secs_f64(),
            window_s: load.duration.0.as_secs_f64(),
            objective_ms: load.deliver_p99.0.as_secs_f64() * 1e3,
        }
    }
}

/// How long to wait for what is under way after the last send. A hint that was lost is made good
/// by the next comparison with the store, which a fifth of jitter may put off; a connection that
/// was lost is back after the longest back-off.
fn drain(design: &Design) -> Duration {
    design.resync_interval.saturating_mul(2).max(design.reconnect_max)
}

fn population_shape(load: &Load) -> PopulationShape {
    PopulationShape {
        users: load.connections,
        devices_per_user: 1.0,
        contacts: CONTACTS,
        group_count: load.groups.count,
        group_size: load.groups.size,
        device_hosts: 1,
        ..PopulationShape::default()
    }
}

fn load_shape(load: &Load) -> LoadShape {
    LoadShape {
        duration: load.warmup.0 + load.duration.0,
        deliveries_per_second: load.rate.per_second,
        group_share: load.group_share,
        body_bytes: load.body_bytes,
    }
}
