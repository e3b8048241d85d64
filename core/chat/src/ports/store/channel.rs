//! The state of one channel that its log decides: who is a member since when, and who owns it.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    entry::{Content, Entry},
    frame::{Change, ChangeRefusal, GROUP_NAME_BYTES_MAX},
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

/// What a change of membership comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Write this.
    Write(Content),
    /// It is so already, by this entry.
    Already(MessageId),
    /// No.
    Refused(ChangeRefusal),
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
        self.users.keys().copied().filter(|user| self.membership(*user).is_some())
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

    /// The stretches of the log that `user` may see, oldest first.
    #[must_use]
    pub fn visible(&self, user: UserId) -> &[Interval] {
        self.users.get(&user).map_or(&[], Vec::as_slice)
    }

    /// The last place of the log that `user` may see; zero when there is none.
    #[must_use]
    pub fn visible_head(&self, user: UserId) -> MessageId {
        let last = self.visible(user).last();
        last.map_or(MessageId::ZERO, |interval| interval.leave.unwrap_or(self.head))
    }

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

    /// Decides a change of membership by `user`. `exists` tells whether a user has an account.
    pub fn decide(
        &self,
        user: UserId,
        change: &Change,
        group_limit: u32,
        exists: impl Fn(UserId) -> bool,
    ) -> Decision {
        let ChannelId::Group(creator, _) = self.channel else {
            return Decision::Refused(ChangeRefusal::Invalid);
        };
        match change {
            Change::Create(users) => self.decide_create(user, creator, users, group_limit, exists),
            Change::Invite(users) => self.decide_invite(user, users, group_limit, exists),
            Change::Join => self.decide_join(user, group_limit),
            Change::Leave => self.when_member(user, |_| Decision::Write(Content::Left)),
            Change::Remove(other) => self.when_owner(user, || {
                if *other == user || self.membership(*other).is_none() {
                    Decision::Refused(ChangeRefusal::Invalid)
                } else {
                    Decision::Write(Content::Removed(*other))
                }
            }),
            Change::HandOver(other) => self.when_owner(user, || match self.membership(*other) {
                None => Decision::Refused(ChangeRefusal::Invalid),
                Some(_) if *other == user => Decision::Already(self.head),
                Some(_) => Decision::Write(Content::HandedOver(*other)),
            }),
            Change::Rename(name) => self.when_owner(user, || {
                if name.is_empty() || name.len() > GROUP_NAME_BYTES_MAX {
                    Decision::Refused(ChangeRefusal::Invalid)
                } else if *name == self.name {
                    Decision::Already(self.head)
                } else {
                    Decision::Write(Content::Renamed(name.clone()))
                }
            }),
        }
    }

    fn decide_create(
        &self,
        user: UserId,
        creator: UserId,
        users: &[UserId],
        group_limit: u32,
        exists: impl Fn(UserId) -> bool,
    ) -> Decision {
        let mut members: Vec<UserId> = users.iter().copied().chain([user]).collect();
        members.sort_unstable();
        members.dedup();
        // Nobody else learns whether the group is there.
        if user != creator {
            return Decision::Refused(ChangeRefusal::Invalid);
        }
        if self.head != MessageId::ZERO {
            return Decision::Refused(ChangeRefusal::Exists);
        }
        if !members.iter().all(|member| exists(*member)) {
            return Decision::Refused(ChangeRefusal::Invalid);
        }
        if members.len() > group_limit as usize {
            return Decision::Refused(ChangeRefusal::GroupLimit { limit: group_limit });
        }
        Decision::Write(Content::Created(members))
    }

    fn decide_invite(
        &self,
        user: UserId,
        users: &[UserId],
        group_limit: u32,
        exists: impl Fn(UserId) -> bool,
    ) -> Decision {
        self.when_member(user, |_| {
            let mut fresh: Vec<UserId> =
                users.iter().copied().filter(|user| self.membership(*user).is_none()).collect();
            fresh.sort_unstable();
            fresh.dedup();
            if !users.iter().all(|user| exists(*user)) {
                Decision::Refused(ChangeRefusal::Invalid)
            } else if fresh.is_empty() {
                Decision::Already(self.head)
            } else if self.members as usize + fresh.len() > group_limit as usize {
                Decision::Refused(ChangeRefusal::GroupLimit { limit: group_limit })
            } else {
                Decision::Write(Content::Invited(fresh))
            }
        })
    }

    fn decide_join(&self, user: UserId, group_limit: u32) -> Decision {
        if self.head == MessageId::ZERO {
            return Decision::Refused(ChangeRefusal::NotMember);
        }
        match self.membership(user) {
            Some(join) => Decision::Already(join),
            None if self.members >= group_limit => {
                Decision::Refused(ChangeRefusal::GroupLimit { limit: group_limit })
            }
            None => Decision::Write(Content::Joined),
        }
    }

    fn when_member(&self, user: UserId, then: impl FnOnce(MessageId) -> Decision) -> Decision {
        match self.membership(user) {
            Some(join) => then(join),
            None => Decision::Refused(ChangeRefusal::NotMember),
        }
    }

    fn when_owner(&self, user: UserId, then: impl FnOnce() -> Decision) -> Decision {
        self.when_member(user, |_| {
            if user == self.owner { then() } else { Decision::Refused(ChangeRefusal::NotOwner) }
        })
    }

    /// Takes in the next entry of the log, and tells who may see it.
    pub fn apply(&mut self, entry: &Arc<Entry>) -> Vec<UserId> {
        debug_assert_eq!(entry.message_id, self.head.next(), "a log has no holes");
        self.head = entry.message_id;
        match &entry.content {
            Content::Text(_) => {}
            Content::Created(users) | Content::Invited(users) => {
                users.iter().for_each(|user| self.enter(*user));
            }
            Content::Joined => self.enter(entry.user),
            Content::Left => return self.leave(entry.user),
            Content::Removed(user) => return self.leave(*user),
            Content::HandedOver(user) => self.owner = *user,
            Content::Renamed(name) => self.name = name.clone(),
        }
        self.members().collect()
    }

    /// The member of the longest standing; of those who came in together, the one with the lowest
    /// id.
    fn eldest(&self) -> Option<UserId> {
        self.members().min_by_key(|user| self.membership(*user))
    }

    fn enter(&mut self, user: UserId) {
        self.users.entry(user).or_default().push(Interval { join: self.head, leave: None });
        self.members += 1;
    }

    /// Whoever goes still sees the entry that says so.
    fn leave(&mut self, user: UserId) -> Vec<UserId> {
        let audience = self.members().collect();
        if let Some(last) = self.users.get_mut(&user).and_then(|intervals| intervals.last_mut()) {
            last.leave = Some(self.head);
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
    use crate::ids::DeviceId;

    fn state_after(contents: &[(u64, Content)]) -> ChannelState {
        let channel = ChannelId::group(UserId(1), 1);
        let mut state = ChannelState::new(channel);
        for (place, (user, content)) in (1..).zip(contents) {
            let (message_id, user, device) = (MessageId(place), UserId(*user), DeviceId(*user));
            let (number, accepted_at_ms, content) = (place, 5, content.clone());
            let entry =
                Entry { channel, message_id, user, device, number, accepted_at_ms, content };
            state.apply(&Arc::new(entry));
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
        let channel = ChannelId::group(UserId(1), 1);
        let mut state = ChannelState::new(channel);
        let text = || Content::Text("hello".into());
        let contents = [
            Content::Created(vec![UserId(1), UserId(2)]),
            text(),
            Content::Removed(UserId(2)),
            text(),
            Content::Invited(vec![UserId(2)]),
            text(),
        ];
        for (place, content) in (1..).zip(contents) {
            let (user, device) = (UserId(1), DeviceId(1));
            let message_id = MessageId(place);
            let (number, accepted_at_ms) = (place, 5);
            let entry =
                Entry { channel, message_id, user, device, number, accepted_at_ms, content };
            state.apply(&Arc::new(entry));
        }
        // The second user sees 1, 2, 3, 5 and 6.
        for count in 0..7 {
            let below = state.below_newest(UserId(2), count);
            let above = state.visible_above(UserId(2), below).count() as u64;
            assert_eq!(above, count.min(5), "{below} for {count}");
        }
        assert_eq!(state.below_newest(UserId(3), 1), MessageId::ZERO);
    }
}
