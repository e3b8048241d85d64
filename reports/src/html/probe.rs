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
        "Reads by engine and number of stored messages",
        &probe.at("/rows"),
        &[
            ("Engine", "/engine", Unit::Text),
            ("Messages", "/messages", Unit::Count),
            ("Jump p50", "/jump_p50_us", Unit::Microseconds),
            ("Jump p99", "/jump_p99_us", Unit::Microseconds),
            ("Processor", "/jump_cpu_p50_us", Unit::Microseconds),
            ("Growth", "/jump_growth", Unit::Number),
            ("Search p50", "/search_p50_us", Unit::Microseconds),
            ("Search p99", "/search_p99_us", Unit::Microseconds),
            ("Processor", "/search_cpu_p50_us", Unit::Microseconds),
            ("Growth", "/search_growth", Unit::Number),
            ("Searched messages", "/search_messages", Unit::Number),
            ("Filled", "/fill_per_s", Unit::PerSecond),
            ("Bytes on disk per message", "/bytes_per_message", Unit::Number),
        ],
        plain,
    );
    let stopped = match probe.at("/is_complete").is(false) {
        true => "<p>The probe was stopped: only the levels that were done are here.</p>\n",
        false => "",
    };
    Some(format!(
        "<p>{reads} reads of each kind: a jump reads 50 messages from a place drawn at random, a search looks for a word in one conversation. The files were opened again before, so that nothing was in the engine's memory. Wall-clock times of this machine, and the processor time at the median: compare them with one another only. A growth says how many times the median of the smallest number of messages it is, measured in turns with it; a search's growth is of searches through as many messages.</p>\n{stopped}{table}"
    ))
}
