//! Random reads of stores of several sizes.

use super::markup::{plain, records};
use crate::{
    bundle::{Bundle, Part},
    figure::figure,
    unit::Unit,
};

/// The section; nothing when no store was probed.
pub(super) fn section(bundle: &Bundle) -> Option<String> {
    bundle.document(Part::Probe)?;
    let probe = bundle.place(Part::Probe);
    let reads = figure(&probe.at("/reads"), Unit::Count);
    let table = records(
        "Time of one read, by engine and number of stored messages",
        &probe.at("/rows"),
        &[
            ("Engine", "/engine", Unit::Text),
            ("Messages", "/messages", Unit::Count),
            ("Jump p50", "/jump_p50_us", Unit::Microseconds),
            ("Jump p99", "/jump_p99_us", Unit::Microseconds),
            ("Search p50", "/search_p50_us", Unit::Microseconds),
            ("Search p99", "/search_p99_us", Unit::Microseconds),
            ("Bytes on disk per message", "/bytes_per_message", Unit::Number),
        ],
        plain,
    );
    Some(format!(
        "<p>{reads} reads of each kind: a jump reads 50 messages from a place drawn at random, a search looks for a word in one conversation. Wall-clock times of this machine: compare them with one another only.</p>\n{table}"
    ))
}
