//! Where events go while a run goes on.

use crate::event::{Event, EventBody, Process, Source};
use crate::lines::HISTORY_VERSION;

/// Takes what happens in a process. The receiver adds the time and the order.
pub trait Recorder: Send + Sync {
    /// Notes one event of `process`.
    fn record(&self, source: Source, process: &Process, incarnation: u32, body: EventBody);
}

/// A history in memory.
#[derive(Debug, Clone, Default)]
pub struct History {
    events: Vec<Event>,
}

impl History {
    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Adds an event at `t_ns` nanoseconds since the run began.
    pub fn push(
        &mut self,
        t_ns: u64,
        source: Source,
        process: Process,
        incarnation: u32,
        body: EventBody,
    ) {
        let seq = self.events.len() as u64;
        let v = HISTORY_VERSION;
        self.events.push(Event { v, seq, t_ns, t_error_ns: 0, source, process, incarnation, body });
    }
}

impl FromIterator<Event> for History {
    fn from_iter<T: IntoIterator<Item = Event>>(events: T) -> Self {
        Self { events: events.into_iter().collect() }
    }
}
