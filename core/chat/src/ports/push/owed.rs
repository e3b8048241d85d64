//! What is owed to a user as a push: which messages, since when, and what settles them. The rules
//! are the same for every store.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    design::PushWhen,
    entry::Entry,
    ids::{MessageId, UserId},
    ports::store::{ChannelState, StoreRules},
    time::{Wall, nanoseconds},
};

/// Stretches of owed messages that a row tells apart. With more, the last one grows: it keeps the due
/// time of its first message, so a push may come before the grace of a later one is over, and never
/// after it.
const STRETCHES_MAX: usize = 32;

/// What is owed to a user in one channel, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    stretches: VecDeque<Stretch>,
}

/// Messages that are owed together; one, mostly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// When the first of them is due.
    due: Wall,
    /// The newest of them.
    up_to: MessageId,
    /// Whether they are pushed though a device has them.
    at_once: bool,
}

/// What takes back owed messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// A device of the user has everything up to here.
    Passed(MessageId),
    /// A push was taken on that stands for everything up to here.
    Pushed(MessageId),
    /// The user wants no pushes for the channel.
    Muted,
}

impl Stretch {
    /// What an append owes to each of its audience but the author, who can be reached and wants to
    /// be; `None` when it owes nothing to anybody. Changes of membership are not pushed.
    #[must_use]
    pub fn of_append(rules: &StoreRules, wall: Wall, entry: &Entry) -> Option<Self> {
        let is_owed = rules.push_when == PushWhen::NotReceived && entry.content.is_text();
        is_owed.then(|| {
            let due = Wall(wall.0.saturating_add(nanoseconds(rules.push_grace)));
            Self { due, up_to: entry.message_id, at_once: false }
        })
    }

    /// What is owed to a user at once, whatever their devices have; `None` for what they may not
    /// see, or what the channel does not have.
    #[must_use]
    pub fn at_once(
        wall: Wall,
        channel: &ChannelState,
        user: UserId,
        message_id: MessageId,
    ) -> Option<Self> {
        let exists = message_id <= channel.head() && channel.is_visible(user, message_id);
        exists.then_some(Self { due: wall, up_to: message_id, at_once: true })
    }
}

impl Owed {
    /// Adds a stretch, or lets the last one grow by it.
    pub fn add(&mut self, stretch: Stretch) {
        let is_full = self.stretches.len() >= STRETCHES_MAX;
        match self.stretches.back_mut().filter(|_| is_full) {
            None => self.stretches.push_back(stretch),
            Some(last) => {
                last.due = last.due.min(stretch.due);
                last.up_to = last.up_to.max(stretch.up_to);
                last.at_once |= stretch.at_once;
            }
        }
    }

    /// Whether there is anything that this settles.
    #[must_use]
    pub fn has(&self, settlement: Settlement) -> bool {
        self.stretches.iter().any(|stretch| settlement.covers(stretch))
    }

    /// Removes what this settles.
    pub fn settle(&mut self, settlement: Settlement) {
        self.stretches.retain(|stretch| !settlement.covers(stretch));
    }

    /// When the first of all is due; `None` when nothing is owed.
    #[must_use]
    pub fn due(&self) -> Option<Wall> {
        self.stretches.iter().map(|stretch| stretch.due).min()
    }

    /// The newest message; zero when nothing is owed.
    #[must_use]
    pub fn newest(&self) -> MessageId {
        self.stretches.iter().map(|stretch| stretch.up_to).max().unwrap_or_default()
    }
}

impl Settlement {
    /// A cursor does not settle what is pushed whatever the devices have.
    fn covers(self, stretch: &Stretch) -> bool {
        match self {
            Self::Passed(to) => stretch.up_to <= to && !stretch.at_once,
            Self::Pushed(up_to) => stretch.up_to <= up_to,
            Self::Muted => true,
        }
    }
}
