//! Figures that a report counts from a history.

mod orders;
mod storms;

pub use storms::login_times;

use serde::{Deserialize, Serialize};

use crate::{
    checkers::{self, Checker, Finding, check_index, judged},
    index::Index,
    presence::{Presence, offline_notices_of, status_flaps_of},
    recorder::History,
};

/// What a run did, counted. `None` where there was nothing to count or to measure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFigures {
    /// Accepted messages that somebody lacks at the end (`accepted-lost`).
    pub lost: Option<u64>,
    /// Messages that a device or a log has twice (`duplicated`).
    pub duplicates: Option<u64>,
    /// Entries that reached a device whose user may not see them (`unauthorised`).
    pub unauthorised_receives: Option<u64>,
    /// Messages that devices were told are gone, counted per device.
    pub truncated_messages: Option<u64>,
    /// Changes of a user's status that were shown to anybody, each counted once.
    pub status_changes: Option<u64>,
    /// Times that a device began to show a status: what the changes cost.
    pub statuses_shown: Option<u64>,
    /// Times that a user was shown as offline to a device who was not gone, or not for long enough.
    pub status_flaps: Option<u64>,
    /// The longest time until a device showed that a user had gone, in nanoseconds.
    pub offline_shown_max_ns: Option<u64>,
    /// Pushes that the gateway got, whatever it answered.
    pub pushes_received: Option<u64>,
    /// Pushes that were asked for although the user had the message.
    pub pushes_wrong: Option<u64>,
    /// Pushes that the same start of the notifier asked for again.
    pub pushes_repeated: Option<u64>,
    /// Messages that were owed to a user and for which no push came in time, counted per user.
    pub pushes_unsettled: Option<u64>,
    /// The longest time after the death of a chat server until one of its devices was attached and
    /// synced again, in nanoseconds. Clean stops do not count.
    pub reattach_max_ns: Option<u64>,
    /// Devices that were attached to a chat server when it died.
    pub reattach_devices: Option<u64>,
    /// Those of them that were not attached and synced again by the end.
    pub reattach_missing: Option<u64>,
    /// The most devices that discovery gave a chat server within one second.
    pub logins_per_second_max: Option<u64>,
    /// Entries that were accepted earlier, by the store's clock, than the one before in the order
    /// of the ids of their channel.
    pub accepted_at_inversions: Option<u64>,
    /// Entries that were accepted in the same millisecond as the one before in the order of the ids
    /// of their channel.
    pub accepted_at_ties: Option<u64>,
    /// Entries whose id is lower than one that was committed earlier in their channel.
    pub id_inversions: Option<u64>,
    /// Entries whose id had been given to another entry of their channel.
    pub id_ties: Option<u64>,
}

/// Counts everything, with one index for it all.
#[must_use]
pub fn figures(history: &History) -> HistoryFigures {
    let index = Index::new(history);
    let counted: [&dyn Checker; 3] =
        [&checkers::AcceptedLost, &checkers::Duplicated, &checkers::Unauthorised];
    let findings: Vec<Finding> = counted.iter().map(|checker| checker.check(&index)).collect();
    HistoryFigures::of(&index, &findings)
}

/// Judges a history by all checkers and counts everything, with one index for it all.
#[must_use]
pub fn judge(history: &History) -> (Vec<Finding>, HistoryFigures) {
    judge_with(history, &[])
}

/// As [`judge`], and by further checkers, whose findings come last.
#[must_use]
pub fn judge_with(history: &History, further: &[&dyn Checker]) -> (Vec<Finding>, HistoryFigures) {
    let index = Index::new(history);
    let mut findings = check_index(&index);
    findings.extend(further.iter().map(|checker| judged(*checker, &index)));
    let figures = HistoryFigures::of(&index, &findings);
    (findings, figures)
}

impl HistoryFigures {
    /// Counts everything; what checkers have found already is taken from their findings, and left
    /// out where there is none.
    #[must_use]
    pub fn of(index: &Index<'_>, findings: &[Finding]) -> Self {
        let found = |name: &str| {
            let finding = findings.iter().find(|finding| finding.checker == name);
            finding.filter(|finding| !finding.undecided()).map(|finding| finding.violations_total)
        };
        let mut figures = Self {
            lost: found("accepted-lost"),
            duplicates: found("duplicated"),
            unauthorised_receives: found("unauthorised"),
            logins_per_second_max: storms::peak_per_second(&storms::logins_in_storms(index)),
            ..Self::default()
        };
        figures.count_presence(index);
        figures.count_pushes(index);
        figures.count_reattached(index);
        figures.count_orders(index);
        figures
    }

    fn count_presence(&mut self, index: &Index<'_>) {
        let presence = Presence::of(index);
        let shown = presence.shown_pairs().map(|(device, user)| presence.shown(device, user).len());
        let shown = shown.sum::<usize>() as u64;
        let is_any = shown > 0;
        self.statuses_shown = is_any.then_some(shown);
        self.status_changes = is_any.then(|| storms::status_changes(index));
        let flaps = status_flaps_of(index, &presence);
        self.status_flaps = (flaps.judged > 0).then_some(flaps.flaps.len() as u64);
        let notices = offline_notices_of(&presence);
        self.offline_shown_max_ns = notices.iter().map(|notice| notice.delay_ns()).max();
    }

    fn count_pushes(&mut self, index: &Index<'_>) {
        let counts = checkers::push_counts(index);
        let asked = counts.requested > 0;
        self.pushes_received = (asked || counts.received > 0).then_some(counts.received);
        self.pushes_wrong = asked.then_some(counts.wrong);
        self.pushes_repeated = asked.then_some(counts.repeated);
        self.pushes_unsettled = (counts.owed > 0).then_some(counts.unsettled);
    }

    fn count_reattached(&mut self, index: &Index<'_>) {
        let back = storms::reattached(index);
        if back.is_empty() {
            return;
        }
        self.reattach_devices = Some(back.len() as u64);
        self.reattach_missing = Some(back.iter().filter(|back| back.is_none()).count() as u64);
        self.reattach_max_ns = back.into_iter().flatten().max();
    }

    fn count_orders(&mut self, index: &Index<'_>) {
        if !index.has_entries() {
            return;
        }
        let orders = orders::count(index);
        self.id_inversions = Some(orders.id_inversions);
        self.id_ties = Some(orders.id_ties);
        if orders.timed > 0 {
            self.accepted_at_inversions = Some(orders.accepted_at_inversions);
            self.accepted_at_ties = Some(orders.accepted_at_ties);
        }
        let gone = orders::truncated(index);
        self.truncated_messages = gone;
    }
}
