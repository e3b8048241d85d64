//! How the orders of ids, commits and clocks differ.

use crate::index::{ChannelLog, Index};

/// Entries that stand elsewhere in one order than in another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Orders {
    pub(super) id_inversions: u64,
    pub(super) id_ties: u64,
    pub(super) accepted_at_inversions: u64,
    pub(super) accepted_at_ties: u64,
    /// Entries of which it is known when they were accepted.
    pub(super) timed: u64,
}

pub(super) fn count(index: &Index<'_>) -> Orders {
    let mut orders = Orders::default();
    for log in index.channels().values() {
        count_log(log, index.bounds().ids_are_places(), &mut orders);
    }
    orders
}

fn count_log(log: &ChannelLog<'_>, ids_are_places: bool, orders: &mut Orders) {
    let mut last_ms = 0;
    for (_, entry) in log.entries().filter(|(_, entry)| entry.accepted_at_ms > 0) {
        orders.timed += 1;
        orders.accepted_at_inversions += u64::from(entry.accepted_at_ms < last_ms);
        orders.accepted_at_ties += u64::from(entry.accepted_at_ms == last_ms);
        last_ms = entry.accepted_at_ms;
    }
    // Places are given by the commit itself.
    if !ids_are_places {
        let mut highest = None;
        for (id, _) in log.commits() {
            orders.id_inversions += u64::from(highest.is_some_and(|highest| id < highest));
            highest = highest.max(Some(id));
        }
        orders.id_ties += log.replaced().count() as u64;
    }
}

/// Messages that devices were told are gone; `None` when none was told of anything.
pub(super) fn truncated(index: &Index<'_>) -> Option<u64> {
    let mut count = None;
    for (device, channel, above, up_to) in index.gone() {
        let count = count.get_or_insert(0);
        let (Some(user), Some(log)) = (index.owner(device), index.channel(channel)) else {
            continue;
        };
        let first = log.places().partition_point(|place| *place <= above);
        let places = log.places()[first..].iter().take_while(|place| **place <= up_to);
        let message = |place: &&hubbub_chat::MessageId| {
            let is_message = log.entry(**place).is_some_and(|entry| entry.is_message());
            is_message && log.sees(user, **place) == Some(true)
        };
        *count += places.filter(message).count() as u64;
    }
    count
}
