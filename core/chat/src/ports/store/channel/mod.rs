//! The state of one channel that its log decides: who is a member since when, and who owns it.
//!
//! Where ids are places of the log, entries are applied in their order and without holes. Ids that
//! were given before the append may have holes, and a slow append brings one below the head: who is
//! a member then follows the order of the commits, what a member may see the order of the ids.

mod decide;
mod visibility;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub use decide::Decision;

use crate::{
    entry::{Content, Entry},
    ids::{ChannelId, MessageId, UserId},
};

/// A stretch of the log that a user may see, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The entry that brought the user in; 0 for the two of a direct channel.
    pub join: MessageId,
    /// The entry that took the user out; `None` while they are a member.
    pub leave: Option<MessageId>,
}

/// What the log of one channel says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelState {
    channel: ChannelId,
    head: MessageId,
    owner: UserId,
    name: Arc<str>,
    members: u32,
    users: BTreeMap<UserId, Vec<Interval>>,
}

impl ChannelState {
    /// A channel whose log is empty: the two users of a direct channel are its members from the
    /// beginning, a group has none before it is created.
    #[must_use]
    pub fn new(channel: ChannelId) -> Self {
        let pair = channel.pair();
        let always = vec![Interval { join: MessageId::ZERO, leave: None }];
        let users: BTreeMap<_, _> =
            pair.into_iter().flatten().map(|user| (user, always.clone())).collect();
        let members = if pair.is_some() { 2 } else { 0 };
        let owner = match channel {
            ChannelId::Direct(one, _) => one,
            ChannelId::Group(creator, _) => creator,
        };
        Self { channel, head: MessageId::ZERO, owner, name: "".into(), members, users }
    }

    /// The same channel with its log's last place moved; for a backend that keeps the two apart.
    #[must_use]
    pub fn at_head(mut self, head: MessageId) -> Self {
        self.head = head;
        self
    }

    /// The last place of the log.
    #[must_use]
    pub fn head(&self) -> MessageId {
        self.head
    }

    /// Who owns the group: its creator, until they hand it over or go. Then it is the member of the
    /// longest standing.
    #[must_use]
    pub fn owner(&self) -> UserId {
        self.owner
    }

    /// The group's name; empty until it is given one.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// How many members the channel has now.
    #[must_use]
    pub fn member_count(&self) -> u32 {
        self.members
    }

    /// The members now, in order.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        let is_member = |intervals: &Vec<Interval>| {
            intervals.last().is_some_and(|interval| interval.leave.is_none())
        };
        self.users.iter().filter(move |(_, intervals)| is_member(intervals)).map(|(user, _)| *user)
    }

    /// Everybody who ever was a member, in order.
    pub fn users(&self) -> impl Iterator<Item = UserId> + '_ {
        self.users.keys().copied()
    }

    /// The entry by which `user` is a member now; `None` when they are not.
    #[must_use]
    pub fn membership(&self, user: UserId) -> Option<MessageId> {
        let last = self.users.get(&user)?.last()?;
        last.leave.is_none().then_some(last.join)
    }

    /// Takes in an entry that was just committed, and tells who may see it. Where ids are places of
    /// the log it is the next one; others may come below the head, and are then not for members who
    /// came in above them.
    pub fn apply(&mut self, entry: &Arc<Entry>) -> Vec<UserId> {
        let (message_id, is_late) = (entry.message_id, entry.message_id <= self.head);
        self.head = self.head.max(message_id);
        let mut audience = match &entry.content {
            Content::Text(_) => self.members().collect(),
            Content::Created(users) | Content::Invited(users) => {
                users.iter().for_each(|user| self.enter(*user, message_id));
                self.members().collect()
            }
            Content::Joined => {
                // A group that everybody left has no owner: it belongs to whoever comes first.
                if self.members == 0 {
                    self.owner = entry.user;
                }
                self.enter(entry.user, message_id);
                self.members().collect()
            }
            Content::Left => self.leave(entry.user, message_id),
            Content::Removed(user) => self.leave(*user, message_id),
            Content::HandedOver(user) => {
                self.owner = *user;
                self.members().collect()
            }
            Content::Renamed(name) => {
                self.name = name.clone();
                self.members().collect()
            }
        };
        if is_late {
            audience.retain(|user| self.is_visible(*user, message_id));
        }
        audience
    }

    /// The member of the longest standing; of those who came in together, the one with the lowest
    /// id.
    fn eldest(&self) -> Option<UserId> {
        self.members().min_by_key(|user| self.membership(*user))
    }

    fn enter(&mut self, user: UserId, join: MessageId) {
        self.users.entry(user).or_default().push(Interval { join, leave: None });
        self.members += 1;
    }

    /// Whoever goes still sees the entry that says so.
    fn leave(&mut self, user: UserId, at: MessageId) -> Vec<UserId> {
        let audience = self.members().collect();
        if let Some(last) = self.users.get_mut(&user).and_then(|intervals| intervals.last_mut()) {
            last.leave = Some(at);
            self.members -= 1;
        }
        if user == self.owner
            && let Some(eldest) = self.eldest()
        {
            self.owner = eldest;
        }
        audience
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        frame::{Change, ChangeRefusal, GROUP_NAME_BYTES_MAX},
        ids::DeviceId,
    };

    fn take_in(state: &mut ChannelState, id: u64, user: u64, content: Content) -> Vec<u64> {
        let entry = Entry {
            channel: state.channel,
            message_id: MessageId(id),
            user: UserId(user),
            device: DeviceId(user),
            number: id,
            accepted_at_ms: 5,
            content,
        };
        state.apply(&Arc::new(entry)).into_iter().map(|user| user.0).collect()
    }

    fn state_after(contents: &[(u64, Content)]) -> ChannelState {
        let mut state = ChannelState::new(ChannelId::group(UserId(1), 1));
        for (place, (user, content)) in (1..).zip(contents) {
            take_in(&mut state, place, *user, content.clone());
        }
        state
    }

    #[test]
    fn a_group_whose_owner_goes_belongs_to_the_member_of_the_longest_standing() {
        let created = Content::Created(vec![UserId(1), UserId(3)]);
        let invited = Content::Invited(vec![UserId(2)]);
        let state = state_after(&[(1, created), (1, invited), (1, Content::Left)]);
        assert_eq!(state.owner(), UserId(3));
    }

    #[test]
    fn a_group_that_everybody_left_belongs_to_whoever_comes_first() {
        let created = Content::Created(vec![UserId(1)]);
        let joined = |user| (user, Content::Joined);
        let state = state_after(&[(1, created), (1, Content::Left), joined(3), joined(1)]);
        assert_eq!(state.owner(), UserId(3));
    }

    #[test]
    fn only_the_owner_hands_over_renames_and_removes() {
        let created = Content::Created(vec![UserId(1), UserId(2)]);
        let state = state_after(&[(1, created.clone())]);
        let decide = |state: &ChannelState, user, change: &Change| {
            state.decide(UserId(user), change, 100, |_| true)
        };
        let refused = Decision::Refused(ChangeRefusal::NotOwner);
        for change in
            [Change::HandOver(UserId(2)), Change::Rename("tea".into()), Change::Remove(UserId(1))]
        {
            assert_eq!(decide(&state, 2, &change), refused, "{change:?}");
        }
        let handed = Content::HandedOver(UserId(2));
        assert_eq!(
            decide(&state, 1, &Change::HandOver(UserId(2))),
            Decision::Write(handed.clone())
        );
        let state = state_after(&[(1, created), (1, handed), (2, Content::Renamed("tea".into()))]);
        assert_eq!(state.owner(), UserId(2));
        assert_eq!(&**state.name(), "tea");
        assert_eq!(decide(&state, 1, &Change::Rename("x".into())), refused);
        let long = Change::Rename("x".repeat(GROUP_NAME_BYTES_MAX + 1).into());
        assert_eq!(decide(&state, 2, &long), Decision::Refused(ChangeRefusal::Invalid));
    }

    #[test]
    fn the_newest_places_are_counted_over_all_stretches() {
        let text = (1, Content::Text("hello".into()));
        let state = state_after(&[
            (1, Content::Created(vec![UserId(1), UserId(2)])),
            text.clone(),
            (1, Content::Removed(UserId(2))),
            text.clone(),
            (1, Content::Invited(vec![UserId(2)])),
            text,
        ]);
        // The second user sees 1, 2, 3, 5 and 6.
        for count in 0..7 {
            let below = state.below_newest(UserId(2), count);
            let above = state.visible_above(UserId(2), below).count() as u64;
            assert_eq!(above, count.min(5), "{below} for {count}");
        }
        assert_eq!(state.below_newest(UserId(3), 1), MessageId::ZERO);
    }
    #[test]
    fn an_id_below_the_head_belongs_to_those_who_were_there_by_their_ids() {
        let text = || Content::Text("hello".into());
        let mut state = ChannelState::new(ChannelId::group(UserId(1), 1));
        take_in(&mut state, 100, 1, Content::Created(vec![UserId(1), UserId(2)]));
        take_in(&mut state, 300, 1, Content::Invited(vec![UserId(3)]));
        assert_eq!(take_in(&mut state, 200, 1, text()), [1, 2], "the third came in above it");
        assert_eq!(state.head(), MessageId(300), "the head is the highest id");
        // A slow leave: the user sees nothing above it, though it was written.
        assert_eq!(take_in(&mut state, 250, 2, Content::Left), [1, 2]);
        assert_eq!(state.visible_head(UserId(2)), MessageId(250));
        assert!(!state.is_visible(UserId(2), MessageId(300)));
        assert_eq!(take_in(&mut state, 400, 1, text()), [1, 3]);
    }

    #[test]
    fn stretches_that_overlap_are_read_once() {
        let mut state = ChannelState::new(ChannelId::group(UserId(1), 1));
        take_in(&mut state, 10, 1, Content::Created(vec![UserId(1), UserId(2)]));
        take_in(&mut state, 90, 2, Content::Left);
        take_in(&mut state, 70, 2, Content::Joined);
        take_in(&mut state, 95, 1, Content::Text("hello".into()));
        let stretch = |first, last| (MessageId(first), MessageId(last));
        let above = |from| state.visible_stretches(UserId(2), MessageId(from));
        assert_eq!(above(0), [stretch(10, 95)]);
        assert_eq!(above(80), [stretch(81, 95)]);
        assert_eq!(above(95), []);
    }
}
