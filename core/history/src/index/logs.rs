//! Each channel's log as it stands at the end, and who may see which part of it.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, DeviceId, MessageId, UserId};

use super::intervals::{Interval, Intervals};
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
    /// When it was committed, in nanoseconds since the run began.
    pub t_ns: u64,
    /// When the store accepted it, by its own clock, in milliseconds since the Unix epoch; 0 when
    /// it is not known.
    pub accepted_at_ms: u64,
}

/// What is known of one channel.
#[derive(Debug, Default)]
pub struct ChannelLog<'a> {
    entries: BTreeMap<MessageId, LogEntry<'a>>,
    replaced: BTreeMap<MessageId, Vec<LogEntry<'a>>>,
    places: Vec<MessageId>,
    messages: Vec<(u64, MessageId)>,
    visible: Intervals<MessageId>,
    /// By the `seq` of the commits; only where ids are no places, and the two can differ.
    by_commit: Option<Intervals<u64>>,
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
            members.iter().for_each(|user| log.visible.enter(*user, MessageId::ZERO));
        }
    }

    /// A line of the store. It may come again (a dump at the end).
    ///
    /// When it contradicts an earlier one and ids are places, the store has lost the end of its
    /// log and begun anew from there. Where they are not, two entries were given one id: both are
    /// kept, for nobody can tell here whether one of them is gone.
    pub(super) fn commit(
        &mut self,
        channel: ChannelId,
        id: MessageId,
        entry: LogEntry<'a>,
        ids_are_places: bool,
    ) {
        self.recorded = true;
        let log = self.channels.entry(channel).or_default();
        let replaced = match log.entries.get(&id) {
            Some(known) if known.is_same(&entry) => return,
            known => known.copied(),
        };
        if let Some(replaced) = replaced {
            let earlier = log.replaced.entry(id).or_default();
            if ids_are_places {
                drop(log.entries.split_off(&id));
            } else if earlier.iter().any(|one| one.is_same(&entry)) {
                return;
            }
            earlier.push(replaced);
        }
        log.entries.insert(id, entry);
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
    pub(super) fn finish(&mut self, ids_are_places: bool) {
        for (channel, log) in &mut self.channels {
            if log.visible.is_empty() {
                let pair = channel.pair().into_iter().flatten();
                pair.for_each(|user| log.visible.enter(user, MessageId::ZERO));
            }
            if !ids_are_places {
                log.by_commit = Some(log.members_by_commit());
            }
            for (place, entry) in &log.entries {
                log.visible.follow(*place, entry.kind);
            }
            if self.recorded {
                log.places = log.entries.keys().copied().collect();
            }
            log.places.sort_unstable();
            log.places.dedup();
            let mut messages: Vec<(u64, MessageId)> = if ids_are_places {
                log.entries.iter().filter_map(|(id, entry)| message(*id, entry)).collect()
            } else {
                log.commits().into_iter().filter_map(|(id, entry)| message(id, entry)).collect()
            };
            messages.sort_unstable();
            log.messages = messages;
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

    /// Entries whose id was given to another entry later, in the order of their ids and, for one
    /// id, of their commits.
    pub fn replaced(&self) -> impl Iterator<Item = (MessageId, &LogEntry<'a>)> {
        self.replaced.iter().flat_map(|(id, all)| all.iter().map(|entry| (*id, entry)))
    }

    /// All entries, those whose id was given to another one with them, in the order in which they
    /// were committed.
    #[must_use]
    pub fn commits(&self) -> Vec<(MessageId, &LogEntry<'a>)> {
        let mut commits: Vec<_> = self.entries().chain(self.replaced()).collect();
        commits.sort_unstable_by_key(|(_, entry)| entry.seq);
        commits
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

    /// The stretches of the log that `user` may see by the ids of the entries, oldest first.
    #[must_use]
    pub fn visible(&self, user: UserId) -> &[Interval] {
        self.visible.of(user)
    }

    /// Whether `user` may see the entry at `id`. Where ids are no places, an entry may have been
    /// committed while the user was a member and bear an id from before or after that: whoever
    /// goes by the one says yes, by the other no, and this says `None`.
    #[must_use]
    pub fn sees(&self, user: UserId, id: MessageId) -> Option<bool> {
        let by_id = self.visible.around(user, id).is_some();
        let entry = self.by_commit.as_ref().zip(self.entries.get(&id));
        let Some((by_commit, entry)) = entry else { return Some(by_id) };
        (by_commit.around(user, entry.seq).is_some() == by_id).then_some(by_id)
    }

    /// Whether `user` might have the entry at `id` by line `seq` of the history. Where ids are no places,
    /// whoever goes by them gives out what is numbered after the entry that brought the user in, until
    /// another is committed that took them out: that one may be numbered before what they were given,
    /// and then this says `None` too.
    #[must_use]
    pub fn saw(&self, user: UserId, id: MessageId, seq: u64) -> Option<bool> {
        let is_later = |last: MessageId| self.entries.get(&last).is_some_and(|it| it.seq > seq);
        let was_open = |interval: &Interval| {
            interval.first <= id && interval.last.is_some_and(|last| last < id && is_later(last))
        };
        let sees = self.sees(user, id);
        let is_open = self.by_commit.is_some() && self.visible(user).iter().any(was_open);
        if sees == Some(false) && is_open { None } else { sees }
    }

    /// The membership under which the entry at `id` was written, as a number of its own; `None`
    /// when its author was no member.
    #[must_use]
    pub fn membership(&self, id: MessageId, entry: &LogEntry<'_>) -> Option<u64> {
        match &self.by_commit {
            Some(by_commit) => by_commit.around(entry.user, entry.seq).map(|one| one.first),
            None => self.visible.around(entry.user, id).map(|one| one.first.0),
        }
    }

    /// Who surely may see the entry at `id`.
    pub fn audience(&self, id: MessageId) -> impl Iterator<Item = UserId> + '_ {
        self.visible.users().filter(move |user| self.sees(*user, id) == Some(true))
    }

    /// The members at the end.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        self.visible.inside()
    }

    /// The members that it began with.
    pub fn first_members(&self) -> impl Iterator<Item = UserId> + '_ {
        let seated = |user: &UserId| {
            self.visible(*user).first().is_some_and(|interval| interval.first.is_zero())
        };
        self.visible.users().filter(seated)
    }

    /// Whether anybody is known to have been a member.
    #[must_use]
    pub fn has_members(&self) -> bool {
        !self.visible.is_empty()
    }

    fn members_by_commit(&self) -> Intervals<u64> {
        let mut intervals = Intervals::default();
        self.visible.users().for_each(|user| intervals.enter(user, 0));
        for (_, entry) in self.commits() {
            intervals.follow(entry.seq, entry.kind);
        }
        intervals
    }
}

fn message(id: MessageId, entry: &LogEntry<'_>) -> Option<(u64, MessageId)> {
    entry.is_message().then_some((entry.body_hash, id))
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
