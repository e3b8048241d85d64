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
    AnswerAfterDeadline "answer-after-deadline"
        "An append or a change was answered after its asker had been told that its outcome is unknown."
    AppendUnknown "append-unknown"
        "The outcome of an append was unknown to the server that asked for it."
    HintBeforeAnswer "hint-before-answer"
        "A device got the delivery of its own message before it was told that it is accepted."
    AcceptedBySync "accepted-by-sync"
        "A device learnt from a page that a send of its own is in the log."
    WentBack "went-back"
        "A send met a gap before it, and its device went back to the oldest that is pending."
    RestoredWithPending "restored-with-pending"
        "A device started with sends or changes pending from before."
    MessageKnownAlready "message-known-already"
        "A delivery came to a device that had the message."
    HoleFilled "hole-filled"
        "A message came to a session behind a hole, and a sync filled it."
    FoundByComparison "found-by-comparison"
        "The regular comparison with the store found a message that no hint had told of."
    SyncRepeated "sync-repeated"
        "A read of what a session is missing failed, and was made again."
    InboxTrimmed "inbox-trimmed"
        "A device was so far behind that its inbox was trimmed, and it read the log."
    Truncated "truncated"
        "A device was told that messages are gone."
    RefusedForWantOfMembership "refused-for-want-of-membership"
        "A send was refused because its author is no member any more."
    OlderMembership "older-membership"
        "A send of an earlier membership arrived after its author had joined again."
    RefusedAtGroupLimit "refused-at-group-limit"
        "A group was not opened, or took nobody in, because it would have been too large."
    SessionReplaced "session-replaced"
        "A device attached again while the server still had its earlier session."
    SlowConsumerCut "slow-consumer-cut"
        "A session was cut because its device did not keep up."
    DeviceSilent "device-silent"
        "A session was cut because nothing was heard of its device."
    ServerSilent "server-silent"
        "A device gave its connection up because nothing was heard of the server."
    AnswerGivenAgain "answer-given-again"
        "The answer to a poll was given again, since the device had not seen it."
    TurnedAway "turned-away"
        "A chat server did not take a session: no lease, no room, or on its way out."
    HandedOver "handed-over"
        "A chat server that was shut down handed a session over."
    LoginDeferred "login-deferred"
        "A login was told to come again later."
    NoServer "no-server"
        "A device asked for a chat server, and none was known that is open and has room."
    LeaseLost "lease-lost"
        "A holder learnt that its lease was gone."
    LeaseHeldAgain "lease-held-again"
        "A holder that had lost its lease got it again."
    LeaseExpiredDuringAppend "lease-expired-during-append"
        "A chat server's lease ran out while an append was under way."
    RegistryWaited "registry-waited"
        "A registry that had restarted gave a lease to nobody, since an earlier one might live."
    WorkerLeasedAgain "worker-leased-again"
        "A generator of Snowflakes went on under a worker id that it got after it had issued."
    ClockWentBack "clock-went-back"
        "A generator of Snowflakes found its clock behind what was issued under its worker id."
    WithoutId "without-id"
        "A send or a change was refused because there was no id for it."
    UsersTakenOver "users-taken-over"
        "A presence server heard of a user that another had kept."
    HeartbeatsRepeated "heartbeats-repeated"
        "Heartbeats were passed on again, since they had not reached the server that keeps their users."
    OfflineByLease "offline-by-lease"
        "A user was shown as offline because nothing was heard of any device."
    OlderStatusIgnored "older-status-ignored"
        "A status was ignored because a newer decision was known."
    PushCancelled "push-cancelled"
        "A push was owed, and a cursor settled it before it was taken."
    PushRaced "push-raced"
        "A push was under way when a device had the message already."
    PushRepeated "push-repeated"
        "A push was sent again, since nobody knew whether it had arrived."
    NotifierTookOver "notifier-took-over"
        "A notifier began with pushes that were due before it had its lease."
}

impl std::fmt::Display for Situation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A set of situations. Written as the list of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Situation>", into = "Vec<Situation>")]
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

impl FromIterator<Situation> for Situations {
    fn from_iter<I: IntoIterator<Item = Situation>>(situations: I) -> Self {
        let mut all = Self::default();
        situations.into_iter().for_each(|situation| all.mark(situation));
        all
    }
}

impl From<Vec<Situation>> for Situations {
    fn from(situations: Vec<Situation>) -> Self {
        situations.into_iter().collect()
    }
}

impl From<Situations> for Vec<Situation> {
    fn from(situations: Situations) -> Self {
        situations.iter().collect()
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
        assert_eq!(reached, [Situation::MessageKnownAlready, Situation::HoleFilled]);
        assert!(!one.has(Situation::RetryMetAppend));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> =
            Situation::ALL.iter().map(|situation| situation.as_str()).collect();
        assert_eq!(names.len(), Situation::ALL.len());
    }
}
