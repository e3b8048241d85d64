//! Planted bugs: defects of the kind that slip into chat systems, each a change in one place of a
//! machine or of the model of the store. A search that is worth its time finds them, and says which
//! promise is broken.
//!
//! They exist with the feature `planted-bugs` alone. A design has at most one of them.

/// Whose code a defect is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The chat server's machine.
    ChatServer,
    /// The device's machine.
    Device,
    /// The pure model of the store.
    StoreModel,
    /// The presence server's machine.
    PresenceServer,
    /// The notifier's machine.
    Notifier,
    /// The leases that all of them hold.
    Lease,
    /// The worker of Snowflakes, in chat servers and in the generator of ids.
    Worker,
    /// The machine that gives devices their server.
    Discovery,
}

/// Writes each defect down once: its name in Rust, whose code it is in, its name on the command line, and
/// what is wrong.
macro_rules! planted_bugs {
    ($($variant:ident $place:ident $name:literal $doc:literal)+) => {
        /// A defect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum PlantedBug {
            $(
                #[doc = $doc]
                $variant,
            )+
        }

        impl PlantedBug {
            /// Every defect.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as the command line and the table write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Whose code it is in.
            #[must_use]
            pub const fn place(self) -> Place {
                match self { $(Self::$variant => Place::$place),+ }
            }

            /// What is wrong, in a sentence.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

planted_bugs! {
    // The chat server.
    AcceptedBeforeAppend ChatServer "accepted-before-append"
        "A send is accepted when the chat server has it, before the store does."
    UnknownTakenForDone ChatServer "unknown-taken-for-done"
        "An append that the store did not answer in time counts as done."
    ComparisonSkipped ChatServer "comparison-skipped"
        "The regular comparison with the store looks at nothing, so a lost hint is never made up for."
    ReadNeverOver ChatServer "read-never-over"
        "A sync that the store did not answer counts as under way for ever."
    OtherSessionsForgotten ChatServer "other-sessions-forgotten"
        "When a session ends, the user's other sessions on the server are forgotten with it."
    FullSessionPassedOver ChatServer "full-session-passed-over"
        "What does not fit into a session's buffer is left out, and the session is not cut."
    DeliveredToFormer ChatServer "delivered-to-former"
        "Live deliveries go to everybody who ever read the channel, members or not."
    PassedWhenSent ChatServer "passed-when-sent"
        "An entry counts as received by a device when it is sent to it."
    LeaseByConnection ChatServer "lease-by-connection"
        "An open connection counts as a heartbeat, whether or not the device is still there."
    CloseIsLogout ChatServer "close-is-logout"
        "A device whose connection closes is logged out of presence."
    WatchesLeftBehind ChatServer "watches-left-behind"
        "Watches do not follow a user to another presence server."
    PushByPresence ChatServer "push-by-presence"
        "Whoever presence has for offline is pushed to at once, whatever they have received or get yet."
    // The device.
    SendsForgotten Device "sends-forgotten"
        "Sends that wait are not among what a device finds again when it starts."
    UnknownToldAsFailed Device "unknown-told-as-failed"
        "A device takes a send of which the server knows nothing for refused for good."
    NewNumberOnRetry Device "new-number-on-retry"
        "A send that was not answered is sent again under a new number."
    AnswerForOldest Device "answer-for-oldest"
        "An acceptance counts for the oldest send that waits, whichever it names."
    PausedForEver Device "paused-for-ever"
        "A device that is told to come again later does not, as long as its connection lasts."
    OwnOverHole Device "own-over-hole"
        "A device takes its own message in although others before it are missing."
    KnownAppliedAgain Device "known-applied-again"
        "The entry at the cursor counts as new when a page brings it again."
    DeadLinkTrusted Device "dead-link-trusted"
        "A device never gives a silent connection up."
    NoSecondAttempt Device "no-second-attempt"
        "A device that cannot reach a server does not try again."
    OlderStatusShown Device "older-status-shown"
        "A device shows the status that came last, though it knows a newer one."
    // The model of the store.
    AnswersForgotten StoreModel "answers-forgotten"
        "Which sends it has appended the store keeps in memory, and forgets when it restarts."
    GapsTaken StoreModel "gaps-taken"
        "A send that comes before its forerunners, or after its successors, is appended as it comes."
    PlaceGivenTwice StoreModel "place-given-twice"
        "Two appends to a channel within a millisecond get the same place."
    AuthorNotCopied StoreModel "author-not-copied"
        "The author's inbox gets no copy, so the author's other devices miss the message."
    OneTooMany StoreModel "one-too-many"
        "A group that has as many members as the limit allows takes one more."
    FirstSkipped StoreModel "first-skipped"
        "A sync begins one entry too late."
    PageEndSkipped StoreModel "page-end-skipped"
        "A page that is full says that it reaches one entry further than it does."
    LogReadWhole StoreModel "log-read-whole"
        "A sync reads the log without asking when the reader was a member."
    TrimmedSilently StoreModel "trimmed-silently"
        "A device that is behind the end of its inbox is given what is left there, and nothing from the log."
    TruncatedSilently StoreModel "truncated-silently"
        "A device is not told that the messages which it missed are gone."
    PushNotCancelled StoreModel "push-not-cancelled"
        "A push stays owed when a device has the message."
    PushCancelledByOthers StoreModel "push-cancelled-by-others"
        "A member's cursor settles what is owed to all the others."
    PushSettlesAll StoreModel "push-settles-all"
        "A push that was taken settles what came after it, too."
    // The presence server.
    FirstDeviceDecides PresenceServer "first-device-decides"
        "While one device of a user counts as alive, heartbeats of the others are not heard."
    TakenOverAsOffline PresenceServer "taken-over-as-offline"
        "A presence server takes whom it has not heard yet for offline, also just after it took them over."
    GoingsUntold PresenceServer "goings-untold"
        "Who comes is published, who goes is not."
    // The notifier, leases and discovery.
    PushGivenUp Notifier "push-given-up"
        "A push that the gateway did not take is given up, and counts as settled."
    LeaseFromAnswer Lease "lease-from-answer"
        "A holder counts its lease from the answer, not from when it asked."
    LeaseWithoutEnd Lease "lease-without-end"
        "A holder goes on after its lease has ended, until it learns that another has it."
    // The worker that issues Snowflakes.
    WorkerIdReused Worker "worker-id-reused"
        "A worker issues under the id that it always had, whichever it has leased."
    DeadServerOffered Discovery "dead-server-offered"
        "Discovery goes on sending devices to servers that are gone from the registry."
}

impl Place {
    /// Its name in a table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatServer => "chat server",
            Self::Device => "device",
            Self::StoreModel => "store's model",
            Self::PresenceServer => "presence server",
            Self::Notifier => "notifier",
            Self::Lease => "leases",
            Self::Worker => "Snowflake worker",
            Self::Discovery => "discovery",
        }
    }

    /// Whether servers and clients run this code as simulations do. A server's store is another
    /// implementation, of rows on disk, that shares with the model what decides on sends and changes
    /// of groups.
    #[must_use]
    pub const fn is_served(self) -> bool {
        !matches!(self, Self::StoreModel)
    }
}

impl std::fmt::Display for PlantedBug {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for PlantedBug {
    type Err = NoSuchBug;

    fn from_str(name: &str) -> Result<Self, NoSuchBug> {
        let found = Self::ALL.iter().find(|bug| bug.as_str() == name);
        found.copied().ok_or_else(|| NoSuchBug { name: name.to_owned() })
    }
}

/// A name that no defect has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no planted bug `{name}`: `hubbub planted --list` names them all")]
pub struct NoSuchBug {
    /// The name.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        let names: std::collections::BTreeSet<_> =
            PlantedBug::ALL.iter().map(|bug| bug.as_str()).collect();
        assert_eq!(names.len(), PlantedBug::ALL.len());
        for bug in PlantedBug::ALL {
            assert_eq!(bug.as_str().parse(), Ok(*bug));
        }
        assert!("no-such".parse::<PlantedBug>().is_err());
    }
}
