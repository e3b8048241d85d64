//! What many devices do at once.

use std::collections::{BTreeSet, VecDeque};

use crate::{checkers::reattached_ns, event::EventBody, index::Index, recorder::History};

const SECOND_NS: u64 = 1_000_000_000;

/// When discovery gave a device a chat server, in nanoseconds since the run began, in order.
#[must_use]
pub fn login_times(history: &History) -> Vec<u64> {
    let assigned = history
        .events()
        .iter()
        .filter(|event| matches!(event.body, EventBody::Assigned { server: Some(_), .. }));
    let mut times: Vec<u64> = assigned.map(|event| event.t_ns).collect();
    times.sort_unstable();
    times
}

/// The logins from the first fault on, if there is one: that all devices log in when a run begins is
/// no storm.
pub(super) fn logins_in_storms(index: &Index<'_>) -> Vec<u64> {
    let mut events = index.history().events().iter();
    let first = events.find(|event| matches!(event.body, EventBody::Fault { .. }));
    let from_ns = first.map_or(0, |event| event.t_ns);
    login_times(index.history()).into_iter().filter(|t_ns| *t_ns >= from_ns).collect()
}

/// The most of several times, in order, that lie within one second; `None` for none.
pub(super) fn peak_per_second(times: &[u64]) -> Option<u64> {
    let mut recent = VecDeque::new();
    let mut peak = None;
    for t_ns in times {
        while recent.front().is_some_and(|first| t_ns - first >= SECOND_NS) {
            recent.pop_front();
        }
        recent.push_back(*t_ns);
        peak = peak.max(Some(recent.len() as u64));
    }
    peak
}

/// Distinct statuses among all that were shown.
pub(super) fn status_changes(index: &Index<'_>) -> u64 {
    let statuses = index.history().events().iter().filter_map(|event| match event.body {
        EventBody::Shown { user, epoch, version, .. } => Some((user, epoch, version)),
        _ => None,
    });
    statuses.collect::<BTreeSet<_>>().len() as u64
}

/// For each device of a chat server that died: how long until it was attached and synced again, in
/// nanoseconds; `None` if it was not.
pub(super) fn reattached(index: &Index<'_>) -> Vec<Option<u64>> {
    let world = index.world();
    let deaths = world.deaths.iter().filter(|death| !death.clean);
    let back = deaths.flat_map(|death| {
        death.devices.iter().map(|device| {
            let back_ns = reattached_ns(world, death, *device)?;
            Some(back_ns - death.t_ns)
        })
    });
    back.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_any_second() {
        let times = [0, SECOND_NS - 1, SECOND_NS, SECOND_NS + 5, 9 * SECOND_NS];
        assert_eq!(peak_per_second(&times), Some(3));
        assert_eq!(peak_per_second(&[]), None);
    }
}
