//! What a trace is made of.

use hubbub_chat::DeviceId;
use serde::{Deserialize, Serialize};

use super::about::About;
use crate::{checkers::Finding, event::Event};

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceHeader {
    /// The version of the form.
    pub trace: u32,
    /// `fast` or `full`.
    pub engine: String,
    /// The scenario's name.
    pub scenario: String,
    /// The variant; empty or `base` for the file without variants.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// The hosts, in the order of the deployment.
    pub hosts: Vec<TraceHost>,
    /// The schedule of faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<TraceFault>,
}

/// A host of the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceHost {
    /// Its name.
    pub name: String,
    /// The devices that live on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceId>,
}

/// A fault of the schedule. When it was on is said by the history's `fault` lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceFault {
    /// Its number in the schedule, from 0.
    pub id: u32,
    /// Its kind, as the scenario names it.
    pub kind: String,
    /// The hosts and devices that it strikes, or between which it strikes.
    pub strikes: Vec<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceLine {
    /// A line of the history.
    Event(Box<Event>),
    /// A message over the network.
    Message(Box<TraceMessage>),
    /// What a machine was given, or what woke it.
    Note(TraceNote),
}

/// A message over the simulated network; in the full engine, a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceMessage {
    /// When it was sent, in nanoseconds since the run began.
    pub sent_ns: u64,
    /// When it gets to its host; absent when it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrives_ns: Option<u64>,
    /// What the network did with it.
    pub transit: Transit,
    /// Where it comes from: a host, or `device-<id>`.
    pub from: String,
    /// Where it goes to.
    pub to: String,
    /// What it is, such as `send`, `accepted`, `hint`, `append`, `page`; in the full engine the kind
    /// of the segment.
    pub kind: String,
    /// Its length in bytes, where the engine knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_nothing")]
    pub about: About,
    /// All of it, in the spelling of the program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

/// What the network does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transit {
    /// It is on its way.
    Passes,
    /// It is lost.
    Lost,
    /// It waits for its link. The fast engine writes another line when it goes on.
    Held,
}

/// What a machine was given, or what woke it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceNote {
    /// When, in nanoseconds since the run began.
    pub t_ns: u64,
    /// The host.
    pub at: String,
    /// What it was, in the spelling of the program.
    pub what: String,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceVerdict {
    /// Lines between the header and this one.
    pub lines: u64,
    /// How many checkers were asked.
    pub checkers: u64,
    /// What the checkers found that found a violation.
    pub findings: Vec<Finding>,
}
