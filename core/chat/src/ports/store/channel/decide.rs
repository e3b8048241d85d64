//! What a change of membership comes to.

use super::ChannelState;
use crate::{
    entry::Content,
    frame::{Change, ChangeRefusal, GROUP_NAME_BYTES_MAX},
    ids::{ChannelId, MessageId, UserId},
};

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
}
