//! Green dots that went out although their user was there.

use std::collections::BTreeSet;

use hubbub_chat::{DeviceId, UserId};

use super::{Presence, Showing};
use crate::index::{
    Index,
    spans::{Span, any_in, around, common, outside},
};

/// A device showed a user as offline who had been there all the time, apart from gaps below
/// `offline_after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flap {
    /// The device that showed it.
    pub device: DeviceId,
    /// Whom it showed.
    pub user: UserId,
    /// When, in nanoseconds since the run began.
    pub t_ns: u64,
    /// The line that says so.
    pub seq: u64,
    /// Since when the user had been there, in nanoseconds since the run began.
    pub online_since_ns: u64,
}

/// What a look for flaps found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flaps {
    /// How often one could have been: short gaps, and changes to offline, of users whom a device
    /// showed as online.
    pub judged: u64,
    /// Those that there were, by device and user.
    pub flaps: Vec<Flap>,
}

/// Finds the flaps of a history.
///
/// Judged is only what a device showed as online for a reason that is known to have lasted: it
/// did not come late, since neither a fault between servers nor a broken link of the device
/// was there within `publish_max` before it, and the user had been there for as long or, before
/// they came, away for long enough that nothing older could still be told of.
#[must_use]
pub fn status_flaps(index: &Index<'_>) -> Flaps {
    find(index, &Presence::of(index))
}

pub(crate) fn find(index: &Index<'_>, presence: &Presence) -> Flaps {
    let mut found = Flaps::default();
    if index.bounds().lease_ns == 0 {
        return found;
    }
    let told: BTreeSet<(DeviceId, UserId)> = presence.told().iter().copied().collect();
    let publish_max_ns = index.bounds().publish_max_ns;
    for (device, user) in presence.shown_pairs() {
        let gaps =
            if told.contains(&(device, user)) { short_gaps(presence, user) } else { Vec::new() };
        let mut runs =
            presence.shown(device, user).chunk_by(|one, next| one.online == next.online).peekable();
        while let Some(run) = runs.next() {
            let is_sure = |showing: &Showing| {
                let span = presence.sure_since(device, user, *showing, publish_max_ns)?;
                Some((showing.t_ns, span))
            };
            let Some((since_ns, span)) = run.iter().filter(|one| one.online).find_map(is_sure)
            else {
                continue;
            };
            let change = runs.peek().map(|next| next[0]);
            let until_ns = change.map_or(span.to_ns, |change| change.t_ns.saturating_add(1));
            found.judged += count_in(&gaps, Span::new(since_ns, until_ns.min(span.to_ns)));
            let Some(Showing { t_ns, seq, .. }) = change else { continue };
            found.judged += 1;
            if span.contains(t_ns) {
                found.flaps.push(Flap { device, user, t_ns, seq, online_since_ns: span.from_ns });
            }
        }
    }
    found
}

/// How many of several united gaps begin in a span.
fn count_in(gaps: &[Span], span: Span) -> u64 {
    let first = gaps.partition_point(|gap| gap.from_ns < span.from_ns);
    gaps[first..].partition_point(|gap| gap.from_ns < span.to_ns) as u64
}

/// The gaps of a user that nobody may be shown.
fn short_gaps(presence: &Presence, user: UserId) -> Vec<Span> {
    let online = presence.online.get(&user).map_or(&[][..], Vec::as_slice);
    let attached = presence.attached.get(&user).map_or(&[][..], Vec::as_slice);
    common(online, &outside(attached, presence.end_ns))
}

impl Presence {
    /// The time around a showing in which the user had to be taken for online, if it is sure that
    /// it was shown because of that.
    fn sure_since(
        &self,
        device: DeviceId,
        user: UserId,
        showing: Showing,
        publish_max_ns: u64,
    ) -> Option<Span> {
        let span = around(self.online.get(&user)?, showing.t_ns)?;
        let before = Span::new(showing.t_ns.saturating_sub(publish_max_ns), showing.t_ns + 1);
        let own = around(self.observing.get(&device)?, showing.t_ns)?;
        let is_fresh =
            own.from_ns <= before.from_ns || self.sessions.contains(&(device, own.from_ns));
        if any_in(&self.between_servers, before) || !is_fresh {
            return None;
        }
        if span.from_ns <= before.from_ns {
            return Some(span);
        }
        let attached = self.attached.get(&user)?;
        let earlier = attached.partition_point(|one| one.to_ns <= span.from_ns);
        let gone_ns = earlier.checked_sub(1).map_or(0, |at| attached[at].to_ns);
        let forgotten_ns = gone_ns
            .saturating_add(self.status_max_ns.saturating_mul(2))
            .saturating_add(publish_max_ns);
        (earlier == 0 || forgotten_ns <= span.from_ns).then_some(span)
    }
}
