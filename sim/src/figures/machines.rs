//! What the machines counted.

use hubbub_chat::{presence::PresenceCounts, server::ServerCounts};
use hubbub_scenario::Figure;

use super::{Measured, ratio};
use crate::outcome::MachineCounts;

pub(super) fn from_machines(
    machines: &MachineCounts,
    measured: &Measured<'_>,
) -> Vec<(Figure, f64)> {
    let (before, store) = (&machines.store_before, &machines.store);
    let since = |count: u64, before: u64| count.saturating_sub(before) as f64;
    let rows_written = since(store.rows_written, before.rows_written);
    let bytes_written = since(store.bytes_written, before.bytes_written);
    // Whoever looks through a shared queue reads rows that are for others, too.
    let rows_read = since(store.rows_read, before.rows_read)
        + since(store.rows_looked_through, before.rows_looked_through);
    let syncs = since(store.syncs, before.syncs);
    let accepted = measured.counts.accepted as f64;
    let of_presence =
        |count: fn(&PresenceCounts) -> u64| machines.presence.iter().map(count).sum::<u64>();
    let of_servers =
        |count: fn(&ServerCounts) -> u64| machines.servers.iter().map(count).sum::<u64>();
    let changes = of_presence(|counts| counts.changes);
    let events =
        of_presence(|counts| counts.publications) + of_servers(|counts| counts.statuses_forwarded);
    let shown = of_presence(|counts| counts.statuses_answered)
        + of_servers(|counts| counts.statuses_sent - counts.statuses_forwarded);
    let figures = [
        (Figure::StoreRowsPerMessage, ratio(rows_written, accepted)),
        (Figure::StoreBytesPerMessage, ratio(bytes_written, accepted)),
        (Figure::StoreRowsTouchedPerMessage, ratio(rows_written + rows_read, accepted)),
        (Figure::StoreRowsReadPerDelivery, ratio(rows_read, measured.counts.delivered as f64)),
        (Figure::StoreRowsReadPerSync, ratio(rows_read, syncs)),
        (Figure::StatusChanges, (changes > 0).then_some(changes as f64)),
        (Figure::PresenceEventsPerChange, ratio(events as f64, changes as f64)),
        (Figure::PresenceSnapshotsPerChange, ratio(shown as f64, changes as f64)),
        (Figure::BelievedConnectedS, machines.believed_max_ns.map(|longest| longest as f64 / 1e9)),
    ];
    figures.into_iter().filter_map(|(figure, value)| Some((figure, value?))).collect()
}
