//! A violation as people read it: with what surrounds it.

use hubbub_history::{ExplainedEvent, Explanation, History, checkers::Violation, explain};
use serde::{Deserialize, Serialize};

/// A violation, with who had the message, who did not, and what happened before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViolationReport {
    /// The checker's name.
    pub checker: String,
    /// One sentence for people.
    pub summary: String,
    /// The conversation; absent when it concerns none.
    pub channel: Option<String>,
    /// The place in its log; absent when it concerns no entry.
    pub message_id: Option<u64>,
    /// Devices that had it.
    pub had: Vec<u64>,
    /// Devices that should have had it and did not.
    pub missing: Vec<u64>,
    /// When it shows, in seconds since the run began.
    pub at_s: f64,
    /// The faults under way from the first event of the message until then; when there were none,
    /// it says so and names the nearest.
    pub faults: Vec<String>,
    /// The events up to then that explain it, the oldest first.
    pub events: Vec<ContextEvent>,
}

/// An event before a violation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextEvent {
    /// Its line in the history.
    pub seq: u64,
    /// When, in seconds since the run began.
    pub at_s: f64,
    /// The host or device where it happened.
    pub process: String,
    /// What happened, for people.
    pub what: String,
}

impl ViolationReport {
    /// Puts a violation together with what the history tells around it.
    #[must_use]
    pub fn new(violation: &Violation, history: &History) -> Self {
        let Explanation { t_ns, faults, events, .. } = explain(history, violation);
        Self {
            checker: violation.checker.clone(),
            summary: violation.summary.clone(),
            channel: violation.channel.map(|channel| channel.to_string()),
            message_id: violation.message_id.map(|id| id.0),
            had: violation.had.iter().map(|device| device.0).collect(),
            missing: violation.missing.iter().map(|device| device.0).collect(),
            at_s: seconds(t_ns),
            faults,
            events: events.into_iter().map(ContextEvent::from).collect(),
        }
    }

    /// `message 4 of direct-3-17`, as far as it is known.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        match (&self.channel, self.message_id) {
            (Some(channel), Some(id)) => Some(format!("message {id} of {channel}")),
            (Some(channel), None) => Some(channel.clone()),
            (None, _) => None,
        }
    }

    /// Titles, each with devices: who had the message and who did not. What concerns no conversation
    /// is about devices, if about any.
    #[must_use]
    pub fn parties(&self) -> Vec<(&'static str, &[u64])> {
        match (&self.channel, self.had.is_empty()) {
            (Some(_), _) => vec![("had it", &self.had), ("did not", &self.missing)],
            (None, false) => vec![("about", &self.had)],
            (None, true) => Vec::new(),
        }
    }
}

impl From<ExplainedEvent> for ContextEvent {
    fn from(event: ExplainedEvent) -> Self {
        let ExplainedEvent { seq, t_ns, process, text } = event;
        Self { seq, at_s: seconds(t_ns), process: process.0.to_string(), what: text }
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}
