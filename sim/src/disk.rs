//! The store's disk: how long it syncs, and what of a write it has when the power goes.

use hubbub_chat::random::Random;

/// A sync of a disk takes from one to four milliseconds.
const SYNC_LEAST_NS: u64 = 1_000_000;
const SYNC_MOST_NS: u64 = 4_000_000;

/// How long the next sync takes, in nanoseconds.
pub(crate) fn sync_ns(random: &mut Random) -> u64 {
    SYNC_LEAST_NS + random.below(SYNC_MOST_NS - SYNC_LEAST_NS)
}

/// How many of the requests that were being synced together are on the disk when the process is
/// gone: a drawn beginning where the power went (`silent`), none where only the process did, since
/// it writes all of them at once.
pub(crate) fn survivors(random: &mut Random, requests: usize, silent: bool) -> usize {
    if silent { random.below(requests as u64 + 1) as usize } else { 0 }
}
