//! Each channel's log as it stands at the end, and who may see which part of it.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use crate::event::{Member, Population};

/// One place of a log.
#[derive(Debug, Clone, Copy)]
pub struct LogEntry<'a> {
    /// Its author.
    pub user: UserId,
    /// The author's device.
    pub device: DeviceId,
    /// The device's number.
    pub number: u64,
    /// The hash of what it says.
    pub body_hash: u64,
    /// What it does to the membership.
    pub kind: &'a Member,
    /// The `seq` of its line.
    pub seq: u64,
}

/// A stretch of a log that a user may see, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The entry that brought the user in; zero for who was there when the run began.
    pub first: MessageId,
    /// The entry that took the user out; `None` while they are a member.
    pub last: Option<MessageId>,
}

/// What is known of one channel.
#[derive(Debug, Default)]
pub struct ChannelLog<'a> {
    entries: BTreeMap<MessageId, LogEntry<'a>>,
    places: Vec<MessageId>,
    messages: Vec<(u64, MessageId)>,
    visible: BTreeMap<UserId, Vec<Interval>>,
}

/// What is known of all channels.
#[derive(Debug, Default)]
pub(super) struct Logs<'a> {
    channels: BTreeMap<ChannelId, ChannelLog<'a>>,
    recorded: bool,
}

impl<'a> Logs<'a> {
    /// The members that the run began with. They see a log from its beginning.
    pub(super) fn seat(&mut self, population: &Population) {
        for (channel, members) in &population.members {
            let log = self.channels.entry(*channel).or_default();
            members.iter().for_each(|user| log.enter(*user, MessageId::ZERO));
        }
    }

    /// A line of the store. It may come again (a dump at the end). When it contradicts an earlier
    /// one, the store has lost the end of its log and begun anew from there.
    pub(super) fn commit(&mut self, channel: ChannelId, place: MessageId, entry: LogEntry<'a>) {
        self.recorded = true;
        let log = self.channels.entry(channel).or_default();
        match log.entries.get(&place) {
            Some(known) if known.is_same(&entry) => return,
            Some(_) => drop(log.entries.split_off(&place)),
            None => {}
        }
        log.entries.insert(place, entry);
    }

    /// A channel that is spoken of, and what of it is known without the store.
    pub(super) fn mention(
        &mut self,
        channel: ChannelId,
        places: impl IntoIterator<Item = MessageId>,
    ) {
        self.channels.entry(channel).or_default().places.extend(places);
    }

    /// Settles what follows from all lines together.
    pub(super) fn finish(&mut self) {
        for (channel, log) in &mut self.channels {
            if log.visible.is_empty() {
                let pair = channel.pair().into_iter().flatten();
                pair.for_each(|user| log.enter(user, MessageId::ZERO));
            }
            log.follow_members();
            if self.recorded {
                log.places = log.entries.keys().copied().collect();
            }
            log.places.sort_unstable();
            log.places.dedup();
            let messages = log.entries.iter().filter(|(_, entry)| entry.is_message());
            log.messages = messages.map(|(place, entry)| (entry.body_hash, *place)).collect();
            log.messages.sort_unstable();
        }
    }

    pub(super) fn recorded(&self) -> bool {
        self.recorded
    }

    pub(super) fn channels(&self) -> &BTreeMap<ChannelId, ChannelLog<'a>> {
        &self.channels
    }
}

impl<'a> ChannelLog<'a> {
    /// The store's entries, if the history has them, in order.
    pub fn entries(&self) -> impl Iterator<Item = (MessageId, &LogEntry<'a>)> {
        self.entries.iter().map(|(place, entry)| (*place, entry))
    }

    /// The store's entry at a place.
    #[must_use]
    pub fn entry(&self, place: MessageId) -> Option<&LogEntry<'a>> {
        self.entries.get(&place)
    }

    /// All places known, in order: those of the store's entries, or, where the history has none at
    /// all, those that senders were told and devices applied.
    #[must_use]
    pub fn places(&self) -> &[MessageId] {
        &self.places
    }

    /// Where the store has the message with this hash; the first place when there are several.
    #[must_use]
    pub fn place_of(&self, body_hash: u64) -> Option<MessageId> {
        let at = self.messages.partition_point(|(hash, _)| *hash < body_hash);
        self.messages.get(at).filter(|(hash, _)| *hash == body_hash).map(|(_, place)| *place)
    }

    /// The store's messages as (hash, place), in that order.
    #[must_use]
    pub fn messages(&self) -> &[(u64, MessageId)] {
        &self.messages
    }

    /// The stretches of the log that `user` may see, oldest first.
    #[must_use]
    pub fn visible(&self, user: UserId) -> &[Interval] {
        self.visible.get(&user).map_or(&[], Vec::as_slice)
    }

    /// The stretch that `user` may see around `place`.
    #[must_use]
    pub fn interval_at(&self, user: UserId, place: MessageId) -> Option<Interval> {
        let intervals = self.visible(user);
        let after = intervals.partition_point(|interval| interval.first <= place);
        let interval = *intervals.get(after.checked_sub(1)?)?;
        interval.last.is_none_or(|last| place <= last).then_some(interval)
    }

    /// Who may see the entry at `place`.
    pub fn audience(&self, place: MessageId) -> impl Iterator<Item = UserId> + '_ {
        self.visible.keys().copied().filter(move |user| self.interval_at(*user, place).is_some())
    }

    /// The members at the end.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        let inside =
            |intervals: &[Interval]| intervals.last().is_some_and(|one| one.last.is_none());
        self.visible.iter().filter(move |(_, intervals)| inside(intervals)).map(|(user, _)| *user)
    }

    /// Whether anybody is known to have been a member.
    #[must_use]
    pub fn has_members(&self) -> bool {
        !self.visible.is_empty()
    }

    fn follow_members(&mut self) {
        let changes: Vec<(MessageId, &'a Member)> =
            self.entries.iter().map(|(place, entry)| (*place, entry.kind)).collect();
        for (place, kind) in changes {
            match kind {
                Member::Message | Member::Unchanged => {}
                Member::Enter(users) => users.iter().for_each(|user| self.enter(*user, place)),
                Member::Leave(user) => self.leave(*user, place),
            }
        }
    }

    /// Whoever is inside stays so: the entry that opens a group names members of the beginning too.
    fn enter(&mut self, user: UserId, place: MessageId) {
        let intervals = self.visible.entry(user).or_default();
        if intervals.last().is_none_or(|interval| interval.last.is_some()) {
            intervals.push(Interval { first: place, last: None });
        }
    }

    fn leave(&mut self, user: UserId, place: MessageId) {
        let last = self.visible.get_mut(&user).and_then(|intervals| intervals.last_mut());
        if let Some(interval) = last
            && interval.last.is_none()
        {
            interval.last = Some(place);
        }
    }
}

impl LogEntry<'_> {
    /// Whether it is a message and not a change of membership.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self.kind, Member::Message)
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.user, self.device, self.number, self.body_hash, self.kind)
            == (other.user, other.device, other.number, other.body_hash, other.kind)
    }
}
