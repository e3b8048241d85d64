//! Which stretches of a log a user may see.

use super::{ChannelState, Interval};
use crate::ids::{MessageId, UserId};

impl Interval {
    fn contains(&self, message_id: MessageId) -> bool {
        self.join <= message_id && self.leave.is_none_or(|leave| message_id <= leave)
    }
}

/// For all kinds of ids.
impl ChannelState {
    /// The stretches of the log that `user` may see, in the order in which they came in.
    #[must_use]
    pub fn visible(&self, user: UserId) -> &[Interval] {
        self.users.get(&user).map_or(&[], Vec::as_slice)
    }

    /// Whether `user` may see this entry. Nobody sees zero: there is no such entry.
    #[must_use]
    pub fn is_visible(&self, user: UserId, message_id: MessageId) -> bool {
        !message_id.is_zero()
            && self.visible(user).iter().any(|interval| interval.contains(message_id))
    }

    /// The last place of the log that `user` may see; zero when there is none.
    #[must_use]
    pub fn visible_head(&self, user: UserId) -> MessageId {
        let ends = self.visible(user).iter().map(|interval| interval.leave.unwrap_or(self.head));
        ends.max().unwrap_or_default()
    }

    /// What `user` may see above `from`, as the first and the last id of each stretch: in order, and
    /// without an overlap.
    #[must_use]
    pub fn visible_stretches(&self, user: UserId, from: MessageId) -> Vec<(MessageId, MessageId)> {
        let lowest = from.next().max(MessageId(1));
        let intervals = self.visible(user).iter();
        let mut stretches: Vec<_> = intervals
            .map(|interval| (interval.join.max(lowest), interval.leave.unwrap_or(self.head)))
            .filter(|(first, last)| first <= last)
            .collect();
        if stretches.is_sorted_by(|one, next| one.1 < next.0) {
            return stretches;
        }
        stretches.sort_unstable();
        let mut merged: Vec<(MessageId, MessageId)> = Vec::with_capacity(stretches.len());
        for (first, last) in stretches {
            match merged.last_mut().filter(|before| first <= before.1.next()) {
                Some(before) => before.1 = before.1.max(last),
                None => merged.push((first, last)),
            }
        }
        merged
    }
}

/// Where ids are places of the log: 1, 2, 3 … without holes. What was removed from the log at the end
/// of its time is counted as well.
impl ChannelState {
    /// The places above `from` that `user` may see, in order.
    pub fn visible_above(
        &self,
        user: UserId,
        from: MessageId,
    ) -> impl Iterator<Item = MessageId> + '_ {
        self.visible(user).iter().flat_map(move |interval| {
            let first = interval.join.max(from.next()).max(MessageId(1));
            let last = interval.leave.unwrap_or(self.head);
            (first.0..=last.0).map(MessageId)
        })
    }

    /// The place above which `user` may see `count` places, the newest ones; zero when they may see
    /// no more than that.
    #[must_use]
    pub fn below_newest(&self, user: UserId, count: u64) -> MessageId {
        let mut left = count;
        for interval in self.visible(user).iter().rev() {
            let first = interval.join.max(MessageId(1)).0;
            let last = interval.leave.unwrap_or(self.head).0;
            let places = last.saturating_add(1).saturating_sub(first);
            if places > left {
                return MessageId(last - left);
            }
            left -= places;
        }
        MessageId::ZERO
    }
}
