//! Who was a member, and from where to where.

use std::collections::BTreeMap;

use hubbub_chat::{MessageId, UserId};

use crate::event::Member;

/// A stretch of a log that a user may see, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval<T = MessageId> {
    /// The entry that brought the user in; zero for who was there when the run began.
    pub first: T,
    /// The entry that took the user out; `None` while they are a member.
    pub last: Option<T>,
}

/// The intervals of each user, in one order of a log's entries.
#[derive(Debug)]
pub(super) struct Intervals<T> {
    of_user: BTreeMap<UserId, Vec<Interval<T>>>,
}

impl<T> Default for Intervals<T> {
    fn default() -> Self {
        Self { of_user: BTreeMap::new() }
    }
}

impl<T: Copy + Ord> Intervals<T> {
    pub(super) fn of(&self, user: UserId) -> &[Interval<T>] {
        self.of_user.get(&user).map_or(&[], Vec::as_slice)
    }

    pub(super) fn users(&self) -> impl Iterator<Item = UserId> + '_ {
        self.of_user.keys().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of_user.is_empty()
    }

    /// The interval of the user around an entry.
    pub(super) fn around(&self, user: UserId, at: T) -> Option<Interval<T>> {
        let intervals = self.of(user);
        let after = intervals.partition_point(|interval| interval.first <= at);
        let interval = *intervals.get(after.checked_sub(1)?)?;
        interval.last.is_none_or(|last| at <= last).then_some(interval)
    }

    /// Who is a member after the last entry.
    pub(super) fn inside(&self) -> impl Iterator<Item = UserId> + '_ {
        let inside =
            |intervals: &[Interval<T>]| intervals.last().is_some_and(|one| one.last.is_none());
        self.of_user.iter().filter(move |(_, intervals)| inside(intervals)).map(|(user, _)| *user)
    }

    pub(super) fn follow(&mut self, at: T, kind: &Member) {
        match kind {
            Member::Message | Member::Unchanged => {}
            Member::Enter(users) => users.iter().for_each(|user| self.enter(*user, at)),
            Member::Leave(user) => self.leave(*user, at),
        }
    }

    /// Whoever is inside stays so: the entry that opens a group names members of the beginning too.
    pub(super) fn enter(&mut self, user: UserId, at: T) {
        let intervals = self.of_user.entry(user).or_default();
        if intervals.last().is_none_or(|interval| interval.last.is_some()) {
            intervals.push(Interval { first: at, last: None });
        }
    }

    fn leave(&mut self, user: UserId, at: T) {
        let last = self.of_user.get_mut(&user).and_then(|intervals| intervals.last_mut());
        if let Some(interval) = last
            && interval.last.is_none()
        {
            interval.last = Some(at);
        }
    }
}
