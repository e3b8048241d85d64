//! What checkers say.

use hubbub_chat::{ChannelId, DeviceId, MessageId};
use serde::{Deserialize, Serialize};

/// Violations that a finding keeps at most. The first few tell the story; a broken design makes
/// millions.
pub const VIOLATIONS_MAX: usize = 100;

/// What a checker found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The checker's name.
    pub checker: String,
    /// How many cases it judged; zero means that it could not decide.
    pub judged: u64,
    /// Whether the history has what the checker is for.
    #[serde(default = "applies")]
    pub applies: bool,
    /// What it found wrong, at most [`VIOLATIONS_MAX`] of it.
    pub violations: Vec<Violation>,
    /// How much it found wrong in all.
    pub violations_total: u64,
}

/// One thing that must not be. It is data, not an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The checker's name.
    pub checker: String,
    /// One sentence for people.
    pub summary: String,
    /// The conversation, if it concerns one.
    pub channel: Option<ChannelId>,
    /// The entry, if it concerns one.
    pub message_id: Option<MessageId>,
    /// The hash of the body, if it concerns a message.
    #[serde(with = "crate::hash_text::optional")]
    pub body_hash: Option<u64>,
    /// Devices that had it; without a conversation, the devices that it is about.
    pub had: Vec<DeviceId>,
    /// Devices that should have had it and did not.
    pub missing: Vec<DeviceId>,
    /// The `seq` of the line that shows it best.
    pub seq: u64,
}

fn applies() -> bool {
    true
}

impl Finding {
    /// Nothing judged yet.
    #[must_use]
    pub fn new(checker: &str) -> Self {
        let (judged, violations_total) = (0, 0);
        let (applies, violations) = (applies(), Vec::new());
        Self { checker: checker.to_owned(), judged, applies, violations, violations_total }
    }

    /// Whether there was nothing to judge. A run must not pass on that, unless the checker does not
    /// apply to it.
    #[must_use]
    pub fn undecided(&self) -> bool {
        self.judged == 0 && self.violations_total == 0
    }

    /// Whether it judged something and found nothing wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.judged > 0 && self.violations_total == 0
    }

    /// Whether it found something wrong.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.violations_total > 0
    }

    /// Counts a violation, and keeps it while there is room.
    pub fn add(&mut self, violation: impl FnOnce() -> Violation) {
        self.violations_total += 1;
        if self.violations.len() < VIOLATIONS_MAX {
            let checker = self.checker.clone();
            self.violations.push(Violation { checker, ..violation() });
        }
    }
}

impl Violation {
    /// A violation that the line `seq` shows. [`Finding::add`] fills in the checker's name.
    #[must_use]
    pub fn new(seq: u64, channel: ChannelId, summary: String) -> Self {
        Self {
            checker: String::new(),
            summary,
            channel: Some(channel),
            message_id: None,
            body_hash: None,
            had: Vec::new(),
            missing: Vec::new(),
            seq,
        }
    }

    /// A violation that concerns no conversation but these devices, if any.
    #[must_use]
    pub fn outside(seq: u64, summary: String, devices: Vec<DeviceId>) -> Self {
        Self {
            checker: String::new(),
            summary,
            channel: None,
            message_id: None,
            body_hash: None,
            had: devices,
            missing: Vec::new(),
            seq,
        }
    }

    /// With the entry that it concerns.
    #[must_use]
    pub fn of(
        self,
        message_id: impl Into<Option<MessageId>>,
        body_hash: impl Into<Option<u64>>,
    ) -> Self {
        Self { message_id: message_id.into(), body_hash: body_hash.into(), ..self }
    }

    /// With who had it and who did not.
    #[must_use]
    pub fn between(self, had: Vec<DeviceId>, missing: Vec<DeviceId>) -> Self {
        Self { had, missing, ..self }
    }
}
