//! The `[load]` section: what the load generator does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Groups, Period, Rate};

/// Load on a real server, open-loop: messages are sent when the schedule says, however the server
/// does. They go over the transport that the design names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Connections, each a user with one device.
    pub connections: u32,
    /// Deliveries wanted, such as "1000/s": messages times recipients, the sender not counted.
    pub rate: Rate,
    /// How long to send before measuring.
    #[serde(default = "default_warmup")]
    pub warmup: Period,
    /// How long to measure.
    #[serde(default = "default_duration")]
    pub duration: Period,
    /// Groups; everybody else talks in pairs.
    #[serde(default)]
    pub groups: Groups,
    /// Share of the sends that go to groups, 0 to 1.
    #[serde(default)]
    pub group_share: f64,
    /// Bytes of a message's text.
    #[serde(default = "default_body_bytes")]
    pub body_bytes: u32,
    /// The objective: from the intended send to the delivery, at the 99th percentile.
    pub deliver_p99: Period,
}

fn default_warmup() -> Period {
    Period::from_secs(3)
}

fn default_duration() -> Period {
    Period::from_secs(10)
}

fn default_body_bytes() -> u32 {
    40
}
