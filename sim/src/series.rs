//! What happened in each second of a run, for plots.

use hubbub_history::{EventBody, EventType, History};
use serde::{Deserialize, Serialize};

/// What happened in one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// Messages that users sent.
    pub sends: u64,
    /// Messages that senders were told are accepted.
    pub accepted: u64,
    /// Messages that devices stored, the senders' own included.
    pub applied: u64,
}

/// The seconds of a history, from the start of the run.
#[must_use]
pub fn per_second(history: &History) -> Vec<Second> {
    let mut seconds: Vec<Second> = Vec::new();
    for event in history.events() {
        let index = (event.t_ns / 1_000_000_000) as usize;
        if seconds.len() <= index {
            seconds.resize(index + 1, Second::default());
        }
        match &event.body {
            EventBody::Send { r#type: EventType::Invoke, .. } => seconds[index].sends += 1,
            EventBody::Send { r#type: EventType::Ok, .. } => seconds[index].accepted += 1,
            EventBody::Apply { .. } => seconds[index].applied += 1,
            _ => {}
        }
    }
    seconds
}
