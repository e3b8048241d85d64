//! Situations: named states that a good search must reach. Machines mark them as they pass; a batch
//! of runs that never reached one has not tested what happens there.

use serde::{Deserialize, Serialize};

/// Writes each situation down once: its name in Rust and in files, and what it is.
macro_rules! situations {
    ($($variant:ident $name:literal $doc:literal)+) => {
        /// A state that is easily missed.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Situation {
            $(
                #[doc = $doc]
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl Situation {
            /// Every situation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as scenarios and reports write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

situations! {
    RetryMetAppend "retry-met-append"
        "A retry met the append that an earlier attempt had made."
    HoleFilled "hole-filled"
        "A device found a hole in a channel, and a sync filled it."
    FoundByComparison "found-by-comparison"
        "The regular comparison with the store found a message that no hint had told of."
    AnswerAfterDeadline "answer-after-deadline"
        "An answer came after the deadline of its request."
    AppendUnknown "append-unknown"
        "The outcome of an append was unknown to the server that asked for it."
    LeaseExpiredDuringAppend "lease-expired-during-append"
        "A chat server's lease ran out while an append was under way."
    LeaseLost "lease-lost"
        "A holder learnt that its lease was gone."
    PushCancelled "push-cancelled"
        "A push was owed, and a cursor settled it before it was due."
    PushRaced "push-raced"
        "A push was under way when the device had the message already."
    PushRepeated "push-repeated"
        "A push was sent again, since nobody knew whether it had arrived."
    NotifierTookOver "notifier-took-over"
        "A notifier began with pushes that another had left."
    SlowConsumerCut "slow-consumer-cut"
        "A session was cut because its device did not keep up."
    RefusedForWantOfMembership "refused-for-want-of-membership"
        "A send was refused because its author is no member any more."
    OlderMembership "older-membership"
        "A send of an earlier membership arrived after its author had joined again."
    RefusedAtGroupLimit "refused-at-group-limit"
        "A join was refused because the group was full."
    InboxTrimmed "inbox-trimmed"
        "A device was so far behind that its inbox was trimmed, and it read the log."
    Truncated "truncated"
        "A device was told that messages are gone."
    RestoredWithPending "restored-with-pending"
        "A device started with sends pending from before."
    SessionReplaced "session-replaced"
        "A device attached again while the server still had its earlier session."
    LoginDeferred "login-deferred"
        "A login was told to come again later."
    HandedOver "handed-over"
        "A chat server that was shut down handed a session over."
    UsersTakenOver "users-taken-over"
        "A presence server took users over that another had kept."
    OfflineByLease "offline-by-lease"
        "A user was shown as offline because nothing was heard of any device."
    OlderStatusIgnored "older-status-ignored"
        "A status was ignored because a newer decision was known."
    ClockWentBack "clock-went-back"
        "A generator of Snowflakes found its clock behind the last id that it gave."
    WorkerLeasedAgain "worker-leased-again"
        "A worker id was leased by another than before."
    HintBeforeAnswer "hint-before-answer"
        "A device got the delivery of its own message before it was told that it is accepted."
    MessageKnownAlready "message-known-already"
        "A delivery came to a device that had the message."
}

impl std::fmt::Display for Situation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A set of situations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Situations(u64);

impl Situations {
    /// Marks a situation as reached.
    pub fn mark(&mut self, situation: Situation) {
        self.0 |= bit(situation);
    }

    /// Adds all of another set.
    pub fn add(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Whether it was reached.
    #[must_use]
    pub fn has(self, situation: Situation) -> bool {
        self.0 & bit(situation) != 0
    }

    /// Those that were reached, in the order of [`Situation::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Situation> {
        Situation::ALL.iter().copied().filter(move |situation| self.has(*situation))
    }
}

const fn bit(situation: Situation) -> u64 {
    1 << situation as u64
}

const _: () = assert!(Situation::ALL.len() <= u64::BITS as usize, "a set has a bit for each");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_marked_and_nothing_else() {
        let (mut one, mut other) = (Situations::default(), Situations::default());
        one.mark(Situation::HoleFilled);
        other.mark(Situation::MessageKnownAlready);
        one.add(other);
        one.mark(Situation::HoleFilled);
        let reached: Vec<_> = one.iter().collect();
        assert_eq!(reached, [Situation::HoleFilled, Situation::MessageKnownAlready]);
        assert!(!one.has(Situation::RetryMetAppend));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> =
            Situation::ALL.iter().map(|situation| situation.as_str()).collect();
        assert_eq!(names.len(), Situation::ALL.len());
    }
}
