//! The choices that a design makes, each with the hardened value as its default.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! choice {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl fmt::Display for $name {
            /// As a scenario spells it.
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self { $(Self::$variant => $text),+ })
            }
        }
    };
}

choice! {
    /// When the sender is told that a message is accepted.
    Accept {
        /// Once the store has it on disk.
        #[default]
        AfterAppend = "after-append",
        /// As soon as the chat server has read it: a crash loses what was promised, and so may a
        /// time-out of the store.
        OnReceipt = "on-receipt",
    }
}

choice! {
    /// Where a recipient reads a message from.
    Fanout {
        /// A copy per recipient in the user's inbox, written with the append.
        #[default]
        Inbox = "inbox",
        /// One copy in the channel's log, read per channel.
        ChannelLog = "channel-log",
        /// One queue for everybody, of sender and message: each reader looks through what all others
        /// were sent.
        SharedQueue = "shared-queue",
    }
}

choice! {
    /// What a message's id is.
    Ids {
        /// Its place in the channel's log, given by the append: 1, 2, 3 …
        #[default]
        ChannelSequence = "channel-sequence",
        /// A Snowflake: 41 bits of milliseconds, 10 bits of worker, 12 bits of sequence, given by the
        /// chat server before the append. Clocks decide the order.
        Snowflake = "snowflake",
        /// The chat server's wall clock in milliseconds: ties and skew decide the order.
        CreatedAt = "created-at",
    }
}

choice! {
    /// Who gives out Snowflakes.
    IdSource {
        /// Each chat server, as a worker of its own.
        #[default]
        Local = "local",
        /// A separate service: its latency and its outage are on the path of every send.
        Generator = "generator",
    }
}

choice! {
    /// How a chat server comes by its Snowflake worker id.
    WorkerIds {
        /// Leased: nobody else has it, and its clock may not run behind what it has issued.
        #[default]
        Leased = "leased",
        /// Every chat server is worker 1, as after a copied configuration.
        Fixed = "fixed",
    }
}

choice! {
    /// What a device remembers of what it has.
    CursorScope {
        /// A cursor per channel.
        #[default]
        PerChannel = "per-channel",
        /// One `cur_max_message_id` for everything; needs ids that are compared across channels.
        Global = "global",
    }
}

choice! {
    /// What a device does with a send that nobody answered.
    Retry {
        /// It sends it again under the same number.
        #[default]
        Numbered = "numbered",
        /// It sends it again as if it were new: what was stored the first time comes twice.
        Blind = "blind",
        /// Nothing: it gives the send up.
        None = "none",
    }
}

choice! {
    /// How devices and chat servers exchange frames.
    Transport {
        /// A WebSocket in both directions.
        #[default]
        Websocket = "websocket",
        /// Requests that the server answers when it has something, or after `poll_wait`.
        LongPolling = "long-polling",
        /// Requests every `poll_interval`, answered at once.
        Polling = "polling",
        /// HTTP to send, a WebSocket to receive.
        HttpSend = "http-send",
    }
}

choice! {
    /// Who learns of a user's status, and how.
    PresenceMode {
        /// All friends are told of each change.
        #[default]
        Friends = "friends",
        /// Nobody is told: a device asks when it shows a list or is refreshed by hand.
        OnDemand = "on-demand",
        /// Friends are told as long as there are at most `presence_fanout_limit` of them.
        Hybrid = "hybrid",
    }
}

choice! {
    /// When somebody gets a push.
    PushWhen {
        /// When no device has the message `push_grace` after its acceptance.
        #[default]
        NotReceived = "not-received",
        /// At once, when presence has the recipient for offline: stale presence means neither message
        /// nor push.
        PresenceOffline = "presence-offline",
    }
}

choice! {
    /// Which chat server a login is given.
    Placement {
        /// One of the region's with free capacity, drawn in proportion to it.
        #[default]
        Spread = "spread",
        /// The one with the least reported load: all who come between two reports go to the same.
        LeastLoaded = "least-loaded",
    }
}

choice! {
    /// How chat servers learn of messages for their sessions that others have taken in.
    Hints {
        /// The server that took it in tells those that hold the recipients' sessions.
        #[default]
        Routed = "routed",
        /// Not at all: they find it at their next comparison with the store.
        Local = "local",
    }
}

choice! {
    /// What the read of a direct channel asks the store for.
    DirectQuery {
        /// What its own two users wrote above the cursor.
        #[default]
        ByChannel = "by-channel",
        /// Every direct message above the cursor, whoever it is for, as in `message_id >
        /// cur_max_message_id` and nothing else.
        ById = "by-id",
    }
}

choice! {
    /// The key of the table of direct messages.
    DirectKey {
        /// Channel and message id.
        #[default]
        ChannelAndId = "channel-and-id",
        /// The message id alone: two channels with a sequence each overwrite one another.
        Id = "id",
    }
}

choice! {
    /// The order of the two writes of an append.
    WriteOrder {
        /// Log and inboxes in one step.
        #[default]
        Together = "together",
        /// The inboxes first, the log `write_lag` later: a crash in between leaves a message that was
        /// shown and is not stored.
        InboxFirst = "inbox-first",
    }
}
