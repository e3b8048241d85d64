//! The `[workload]` section: who there is in the simulation, and what they do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Period, Rate};

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
    /// Friends of each user: who sees their status. The seed draws who; friendship is mutual.
    #[serde(default)]
    pub friends: u32,
    /// Groups that exist when the run begins.
    #[serde(default)]
    pub groups: Groups,
    /// Share of the sends that go to groups, for users who are in one; 0 to 1.
    #[serde(default = "default_group_share")]
    pub group_share: f64,
    /// How often each user sends, such as "6/min". Sends follow a Poisson process.
    pub sends_per_user: Rate,
    /// Share of the users who never send anything, 0 to below 1.
    #[serde(default)]
    pub quiet_users: f64,
    /// How often each user asks by hand for the statuses of friends, or of the members of a group.
    #[serde(default)]
    pub looks_per_user: Rate,
    /// How often some member leaves a group, to join it again 5 s later, over all groups together;
    /// "0/s" for never.
    #[serde(default)]
    pub member_changes: Rate,
    /// How often some user who was not in a group tries to join it, over all groups together, once
    /// for each user and group. At `group_limit` such a user is refused, and so may be a member who
    /// left.
    #[serde(default)]
    pub joins: Rate,
    /// Share of the users whose first device has a push token, 0 to 1.
    #[serde(default)]
    pub push: f64,
    /// Share of the conversations that each member has muted, 0 to 1: no pushes for them.
    #[serde(default)]
    pub muted: f64,
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
