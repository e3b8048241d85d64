//! The words that the fields of a line may hold.

use hubbub_chat::{UserId, frame::CutReason};
use serde::{Deserialize, Serialize};

/// A phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Load without measurement.
    WarmUp,
    /// The workload runs, and faults with it.
    Safety,
    /// All faults are over.
    Heal,
    /// No new sends; everything pending must complete.
    Liveness,
    /// The run is over.
    End,
}

/// What an entry does to the membership of its channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// Nothing: it is a message.
    Message,
    /// Nothing: it changes the group's owner or name.
    Unchanged,
    /// These users come in.
    Enter(Vec<UserId>),
    /// This user goes; they still see the entry itself.
    Leave(UserId),
}

/// How an entry came to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// As a live delivery.
    Hint,
    /// By reading what is above the cursor.
    Sync,
    /// As the acceptance of the device's own send.
    Accepted,
}

/// Why a session began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionCause {
    /// The device connected.
    Connected,
    /// The connection could not be opened.
    Unreachable,
    /// The connection broke or was closed by the other end.
    Closed,
    /// The device heard nothing for too long.
    Silent,
    /// The server ended it and said why.
    Cut(CutReason),
    /// The device was stopped by the harness.
    Stopped,
}

/// Whether a fault begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultState {
    /// It begins.
    On,
    /// It ends.
    Off,
}

/// Where a push is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushStage {
    /// The notifier asks the gateway for it.
    Requested,
    /// The gateway got it.
    Received,
}
