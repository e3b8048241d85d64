//! Who takes part in a run.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, DeviceId, UserId};
use serde::{Deserialize, Serialize};

/// Who takes part in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    /// The users and their devices.
    pub users: Vec<UserRow>,
    /// Who belonged to each channel when the run began. Direct channels that are not named belong
    /// to their two users.
    pub members: BTreeMap<ChannelId, Vec<UserId>>,
    /// Pairs of users who are shown each other's status, each pair once and in either order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub friends: Vec<(UserId, UserId)>,
    /// Devices with a push token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub push: Vec<(UserId, DeviceId)>,
    /// Channels of which a user wants no push.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub muted: Vec<(UserId, ChannelId)>,
}

/// A user of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// The user.
    pub user: UserId,
    /// Their devices.
    pub devices: Vec<DeviceId>,
}
