//! A fault that no scenario file can say.

use std::time::Duration;

use hubbub_chat::ports::Port;
use hubbub_sim::{CustomFault, Fate, HostStrikes, Message, MessageKind};

/// Every so manieth answer of the store is late.
#[derive(Debug, Clone)]
pub struct SlowAnswers {
    every: u32,
    late: Duration,
    seen: u32,
}

impl SlowAnswers {
    /// One answer in `every` is late by so much; the others overtake it.
    #[must_use]
    pub fn new(every: u32, late: Duration) -> Self {
        Self { every, late, seen: 0 }
    }
}

impl CustomFault for SlowAnswers {
    fn name(&self) -> &str {
        "slow answers of the store"
    }

    fn message(&mut self, message: &Message, _: &mut HostStrikes) -> Fate {
        if message.kind != MessageKind::Answer(Port::Store) {
            return Fate::Arrives;
        }
        self.seen += 1;
        if self.seen.is_multiple_of(self.every) { Fate::Late(self.late) } else { Fate::Arrives }
    }
}
