//! The sections of a scenario file.

use hubbub_chat::Design;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Fault, Load, Period, Plan, Rate};

/// The version of the form that this program reads.
pub const SCENARIO_VERSION: u32 = 1;

/// A scenario: a deployment, a design, a workload, faults and expectations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The version of this form: 1.
    pub version: u32,
    /// A short name in lower case with dashes; names the output folder.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub summary: String,
    /// Which hosts there are.
    #[serde(default)]
    pub cluster: Cluster,
    /// The design knobs. The default is the hardened design.
    #[serde(default)]
    pub design: Design,
    /// What users do in the simulation. Without it there is nothing to simulate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    /// What goes wrong, and when.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What must come out.
    #[serde(default)]
    pub expect: Expect,
    /// Named changes of design and expectation, run beside the base.
    #[serde(default, rename = "variant", skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// Seeds and engine.
    #[serde(default)]
    pub run: Run,
    /// What `hubbub load` does with it. Without it there is nothing to measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// What `hubbub plan` does with it. Without it there is nothing to plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

/// Which hosts there are, by role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// Chat servers, named `chat-1`, `chat-2` and so on.
    pub chat: u32,
    /// Hosts of devices, each a failure domain such as a region or a provider, named `devices-1`
    /// and so on. Users are spread over them evenly.
    pub devices: u32,
    /// Least time that a message takes over a link.
    pub latency_min: Period,
    /// Most time that a message takes over a link; most messages are close to the least.
    pub latency_max: Period,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            chat: 3,
            devices: 2,
            latency_min: Period::from_millis(1),
            latency_max: Period::from_millis(20),
        }
    }
}

impl Cluster {
    /// The names of all hosts: chat servers, the store, hosts of devices.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let chat = (1..=self.chat).map(|number| format!("chat-{number}"));
        let devices = (1..=self.devices).map(|number| format!("devices-{number}"));
        chat.chain(["store".to_owned()]).chain(devices).collect()
    }
}

/// What users do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// How many users there are.
    pub users: u32,
    /// Devices per user on average, from 1; the fraction is spread by the seed.
    #[serde(default = "one")]
    pub devices_per_user: f64,
    /// Direct conversations that each user opens with others.
    #[serde(default = "default_contacts")]
    pub contacts: u32,
    /// Groups that exist when the run begins.
    #[serde(default)]
    pub groups: Groups,
    /// Share of the sends that go to groups, for users who are in one; 0 to 1.
    #[serde(default = "default_group_share")]
    pub group_share: f64,
    /// How often each user sends, such as "6/min". Sends follow a Poisson process.
    pub sends_per_user: Rate,
    /// How often some member leaves a group, to join it again 5 s later, over all groups together;
    /// "0/s" for never.
    #[serde(default)]
    pub member_changes: Rate,
    /// Bytes of a message's text.
    #[serde(default = "default_body_bytes")]
    pub body_bytes: u32,
    /// How long users send. Faults must end within this time.
    pub duration: Period,
    /// How long everything pending may take to complete after all faults are healed.
    #[serde(default = "default_settle")]
    pub settle: Period,
}

/// Groups of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// How many.
    pub count: u32,
    /// Fewest and most members, drawn evenly.
    pub size: [u32; 2],
}

/// What must come out. What is left out is not checked, but for `violations`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// The exact set of violations over all seeds; none by default. A naive design names what must
    /// be found.
    pub violations: Vec<ViolationName>,
    /// Checkers that do not apply to this scenario: they may judge nothing.
    pub not_applicable: Vec<ViolationName>,
    /// Most time from send to apply, at the 99th percentile, for pairs of devices that were
    /// reachable throughout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver_p99: Option<Period>,
    /// Most time from heal to apply, at the 99th percentile, for the other pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recover_p99: Option<Period>,
    /// Whether a fault may be without effect. By default that fails the run.
    pub faults_may_miss: bool,
}

/// A checker's name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationName {
    /// An accepted message never reached somebody.
    AcceptedLost,
    /// A message came twice.
    Duplicated,
    /// Devices disagree on the order, or there are holes.
    Order,
    /// A message accepted earlier has a higher id than one sent later.
    RealTime,
    /// A reply has a lower id than what it replies to.
    Causality,
    /// Two devices of one user hold different things.
    Converged,
    /// Somebody received what they may not see.
    Unauthorised,
    /// Something was still pending at the deadline.
    Liveness,
}

impl ViolationName {
    /// The name as scenarios and reports write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptedLost => "accepted-lost",
            Self::Duplicated => "duplicated",
            Self::Order => "order",
            Self::RealTime => "real-time",
            Self::Causality => "causality",
            Self::Converged => "converged",
            Self::Unauthorised => "unauthorised",
            Self::Liveness => "liveness",
        }
    }
}

impl std::fmt::Display for ViolationName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A named change of design and expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name, in lower case with dashes; the file without variants is `base`.
    pub name: String,
    /// The knobs that differ from the base.
    #[serde(default)]
    #[schemars(with = "Design")]
    pub design: toml::Table,
    /// The expectations that differ from the base.
    #[serde(default)]
    #[schemars(with = "Expect")]
    pub expect: toml::Table,
}

/// Seeds and engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Every seed is a run of its own; `--seed` and `--seeds` override them.
    pub seeds: Vec<u64>,
    /// The engine that simulates; `--engine` overrides it.
    pub engine: Engine,
}

impl Default for Run {
    fn default() -> Self {
        Self { seeds: vec![1], engine: Engine::Full }
    }
}

/// A simulation engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// An event queue over the machines: thousands of seeds.
    Fast,
    /// The whole service in a simulated network.
    #[default]
    Full,
}

/// What a scenario file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It has a workload.
    Simulate,
    /// It has a `[load]` section.
    Measure,
    /// It has a `[plan]` section.
    Plan,
}

impl Engine {
    /// The name as scenarios and the command line write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Full => "full",
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Scenario {
    /// The scenario as a file, every value written out.
    ///
    /// # Errors
    /// When a value has no TOML form, such as a seed above 2^63 - 1.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// What the file asks for, in the order in which `hubbub run` does it.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let asked = [
            (self.workload.is_some(), Kind::Simulate),
            (self.load.is_some(), Kind::Measure),
            (self.plan.is_some(), Kind::Plan),
        ];
        asked.into_iter().filter_map(|(asked, kind)| asked.then_some(kind)).collect()
    }
}

fn one() -> f64 {
    1.0
}

fn default_contacts() -> u32 {
    4
}

fn default_group_share() -> f64 {
    0.25
}

fn default_body_bytes() -> u32 {
    40
}

fn default_settle() -> Period {
    Period::from_secs(60)
}
