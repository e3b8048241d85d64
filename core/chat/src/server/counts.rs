//! What a chat server counts.

/// What a chat server has done, for health pages and reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerCounts {
    /// Appends that the store accepted for the first time.
    pub appends: u64,
    /// Repeated sends that got their first answer again.
    pub repeats: u64,
    /// Entries handed to sessions, the senders' own left out.
    pub deliveries: u64,
    /// Pages sent.
    pub pages: u64,
    /// Hints sent to other chat servers.
    pub hints_sent: u64,
    /// Hints received from other chat servers.
    pub hints_received: u64,
    /// Holes that led to a sync.
    pub holes: u64,
    /// Sessions cut as slow consumers.
    pub slow_consumers: u64,
    /// Appends and changes that the store answered after their deadline and that were published
    /// all the same.
    pub late_published: u64,
    /// Appends and changes without an answer that were one too many to remember: should they be in
    /// the log, their audience finds them by the regular comparison.
    pub late_forgotten: u64,
    /// Sends that were promised and then dropped (`accept = on-receipt`): refused by the store, or
    /// one too many to keep.
    pub promises_broken: u64,
    /// Sessions that were not taken: no lease, no room, or draining.
    pub turned_away: u64,
    /// Sessions that were handed over while draining.
    pub handed_over: u64,
    /// Heartbeats passed on to presence servers, repeated ones included.
    pub beats_sent: u64,
    /// Statuses sent to sessions, once for each session.
    pub statuses_sent: u64,
    /// Of these, statuses that a presence server published because of a change; the others were in
    /// snapshots, refreshes and answers to looks.
    pub statuses_forwarded: u64,
    /// Users that presence servers were asked to watch, renewals included.
    pub watches: u64,
    /// Heartbeats and logouts that were one too many to remember for presence.
    pub presence_forgotten: u64,
    /// Appends and changes that were refused for want of an id: no lease, a clock that is behind, or
    /// no answer of the generator.
    pub without_id: u64,
}
