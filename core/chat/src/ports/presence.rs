//! Presence: who is online, as the presence servers know it from heartbeats.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, ServerId, UserId};

/// What a user's friends are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Whose it is.
    pub user: UserId,
    /// Whether a lease of one of the user's devices lives.
    pub online: bool,
    /// The last sign of life, in milliseconds since the Unix epoch; 0 when none is known.
    pub last_active_at_ms: u64,
    /// Which view of the presence servers it was decided under; a later one is higher.
    pub epoch: u64,
    /// Grows with each change of this user's status within the epoch.
    pub version: u64,
}

impl Status {
    /// Whether this one supersedes `other`.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.epoch, self.version) > (other.epoch, other.version)
    }
}

/// A heartbeat of a device, as its chat server passes it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceBeat {
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// How many milliseconds before the batch it came: a lease counts from the heartbeat, however
    /// often a batch has to be repeated.
    pub age_ms: u32,
}

/// What a chat server asks of the presence server that keeps the named users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PresenceRequest {
    /// Heartbeats that the devices themselves have sent since the last batch.
    Beat {
        /// Whose, and how long ago.
        devices: Vec<DeviceBeat>,
    },
    /// The device was logged out: its lease ends now.
    Logout {
        /// The user.
        user: UserId,
        /// The device.
        device: DeviceId,
    },
    /// The chat server wants to be told of each change; the answer is how things stand now. It
    /// replaces what an older incarnation of the server watched, and lapses unless it is repeated
    /// within two `presence_refresh`.
    Watch {
        /// Who wants to know.
        server: ServerId,
        /// Its incarnation.
        epoch: u64,
        /// About whom.
        users: Vec<UserId>,
    },
    /// Nobody at this chat server wants to know any more.
    Unwatch {
        /// The server.
        server: ServerId,
        /// Its incarnation.
        epoch: u64,
        /// About whom.
        users: Vec<UserId>,
    },
    /// How things stand now.
    Look {
        /// With whom.
        users: Vec<UserId>,
    },
}

/// What a presence server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PresenceAnswer {
    /// To `Beat`, `Logout` and `Unwatch`.
    Done,
    /// To `Watch` and `Look`. A user of whom the presence server can't be sure yet, since it took over
    /// less than a lease ago, is left out.
    Statuses(Vec<Status>),
    /// The users belong to another presence server, as far as this one knows.
    Elsewhere,
}
